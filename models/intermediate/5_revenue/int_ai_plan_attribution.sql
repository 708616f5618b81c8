{#- Grain: one row per customer (survivor) and part of time with one plan to report under,
    [valid_from, valid_to). Purpose: ai_plan_attribution, once for cost and revenue alike.
        as_of_request  the plan in force at the instant; exactly int_ai_plan_periods
        month_end      the plan of the customer's last day with one in the UTC month, for all of the
                       month, also for days before the first plan in it
    `plan_type` is always that of the plan in force: the P&L class, and so every total, stays.
    Limits: a plan that is in force at the end of no day is never a month's plan. In the month of the
    as-of date, a plan that begins after it does not count back. -#}
{%- set policy = ai_plan_attribution() -%}

with periods as (

    select * from {{ ref('int_ai_plan_periods') }}

),

{% if policy == 'month_end' -%}
as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

day_ends as (

    select
        periods.customer_id,
        periods.plan_id,
        {{ ai_day('periods.valid_from') }} as first_day,
        {{ ai_add_days(ai_day('periods.valid_to'), -1) }} as last_day,
        as_of.as_of_date
    from periods
    cross join as_of
    where {{ ai_day('periods.valid_from') }} < {{ ai_day('periods.valid_to') }}

),

stretched as (

    select
        customer_id,
        plan_id,
        first_day,
        case
            when first_day > as_of_date and {{ ai_month('first_day') }} = {{ ai_month('as_of_date') }} then first_day
            else {{ ai_month('first_day') }}
        end as starts_on,
        case
            when last_day >= cast('9999-12-01' as date) then cast('9999-12-31' as date)
            else cast({{ dbt.dateadd('month', 1, ai_month('last_day')) }} as date)
        end as ends_on
    from day_ends

),

followed as (

    select
        *,
        lead(starts_on) over (partition by customer_id order by first_day) as next_starts_on
    from stretched

),

month_plans as (

    select
        customer_id,
        plan_id,
        cast(starts_on as timestamp) as valid_from,
        cast(least(ends_on, coalesce(next_starts_on, ends_on)) as timestamp) as valid_to
    from followed
    -- Of the plans of one month the last has all of it.
    where next_starts_on is null or next_starts_on > starts_on

),

bounds as (

    select customer_id, valid_from as bound_at from periods
    union
    select customer_id, valid_to as bound_at from periods
    union
    select customer_id, valid_from as bound_at from month_plans
    union
    select customer_id, valid_to as bound_at from month_plans

),

parts as (

    select
        customer_id,
        bound_at as valid_from,
        lead(bound_at) over (partition by customer_id order by bound_at) as valid_to
    from bounds

),

final as (

    select
        parts.customer_id,
        month_plans.plan_id,
        periods.plan_type,
        parts.valid_from,
        parts.valid_to
    from parts
    left join month_plans
        on parts.customer_id = month_plans.customer_id
        and parts.valid_from >= month_plans.valid_from
        and parts.valid_from < month_plans.valid_to
    left join periods
        on parts.customer_id = periods.customer_id
        and parts.valid_from >= periods.valid_from
        and parts.valid_from < periods.valid_to
    where month_plans.plan_id is not null or periods.plan_id is not null

)
{%- else -%}
final as (

    select
        customer_id,
        plan_id,
        plan_type,
        valid_from,
        valid_to
    from periods

)
{%- endif %}

select * from final
