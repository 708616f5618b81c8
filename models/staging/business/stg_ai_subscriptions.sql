{#- Grain: one row per raw row; one per subscription and valid_from where rejected_reason is null:
    a subscription whose plan or seats changed may have one row per period.
    Purpose: who was on which plan, when. -#}
{{ ai_business_staging(
    'subscriptions',
    columns=[
        ('subscription_id', 'varchar'),
        ('customer_id', 'varchar'),
        ('plan_id', 'varchar'),
        ('status', 'word'),
        ('seats', 'bigint'),
        ('mrr', 'numeric(18, 6)'),
        ('is_primary', 'boolean'),
        ('is_trial', 'boolean'),
        ('valid_from', 'timestamp'),
        ('valid_to', 'timestamp')
    ],
    key=['subscription_id', 'valid_from'],
    required={'customer_id': 'missing_customer', 'plan_id': 'missing_plan', 'valid_from': 'missing_time'},
    checks={
        'negative_quantity seats': 'seats < 0',
        'negative_amount mrr': 'mrr < 0',
        'invalid_period valid_to': 'valid_to < valid_from'
    }
) }}
