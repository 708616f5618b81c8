{#- Question: who uses Claude Code how much, and which part of it is in the cost ledger already?
    How to read it: one row per month, organisation and actor, the highest estimate first. Anthropic
    estimates what the use is worth; it bills none of these amounts. `estimate_in_ledger_usd` is API use:
    the ledger has it as Anthropic's usage and bill, so it is shown here and never added.
    `estimate_under_seats_usd` is subscription use: its cost is the seat (manual_costs, cost_kind seats),
    so compare it with the fee. `estimate_unknown_usd` has no customer type. Rows with a defect are left
    out. Amounts in USD. -#}
{{ config(enabled='claude_code' in var('ai_internal_tools', [])) }}

with reports as (

    select * from {{ ref('stg_ai_claude_code') }}
    where defect is null

),

summed as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        organization_id,
        actor_id,
        actor_type,
        count(distinct usage_date) as active_days,
        sum(sessions) as sessions,
        sum(commits) as commits,
        sum(pull_requests) as pull_requests,
        sum(
            coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0)
            + coalesce(output_tokens, 0)
        ) as tokens,
        {{ ai_sum('estimated_cost_usd') }} as estimated_cost_usd,
        {{ ai_sum('case when is_also_api_usage then estimated_cost_usd end') }} as estimate_in_ledger_usd,
        {{ ai_sum('case when not is_also_api_usage then estimated_cost_usd end') }} as estimate_under_seats_usd,
        {{ ai_sum('case when is_also_api_usage is null then estimated_cost_usd end') }} as estimate_unknown_usd
    from reports
    group by {{ ai_month('usage_date') }}, organization_id, actor_id, actor_type

),

final as (

    select
        usage_month,
        organization_id,
        actor_id,
        actor_type,
        cast(active_days as bigint) as active_days,
        cast(sessions as bigint) as sessions,
        cast(commits as bigint) as commits,
        cast(pull_requests as bigint) as pull_requests,
        cast(tokens as bigint) as tokens,
        estimated_cost_usd,
        estimate_in_ledger_usd,
        estimate_under_seats_usd,
        estimate_unknown_usd
    from summed

)

select * from final
order by usage_month desc, estimated_cost_usd desc nulls last, organization_id, actor_id
