{#- Grain: one row per UTC month and customer (with the pool's row, `__unattributed__`) that the policy
    moves money to. Purpose: ai_unattributed_policy. The pool of a platform and month goes to the
    customers with revenue in it, by their COGS (or tokens) on that platform, by cumulative rounding in
    the order of customer_id; the pool's row carries the minus, so no total changes. Without a base the
    pool stays. Empty under the policy `none`. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}
{%- set policy = var('ai_unattributed_policy', 'none') -%}
{%- if policy not in ('none', 'proportional_cost', 'proportional_tokens') -%}
    {%- do exceptions.raise_compiler_error(
        "ai_unattributed_policy is '" ~ policy ~ "'; it can be none, proportional_cost or proportional_tokens."
    ) -%}
{%- endif -%}
{%- set base = 'tokens' if policy == 'proportional_tokens' else 'effective_cost_usd' -%}

with spend as (

    select
        usage_month,
        platform,
        customer_id,
        is_shared,
        pnl_class,
        tokens,
        effective_cost_usd
    from {{ ref('int_ai_ledger__customer_months') }}
    where {{ 'true' if policy != 'none' else 'false' }}

),

pools as (

    select
        usage_month,
        platform,
        {{ ai_sum('effective_cost_usd') }} as pool_usd
    from spend
    where customer_id is null and not is_shared
    group by usage_month, platform

),

payers as (

    select usage_month, customer_id
    from {{ ref('int_ai_customer_months') }}
    where net_revenue_usd > 0 and not is_sentinel and not is_internal

),

bases as (

    select
        spend.usage_month,
        spend.platform,
        spend.customer_id,
        {{ ai_sum('spend.' ~ base) }} as base
    from spend
    inner join payers
        on spend.usage_month = payers.usage_month
        and spend.customer_id = payers.customer_id
    where spend.pnl_class = 'cogs'
    group by spend.usage_month, spend.platform, spend.customer_id

),

cumulated as (

    select
        usage_month,
        platform,
        customer_id,
        base,
        sum(base) over (
            partition by usage_month, platform order by customer_id rows between unbounded preceding and current row
        ) as base_up_to,
        sum(base) over (partition by usage_month, platform) as base_in_all
    from bases
    where base > 0

),

shares as (

    select
        cumulated.usage_month,
        cumulated.customer_id,
        {{ ai_share_of('pools.pool_usd', 'cumulated.base_up_to', 'cumulated.base_in_all') }}
        - {{ ai_share_of('pools.pool_usd', '(cumulated.base_up_to - cumulated.base)', 'cumulated.base_in_all') }}
            as allocated_usd
    from cumulated
    inner join pools
        on cumulated.usage_month = pools.usage_month
        and cumulated.platform = pools.platform

),

signed as (

    select usage_month, customer_id, allocated_usd from shares
    union all
    select usage_month, '__unattributed__' as customer_id, -allocated_usd as allocated_usd from shares

),

final as (

    select
        usage_month,
        customer_id,
        {{ ai_sum('allocated_usd') }} as allocated_usd
    from signed
    group by usage_month, customer_id

)

select * from final
