{#- Grain: one row per run of a workflow or agent (run_source, run_key), whatever days and platforms it spans.
    A request belongs to the run of its run_id; without one to the only run of its trace; and where nobody
    logs runs, the trace is the run, from two logical requests on. All others are no run: a request on its
    own, and a request without a run_id in a trace of several runs, which would belong to any of them.
    Owner, plan and class are those of the first request, so that a run stands in one place. -#}
{{ config(enabled=ai_scenario_needs('requests'), contract={'enforced': true}) }}
{%- set first_of_run = [
    'usage_date', 'customer_id', 'feature_id', 'team_id', 'environment', 'plan_id', 'pnl_class'
] -%}

with traces as (

    select
        trace_id,
        min(run_id) as run_id,
        count(distinct run_id) as runs,
        count(distinct request_source || '|' || request_id) as requests
    from {{ ref('int_ai_requests') }}
    where trace_id is not null
    group by trace_id

),

placed as (

    select
        requests.*,
        case
            when requests.run_id is not null or traces.runs = 1 then 'run_id'
            when traces.runs = 0 and traces.requests > 1 then 'trace_id'
        end as run_source,
        case
            when requests.run_id is not null then requests.run_id
            when traces.runs = 1 then traces.run_id
            else requests.trace_id
        end as run_key
    from {{ ref('int_ai_requests__costed') }} as requests
    left join traces on requests.trace_id = traces.trace_id
    -- No others can be in a run: they need no owner and no cost here.
    where requests.run_id is not null
        or requests.trace_id is not null

),

members as (

    select
        *,
        row_number() over (
            partition by run_source, run_key order by requested_at, attempt, request_key
        ) as place_in_run,
        row_number() over (
            partition by run_source, run_key order by requested_at desc, attempt desc, request_key desc
        ) as place_from_end,
        row_number() over (
            partition by run_source, run_key
            order by
                case when outcome is null then 1 else 0 end, requested_at desc, attempt desc, request_key desc
        ) as outcome_rank
    from placed
    where run_source is not null

),

-- The names that a run used, in order.
{%- for column in ['platform', 'model'] %}

{{ column }}s as (

    select
        run_source,
        run_key,
        count(*) as names,
        {{ dbt.listagg('name', "', '", 'order by name') }} as name_list
    from (
        select distinct run_source, run_key, {{ column }} as name
        from members
        where {{ column }} is not null
    ) as named
    group by run_source, run_key

),
{%- endfor %}

runs as (

    select
        run_source,
        run_key,
        {%- for column in first_of_run %}
        max(case when place_in_run = 1 then {{ column }} end) as {{ column }},
        {%- endfor %}
        count(distinct customer_id) as customers,
        count(distinct request_source || '|' || request_id) as requests,
        count(*) as attempts,
        sum(case when effective_cost_usd is null then 1 else 0 end) as unpriced_attempts,
        sum(case when is_waste then 1 else 0 end) as wasted_attempts,
        case
            when count(web_search_requests) + count(code_execution_sessions) > 0
                then coalesce(sum(web_search_requests), 0) + coalesce(sum(code_execution_sessions), 0)
        end as provider_tool_calls,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd,
        {{ ai_sum('case when is_waste then effective_cost_usd end') }} as waste_cost_usd,
        max(case when outcome_rank = 1 then outcome end) as outcome,
        max(case when place_from_end = 1 and is_success then 1 else 0 end) = 1 as is_last_attempt_success,
        min(requested_at) as started_at,
        max(case when completed_at > requested_at then completed_at else requested_at end) as ended_at
    from members
    group by run_source, run_key

),

final as (

    select
        -- ids
        runs.run_key,
        runs.run_source,
        runs.customer_id,
        runs.feature_id,
        runs.team_id,
        runs.plan_id,

        -- strings
        platforms.name_list as platform_list,
        models.name_list as model_list,
        runs.environment,
        runs.pnl_class,
        runs.outcome,

        -- quantities
        cast(coalesce(platforms.names, 0) as bigint) as platforms,
        cast(coalesce(models.names, 0) as bigint) as models,
        cast(runs.customers as bigint) as customers,
        cast(runs.requests as bigint) as requests,
        cast(runs.attempts as bigint) as attempts,
        cast(runs.attempts - runs.requests as bigint) as retries,
        cast(runs.unpriced_attempts as bigint) as unpriced_attempts,
        cast(runs.provider_tool_calls as bigint) as provider_tool_calls,
        cast(runs.input_tokens as bigint) as input_tokens,
        cast(runs.output_tokens as bigint) as output_tokens,
        cast({{ dbt.datediff('runs.started_at', 'runs.ended_at', 'second') }} as bigint) as duration_seconds,

        -- money
        runs.metered_cost_usd,
        runs.effective_cost_usd,
        cast(case when runs.wasted_attempts = 0 then 0 else runs.waste_cost_usd end as {{ money_type() }})
            as waste_cost_usd,

        -- flags
        {{ ai_is_successful('runs.outcome') | indent(8) }} as is_successful,
        runs.is_last_attempt_success,

        -- times
        runs.usage_date,
        {{ ai_month('runs.usage_date') }} as usage_month,
        runs.started_at,
        runs.ended_at
    from runs
    left join platforms on runs.run_source = platforms.run_source and runs.run_key = platforms.run_key
    left join models on runs.run_source = models.run_source and runs.run_key = models.run_key

)

select * from final
