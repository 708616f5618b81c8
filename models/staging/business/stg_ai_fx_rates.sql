{#- Grain: one row per raw row; one per currency and day where rejected_reason is null.
    Purpose: USD per unit of a currency, dated. USD itself is 1 and needs no row. -#}
{{ ai_business_staging(
    'fx_rates',
    columns=[('rate_date', 'date'), ('currency', 'currency'), ('usd_per_unit', factor_type())],
    key=['currency', 'rate_date'],
    required={'rate_date': 'missing_time', 'usd_per_unit': 'missing_amount'},
    checks={'invalid_rate usd_per_unit': 'usd_per_unit <= 0'}
) }}
