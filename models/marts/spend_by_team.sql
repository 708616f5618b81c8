{#- Grain: one row per UTC month and team with spend or a budget, and the sentinels. Who spends how
    much, in production and elsewhere, and how much of the budget that is. -#}
{{ config(enabled=ai_scenario_needs('teams'), contract={'enforced': true}) }}

with ledger as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_owner_or_sentinel('team_id') }} as team_id,
        platform,
        ledger_row_type,
        environment,
        attempts,
        effective_cost_usd
    from {{ ref('cost_ledger') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')

),

summed as (

    select
        usage_month,
        team_id,
        {{ ai_sum_count('attempts') }} as attempts,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as total_cost_usd,
        cast(coalesce(sum(
            case
                when coalesce(environment, '{{ var("ai_default_environment", "production") }}') = 'production'
                    then effective_cost_usd
            end
        ), 0) as {{ money_type() }}) as production_environment_cost_usd,
        cast(coalesce(sum(case when ledger_row_type = 'unlogged' then effective_cost_usd end), 0) as {{ money_type() }})
            as unlogged_cost_usd
    from ledger
    group by usage_month, team_id

),

platform_costs as (

    select
        usage_month,
        team_id,
        platform,
        {{ ai_sum('effective_cost_usd') }} as cost_usd
    from ledger
    group by usage_month, team_id, platform

),

team_ids as (

    select {{ ai_match_text('team_id') }} as match_text, min(team_id) as team_id
    from {{ ref('stg_ai_teams') }}
    where rejected_reason is null
    group by {{ ai_match_text('team_id') }}

),

-- Every budget in each month for which it holds.
budgets as (

    select
        months.usage_month,
        coalesce(team_ids.team_id, trim(seed.team_id)) as team_id,
        {{ ai_match_text('seed.platform') }} as platform,
        cast(seed.amount_usd as {{ money_type() }}) as amount_usd,
        seed.owner
    from {{ ai_seed('ai_budgets') }} as seed
    inner join {{ ref('int_ai_months') }} as months
        on months.usage_month >= coalesce(seed.valid_from, months.usage_month)
        and (months.usage_month < seed.valid_to or seed.valid_to is null)
    left join team_ids on {{ ai_match_text('seed.team_id') }} = team_ids.match_text

),

team_budgets as (

    select
        usage_month,
        team_id,
        {{ ai_sum('amount_usd') }} as budget_usd,
        min(owner) as budget_owner,
        sum(case when platform is null then 1 else 0 end) > 0 as is_for_all_platforms
    from budgets
    group by usage_month, team_id

),

-- Spend on the platforms that a team has budgets for.
budgeted_costs as (

    select
        platform_costs.usage_month,
        platform_costs.team_id,
        {{ ai_sum('platform_costs.cost_usd') }} as cost_usd
    from platform_costs
    inner join (
        select distinct usage_month, team_id, platform from budgets
    ) as budget_platforms
        on platform_costs.usage_month = budget_platforms.usage_month
        and platform_costs.team_id = budget_platforms.team_id
        and platform_costs.platform = budget_platforms.platform
    group by platform_costs.usage_month, platform_costs.team_id

),

keys as (

    select usage_month, team_id from summed
    union
    select usage_month, team_id from team_budgets

),

teams_and_budgets as (

    select
        keys.usage_month,
        keys.team_id,
        coalesce(summed.attempts, 0) as attempts,
        coalesce(summed.total_cost_usd, 0) as total_cost_usd,
        coalesce(summed.production_environment_cost_usd, 0) as production_environment_cost_usd,
        coalesce(summed.unlogged_cost_usd, 0) as unlogged_cost_usd,
        team_budgets.budget_usd,
        team_budgets.budget_owner,
        case
            when team_budgets.is_for_all_platforms then coalesce(summed.total_cost_usd, 0)
            when team_budgets.team_id is not null then coalesce(budgeted_costs.cost_usd, 0)
        end as budgeted_cost_usd
    from keys
    left join summed
        on keys.usage_month = summed.usage_month
        and keys.team_id = summed.team_id
    left join team_budgets
        on keys.usage_month = team_budgets.usage_month
        and keys.team_id = team_budgets.team_id
    left join budgeted_costs
        on keys.usage_month = budgeted_costs.usage_month
        and keys.team_id = budgeted_costs.team_id

),

final as (

    select
        spend.usage_month,
        spend.team_id,
        teams.name as team_name,
        teams.owner as team_owner,
        cast(spend.attempts as bigint) as attempts,
        cast(spend.total_cost_usd as {{ money_type() }}) as total_cost_usd,
        cast(spend.production_environment_cost_usd as {{ money_type() }}) as production_environment_cost_usd,
        cast(spend.total_cost_usd - spend.production_environment_cost_usd as {{ money_type() }})
            as other_environments_cost_usd,
        cast(spend.unlogged_cost_usd as {{ money_type() }}) as unlogged_cost_usd,
        {{ ai_share_ratio(
            'spend.total_cost_usd', 'sum(spend.total_cost_usd) over (partition by spend.usage_month)'
        ) }} as share_of_cost_ratio,
        spend.budget_usd,
        cast(spend.budgeted_cost_usd as {{ money_type() }}) as budgeted_cost_usd,
        {{ ai_share_ratio('spend.budgeted_cost_usd', 'spend.budget_usd') }} as budget_used_ratio,
        case when spend.budget_usd is not null then coalesce(teams.owner, spend.budget_owner) end as budget_owner,
        months.is_period_complete
    from teams_and_budgets as spend
    inner join {{ ref('int_ai_months') }} as months on spend.usage_month = months.usage_month
    left join {{ ref('stg_ai_teams') }} as teams
        on spend.team_id = teams.team_id
        and teams.rejected_reason is null

)

select * from final
