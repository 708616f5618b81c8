{#- Grain: one row per UTC day, platform, customer, plan, feature, P&L class and method of the requests.
    Purpose: the requests' part of int_ai_ledger__customers, stored by day: costed_fingerprint of
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

with requests as (

    select
        usage_date,
        platform,
        customer_id,
        plan_id,
        plan_type,
        feature_id,
        pnl_class,
        customer_method,
        is_internal,
        input_tokens,
        output_tokens,
        effective_cost_usd
    from {{ ref('int_ai_requests__costed') }}
    where {{ ai_in_days('usage_date', days) }}

),

summed as (

    select
        usage_date,
        platform,
        customer_id,
        plan_id,
        plan_type,
        feature_id,
        pnl_class,
        customer_method,
        is_internal,
        cast(count(*) as bigint) as attempts,
        {{ ai_sum_count('coalesce(input_tokens, 0) + coalesce(output_tokens, 0)') }} as tokens,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from requests
    group by
        usage_date, platform, customer_id, plan_id, plan_type, feature_id, pnl_class, customer_method, is_internal

),

final as (

    select
        summed.*,
        days.costed_fingerprint as day_fingerprint
    from summed
    inner join {{ ref('int_ai_costed_days') }} as days on summed.usage_date = days.usage_date

)

select * from final
