{#- Grain: one row per line of a credit note. Purpose: the invoice line that it takes back, in minor
    units. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'credit_note_lines' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_credit_note_lines') if is_landed else {} -%}
{{ ai_stripe_object(
    'credit_note_lines',
    raw,
    values=[
        ('credit_note_line_id', 'varchar', ai_raw_text(raw, 'id')),
        ('credit_note_id', 'varchar', ai_raw_first(raw, ['credit_note_id', 'credit_note'])),
        ('parent_key', 'varchar', ai_raw_text(raw, '_dlt_parent_id')),
        ('line_id', 'varchar', ai_raw_first(raw, ['invoice_line_item', 'invoice_line_item_id'])),
        ('quantity', 'numeric(38, 9)', ai_raw_column(raw, 'quantity', 'numeric(38, 9)')),
        ('amount', money_type(), ai_raw_money(raw, 'amount')),
        ('discount_amount', money_type(), 'coalesce(' ~ ai_raw_money(raw, 'discount_amount')
            ~ ', ai_discount_sums.ai_discounted)'),
        ('inclusive_tax_amount', money_type(), 'coalesce(ai_tax_sums.ai_inclusive, ai_tax_sums.ai_flagged)'),
        ('credit_amount', money_type(), 'ai_credit_sums.ai_credited'),
        ('defect', 'varchar', ai_defect(raw, amounts=['amount', 'discount_amount']))
    ],
    key=['credit_note_line_id'],
    derived={
        'ai_discounts': ai_raw_array(raw, ['discount_amounts']),
        'ai_taxes': ai_raw_array(raw, ['taxes', 'tax_amounts']),
        'ai_credits': ai_raw_array(raw, ['pretax_credit_amounts'])
    },
    arrays=[
        ('ai_discount_sums', 'ai_discounts', {'ai_discounted': {'field': 'amount'}}),
        ('ai_tax_sums', 'ai_taxes', {
            'ai_inclusive': {'field': 'amount', 'only': {'tax_behavior': ['inclusive']}},
            'ai_flagged': {'field': 'amount', 'only': {'inclusive': ['true']}}
        }),
        ('ai_credit_sums', 'ai_credits', {
            'ai_credited': {'field': 'amount', 'only': {'type': ['credit_balance_transaction']}}
        })
    ]
) }}
