{#- Grain: one row per UTC month, customer (survivor) and part of the month with one plan at the end of its
    days, first_date to last_date, up to the as-of date. Purpose: customer-months, and revenue by plan
    where nothing else tells it. A period that ends at midnight still counts on the day before; one
    that ends during a day does not on that day. `attributed_plan_id` is the plan that the days count
    for (ai_plan_attribution). -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with periods as (

    select
        *,
        {{ ai_day('valid_from') }} as from_date,
        {{ ai_day('valid_to') }} as to_date
    from {{ ref('int_ai_plan_periods') }}

),

months as (

    select
        calendar.usage_month,
        min(calendar.calendar_date) as first_date,
        max(calendar.calendar_date) as last_date
    from {{ ref('int_ai_calendar') }} as calendar
    inner join {{ ref('int_ai_as_of') }} as as_of on calendar.calendar_date <= as_of.as_of_date
    group by calendar.usage_month

),

parts as (

    select
        periods.customer_id,
        periods.plan_id,
        periods.subscription_id,
        periods.plan_type,
        periods.seats,
        periods.mrr,
        months.usage_month,
        greatest(periods.from_date, months.first_date) as first_date,
        least({{ ai_add_days('periods.to_date', -1) }}, months.last_date) as last_date
    from periods
    -- In force at the end of the day = from the day of valid_from to before the day of valid_to.
    inner join months
        on periods.from_date <= months.last_date
        and periods.to_date > months.first_date
    where periods.from_date < periods.to_date

),

final as (

    select
        customer_id,
        plan_id,
        subscription_id,
        plan_type,
        seats,
        mrr,
        {% if ai_plan_attribution() == 'month_end' -%}
        first_value(plan_id) over (
            partition by customer_id, usage_month
            order by first_date desc
            rows between unbounded preceding and unbounded following
        ) as attributed_plan_id,
        {%- else -%}
        plan_id as attributed_plan_id,
        {%- endif %}
        usage_month,
        first_date,
        last_date,
        cast({{ ai_days_between('first_date', 'last_date') }} + 1 as bigint) as days
    from parts

)

select * from final
