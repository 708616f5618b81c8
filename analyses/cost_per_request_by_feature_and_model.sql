{#- Question: what does one request cost, by feature and model: mean, p50, p95, p99?
    How to read it: one row per month, feature and model; production traffic of customers (classes
    cogs and free_tier). Attempts of one request on the same model are one request, so retries are in
    its cost. A mean far above p50 is a long tail: look at p99 before you set a limit. Percentiles
    are NULL on fewer requests than ai_min_requests_for_percentile. All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('requests')) }}
{%- set minimum = var('ai_min_requests_for_percentile', 20) -%}

with attempts as (

    select * from {{ ref('cost_per_request') }}
    where pnl_class in ('cogs', 'free_tier')

),

requests as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        coalesce(feature_id, '__unattributed__') as feature_id,
        platform,
        model,
        request_source,
        request_id,
        count(*) as attempts,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        {{ ai_sum('effective_cost_usd') }} as request_cost_usd
    from attempts
    group by
        {{ ai_month('usage_date') }},
        coalesce(feature_id, '__unattributed__'),
        platform,
        model,
        request_source,
        request_id

),

summed as (

    select
        usage_month,
        feature_id,
        platform,
        model,
        count(*) as requests,
        count(request_cost_usd) as costed_requests,
        sum(attempts) as attempts,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        {{ ai_sum('request_cost_usd') }} as cost_usd,
        {%- for percent in ['50', '95', '99'] %}
        percentile_disc(0.{{ percent }}) within group (order by request_cost_usd)
            as p{{ percent }}_usd,
        {%- endfor %}
        max(request_cost_usd) as max_usd
    from requests
    group by usage_month, feature_id, platform, model

),

final as (

    select
        usage_month,
        feature_id,
        platform,
        model,
        cast(requests as bigint) as requests,
        cast(attempts as bigint) as attempts,
        cost_usd,
        {{ ai_unit_cost('cost_usd', 'costed_requests') }} as cost_per_request_usd,
        {%- for percent in ['50', '95', '99'] %}
        cast(
            case when costed_requests >= {{ minimum }} then p{{ percent }}_usd end
            as {{ money_type() }}
        ) as p{{ percent }}_request_cost_usd,
        {%- endfor %}
        cast(max_usd as {{ money_type() }}) as max_request_cost_usd,
        cast({{ ai_ratio('input_tokens', 'requests', 6) }} as {{ ratio_type() }})
            as input_tokens_per_request,
        cast({{ ai_ratio('output_tokens', 'requests', 6) }} as {{ ratio_type() }})
            as output_tokens_per_request
    from summed

)

select * from final
order by usage_month desc, cost_usd desc, feature_id, platform, model
