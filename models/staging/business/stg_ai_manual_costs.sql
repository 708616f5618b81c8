{#- Grain: one row per raw row; one per line where rejected_reason is null.
    Purpose: cost that no connector brings: self-hosted GPUs, seats, vector stores, other COGS.
    period_end is exclusive. -#}
{{ ai_business_staging(
    'manual_costs',
    columns=[
        ('line_id', 'varchar'),
        ('platform', 'word'),
        ('billing_account_id', 'varchar'),
        ('project_id', 'varchar'),
        ('cost_kind', 'word'),
        ('customer_id', 'varchar'),
        ('feature', 'varchar', 'feature_id'),
        ('team', 'varchar', 'team_id'),
        ('environment', 'varchar'),
        ('currency', 'currency'),
        ('amount', money_type()),
        ('period_start', 'timestamp'),
        ('period_end', 'timestamp')
    ],
    key=['line_id'],
    required={
        'platform': 'missing_platform', 'period_start': 'missing_time', 'amount': 'missing_amount',
        'currency': 'missing_currency'
    },
    checks={'invalid_period period_end': 'period_end < period_start'}
) }}
