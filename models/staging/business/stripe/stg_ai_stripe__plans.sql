{#- Grain: one row per plan and day from which a price holds. Purpose: the columns of `plans` from
    prices. A plan of several prices shows those of one kind: licensed before metered, by month before
    year, week and day, USD before others; each is a version from the day it was made.
    Limits: prices without an interval are plans only where ai_plan_prices says so. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}

with prices as (

    select * from {{ ref('base_ai_stripe__monthly_prices') }}

),

plan_prices as (

    select * from {{ ref('base_ai_stripe__plan_prices') }}

),

mapped as (

    select
        coalesce(plan_prices.plan_id, prices.price_id) as plan_id,
        prices.price_id,
        prices.name,
        prices.currency,
        prices.monthly_price,
        case when prices.is_metered then '1' else '0' end
        || case prices.billing_interval
            when 'month' then '1' when 'year' then '2' when 'week' then '3' when 'day' then '4' else '5'
        end
        || case when prices.currency = 'USD' then '0' else '1' end || coalesce(prices.currency, '') as price_kind,
        prices.created_at,
        prices.loaded_at
    from prices
    left join plan_prices
        on prices.price_id = plan_prices.price_id
        -- The latest: older versions of a mapping are about lines and subscriptions of their time.
        and plan_prices.valid_to = cast('9999-12-31' as date)
    where (prices.billing_interval is not null and not prices.is_metered) or plan_prices.plan_id is not null

),

ranked as (

    select
        *,
        min(price_kind) over (partition by plan_id) as best_kind,
        row_number() over (
            partition by plan_id, price_kind, {{ ai_day('created_at') }}
            order by created_at desc nulls last, price_id
        ) as day_rank
    from mapped

),

final as (

    select
        plan_id,
        name,
        -- A licensed price is one per unit of the subscription's quantity.
        cast('seat' as varchar) as price_per,
        currency,
        monthly_price,
        monthly_price = 0 as is_free,
        created_at as valid_from,
        cast(null as varchar) as defect,
        loaded_at
    from ranked
    where price_kind = best_kind
        and day_rank = 1

)

select * from final
