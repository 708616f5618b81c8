{#- Grain: one row per refund. Purpose: the invoice that a refund belongs to, through its charge or payment
    intent, by the charge's own word, the invoice's, or an invoice payment; and whether a credit note
    names the refund. Where several invoices answer, none does. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}

with refunds as (

    select * from {{ ref('base_ai_stripe__refunds') }}

),

charges as (

    select * from {{ ref('base_ai_stripe__charges') }}

),

invoices as (

    select * from {{ ref('base_ai_stripe__invoices') }}

),

invoice_payments as (

    select * from {{ ref('base_ai_stripe__invoice_payments') }}

),

credit_notes as (

    select * from {{ ref('base_ai_stripe__credit_notes') }}
    where coalesce(status, 'issued') = 'issued'

),

known_payments as (

    select charge_id as payment_id, invoice_id from charges
    union all
    select payment_intent_id as payment_id, invoice_id from charges
    union all
    select charge_id as payment_id, invoice_id from invoices
    union all
    select payment_intent_id as payment_id, invoice_id from invoices
    union all
    select charge_id as payment_id, invoice_id from invoice_payments
    union all
    select payment_intent_id as payment_id, invoice_id from invoice_payments

),

payments as (

    select
        payment_id,
        min(invoice_id) as invoice_id
    from known_payments
    where payment_id is not null
        and invoice_id is not null
    group by payment_id
    having min(invoice_id) = max(invoice_id)

),

charge_intents as (

    select charge_id, payment_intent_id, stripe_customer_id from charges

),

placed as (

    select
        refunds.refund_id,
        coalesce(by_charge.invoice_id, by_intent.invoice_id, by_charges_intent.invoice_id) as invoice_id,
        charge_intents.stripe_customer_id
    from refunds
    left join charge_intents on refunds.charge_id = charge_intents.charge_id
    left join payments as by_charge on refunds.charge_id = by_charge.payment_id
    left join payments as by_intent on refunds.payment_intent_id = by_intent.payment_id
    left join payments as by_charges_intent on charge_intents.payment_intent_id = by_charges_intent.payment_id

),

-- A credit note's own word comes first: it names the refund that paid it out.
named as (

    select
        refunds.refund_id,
        min(credit_notes.invoice_id) as invoice_id
    from credit_notes
    inner join refunds on contains(credit_notes.refund_ids, '"' || refunds.refund_id || '"')
    group by refunds.refund_id

),

noted_invoices as (

    select
        invoice_id,
        count(*) as credit_notes,
        count(refund_ids) as paid_out_credit_notes
    from credit_notes
    group by invoice_id

),

final as (

    select
        placed.refund_id,
        coalesce(named.invoice_id, placed.invoice_id) as invoice_id,
        placed.stripe_customer_id,
        named.refund_id is not null as is_credit_note_payout,
        -- Each credit note of the invoice names its own refunds, so none of them is about this one.
        named.refund_id is null
        and coalesce(noted_invoices.credit_notes = noted_invoices.paid_out_credit_notes, false)
            as is_beside_credit_notes
    from placed
    left join named on placed.refund_id = named.refund_id
    left join noted_invoices on placed.invoice_id = noted_invoices.invoice_id

)

select * from final
