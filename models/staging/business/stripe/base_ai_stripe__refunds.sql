{#- Grain: one row per refund. Purpose: money given back, tax included, in minor units.
    Limits: which invoice it was is known through its charge or payment intent alone. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'refunds' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_refunds') if is_landed else {} -%}
{{ ai_stripe_object(
    'refunds',
    raw,
    values=[
        ('refund_id', 'varchar', ai_raw_text(raw, 'id')),
        ('charge_id', 'varchar', ai_raw_first(raw, ['charge_id', ['charge', 'id'], 'charge'])),
        ('payment_intent_id', 'varchar', ai_raw_first(
            raw, ['payment_intent_id', ['payment_intent', 'id'], 'payment_intent']
        )),
        ('currency', 'varchar', 'upper(' ~ ai_raw_text(raw, 'currency') ~ ')'),
        ('status', 'varchar', 'lower(' ~ ai_raw_text(raw, 'status') ~ ')'),
        ('amount', money_type(), ai_raw_money(raw, 'amount')),
        ('created_at', 'timestamp', ai_raw_instant(raw, ['created'])),
        ('defect', 'varchar', ai_defect(raw, amounts=['amount']))
    ],
    key=['refund_id']
) }}
