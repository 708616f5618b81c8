{#- Grain: one row per UTC month with stored requests. Purpose: what the costed requests of the month are, in one
    fingerprint, so that monthly figures are computed again for months that changed alone. -#}
select
    {{ ai_month('usage_date') }} as usage_month,
    {{ ai_rows_fingerprint(['usage_date', 'costed_fingerprint']) }} as month_fingerprint
from {{ ref('int_ai_costed_days') }}
group by {{ ai_month('usage_date') }}
