{#- Grain: one row per customer (survivor) and UTC day at whose end a plan is in force, up to the
    as-of date. Purpose: customer-months, and the plan of all that is known by day only. A period that
    ends at midnight still counts on the day before; one that ends during a day does not on that day.
    `attributed_plan_id` is the plan that the day counts for (ai_plan_attribution). -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with periods as (

    select * from {{ ref('int_ai_plan_periods') }}

),

calendar as (

    select * from {{ ref('int_ai_calendar') }}

),

as_of as (

    select * from {{ ref('int_ai_as_of') }}

),

elapsed_days as (

    select calendar.calendar_date
    from calendar
    inner join as_of on calendar.calendar_date <= as_of.as_of_date

),

final as (

    select
        periods.customer_id,
        periods.plan_id,
        periods.subscription_id,
        periods.plan_type,
        periods.seats,
        periods.mrr,
        {% if ai_plan_attribution() == 'month_end' -%}
        first_value(periods.plan_id) over (
            partition by periods.customer_id, {{ ai_month('elapsed_days.calendar_date') }}
            order by elapsed_days.calendar_date desc
            rows between unbounded preceding and unbounded following
        ) as attributed_plan_id,
        {%- else -%}
        periods.plan_id as attributed_plan_id,
        {%- endif %}
        elapsed_days.calendar_date as usage_date
    from periods
    -- In force at the end of the day = from the day of valid_from to before the day of valid_to.
    inner join elapsed_days
        on elapsed_days.calendar_date >= {{ ai_day('periods.valid_from') }}
        and elapsed_days.calendar_date < {{ ai_day('periods.valid_to') }}

)

select * from final
