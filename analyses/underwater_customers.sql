{#- Question: which customers lose us money, since when, and through which feature?
    How to read it: one row per customer who paid in the last complete month and cost more than that,
    the biggest loss first. `underwater_since_month` is the first month of the present run of
    losses: one month is an accident, three are a price that does not fit. `top_feature_id` is where
    to look first; its cost is that of its logged requests. All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with customers as (

    select * from {{ ref('cost_per_customer') }}
    where is_period_complete
        and customer_id not in ('__unattributed__', '__shared__')

),

requests as (

    select * from {{ ref('cost_per_request') }}

),

last_month as (

    select max(usage_month) as usage_month from customers

),

flagged as (

    select
        *,
        coalesce(net_revenue_usd > 0 and margin_after_ai_usd < 0, false) as is_underwater
    from customers

),

judged as (

    select
        *,
        max(case when not is_underwater then usage_month end) over (partition by customer_id)
            as last_good_month
    from flagged

),

runs as (

    select
        customer_id,
        min(usage_month) as underwater_since_month,
        count(*) as months_underwater,
        {{ ai_sum('margin_after_ai_usd') }} as margin_since_then_usd
    from judged
    where is_underwater
        and (last_good_month is null or usage_month > last_good_month)
    group by customer_id

),

feature_costs as (

    select
        requests.customer_id,
        requests.feature_id,
        sum(requests.effective_cost_usd) as feature_cost_usd
    from requests
    inner join last_month on {{ ai_month('requests.usage_date') }} = last_month.usage_month
    group by requests.customer_id, requests.feature_id

),

final as (

    select
        judged.usage_month,
        judged.customer_id,
        judged.plan_id,
        judged.requests,
        judged.net_revenue_usd,
        judged.cost_to_serve_usd,
        judged.margin_after_ai_usd,
        runs.underwater_since_month,
        runs.months_underwater,
        runs.margin_since_then_usd,
        judged.top_feature_id,
        cast(feature_costs.feature_cost_usd as {{ money_type() }}) as top_feature_cost_usd,
        {{ ai_share_ratio('feature_costs.feature_cost_usd', 'judged.direct_cost_usd') }}
            as top_feature_share_of_cost_ratio
    from judged
    inner join last_month on judged.usage_month = last_month.usage_month
    inner join runs on judged.customer_id = runs.customer_id
    left join feature_costs
        on judged.customer_id = feature_costs.customer_id
        and judged.top_feature_id = feature_costs.feature_id
    where judged.is_underwater

)

select * from final
order by margin_after_ai_usd, customer_id
