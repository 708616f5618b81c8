{#- Grain: one row per charge. Purpose: the invoice and the customer of a refund. Limits: from API
    2025-03-31 on a charge does not name its invoice; invoice payments do. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'charges' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_charges') if is_landed else {} -%}
{{ ai_stripe_object(
    'charges',
    raw,
    values=[
        ('charge_id', 'varchar', ai_raw_text(raw, 'id')),
        ('payment_intent_id', 'varchar', ai_raw_first(
            raw, ['payment_intent_id', ['payment_intent', 'id'], 'payment_intent']
        )),
        ('invoice_id', 'varchar', ai_raw_first(raw, ['invoice_id', ['invoice', 'id'], 'invoice'])),
        ('stripe_customer_id', 'varchar', ai_raw_first(raw, ['customer_id', ['customer', 'id'], 'customer']))
    ],
    key=['charge_id']
) }}
