{#- Grain: one row per run of a workflow or agent (run_source, run_key), whatever days and platforms it spans; and one
    per UTC day with requests (run_source `day`), which carries what the runs were built from.
    A request belongs to the run of its run_id; without one to the only run of its trace; and where nobody
    logs runs, the trace is the run, from two logical requests on. All others are no run: a request on its
    own, and a request without a run_id in a trace of several runs, which would belong to any of them.
    Owner, plan and class are those of the first request, so that a run stands in one place.
    A run is built again when a day changed that it reaches over (reach_from, reach_to), or when a request
    of a changed day names it or its trace. One that is no longer there is replaced by a row `gone`, which
    is deleted at once. -#}
{{ config(
    enabled=ai_scenario_needs('requests'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='part_key',
    on_schema_change='fail',
    post_hook="delete from {{ this }} where run_source = 'gone'"
) }}
{%- set first_of_run = [
    'usage_date', 'customer_id', 'feature_id', 'team_id', 'environment', 'plan_id', 'pnl_class'
] -%}
{%- set scope = ai_changed_runs(this, ref('int_ai_costed_days'), ref('int_ai_requests')) -%}
{%- set member_days = none if scope is none else scope.member_days -%}
{%- set values = {
    'platform_list': 'varchar', 'model_list': 'varchar', 'platforms': 'bigint', 'models': 'bigint',
    'customer_id': 'varchar', 'feature_id': 'varchar', 'team_id': 'varchar', 'environment': 'varchar',
    'plan_id': 'varchar', 'pnl_class': 'varchar', 'outcome': 'varchar', 'customers': 'bigint',
    'requests': 'bigint', 'attempts': 'bigint', 'unpriced_attempts': 'bigint', 'wasted_attempts': 'bigint',
    'provider_tool_calls': 'bigint', 'input_tokens': 'bigint', 'output_tokens': 'bigint',
    'metered_cost_usd': money_type(), 'effective_cost_usd': money_type(), 'waste_cost_usd': money_type(),
    'is_last_attempt_success': 'boolean', 'started_at': 'timestamp', 'ended_at': 'timestamp',
    'reach_from': 'date', 'reach_to': 'date'
} %}

with
{%- if scope is not none %}
{{ ai_run_scope(this, ref('int_ai_requests'), scope.changed, scope.searched) }},
{%- endif %}

traces as (

    select
        trace_id,
        min(run_id) as run_id,
        count(distinct run_id) as runs,
        count(distinct request_source || '|' || request_id) as requests,
        min(usage_date) as first_date,
        max(usage_date) as last_date
    from {{ ref('int_ai_requests') }}
    where trace_id is not null
        and {{ ai_in_days('usage_date', member_days) | indent(8) }}
        and {{ 'true' if scope is none else 'trace_id in (select scope_traces.trace_id from scope_traces)' }}
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
        end as run_key,
        least(requests.usage_date, coalesce(traces.first_date, requests.usage_date)) as reach_from,
        greatest(requests.usage_date, coalesce(traces.last_date, requests.usage_date)) as reach_to
    from {{ ref('int_ai_requests__costed') }} as requests
    left join traces on requests.trace_id = traces.trace_id
    -- No others can be in a run: they need no owner and no cost here.
    where (requests.run_id is not null or requests.trace_id is not null)
        and {{ ai_in_days('requests.usage_date', member_days) | indent(8) }}
        and {{ 'true' if scope is none else ai_in_run_scope() | indent(8) }}

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
    -- Other runs of a trace that is looked at are not complete here, and have not changed.
    where run_source is not null
        and {{ 'true' if scope is none else
            "(run_source = 'trace_id' or run_key in (select scope_runs.run_id from scope_runs))" }}

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

summed as (

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
        max(case when completed_at > requested_at then completed_at else requested_at end) as ended_at,
        min(reach_from) as reach_from,
        max(reach_to) as reach_to
    from members
    group by run_source, run_key

),

runs as (

    select
        summed.*,
        platforms.name_list as platform_list,
        models.name_list as model_list,
        coalesce(platforms.names, 0) as platforms,
        coalesce(models.names, 0) as models
    from summed
    left join platforms on summed.run_source = platforms.run_source and summed.run_key = platforms.run_key
    left join models on summed.run_source = models.run_source and summed.run_key = models.run_key

),

days as (

    select
        usage_date,
        costed_fingerprint as day_fingerprint
    from {{ ref('int_ai_costed_days') }}
    where {{ ai_in_days('usage_date', none if scope is none else scope.days) }}

),

{%- if scope is not none %}

gone as (

    select stored.part_key
    from {{ this }} as stored
    left join runs on stored.run_source = runs.run_source and stored.run_key = runs.run_key
    where runs.run_key is null
        and (
            (
                stored.run_source in ('run_id', 'trace_id')
                and {{ ai_reaches(scope.changed, of='stored.') | indent(16) }}
            )
            or (
                stored.run_source = 'trace_id'
                and stored.run_key in (select scope_traces.trace_id from scope_traces)
            )
            or (
                stored.run_source = 'day'
                and {{ ai_in_days('stored.usage_date', scope.gone) | indent(16) }}
            )
        )

),
{%- endif %}

final as (

    select
        {{ ai_hash(['run_source', 'run_key']) }} as part_key,
        run_source,
        run_key,
        usage_date,
        {%- for column, type in values.items() %}
        cast({{ column }} as {{ type }}) as {{ column }},
        {%- endfor %}
        cast(null as varchar) as day_fingerprint
    from runs

    union all

    select
        'day ' || cast({{ ai_days_between("cast('1970-01-01' as date)", 'usage_date') }} as varchar) as part_key,
        'day' as run_source,
        cast(null as varchar) as run_key,
        usage_date,
        {%- for column, type in values.items() %}
        cast(null as {{ type }}) as {{ column }},
        {%- endfor %}
        day_fingerprint
    from days
    {%- if scope is not none %}

    union all

    select
        part_key,
        'gone' as run_source,
        cast(null as varchar) as run_key,
        cast(null as date) as usage_date,
        {%- for column, type in values.items() %}
        cast(null as {{ type }}) as {{ column }},
        {%- endfor %}
        cast(null as varchar) as day_fingerprint
    from gone
    {%- endif %}

)

select * from final
