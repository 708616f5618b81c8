{#- Grain: one row per UTC month, platform, customer, plan, feature, P&L class and method of the requests.
    Purpose: the days of int_ai_ledger__request_customers by month, for months that changed alone. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_month',
    on_schema_change='fail',
    full_refresh=false if ai_closed_through() else none,
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_costed_months'), part='usage_month') }}"
) }}

{%- set months = ai_stale_parts(
    ref('int_ai_costed_months'), fingerprint='month_fingerprint', part='usage_month'
) %}

with days as (

    select
        *,
        {{ ai_month('usage_date') }} as usage_month
    from {{ ref('int_ai_ledger__request_customers') }}
    where {{ ai_in_months('usage_date', months) }}

),

summed as (

    select
        usage_month,
        platform,
        customer_id,
        plan_id,
        plan_type,
        feature_id,
        pnl_class,
        customer_method,
        is_internal,
        {{ ai_sum_count('attempts') }} as attempts,
        {{ ai_sum_count('tokens') }} as tokens,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from days
    group by
        usage_month, platform, customer_id, plan_id, plan_type, feature_id, pnl_class, customer_method, is_internal

),

final as (

    select
        summed.*,
        months.month_fingerprint as day_fingerprint
    from summed
    inner join {{ ref('int_ai_costed_months') }} as months on summed.usage_month = months.usage_month

)

select * from final
