{#- Proves: what billing_variance_causes adds up on the way from our meter to the bill is the bill, per
    platform, account and day, and the days of a month are the month; the causes of a line are its residual.
    Causes are those of the bill as it is now: where months are closed, days are compared from the second
    open one on (the first has the adjustments of closed months).
    Broken by: a cause that is dropped, counted twice or booked with the wrong sign.
    Each row is a period or line that fails. -#}
{%- set closed = ai_closed_through() -%}
with days as (

    select
        platform,
        billing_account_id,
        period_start,
        sum(amount_usd) as amount_usd
    from {{ ref('billing_variance_causes') }}
    where period_type = 'day'
    {%- if closed %}
        and period_start > cast('{{ ai_shift_day(closed, 1) }}' as date)
        {%- endif %}
    group by platform, billing_account_id, period_start

),

ledger as (

    select
        platform,
        billing_account_id,
        usage_date,
        sum(coalesce(billed_cost_usd, effective_cost_usd, 0)) as amount_usd
    from {{ ref('cost_ledger') }}
    where cost_status <> 'off_bill'
    {%- if closed %}
        and usage_date > cast('{{ ai_shift_day(closed, 1) }}' as date)
        {%- endif %}
    group by platform, billing_account_id, usage_date

),

months as (

    select
        platform,
        billing_account_id,
        period_type,
        sum(amount_usd) as amount_usd
    from {{ ref('billing_variance_causes') }}
    group by platform, billing_account_id, period_type

),

line_causes as (

    select line_key, sum(amount_usd) as amount_usd
    from {{ ref('int_ai_line_causes') }}
    group by line_key

)

select
    'day' as what,
    coalesce(ledger.platform, days.platform) || ' ' || cast(coalesce(ledger.usage_date, days.period_start) as varchar)
        as which,
    ledger.amount_usd as expected_usd,
    days.amount_usd
from ledger
full join days
    on ledger.platform = days.platform
    and ledger.billing_account_id = days.billing_account_id
    and ledger.usage_date = days.period_start
where coalesce(ledger.amount_usd, 0) <> coalesce(days.amount_usd, 0)

union all

select
    'month' as what,
    day_sums.platform as which,
    day_sums.amount_usd as expected_usd,
    month_sums.amount_usd
from months as day_sums
left join months as month_sums
    on day_sums.platform = month_sums.platform
    and day_sums.billing_account_id = month_sums.billing_account_id
    and month_sums.period_type = 'invoice_month'
where day_sums.period_type = 'day'
    and day_sums.amount_usd <> coalesce(month_sums.amount_usd, 0)

union all

select
    'line' as what,
    residuals.line_key as which,
    residuals.residual_usd as expected_usd,
    line_causes.amount_usd
from {{ ref('int_ai_line_residuals') }} as residuals
left join line_causes on residuals.line_key = line_causes.line_key
where residuals.residual_kind = 'unlogged'
    and residuals.residual_usd <> coalesce(line_causes.amount_usd, 0)
