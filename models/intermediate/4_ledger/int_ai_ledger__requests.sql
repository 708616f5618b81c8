{#- Grain: one row per UTC day, platform, account, project, model, tier, processing, feature, team,
    environment, P&L class and the statuses. Purpose: the requests' part of the ledger, without
    customers, because nearly every request differs by them. Stored by day: costed_fingerprint of
    int_ai_costed_days is what a day was made from. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    full_refresh=false if ai_closed_through() else none,
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_costed_days')) }}"
) }}

{%- set days = ai_stale_parts(ref('int_ai_costed_days'), fingerprint='costed_fingerprint') %}
{%- set keys = [
    'usage_date', 'platform', 'billing_account_id', 'project_id', 'provider', 'model', 'service_tier',
    'processing', 'feature_id', 'team_id', 'environment', 'pnl_class', 'ledger_row_type', 'pricing_status',
    'cost_status',
    'customer_method', 'feature_method', 'team_method', 'environment_method'
] + ai_extra_dimensions().values() | list -%}

with summed as (

    select
        {{ keys | join(',\n    ') }},
        {%- for column in ai_price_classes().values() %}
        {{ ai_sum_count(column) }} as {{ column }},
        {%- endfor %}
        {{ ai_sum_count('input_tokens') }} as input_tokens,
        cast(count(*) as bigint) as attempts,
        {{ ai_sum_count('case when is_waste then 1 else 0 end') }} as wasted_attempts,
        {{ ai_sum('list_cost_usd') }} as list_cost_usd,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd,
        -- The fee of a commitment is billed where the bill has it, on rows of its own.
        cast(sum(case
            when ledger_row_type = 'commitment_used' then 0
            when cost_status = 'reconciled' then effective_cost_usd
        end) as {{ money_type() }}) as billed_cost_usd,
        {{ ai_sum('case when is_waste then effective_cost_usd end') }} as waste_cost_usd
    from {{ ref('int_ai_requests__costed') }}
    where {{ ai_in_days('usage_date', days) }}
    group by {{ keys | join(', ') }}

),

final as (

    select
        summed.*,
        days.costed_fingerprint as day_fingerprint
    from summed
    inner join {{ ref('int_ai_costed_days') }} as days on summed.usage_date = days.usage_date

)

select * from final
