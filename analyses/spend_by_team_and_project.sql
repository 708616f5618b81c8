{#- Question: which team spends how much, in which project and environment, and what changed?
    How to read it: one row per month, team, platform and project. `change_usd` is the difference to
    the month before (an open month looks smaller than it will be). Spend without a team is
    `__unattributed__`; fees and manual costs without one are `__shared__`. Sums to the ledger's
    effective cost. Amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('teams')) }}
{%- set default_environment = var('ai_default_environment', 'production') -%}

with ledger as (

    select * from {{ ref('cost_ledger') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')

),

teams as (

    select distinct team_id, team_name, team_owner from {{ ref('spend_by_team') }}

),

named as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_owner_or_sentinel('team_id') }} as team_id,
        platform,
        coalesce(project_id, '(no project)') as project_id,
        coalesce(environment, '{{ default_environment }}') = 'production' as is_production,
        attempts,
        effective_cost_usd
    from ledger

),

summed as (

    select
        usage_month,
        team_id,
        platform,
        project_id,
        sum(attempts) as attempts,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as cost_usd,
        cast(
            coalesce(sum(case when not is_production then effective_cost_usd end), 0)
            as {{ money_type() }}
        ) as non_production_cost_usd
    from named
    group by usage_month, team_id, platform, project_id

),

final as (

    select
        summed.usage_month,
        summed.team_id,
        teams.team_name,
        teams.team_owner,
        summed.platform,
        summed.project_id,
        cast(summed.attempts as bigint) as attempts,
        summed.cost_usd,
        summed.non_production_cost_usd,
        cast(summed.cost_usd - coalesce(previous.cost_usd, 0) as {{ money_type() }}) as change_usd,
        {{ ai_share_ratio(
            'summed.cost_usd', 'sum(summed.cost_usd) over (partition by summed.usage_month)'
        ) }} as share_of_cost_ratio
    from summed
    left join teams on summed.team_id = teams.team_id
    left join summed as previous
        on summed.team_id = previous.team_id
        and summed.platform = previous.platform
        and summed.project_id = previous.project_id
        and summed.usage_month
        = cast({{ dbt.dateadd('month', 1, 'previous.usage_month') }} as date)

)

select * from final
order by usage_month desc, cost_usd desc, team_id, platform, project_id
