{#- Grain: one row per UTC month, platform, customer, plan, feature, P&L class and method, requests and other
    rows apart. Purpose: int_ai_ledger__customers by month; what the monthly marts sum. -#}
{{ config(materialized='view') }}

with request_months as (

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
        false as is_shared,
        attempts,
        tokens,
        effective_cost_usd
    from {{ ref('int_ai_ledger__request_customer_months') }}

),

other as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        customer_id,
        plan_id,
        plan_type,
        feature_id,
        pnl_class,
        customer_method,
        is_internal,
        {{ ai_is_shared() }} as is_shared,
        effective_cost_usd
    from {{ ref('int_ai_ledger__other') }}

),

other_months as (

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
        is_shared,
        cast(0 as bigint) as attempts,
        cast(0 as bigint) as tokens,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from other
    group by
        usage_month, platform, customer_id, plan_id, plan_type, feature_id, pnl_class, customer_method,
        is_internal, is_shared

),

final as (

    select * from request_months
    union all
    select * from other_months

)

select * from final
