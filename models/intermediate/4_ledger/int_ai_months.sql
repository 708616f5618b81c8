{#- Grain: one row per UTC month from the first with any cost to that of the as-of date.
    Purpose: which months are complete, from data and never from the clock: the as-of date has reached
    the next month and every platform and account that was ever billed has a bill up to its last day
    with spend in the month. -#}
with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

request_days as (

    select distinct usage_date, platform, billing_account_id from {{ ref('int_ai_ledger__requests') }}

),

spend_days as (

    select usage_date, platform, billing_account_id from request_days
    union
    select usage_date, platform, billing_account_id from {{ ref('int_ai_usage') }}

),

cost_days as (

    select min(usage_date) as first_day
    from (
        select usage_date from spend_days
        union all
        select usage_date from {{ ref('int_ai_ledger__other') }}
    ) as days

),

billed_to as (

    select platform, billing_account_id, max(usage_date) as last_billed_date
    from {{ ref('int_ai_bill_lines') }}
    where line_status = 'billed'
    group by platform, billing_account_id

),

last_spend as (

    select
        {{ ai_month('spend_days.usage_date') }} as usage_month,
        spend_days.platform,
        spend_days.billing_account_id,
        max(spend_days.usage_date) as last_spend_date
    from spend_days
    group by {{ ai_month('spend_days.usage_date') }}, spend_days.platform, spend_days.billing_account_id

),

missing_bills as (

    select last_spend.usage_month, count(*) as accounts
    from last_spend
    inner join billed_to
        on last_spend.platform = billed_to.platform
        and last_spend.billing_account_id = billed_to.billing_account_id
    where billed_to.last_billed_date < last_spend.last_spend_date
    group by last_spend.usage_month

),

months as (

    select
        calendar.usage_month,
        max(calendar.days_in_month) as days_in_month,
        max(calendar.calendar_date) as last_date
    from {{ ref('int_ai_calendar') }} as calendar
    cross join as_of
    cross join cost_days
    where calendar.calendar_date >= {{ ai_month('cost_days.first_day') }}
        and calendar.usage_month <= as_of.as_of_date
    group by calendar.usage_month

),

final as (

    select
        months.usage_month,
        cast({{ dbt.dateadd('month', -1, 'months.usage_month') }} as date) as previous_month,
        months.days_in_month,
        cast(
            case
                when as_of.as_of_date >= months.last_date then months.days_in_month
                else {{ ai_days_between('months.usage_month', 'as_of.as_of_date') }} + 1
            end as bigint
        ) as days_so_far,
        as_of.as_of_date > months.last_date and missing_bills.accounts is null as is_period_complete
    from months
    cross join as_of
    left join missing_bills on months.usage_month = missing_bills.usage_month

)

select * from final
