{#- Grain: one row per subscription item, or per version of it where the loader keeps history.
    Purpose: which prices a subscription has, how many of each. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}
{%- set is_landed = 'subscription_items' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_subscription_items') if is_landed else {} -%}
{{ ai_stripe_object(
    'subscription_items',
    raw,
    values=[
        ('item_id', 'varchar', ai_raw_text(raw, 'id')),
        ('subscription_id', 'varchar', ai_raw_first(raw, ['subscription_id', 'subscription'])),
        ('price_id', 'varchar', ai_raw_first(raw, [['price', 'id'], 'price_id', ['plan', 'id'], 'plan_id'])),
        ('quantity', 'bigint', ai_raw_count(raw, 'quantity')),
        ('is_deleted', 'boolean', ai_raw_first(raw, ['deleted', 'is_deleted', '_fivetran_deleted'], 'boolean')),
        ('created_at', 'timestamp', ai_raw_instant(raw, ['created'])),
        ('period_end_at', 'timestamp', ai_raw_instant(raw, ['current_period_end'])),
        ('version_from', 'timestamp', ai_raw_instant(raw, ['_fivetran_start'])),
        ('version_to', 'timestamp', ai_raw_instant(raw, ['_fivetran_end']))
    ],
    key=['item_id', 'version_from']
) }}
