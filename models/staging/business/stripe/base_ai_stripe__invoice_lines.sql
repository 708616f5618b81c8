{#- Grain: one row per invoice line, as billed. Purpose: what was sold for which period, in minor units.
    Limits: Fivetran's temporary rows (id sub...) are left out. The list of lines inside an invoice is cut
    after ten by Stripe: land the lines themselves. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set is_landed = 'invoice_lines' in var('ai_stripe_tables', []) -%}
{%- set raw = ai_raw_columns('stripe_invoice_lines') if is_landed else {} -%}
{%- set details = ['parent', 'subscription_item_details'] -%}
{%- set item_details = ['parent', 'invoice_item_details'] -%}
{%- set period_start = ai_raw_instant(raw, [['period', 'start'], 'period_start']) -%}
{%- set written_start = ai_raw_first(raw, [['period', 'start'], 'period_start']) -%}
{{ ai_stripe_object(
    'invoice_lines',
    raw,
    values=[
        ('line_id', 'varchar', ai_raw_text(raw, 'id')),
        ('line_key', 'varchar', ai_raw_text(raw, '_dlt_id')),
        ('invoice_id', 'varchar', ai_raw_first(raw, ['invoice_id', 'invoice'])),
        ('parent_key', 'varchar', ai_raw_first(raw, ['_dlt_parent_id', '_dlt_root_id'])),
        ('subscription_id', 'varchar', ai_raw_first(raw, [
            details + ['subscription'], item_details + ['subscription'], 'subscription_id', 'subscription'
        ])),
        ('price_id', 'varchar', ai_raw_first(raw, [
            ['pricing', 'price_details', 'price'], ['price', 'id'], 'price_id', ['plan', 'id'], 'plan_id'
        ])),
        ('line_type', 'varchar', ai_raw_first(raw, [['parent', 'type'], 'type'])),
        ('usage_type', 'varchar', ai_raw_first(raw, [['price', 'recurring', 'usage_type'], ['plan', 'usage_type']])),
        ('currency', 'varchar', 'upper(' ~ ai_raw_text(raw, 'currency') ~ ')'),
        ('quantity', 'numeric(38, 9)', ai_raw_first(raw, ['quantity_decimal', 'quantity'], 'numeric(38, 9)')),
        ('amount', money_type(), ai_raw_first(raw, ['subtotal', 'amount'], money_type())),
        ('discount_amount', money_type(), 'ai_discount_sums.ai_discounted'),
        ('tax_amount', money_type(), 'ai_tax_sums.ai_taxed'),
        ('inclusive_tax_amount', money_type(), 'coalesce(ai_tax_sums.ai_inclusive, ai_tax_sums.ai_flagged)'),
        ('credit_amount', money_type(), 'ai_credit_sums.ai_credited'),
        ('is_proration', 'boolean', ai_raw_first(
            raw, [details + ['proration'], item_details + ['proration'], 'proration'], 'boolean'
        )),
        ('period_start_at', 'timestamp', period_start),
        ('period_end_at', 'timestamp', ai_raw_instant(raw, [['period', 'end'], 'period_end'])),
        ('defect', 'varchar', 'coalesce(' ~ ai_defect(raw, amounts=['amount', 'subtotal']) ~ ', case when '
            ~ written_start ~ ' is not null and ' ~ period_start
            ~ " is null then 'unparsable_time service_period_start' end)")
    ],
    key=['line_id'],
    where="coalesce(left(" ~ ai_raw_text(raw, 'id') ~ ", 3), '') <> 'sub'",
    derived={
        'ai_discounts': ai_raw_array(raw, ['discount_amounts']),
        'ai_taxes': ai_raw_array(raw, ['taxes', 'tax_amounts']),
        'ai_credits': ai_raw_array(raw, ['pretax_credit_amounts'])
    },
    arrays=[
        ('ai_discount_sums', 'ai_discounts', {'ai_discounted': {'field': 'amount'}}),
        ('ai_tax_sums', 'ai_taxes', {
            'ai_taxed': {'field': 'amount'},
            'ai_inclusive': {'field': 'amount', 'only': {'tax_behavior': ['inclusive']}},
            'ai_flagged': {'field': 'amount', 'only': {'inclusive': ['true']}}
        }),
        ('ai_credit_sums', 'ai_credits', {
            'ai_credited': {'field': 'amount', 'only': {'type': ['credit_balance_transaction']}}
        })
    ]
) }}
