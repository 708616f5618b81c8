{#- Grain: one row per raw row; one per line where rejected_reason is null.
    Purpose: what was invoiced, for which period. `amount` is before discount and without tax.
    Limits: days are those of int_ai_calendar; a line outside them is rejected. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

{{ ai_business_staging(
    'revenue_lines',
    columns=[
        ('line_id', 'varchar'),
        ('invoice_id', 'varchar'),
        ('customer_id', 'varchar'),
        ('subscription_id', 'varchar'),
        ('plan_id', 'varchar'),
        ('line_kind', 'word'),
        ('status', 'word'),
        ('currency', 'currency'),
        ('quantity', 'numeric(38, 9)'),
        ('amount', money_type()),
        ('discount_amount', money_type()),
        ('tax_amount', money_type()),
        ('is_proration', 'boolean'),
        ('service_period_start', 'date'),
        ('service_period_end', 'date'),
        ('invoice_date', 'date')
    ],
    key=['line_id'],
    required={'amount': 'missing_amount', 'currency': 'missing_currency'},
    checks={
        'missing_time invoice_date': 'coalesce(service_period_start, invoice_date) is null',
        'negative_amount discount_amount': 'discount_amount < 0',
        'unknown_status status': "status not in ('open', 'paid', 'uncollectible', 'draft', 'void')",
        'invalid_period service_period_start':
            "coalesce(service_period_start, invoice_date) not between "
            ~ "cast('2015-01-01' as date) and cast('2041-12-31' as date)",
        'invalid_period service_period_end': "service_period_end > cast('2042-01-01' as date)"
    }
) }}
