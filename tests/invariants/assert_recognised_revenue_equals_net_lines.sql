{#- Proves, to the last digit and in the currency of the bill: over its whole horizon, the days of a
    revenue line add up to its net amount (amount - discount), draft and void lines give nothing, and
    nothing is recognised that has no line. Counted apart from the models that it checks.
    The credit notes and refunds of an invoice together take away the larger of the two, no more.
    Prepaid credits: a paid grant is never recognised beyond what was paid, and exactly in full once
    all of it is drawn or expired.
    Each row is a line, an invoice or a grant that fails. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with lines as (

    select * from {{ ref('stg_ai_revenue_lines') }}
    where rejected_reason is null
        and coalesce(status, 'open') not in ('draft', 'void')

),

ledger as (

    select * from {{ ref('stg_ai_credit_ledger') }}
    where rejected_reason is null

),

customers as (

    select * from {{ ref('int_ai_customers') }}

),

revenue as (

    select * from {{ ref('int_ai_revenue__daily') }}
    where revenue_basis = 'recognised'

),

-- A credit note with a refund counts once: such refunds are judged together, by invoice.
settled_invoices as (

    select
        invoice_id,
        currency,
        sum(case when line_kind = 'credit_note' then amount - coalesce(discount_amount, 0) end) as credited,
        sum(case when line_kind = 'refund' then amount - coalesce(discount_amount, 0) end) as refunded
    from lines
    where line_kind in ('refund', 'credit_note')
        and invoice_id is not null
    group by invoice_id, currency
    having sum(case when line_kind = 'credit_note' then amount - coalesce(discount_amount, 0) end) < 0

),

settled_refunds as (

    select
        lines.line_id,
        lines.invoice_id,
        lines.currency
    from lines
    inner join settled_invoices
        on lines.invoice_id = settled_invoices.invoice_id
        and lines.currency = settled_invoices.currency
    where lines.line_kind = 'refund'

),

expected_lines as (

    select
        lines.line_id,
        lines.amount - coalesce(lines.discount_amount, 0) as expected_amount
    from lines
    left join settled_refunds on lines.line_id = settled_refunds.line_id
    where coalesce(lines.line_kind, '') <> 'credit_purchase'
        and settled_refunds.line_id is null

),

recognised_lines as (

    select
        revenue.line_id,
        sum(revenue.net_revenue_billing_currency) as recognised_amount
    from revenue
    left join settled_refunds on revenue.line_id = settled_refunds.line_id
    where coalesce(revenue.line_kind, '') <> 'credit_purchase'
        and settled_refunds.line_id is null
    group by revenue.line_id

),

wrong_invoices as (

    select
        settled_invoices.invoice_id as line_id,
        least(settled_invoices.credited, settled_invoices.refunded)
        - settled_invoices.credited as expected_amount,
        coalesce(sum(revenue.net_revenue_billing_currency), 0) as recognised_amount
    from settled_invoices
    inner join settled_refunds
        on settled_invoices.invoice_id = settled_refunds.invoice_id
        and settled_invoices.currency = settled_refunds.currency
    left join revenue on settled_refunds.line_id = revenue.line_id
    group by settled_invoices.invoice_id, settled_invoices.credited, settled_invoices.refunded
    having
        least(settled_invoices.credited, settled_invoices.refunded) - settled_invoices.credited
        <> coalesce(sum(revenue.net_revenue_billing_currency), 0)

),

wrong_lines as (

    select
        coalesce(expected_lines.line_id, recognised_lines.line_id) as line_id,
        expected_lines.expected_amount,
        recognised_lines.recognised_amount
    from expected_lines
    full join recognised_lines on expected_lines.line_id = recognised_lines.line_id
    where expected_lines.expected_amount is null
        or recognised_lines.recognised_amount is null
        or expected_lines.expected_amount <> recognised_lines.recognised_amount

),

expected_grants as (

    select
        coalesce(customers.survivor_customer_id, ledger.customer_id) as customer_id,
        ledger.grant_id,
        sum(case when ledger.entry_kind = 'grant' then ledger.credits else 0 end) as granted,
        sum(case when ledger.entry_kind <> 'grant' then ledger.credits else 0 end) as used,
        sum(
            case when ledger.entry_kind = 'grant' then ledger.paid_amount else 0 end
        ) as paid_amount
    from ledger
    left join customers on ledger.customer_id = customers.customer_id
    group by coalesce(customers.survivor_customer_id, ledger.customer_id), ledger.grant_id

),

recognised_grants as (

    select
        customer_id,
        line_id as grant_id,
        sum(net_revenue_billing_currency) as recognised_amount
    from revenue
    where line_kind = 'credit_purchase'
    group by customer_id, line_id

),

wrong_grants as (

    select
        coalesce(expected_grants.grant_id, recognised_grants.grant_id) as line_id,
        case
            when expected_grants.used >= expected_grants.granted then expected_grants.paid_amount
        end as expected_amount,
        recognised_grants.recognised_amount
    from expected_grants
    full join recognised_grants
        on expected_grants.customer_id = recognised_grants.customer_id
        and expected_grants.grant_id = recognised_grants.grant_id
    where expected_grants.grant_id is null
        or coalesce(recognised_grants.recognised_amount, 0) < 0
        or coalesce(recognised_grants.recognised_amount, 0) > expected_grants.paid_amount
        or (
            expected_grants.granted > 0
            and expected_grants.used >= expected_grants.granted
            and coalesce(recognised_grants.recognised_amount, 0) <> expected_grants.paid_amount
        )

)

select * from wrong_lines
union all
select * from wrong_invoices
union all
select * from wrong_grants
