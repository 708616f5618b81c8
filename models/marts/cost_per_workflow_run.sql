{#- Grain: one row per run of a workflow or agent (run_source, run_key), whatever days and platforms it spans.
    int_ai_workflow_runs says what a run is. A view: its rows are stored there. -#}
{{ config(enabled=ai_scenario_needs('requests'), materialized='view', contract={'enforced': true}) }}

select
    -- ids
    run_key,
    run_source,
    customer_id,
    feature_id,
    team_id,
    plan_id,

    -- strings
    platform_list,
    model_list,
    environment,
    pnl_class,
    outcome,

    -- quantities
    platforms,
    models,
    customers,
    requests,
    attempts,
    attempts - requests as retries,
    unpriced_attempts,
    provider_tool_calls,
    input_tokens,
    output_tokens,
    cast({{ dbt.datediff('started_at', 'ended_at', 'second') }} as bigint) as duration_seconds,

    -- money
    metered_cost_usd,
    effective_cost_usd,
    cast(case when wasted_attempts = 0 then 0 else waste_cost_usd end as {{ money_type() }}) as waste_cost_usd,

    -- flags
    {{ ai_is_successful('outcome') | indent(4) }} as is_successful,
    is_last_attempt_success,

    -- times
    usage_date,
    {{ ai_month('usage_date') }} as usage_month,
    started_at,
    ended_at
from {{ ref('int_ai_workflow_runs') }}
where run_source in ('run_id', 'trace_id')
