{#- Grain: one row per subscription, or per version of it where the loader keeps history
    (_fivetran_start). Purpose: status and dates; the first item, for loaders that land no items.
    Limits: without history the row is today's. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}
{%- set is_landed = 'subscriptions' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_subscriptions') if is_landed else {} -%}
{{ ai_stripe_object(
    'subscriptions',
    raw,
    values=[
        ('subscription_id', 'varchar', ai_raw_text(raw, 'id')),
        ('stripe_customer_id', 'varchar', ai_raw_first(raw, ['customer_id', ['customer', 'id'], 'customer'])),
        ('item_id', 'varchar', ai_raw_first(raw, [['items', 'data', 0, 'id']])),
        ('price_id', 'varchar', ai_raw_first(
            raw, [['items', 'data', 0, 'price', 'id'], ['plan', 'id'], 'plan_id']
        )),
        ('status', 'varchar', 'lower(' ~ ai_raw_text(raw, 'status') ~ ')'),
        ('quantity', 'bigint', ai_raw_first(raw, [['items', 'data', 0, 'quantity'], 'quantity'], 'bigint')),
        ('is_ending_with_period', 'boolean', ai_raw_bool(raw, 'cancel_at_period_end')),
        ('created_at', 'timestamp', ai_raw_instant(raw, ['created'])),
        ('started_at', 'timestamp', ai_raw_instant(raw, ['start_date'])),
        ('cancel_at', 'timestamp', ai_raw_instant(raw, ['cancel_at'])),
        ('canceled_at', 'timestamp', ai_raw_instant(raw, ['canceled_at'])),
        ('ended_at', 'timestamp', ai_raw_instant(raw, ['ended_at'])),
        ('trial_end_at', 'timestamp', ai_raw_instant(raw, ['trial_end'])),
        ('period_end_at', 'timestamp', ai_raw_instant(
            raw, ['current_period_end', ['items', 'data', 0, 'current_period_end']]
        )),
        ('version_from', 'timestamp', ai_raw_instant(raw, ['_fivetran_start'])),
        ('version_to', 'timestamp', ai_raw_instant(raw, ['_fivetran_end']))
    ],
    key=['subscription_id', 'version_from']
) }}
