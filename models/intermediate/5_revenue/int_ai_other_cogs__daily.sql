{#- Grain: one row per manual cost line of kind `other_cogs` and UTC day. Purpose: the COGS that are not
    AI (hosting, payment fees, support), straight line over their period; they are in no AI mart's cost
    and serve gross margin alone. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with lines as (

    select
        line_id,
        currency,
        amount,
        period_start,
        case
            when {{ ai_days_between('period_start', 'period_end') }} > 0
                then {{ ai_days_between('period_start', 'period_end') }}
            else 1
        end as number_of_days
    from {{ ref('stg_ai_manual_costs') }}
    where cost_kind = 'other_cogs'
        and rejected_reason is null

),

line_days as (

    select
        lines.*,
        calendar.calendar_date,
        {{ ai_days_between('lines.period_start', 'calendar.calendar_date') }} as day_number
    from lines
    inner join {{ ref('int_ai_calendar') }} as calendar
        on {{ ai_day('lines.period_start') }} <= calendar.calendar_date
        and calendar.calendar_date < {{ ai_add_days('lines.period_start', 'lines.number_of_days') }}
    where calendar.calendar_date <= (select as_of_date from {{ ref('int_ai_as_of') }})

),

amounts as (

    select
        line_id,
        currency,
        calendar_date,
        {{ ai_straight_line('amount', '(day_number + 1)', 'number_of_days') }}
        - {{ ai_straight_line('amount', 'day_number', 'number_of_days') }} as amount_billing_currency
    from line_days

),

final as (

    select
        amounts.line_id,
        amounts.calendar_date as usage_date,
        cast(
            {{ ai_to_usd('amounts.amount_billing_currency', 'amounts.currency', 'rates.usd_per_unit') }}
            as {{ money_type() }}
        ) as cost_usd
    from amounts
    left join {{ ref('int_ai_fx_rates__daily') }} as rates
        on amounts.currency = rates.currency
        and amounts.calendar_date = rates.rate_date

)

select * from final
