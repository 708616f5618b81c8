{#- Grain: one row per payment of an invoice (API 2025-03-31 and later). Purpose: the invoice of a charge
    or payment intent. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'invoice_payments' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_invoice_payments') if is_landed else {} -%}
{{ ai_stripe_object(
    'invoice_payments',
    raw,
    values=[
        ('invoice_payment_id', 'varchar', ai_raw_text(raw, 'id')),
        ('invoice_id', 'varchar', ai_raw_first(raw, ['invoice_id', ['invoice', 'id'], 'invoice'])),
        ('charge_id', 'varchar', ai_raw_first(raw, [['payment', 'charge'], 'payment_charge_id', 'charge_id'])),
        ('payment_intent_id', 'varchar', ai_raw_first(
            raw, [['payment', 'payment_intent'], 'payment_payment_intent_id', 'payment_intent_id']
        ))
    ],
    key=['invoice_payment_id']
) }}
