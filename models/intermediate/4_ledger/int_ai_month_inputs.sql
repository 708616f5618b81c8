{#- Grain: one row per UTC month with a cost or revenue. Purpose: what the month's figures are made from, one text
    per kind of input, so that restatement_log can say why a published month moved. Facts are told by their
    counts, so that a day that is stored again unchanged is no reason. -#}
{%- set causes = ai_restatement_causes() -%}
{%- set reads_revenue = ai_scenario_needs('customers') -%}

with months as (

    select usage_month from {{ ref('int_ai_months') }}

),

facts as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        cast({{ ai_sum_count('attempts') }} as varchar) || ' requests '
        || {{ ai_rows_fingerprint(
            ['usage_date', 'cell_key', 'attempts', 'failed_attempts'] + ai_price_classes().values() | list
        ) }} as fingerprint
    from {{ ref('int_ai_metered__daily') }}
    group by {{ ai_month('usage_date') }}

),

days as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_rows_fingerprint(['usage_date', 'owners_fingerprint']) }} as owners_fingerprint,
        {{ ai_rows_fingerprint(['usage_date', 'plans_fingerprint']) }} as plans_fingerprint,
        {{ ai_rows_fingerprint(['usage_date', 'models_fingerprint']) }} as models_fingerprint,
        {{ ai_rows_fingerprint(['usage_date', 'prices_fingerprint']) }} as prices_fingerprint,
        {{ ai_rows_fingerprint(['usage_date', 'commitments_fingerprint']) }} as commitments_fingerprint
    from {{ ref('int_ai_costed_days') }}
    group by {{ ai_month('usage_date') }}

),

usage_reports as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_rows_fingerprint(['usage_key', 'requests'] + ai_price_classes().values() | list) }} as fingerprint
    from {{ ref('int_ai_usage') }}
    group by {{ ai_month('usage_date') }}

),

bills as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_rows_fingerprint(['bill_line_key', 'amount_billing_currency', 'line_kind', 'quantity']) }} as fingerprint
    from {{ ref('int_ai_billing') }}
    group by {{ ai_month('usage_date') }}

),

rates as (

    select
        {{ ai_month('rate_date') }} as usage_month,
        {{ ai_rows_fingerprint(['rate_date', 'currency', 'usd_per_unit']) }} as fingerprint
    from {{ ref('int_ai_fx_rates__daily') }}
    group by {{ ai_month('rate_date') }}

),

{% if reads_revenue -%}
revenue as (

    select
        usage_month,
        {{ ai_rows_fingerprint(['customer_id', 'plan_id', 'line_kind', 'net_revenue_usd']) }} as fingerprint
    from {{ ref('int_ai_revenue__monthly') }}
    group by usage_month

),
{%- endif %}

final as (

    select
        months.usage_month,
        coalesce(facts.fingerprint, '0 requests') as late_rows_fingerprint,
        coalesce(days.prices_fingerprint, '-') as price_fingerprint,
        coalesce(days.models_fingerprint, '-') as alias_fingerprint,
        coalesce(days.owners_fingerprint, '-') as map_fingerprint,
        coalesce(days.plans_fingerprint, '-') as plan_fingerprint,
        coalesce(usage_reports.fingerprint, '-') as usage_report_fingerprint,
        coalesce(bills.fingerprint, '-') as bill_fingerprint,
        coalesce(rates.fingerprint, '-') as fx_fingerprint,
        coalesce(days.commitments_fingerprint, '-') as commitment_fingerprint,
        {{ "coalesce(revenue.fingerprint, '-')" if reads_revenue else "'-'" }} as revenue_fingerprint
    from months
    left join facts on months.usage_month = facts.usage_month
    left join days on months.usage_month = days.usage_month
    left join usage_reports on months.usage_month = usage_reports.usage_month
    left join bills on months.usage_month = bills.usage_month
    left join rates on months.usage_month = rates.usage_month
    {%- if reads_revenue %}
    left join revenue on months.usage_month = revenue.usage_month
    {%- endif %}

)

select
    usage_month,
    {{ ai_restatement_causes() | join('_fingerprint,\n    ') }}_fingerprint,
    {%- for cause in causes %}
    {{ cause }}_fingerprint{{ " || '|' ||" if not loop.last else ' as inputs' }}
    {%- endfor %}
from final
