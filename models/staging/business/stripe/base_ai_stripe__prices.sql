{#- Grain: one row per price (or, of older accounts, plan). Purpose: what a unit costs per interval, in
    minor units. Limits: unit_amount is NULL, not 0, for a tiered price. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}
{%- set is_landed = 'prices' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_prices') if is_landed else {} -%}
{{ ai_stripe_object(
    'prices',
    raw,
    values=[
        ('price_id', 'varchar', ai_raw_text(raw, 'id')),
        ('product_id', 'varchar', ai_raw_first(raw, ['product_id', ['product', 'id'], 'product'])),
        ('name', 'varchar', ai_raw_first(raw, ['nickname', 'lookup_key'])),
        ('currency', 'varchar', 'upper(' ~ ai_raw_text(raw, 'currency') ~ ')'),
        ('billing_interval', 'varchar', ai_raw_first(
            raw, [['recurring', 'interval'], 'recurring_interval', 'interval']
        )),
        ('interval_count', 'bigint', ai_raw_first(
            raw, [['recurring', 'interval_count'], 'recurring_interval_count', 'interval_count'], 'bigint'
        )),
        ('is_metered', 'boolean', ai_raw_first(
            raw, [['recurring', 'usage_type'], 'recurring_usage_type', 'usage_type']
        ) ~ " = 'metered'"),
        ('is_packaged', 'boolean', ai_raw_first(
            raw, [['transform_quantity', 'divide_by'], 'transform_quantity_divide_by']
        ) ~ ' is not null'),
        ('unit_amount', money_type(), ai_raw_first(
            raw, ['unit_amount_decimal', 'unit_amount', 'amount_decimal', 'amount'], money_type()
        )),
        ('created_at', 'timestamp', ai_raw_instant(raw, ['created']))
    ],
    key=['price_id']
) }}
