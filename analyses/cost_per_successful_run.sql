{#- Question: what does one run of an agent or workflow cost, and what one successful outcome?
    How to read it: one row per month (of a run's first request) and feature; runs of customers in
    production (classes cogs and free_tier). cost_per_success_usd is the cost of all runs, failed ones
    too, divided by the successful ones: what you pay for one result that somebody can use. It is NULL
    without a success. Runs whose outcome the log does not tell are in its numerator as well, and stand
    in runs_without_outcome beside it: where they are many, log `outcome`, or explain its words in
    ai_outcome_words. A mean far above p50 is a long tail: look at p99 before you price a run.
    Percentiles are NULL on fewer runs than ai_min_requests_for_percentile. A run with attempts that have
    no price costs at least what is shown. All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('requests')) }}
{%- set minimum = var('ai_min_requests_for_percentile', 20) -%}

with runs as (

    select * from {{ ref('cost_per_workflow_run') }}
    where pnl_class in ('cogs', 'free_tier')

),

summed as (

    select
        usage_month,
        coalesce(feature_id, '__unattributed__') as feature_id,
        count(*) as runs,
        sum(case when is_successful then 1 else 0 end) as successful_runs,
        sum(case when not is_successful then 1 else 0 end) as failed_runs,
        sum(case when is_successful is null then 1 else 0 end) as runs_without_outcome,
        sum(case when unpriced_attempts > 0 then 1 else 0 end) as runs_without_full_cost,
        count(effective_cost_usd) as costed_runs,
        sum(requests) as requests,
        {{ ai_sum('effective_cost_usd') }} as cost_usd,
        {{ ai_sum('case when not is_successful then effective_cost_usd end') }} as failed_cost_usd,
        {{ ai_sum('waste_cost_usd') }} as waste_cost_usd,
        {%- for percent in ['50', '95', '99'] %}
        percentile_disc(0.{{ percent }}) within group (order by effective_cost_usd)
            as p{{ percent }}_usd,
        {%- endfor %}
        max(effective_cost_usd) as max_usd
    from runs
    group by usage_month, coalesce(feature_id, '__unattributed__')

),

final as (

    select
        usage_month,
        feature_id,
        {%- for column in
            ['runs', 'successful_runs', 'failed_runs', 'runs_without_outcome', 'runs_without_full_cost'] %}
        cast({{ column }} as bigint) as {{ column }},
        {%- endfor %}
        cost_usd,
        failed_cost_usd,
        waste_cost_usd,
        {{ ai_unit_cost('cost_usd', 'costed_runs') }} as cost_per_run_usd,
        {%- for percent in ['50', '95', '99'] %}
        cast(
            case when costed_runs >= {{ minimum }} then p{{ percent }}_usd end as {{ money_type() }}
        ) as p{{ percent }}_run_cost_usd,
        {%- endfor %}
        cast(max_usd as {{ money_type() }}) as max_run_cost_usd,
        {{ ai_unit_cost('cost_usd', 'successful_runs') }} as cost_per_success_usd,
        {{ ai_share_ratio('successful_runs', '(successful_runs + failed_runs)') }} as success_ratio,
        cast({{ ai_ratio('requests', 'runs', 6) }} as {{ ratio_type() }}) as requests_per_run
    from summed

)

select * from final
order by usage_month desc, cost_usd desc, feature_id
