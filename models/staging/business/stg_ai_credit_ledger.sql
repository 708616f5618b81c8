{#- Grain: one row per raw row; one per entry where rejected_reason is null.
    Purpose: prepaid credits granted, drawn down and expired. Credits are counted positive in each kind
    of entry. A promotional grant has no paid_amount. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

{{ ai_business_staging(
    'credit_ledger',
    columns=[
        ('entry_id', 'varchar'),
        ('customer_id', 'varchar'),
        ('grant_id', 'varchar'),
        ('entry_kind', 'word'),
        ('currency', 'currency'),
        ('credits', 'numeric(38, 9)'),
        ('paid_amount', money_type()),
        ('occurred_at', 'timestamp')
    ],
    key=['entry_id'],
    required={
        'customer_id': 'missing_customer', 'grant_id': 'missing_grant', 'credits': 'missing_quantity',
        'occurred_at': 'missing_time'
    },
    checks={
        'unknown_entry_kind entry_kind': "coalesce(entry_kind, '') not in ('grant', 'draw', 'expire')",
        'negative_quantity credits': 'credits < 0',
        'negative_amount paid_amount': 'paid_amount < 0',
        'missing_currency currency': 'paid_amount <> 0 and currency is null'
    }
) }}
