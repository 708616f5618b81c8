{#- Grain: one row per UTC day, platform, customer, plan, feature and P&L class: all effective cost of
    the ledger, requests and other rows alike. Purpose: what the monthly customer and plan marts sum.
    `is_shared` marks spend without a customer that no request causes (non_request, idle commitments,
    adjustments): it is `__shared__`, not unattributed. -#}
{{ config(materialized='view') }}

with request_days as (

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
        false as is_shared,
        attempts,
        tokens,
        effective_cost_usd
    from {{ ref('int_ai_ledger__request_customers') }}

),

other_days as (

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
        {{ ai_is_shared() }} as is_shared,
        cast(0 as bigint) as attempts,
        cast(0 as bigint) as tokens,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from {{ ref('int_ai_ledger__other') }}
    group by
        usage_date, platform, customer_id, plan_id, plan_type, feature_id, pnl_class, customer_method,
        is_internal, {{ ai_is_shared() }}

),

final as (

    select * from request_days
    union all
    select * from other_days

)

select * from final
