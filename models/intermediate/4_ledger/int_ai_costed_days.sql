{#- Grain: one row per UTC day with stored requests. Purpose: all that decides what the requests of the day cost
    and whom: facts, owners, traces, plans, models, prices, bills, commitments. Stored aggregates carry
    costed_fingerprint and build the days on which it differs; the parts tell why. -#}
{%- set classes = ai_price_classes().keys() | list -%}
{%- set parts = {
    'models': [
        'cell_key', 'context_over_tokens', 'platform', 'provider', 'billing_account_id', 'project_id', 'model',
        'region_scope'
    ],
    'prices': ['cell_key', 'context_over_tokens', 'input_tokens_from', 'input_tokens_to', 'is_model_priced'],
    'bills': ['cell_key', 'context_over_tokens', 'is_billed']
} -%}
{%- for class in classes -%}
{%- do parts.prices.extend([class ~ '_list_price_usd', class ~ '_price_usd']) -%}
{%- do parts.bills.extend([class ~ '_factor', class ~ '_effective_price_usd']) -%}
{%- endfor -%}
{%- set cell_owner_columns = ['cell_key'] -%}
{%- for name in ['api_key', 'project', 'default'] -%}
{%- for dimension in ai_dimensions().keys() | list + ['pnl_class'] -%}
{%- do cell_owner_columns.append(name ~ '_' ~ dimension ~ '_id') -%}
{%- endfor -%}
{%- endfor %}

with owner_days as (

    select * from {{ ref('int_ai_owner_days') }}

),

rates as (

    select
        usage_date,
        {{ ai_rows_fingerprint(parts.models) }} as models_fingerprint,
        {{ ai_rows_fingerprint(parts.prices) }} as prices_fingerprint,
        {{ ai_rows_fingerprint(parts.bills) }} as bills_fingerprint
    from {{ ref('int_ai_rates') }}
    group by usage_date

),

cell_owners as (

    select
        usage_date,
        {{ ai_rows_fingerprint(cell_owner_columns) }} as cell_owners_fingerprint
    from {{ ref('int_ai_cell_owners') }}
    group by usage_date

),

trace_owners as (

    select usage_date, max(content_fingerprint) as trace_owners_fingerprint
    from {{ ref('int_ai_trace_owners') }}
    group by usage_date

),

commitments as (

    select
        usage_date,
        {{ ai_rows_fingerprint(['request_key', 'commitment_id', 'used_cost_usd']) }} as commitments_fingerprint
    from {{ ref('int_ai_commitment_shares') }}
    group by usage_date

),

final as (

    select
        owner_days.usage_date,
        owner_days.requests,
        owner_days.facts_fingerprint,
        md5(
            owner_days.owners_fingerprint || '|' || coalesce(cell_owners.cell_owners_fingerprint, '-') || '|'
            || coalesce(trace_owners.trace_owners_fingerprint, '-')
        ) as owners_fingerprint,
        owner_days.plans_fingerprint,
        {%- for part in parts %}
        coalesce(rates.{{ part }}_fingerprint, '-') as {{ part }}_fingerprint,
        {%- endfor %}
        coalesce(commitments.commitments_fingerprint, '-') as commitments_fingerprint
    from owner_days
    left join rates on owner_days.usage_date = rates.usage_date
    left join cell_owners on owner_days.usage_date = cell_owners.usage_date
    left join trace_owners on owner_days.usage_date = trace_owners.usage_date
    left join commitments on owner_days.usage_date = commitments.usage_date

)

select
    *,
    {{ ai_hash([
        'facts_fingerprint', 'owners_fingerprint', 'plans_fingerprint', 'models_fingerprint',
        'prices_fingerprint', 'bills_fingerprint', 'commitments_fingerprint', "'" ~ ai_logic_fingerprint() ~ "'"
    ]) }} as costed_fingerprint
from final
