{#- Grain: one row per raw row; one per plan and valid_from where rejected_reason is null.
    Purpose: what a plan costs and whether it is free, dated. -#}
{{ ai_business_staging(
    'plans',
    columns=[
        ('plan_id', 'varchar'),
        ('name', 'varchar'),
        ('price_per', 'word'),
        ('currency', 'currency'),
        ('monthly_price', 'numeric(18, 6)'),
        ('is_free', 'boolean'),
        ('valid_from', 'date')
    ],
    key=['plan_id', 'valid_from'],
    checks={'negative_amount monthly_price': 'monthly_price < 0'}
) }}
