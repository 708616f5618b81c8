{#- Grain: one row per accepted revenue line, whether it counts or not.
    Purpose: what each line is worth and how it becomes revenue (`recognition`):
        straight_line            by UTC day over [service_start_date, service_end_date)
        draw_down                a purchase of prepaid credits; revenue as the credits are used
        deferred_without_grant   the same, but credit_ledger has no paid grant for it: stays deferred
        covered_by_credit_note   a refund that credit notes of the same invoice already cover
        not_counted              draft or void
    A credit note with a refund counts once: of the refunds of an invoice, in order of time, only what
    goes beyond its credit notes counts.
    Limits: purchases are matched with grants by customer and currency, in order of time, not by id. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with lines as (

    select * from {{ ref('stg_ai_revenue_lines') }}
    where rejected_reason is null

),

customers as (

    select * from {{ ref('int_ai_customers') }}

),

grants as (

    select * from {{ ref('stg_ai_credit_ledger') }}
    where rejected_reason is null
        and entry_kind = 'grant'
        and paid_amount is not null

),

valued as (

    select
        lines.line_id,
        lines.invoice_id,
        coalesce(customers.survivor_customer_id, lines.customer_id) as customer_id,
        lines.subscription_id,
        lines.plan_id,
        lines.line_kind,
        lines.status,
        lines.currency as billing_currency,
        cast(
            lines.amount - coalesce(lines.discount_amount, 0) as {{ money_type() }}
        ) as net_revenue_billing_currency,
        coalesce(lines.status, 'open') in ('open', 'paid', 'uncollectible') as is_counted,
        coalesce(lines.service_period_start, lines.invoice_date) as service_start_date,
        case
            -- NULL where there is no start or no end.
            when lines.service_period_end > lines.service_period_start then lines.service_period_end
            else {{ ai_add_days('coalesce(lines.service_period_start, lines.invoice_date)', 1) }}
        end as service_end_date
    from lines
    left join customers on lines.customer_id = customers.customer_id

),

credited_invoices as (

    select
        invoice_id,
        billing_currency,
        {{ ai_sum('net_revenue_billing_currency') }} as credited
    from valued
    where is_counted
        and line_kind = 'credit_note'
    group by invoice_id, billing_currency
    having sum(net_revenue_billing_currency) < 0

),

refunds as (

    select
        valued.line_id,
        credited_invoices.credited,
        valued.net_revenue_billing_currency,
        cast(sum(valued.net_revenue_billing_currency) over (
            partition by valued.invoice_id, valued.billing_currency
            order by valued.service_start_date, valued.line_id
            rows between unbounded preceding and current row
        ) as {{ money_type() }}) as refunded_so_far
    from valued
    -- Inner: a refund of an invoice without credit notes counts in full.
    inner join credited_invoices
        on valued.invoice_id = credited_invoices.invoice_id
        and valued.billing_currency = credited_invoices.billing_currency
    where valued.is_counted
        and valued.line_kind = 'refund'

),

-- All amounts are negative: what the refunds take beyond the notes, with this one less without it.
refunds_beyond_notes as (

    select
        line_id,
        cast(
            least(refunded_so_far - credited, 0)
            - least(refunded_so_far - net_revenue_billing_currency - credited, 0) as {{ money_type() }}
        ) as net_revenue_billing_currency
    from refunds

),

granted as (

    select
        coalesce(customers.survivor_customer_id, grants.customer_id) as customer_id,
        grants.currency as billing_currency,
        {{ ai_sum('grants.paid_amount') }} as paid_amount
    from grants
    left join customers on grants.customer_id = customers.customer_id
    group by coalesce(customers.survivor_customer_id, grants.customer_id), grants.currency

),

purchases as (

    select
        line_id,
        customer_id,
        billing_currency,
        cast(sum(net_revenue_billing_currency) over (
            partition by customer_id, billing_currency
            order by service_start_date, line_id
            rows between unbounded preceding and current row
        ) as {{ money_type() }}) as purchased_so_far
    from valued
    where is_counted
        and line_kind = 'credit_purchase'

),

final as (

    select
        valued.line_id,
        valued.invoice_id,
        valued.customer_id,
        valued.subscription_id,
        valued.plan_id,
        valued.line_kind,
        valued.status,
        case
            when not valued.is_counted then 'not_counted'
            when granted.paid_amount >= purchases.purchased_so_far then 'draw_down'
            when purchases.line_id is not null then 'deferred_without_grant'
            when refunds_beyond_notes.net_revenue_billing_currency = 0 then 'covered_by_credit_note'
            else 'straight_line'
        end as recognition,
        valued.billing_currency,
        cast(
            {{ ai_days_between('valued.service_start_date', 'valued.service_end_date') }} as bigint
        ) as service_days,
        case
            when refunds_beyond_notes.net_revenue_billing_currency <> 0
                then refunds_beyond_notes.net_revenue_billing_currency
            else valued.net_revenue_billing_currency
        end as net_revenue_billing_currency,
        valued.service_start_date,
        valued.service_end_date
    from valued
    left join refunds_beyond_notes on valued.line_id = refunds_beyond_notes.line_id
    left join purchases on valued.line_id = purchases.line_id
    left join granted
        on purchases.customer_id = granted.customer_id
        and purchases.billing_currency = granted.billing_currency

)

select * from final
