{#- Grain: one row per credit note. Purpose: the invoice that it reduces, by how much without tax, in
    minor units, and the refunds that belong to it. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'credit_notes' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_credit_notes') if is_landed else {} -%}
{%- set subtotal = ai_raw_money(raw, 'subtotal') -%}
{{ ai_stripe_object(
    'credit_notes',
    raw,
    values=[
        ('credit_note_id', 'varchar', ai_raw_text(raw, 'id')),
        ('parent_key', 'varchar', ai_raw_text(raw, '_dlt_id')),
        ('invoice_id', 'varchar', ai_raw_first(raw, ['invoice_id', ['invoice', 'id'], 'invoice'])),
        ('stripe_customer_id', 'varchar', ai_raw_first(raw, ['customer_id', ['customer', 'id'], 'customer'])),
        ('refund_ids', 'varchar', "coalesce('\"' || " ~ ai_raw_first(raw, ['refund_id', ['refund', 'id'], 'refund'])
            ~ " || '\"', nullif(" ~ ai_raw_array(raw, ['refunds']) ~ ", '[]'))"),
        ('currency', 'varchar', 'upper(' ~ ai_raw_text(raw, 'currency') ~ ')'),
        ('status', 'varchar', 'lower(' ~ ai_raw_text(raw, 'status') ~ ')'),
        ('amount', money_type(), 'coalesce(' ~ ai_raw_money(raw, 'total_excluding_tax') ~ ', ' ~ subtotal
            ~ ' - coalesce(' ~ ai_raw_money(raw, 'discount_amount') ~ ', 0), ' ~ ai_raw_first(
            raw, ['total', 'amount'], money_type()
        ) ~ ')'),
        ('created_at', 'timestamp', ai_raw_instant(raw, ['created'])),
        ('defect', 'varchar', ai_defect(raw, amounts=['total_excluding_tax', 'subtotal', 'discount_amount', 'total']))
    ],
    key=['credit_note_id']
) }}
