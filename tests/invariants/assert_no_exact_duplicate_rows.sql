{#- Warns of rows of a usage report or a bill that are equal in every column, load time included: they
    are summed as parts of one line, and may be a page that was loaded twice.
    Broken by: the same row twice in a raw table. Each row is such a set. -#}
{{ config(severity='warn') }}

select
    'usage' as kind,
    platform,
    usage_key as row_key,
    usage_date,
    count(*) as number_of_rows
from {{ ref('int_ai_usage__unioned') }}
group by
    platform, usage_key, usage_date, loaded_at, quantity_status, rejected_reason, input_tokens, requests,
    {{ ai_quantity_columns() | map('first') | join(', ') }}
having count(*) > 1

union all

select
    'billing' as kind,
    platform,
    bill_line_key as row_key,
    usage_date,
    count(*) as number_of_rows
from {{ ref('int_ai_billing__unioned') }}
group by
    platform, bill_line_key, usage_date, loaded_at, rejected_reason, unit, charge_category, quantity,
    amount_billing_currency
having count(*) > 1
