{#- Grain: one row per Stripe customer. Purpose: which customer of yours it is (metadata, by
    ai_stripe_customer_key). Limits: a deleted customer's stub has neither metadata nor a date; the load
    before it counts. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}
{%- set is_landed = 'customers' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_customers') if is_landed else {} -%}
{%- set key = var('ai_stripe_customer_key', none) -%}
{%- set is_deleted = ai_raw_first(raw, ['deleted', 'is_deleted'], 'boolean') -%}
{{ ai_stripe_object(
    'customers',
    raw,
    values=[
        ('stripe_customer_id', 'varchar', ai_raw_text(raw, 'id')),
        ('app_customer_id', 'varchar', ai_raw_text(raw, ['metadata', key]) if key else 'null'),
        ('name', 'varchar', ai_raw_first(raw, ['name', 'description'])),
        ('created_at', 'timestamp', ai_raw_instant(raw, ['created']))
    ],
    key=['stripe_customer_id'],
    where='not (coalesce(' ~ is_deleted ~ ', false) and ' ~ ai_raw_instant(raw, ['created']) ~ ' is null)'
) }}
