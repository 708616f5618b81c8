{#- Proves: p50 <= p95 <= p99, of requests by feature and of customers by plan, and one request costs no more
    than all of its feature; the dearest 1 percent of a plan have no more than the dearest 10 percent.
    Broken by: percentiles swapped, or taken over other rows than the total. Each row is a feature or
    plan of a month that fails. -#}
{{ config(enabled=ai_scenario_needs('requests') and ai_scenario_needs('customers')) }}

with features as (

    select
        'feature' as kind,
        usage_month,
        feature_id as id,
        p50_request_cost_usd as p50_usd,
        p95_request_cost_usd as p95_usd,
        p99_request_cost_usd as p99_usd,
        null as top_1_ratio,
        null as top_10_ratio,
        -- With room for the 12 digits of the quotient.
        cost_per_request_usd * requests + 0.000001 as most_usd
    from {{ ref('cost_per_feature') }}

),

plans as (

    select
        'plan' as kind,
        usage_month,
        plan_id as id,
        p50_customer_cost_usd as p50_usd,
        p95_customer_cost_usd as p95_usd,
        p99_customer_cost_usd as p99_usd,
        top_1_percent_share_of_cost_ratio as top_1_ratio,
        top_10_percent_share_of_cost_ratio as top_10_ratio,
        -- Unlogged spend can be negative, so a customer may cost more than all of them.
        null as most_usd
    from {{ ref('margin_by_plan') }}

),

percentiles as (

    select * from features
    union all
    select * from plans

)

select * from percentiles
where p50_usd > p95_usd
    or p95_usd > p99_usd
    or p99_usd > most_usd
    or (p50_usd is null) <> (p95_usd is null)
    or (p50_usd is null) <> (p99_usd is null)
    or top_1_ratio > top_10_ratio
