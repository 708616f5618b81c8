{#- Question: which customers lose us money again and again: in k of the last n months?
    How to read it: one row per customer who paid, and cost more than that, in at least k of the last n
    complete months, the most such months first; k and n are `ai_underwater_months` (3 of 6). One bad
    month is an accident and not here; `is_underwater_now` false is a customer who has surfaced, for
    now. Sums are over the window, good months included, so a positive `margin_after_ai_usd` is a customer
    who is worth it all the same. Months without revenue count in neither k nor `months_with_revenue`.
    All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}
{%- set k, n = var('ai_underwater_months', [3, 6]) -%}
{%- if not 1 <= k <= n -%}
    {{ exceptions.raise_compiler_error(
        'ai_underwater_months is [k, n]: k of the last n months, with 1 <= k <= n; it is ' ~ [k, n]
    ) }}
{%- endif -%}

with customers as (

    select * from {{ ref('cost_per_customer') }}
    where is_period_complete
        and customer_id not in ('__unattributed__', '__shared__')

),

requests as (

    select * from {{ ref('cost_per_request') }}

),

-- The last n complete months of the company, whoever spent in them.
recent_months as (

    select usage_month, row_number() over (order by usage_month desc) as month_number
    from (select distinct usage_month from customers) as months

),

recent as (

    select
        customers.*,
        recent_months.month_number,
        coalesce(customers.net_revenue_usd > 0 and customers.margin_after_ai_usd < 0, false) as is_underwater
    from customers
    inner join recent_months on customers.usage_month = recent_months.usage_month
    where recent_months.month_number <= {{ n }}

),

summed as (

    select
        customer_id,
        sum(case when is_underwater then 1 else 0 end) as months_underwater,
        sum(case when net_revenue_usd > 0 then 1 else 0 end) as months_with_revenue,
        min(case when is_underwater then usage_month end) as first_underwater_month,
        max(case when is_underwater then usage_month end) as last_underwater_month,
        sum(case when is_underwater and month_number = 1 then 1 else 0 end) > 0 as is_underwater_now,
        max(usage_month) as last_month,
        {{ ai_sum('net_revenue_usd') }} as net_revenue_usd,
        {{ ai_sum('cost_to_serve_usd') }} as cost_to_serve_usd,
        {{ ai_sum('margin_after_ai_usd') }} as margin_after_ai_usd,
        {{ ai_sum('case when is_underwater then margin_after_ai_usd end') }} as loss_usd
    from recent
    group by customer_id
    having sum(case when is_underwater then 1 else 0 end) >= {{ k }}

),

feature_costs as (

    select
        requests.customer_id,
        requests.feature_id,
        {{ ai_sum('requests.effective_cost_usd') }} as cost_usd
    from requests
    inner join summed on requests.customer_id = summed.customer_id
    inner join recent_months on {{ ai_month('requests.usage_date') }} = recent_months.usage_month
    where recent_months.month_number <= {{ n }}
        and requests.feature_id is not null
    group by requests.customer_id, requests.feature_id

),

top_features as (

    select
        customer_id,
        feature_id,
        row_number() over (partition by customer_id order by coalesce(cost_usd, 0) desc, feature_id) as feature_rank
    from feature_costs

),

final as (

    select
        summed.customer_id,
        recent.plan_id,
        cast(summed.months_underwater as bigint) as months_underwater,
        cast(summed.months_with_revenue as bigint) as months_with_revenue,
        summed.first_underwater_month,
        summed.last_underwater_month,
        summed.is_underwater_now,
        summed.net_revenue_usd,
        summed.cost_to_serve_usd,
        summed.margin_after_ai_usd,
        summed.loss_usd,
        top_features.feature_id as top_feature_id
    from summed
    inner join recent
        on summed.customer_id = recent.customer_id
        and summed.last_month = recent.usage_month
    left join top_features
        on summed.customer_id = top_features.customer_id
        and top_features.feature_rank = 1

)

select * from final
order by months_underwater desc, loss_usd, customer_id
