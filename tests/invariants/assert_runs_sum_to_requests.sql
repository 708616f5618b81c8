{#- Proves: each run is one row and holds the attempts, tokens and costs of its requests, all of them and no others, on
    whatever days and platforms they lie; no request of a run is lost or counted in two.
    Broken by: a run cut at midnight or by platform, a member whose price or owner lost it, a request in
    the run of its trace and in its own. Each row is a run that fails. -#}
{{ config(enabled=ai_scenario_needs('requests')) }}

with requests as (

    select * from {{ ref('cost_per_request') }}

),

-- Runs that a trace knows, one row each.
trace_runs as (

    select distinct trace_id, run_id
    from requests
    where trace_id is not null and run_id is not null

),

only_runs as (

    select trace_id, max(run_id) as run_id
    from trace_runs
    group by trace_id
    having count(*) = 1

),

run_less_traces as (

    select trace_id
    from requests
    where trace_id is not null
        and trace_id not in (select trace_runs.trace_id from trace_runs)
    group by trace_id
    having min(request_source || '|' || request_id) < max(request_source || '|' || request_id)

),

members as (

    select 'run_id' as run_source, run_id as run_key, requests.*
    from requests
    where run_id is not null

    union all

    select 'run_id' as run_source, only_runs.run_id as run_key, requests.*
    from requests
    inner join only_runs on requests.trace_id = only_runs.trace_id
    where requests.run_id is null

    union all

    select 'trace_id' as run_source, run_less_traces.trace_id as run_key, requests.*
    from requests
    inner join run_less_traces on requests.trace_id = run_less_traces.trace_id

),

both_sides as (

    select
        run_source,
        run_key,
        0 as run_rows,
        1 as attempts,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) as tokens,
        case when effective_cost_usd is null then 1 else 0 end as unpriced_attempts,
        coalesce(metered_cost_usd, 0) as metered_usd,
        coalesce(effective_cost_usd, 0) as effective_usd,
        case when is_waste then coalesce(effective_cost_usd, 0) else 0 end as waste_usd
    from members

    union all

    select
        run_source,
        run_key,
        1 as run_rows,
        -attempts as attempts,
        -coalesce(input_tokens, 0) - coalesce(output_tokens, 0) as tokens,
        -unpriced_attempts as unpriced_attempts,
        -coalesce(metered_cost_usd, 0) as metered_usd,
        -coalesce(effective_cost_usd, 0) as effective_usd,
        -coalesce(waste_cost_usd, 0) as waste_usd
    from {{ ref('cost_per_workflow_run') }}

)

select
    run_source,
    run_key,
    sum(run_rows) as run_rows,
    sum(attempts) as attempts,
    sum(tokens) as tokens,
    sum(metered_usd) as metered_usd,
    sum(effective_usd) as effective_usd,
    sum(waste_usd) as waste_usd
from both_sides
group by run_source, run_key
having sum(run_rows) <> 1
    or sum(attempts) <> 0
    or sum(tokens) <> 0
    or sum(unpriced_attempts) <> 0
    or sum(metered_usd) <> 0
    or sum(effective_usd) <> 0
    or sum(waste_usd) <> 0
