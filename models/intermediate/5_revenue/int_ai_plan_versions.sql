{#- Grain: one row per plan and dated version of it, [valid_from, valid_to).
    Purpose: price and kind of a plan on a day, by an equi-join on the plan and a range of dates.
    Limits: the first version also holds before its own date, because a plans table often begins later
    than the subscriptions that it describes. -#}
with plans as (

    select * from {{ ref('stg_ai_plans') }}
    where rejected_reason is null

),

ordered as (

    select
        *,
        row_number() over (
            partition by plan_id order by valid_from nulls first
        ) as version_number,
        lead(valid_from) over (
            partition by plan_id order by valid_from nulls first
        ) as next_valid_from
    from plans

),

final as (

    select
        plan_id,
        name,
        coalesce(price_per, 'customer') as price_per,
        currency,
        monthly_price,
        coalesce(is_free, monthly_price = 0, false) as is_free,
        case
            when version_number = 1 then cast('0001-01-01' as date)
            else valid_from
        end as valid_from,
        coalesce(next_valid_from, cast('9999-12-31' as date)) as valid_to
    from ordered

)

select * from final
