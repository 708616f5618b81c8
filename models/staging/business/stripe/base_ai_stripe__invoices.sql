{#- Grain: one row per invoice. Purpose: whose it is, its status and day; how much of its total is no tax.
    Limits: its own period is not that of its lines and is not read. A deleted invoice was a draft. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'invoices' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_invoices') if is_landed else {} -%}
{%- set is_deleted = ai_raw_first(raw, ['deleted', 'is_deleted'], 'boolean') -%}
{%- set total = ai_raw_money(raw, 'total') -%}
{{ ai_stripe_object(
    'invoices',
    raw,
    values=[
        ('invoice_id', 'varchar', ai_raw_text(raw, 'id')),
        ('parent_key', 'varchar', ai_raw_text(raw, '_dlt_id')),
        ('stripe_customer_id', 'varchar', ai_raw_first(raw, ['customer_id', ['customer', 'id'], 'customer'])),
        ('subscription_id', 'varchar', ai_raw_first(
            raw, [['parent', 'subscription_details', 'subscription'], 'subscription_id', 'subscription']
        )),
        ('charge_id', 'varchar', ai_raw_first(raw, ['charge_id', ['charge', 'id'], 'charge'])),
        ('payment_intent_id', 'varchar', ai_raw_first(
            raw, ['payment_intent_id', ['payment_intent', 'id'], 'payment_intent']
        )),
        ('status', 'varchar', "case when coalesce(" ~ is_deleted ~ ", false) then 'void' else lower("
            ~ ai_raw_text(raw, 'status') ~ ') end'),
        ('total', money_type(), total),
        ('total_excluding_tax', money_type(), 'coalesce(' ~ ai_raw_money(raw, 'total_excluding_tax') ~ ', '
            ~ total ~ ' - ' ~ ai_raw_money(raw, 'tax') ~ ')'),
        ('invoiced_at', 'timestamp', ai_raw_instant(raw, [
            'effective_at', ['status_transitions', 'finalized_at'], 'status_transitions_finalized_at',
            'finalized_at', 'created', 'date'
        ]))
    ],
    key=['invoice_id']
) }}
