{#- Grain: one row per revenue line (or credit grant, or subscription) and UTC day.
    Purpose: recognised revenue by day, in the currency of the bill and in USD at the rate of the day.
        lines     straight line by cumulative rounding: day k of n is round(a k / n) - round(a (k - 1) / n)
                  in the currency of the line, so that the days equal the line exactly
        credits   on the day of draw-down or expiry (int_ai_revenue__credits); the line_id is the grant's
        mrr_proxy only where there is no revenue_lines table: price of the plan / days of the month for
                  each day with a plan at its end; free plans and trials give 0
    Plan: of the line, else in force at the end of the day; under ai_plan_attribution `month_end` the
    customer's plan of the month, else that of the line.
    The full horizon: annual plans reach into the future, marts stop at the as-of date (int_ai_revenue__monthly).
    A view on stored tables alone, so that it says what the marts were built from.
    Limits: a rate that is missing leaves USD NULL. -#}
{{ config(enabled=ai_scenario_needs('customers'), materialized='view') }}
{%- set is_proxy = not ai_has_business_table('revenue_lines')
    and ai_has_business_table('subscriptions') and ai_has_business_table('plans') %}

with lines as (

    select * from {{ ref('int_ai_revenue__lines') }}
    where recognition = 'straight_line'

),

plan_months as (

    select * from {{ ref('int_ai_plan_months') }}
    where {{ 'true' if is_proxy else 'false' }}

),

plan_versions as (

    select * from {{ ref('int_ai_plan_versions') }}

),

plan_periods as (

    select * from {{ ref('int_ai_plan_attribution') }}

),

calendar as (

    select * from {{ ref('int_ai_calendar') }}

),

rates as (

    select * from {{ ref('int_ai_fx_rates__daily') }}

),

-- Lines of the same amount and length have the same days: computed once for all of them.
spreads as (

    select distinct
        net_revenue_billing_currency as line_amount,
        service_days
    from lines

),

day_numbers as (

    select cast(row_number() over (order by calendar_date) - 1 as bigint) as days_before
    from calendar

),

spread_days as (

    select
        spreads.line_amount,
        spreads.service_days,
        day_numbers.days_before,
        cast(
            {{ ai_straight_line('spreads.line_amount', 'day_numbers.days_before + 1', 'spreads.service_days') }}
            - {{ ai_straight_line('spreads.line_amount', 'day_numbers.days_before', 'spreads.service_days') }}
            as {{ money_type() }}
        ) as day_amount
    from spreads
    inner join day_numbers on spreads.service_days > day_numbers.days_before

),

line_revenue as (

    select
        lines.line_id,
        lines.customer_id,
        lines.plan_id,
        lines.line_kind,
        lines.billing_currency,
        'recognised' as revenue_basis,
        spread_days.day_amount as net_revenue_billing_currency,
        {{ ai_add_days('lines.service_start_date', 'spread_days.days_before') }} as revenue_date
    from lines
    inner join spread_days
        on lines.net_revenue_billing_currency = spread_days.line_amount
        and lines.service_days = spread_days.service_days

),

credit_revenue as (

    select
        line_id,
        customer_id,
        cast(null as varchar) as plan_id,
        'credit_purchase' as line_kind,
        billing_currency,
        'recognised' as revenue_basis,
        net_revenue_billing_currency,
        revenue_date
    from {{ ref('int_ai_revenue__credits') }}

),

proxy_days as (

    select
        plan_months.subscription_id as line_id,
        plan_months.customer_id,
        plan_months.plan_id,
        cast(
            case
                when plan_months.plan_type in ('free', 'trial') then 0
                when plan_versions.price_per = 'seat' and plan_versions.monthly_price is not null
                    then plan_versions.monthly_price * plan_months.seats
                else coalesce(plan_versions.monthly_price, plan_months.mrr)
            end as {{ money_type() }}
        ) as month_amount,
        case
            when plan_versions.currency is not null then plan_versions.currency
            when plan_months.plan_type in ('free', 'trial') then 'USD'
        end as billing_currency,
        cast(
            {{ ai_days_between('calendar.usage_month', 'calendar.calendar_date') }} as bigint
        ) as days_before,
        calendar.days_in_month,
        calendar.calendar_date as revenue_date
    from plan_months
    inner join calendar
        on plan_months.usage_month = calendar.usage_month
        and calendar.calendar_date >= plan_months.first_date
        and calendar.calendar_date <= plan_months.last_date
    left join plan_versions
        on plan_months.plan_id = plan_versions.plan_id
        and calendar.calendar_date >= plan_versions.valid_from
        and calendar.calendar_date < plan_versions.valid_to

),

proxy_revenue as (

    select
        line_id,
        customer_id,
        plan_id,
        'subscription' as line_kind,
        billing_currency,
        'mrr_proxy' as revenue_basis,
        cast(
            {{ ai_straight_line('month_amount', 'days_before + 1', 'days_in_month') }}
            - {{ ai_straight_line('month_amount', 'days_before', 'days_in_month') }}
            as {{ money_type() }}
        ) as net_revenue_billing_currency,
        revenue_date
    from proxy_days

),

revenue as (

    select * from line_revenue
    union all
    select * from credit_revenue
    union all
    select * from proxy_revenue

),

final as (

    select
        revenue.line_id,
        revenue.customer_id,
        {% if ai_plan_attribution() == 'month_end' -%}
        coalesce(plan_periods.plan_id, revenue.plan_id) as plan_id,
        {%- else -%}
        coalesce(revenue.plan_id, plan_periods.plan_id) as plan_id,
        {%- endif %}
        revenue.line_kind,
        revenue.billing_currency,
        revenue.revenue_basis,
        case
            when revenue.billing_currency = 'USD' then 'usd'
            when rates.usd_per_unit is null then 'missing_rate'
            else 'ok'
        end as fx_status,
        revenue.net_revenue_billing_currency,
        {{ ai_to_usd(
            'revenue.net_revenue_billing_currency', 'revenue.billing_currency', 'rates.usd_per_unit'
        ) }} as net_revenue_usd,
        revenue.revenue_date
    from revenue
    left join rates
        on revenue.billing_currency = rates.currency
        and revenue.revenue_date = rates.rate_date
    -- The plan at the end of the day, as in int_ai_plan_months, but into the future too.
    left join plan_periods
        on revenue.customer_id = plan_periods.customer_id
        {%- if ai_plan_attribution() == 'as_of_request' %}
        and revenue.plan_id is null
        {%- endif %}
        and revenue.revenue_date >= {{ ai_day('plan_periods.valid_from') }}
        and revenue.revenue_date < {{ ai_day('plan_periods.valid_to') }}

)

select * from final
