{#- Proves: BilledCost of each invoice and UTC day of a platform is what the lines of that invoice charge, to the
    last digit, up to the as-of date; what no invoice names agrees, too. Closed days agree together with the
    first open one and whatever the invoice: it has their adjustments, which no invoice names.
    Broken by: a charge on another invoice than its bill line, a transfer between invoices that is lost.
    Each row is an invoice and day that fails. -#}
{%- set day = ai_day(ai_focus_name('charge_period_start')) -%}
{%- set invoice = ai_focus_name('invoice_id') -%}
{%- set closed = ai_closed_through() -%}

with both_sides as (

    select
        lines.platform,
        lines.usage_date,
        lines.invoice_id,
        lines.amount_usd as bill_usd,
        0 as focus_usd
    from {{ ref('int_ai_billing') }} as lines
    cross join {{ ref('int_ai_as_of') }} as as_of
    where not lines.is_off_bill
        and lines.usage_date <= as_of.as_of_date

    union all

    select
        focus.{{ ai_focus_name('x_platform') }} as platform,
        {{ day }} as usage_date,
        focus.{{ invoice }} as invoice_id,
        0 as bill_usd,
        focus.{{ ai_focus_name('billed_cost') }} as focus_usd
    from {{ ref('focus_cost_and_usage') }} as focus
    cross join {{ ref('int_ai_as_of') }} as as_of
    where {{ day }} <= as_of.as_of_date

),

placed as (

    select
        platform,
        {{ ai_open_day('usage_date') }} as usage_date,
        {% if closed -%}
        case when usage_date > cast('{{ ai_shift_day(closed, 1) }}' as date) then invoice_id else '(all)' end
            as invoice_id,
        {%- else -%}
        invoice_id,
        {%- endif %}
        bill_usd,
        focus_usd
    from both_sides

)

select
    platform,
    usage_date,
    invoice_id,
    sum(bill_usd) as bill_usd,
    sum(focus_usd) as focus_usd
from placed
group by platform, usage_date, invoice_id
having sum(bill_usd) <> sum(focus_usd)
