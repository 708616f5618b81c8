{#- Grain: one row per price and time, [valid_from, valid_to). Purpose: which plan a price is, by
    ai_plan_prices; a row of a product holds for its prices that have no row. A price that is not here is
    a plan of its own. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}

with plan_prices as (

    select
        trim(price_id) as price_id,
        nullif(trim(plan_id), '') as plan_id,
        nullif(lower(trim(line_kind)), '') as line_kind,
        coalesce(is_addon, false) as is_addon,
        coalesce(cast(valid_from as date), cast('0001-01-01' as date)) as valid_from
    from {{ ai_seed('ai_plan_prices') }}

),

prices as (

    select * from {{ ref('base_ai_stripe__prices') }}

),

named_prices as (

    select distinct price_id from plan_prices

),

of_products as (

    select
        prices.price_id,
        plan_prices.plan_id,
        plan_prices.line_kind,
        plan_prices.is_addon,
        plan_prices.valid_from
    from prices
    -- Inner: products without a row have nothing to say.
    inner join plan_prices on prices.product_id = plan_prices.price_id
    left join named_prices on prices.price_id = named_prices.price_id
    where named_prices.price_id is null

),

unioned as (

    select * from plan_prices
    union all
    select * from of_products

),

final as (

    select
        price_id,
        plan_id,
        line_kind,
        is_addon,
        valid_from,
        coalesce(
            lead(valid_from) over (partition by price_id order by valid_from), cast('9999-12-31' as date)
        ) as valid_to
    from unioned

)

select * from final
