{#- Grain: one row per UTC month and customer with a plan, a cost or revenue in it, and the sentinels
    `__unattributed__` and `__shared__`. The sum of fully_loaded_cost_usd is the ledger. With
    ai_collapse_free_tier the customers on a free plan without revenue in the month are one row, `__free_tier__`,
    the sum of theirs. -#}
{{ config(enabled=ai_scenario_needs('customers'), contract={'enforced': true}) }}
{%- set bands = var('ai_health_bands', [0.3, 0.5, 1.0]) -%}
{%- set collapses = var('ai_collapse_free_tier', false) -%}
{#- Customers of a month that `__free_tier__` stands for. -#}
{%- set is_collapsed = "plan_type = 'free' and coalesce(net_revenue_usd, 0) = 0" if collapses else 'false' -%}
{%- set amounts = [
    'direct_cost_usd', 'cost_to_serve_usd', 'direct_evidence_cost_usd', 'net_revenue_usd', 'refunded_usd'
] -%}

with customer_months as (

    select
        *,
        case when {{ is_collapsed }} then '__free_tier__' else customer_id end as row_id
    from {{ ref('int_ai_customer_months') }}

),

months as (

    select
        usage_month,
        customer_id,
        parent_customer_id,
        plan_id,
        plan_type,
        is_sentinel,
        is_internal,
        seat_days,
        {{ amounts | join(',\n        ') }},
        days_so_far,
        is_period_complete
    from customer_months
    where row_id = customer_id
    {%- if collapses %}

    union all

    select
        usage_month,
        row_id as customer_id,
        cast(null as varchar) as parent_customer_id,
        case when min(plan_id) = max(plan_id) then min(plan_id) end as plan_id,
        'free' as plan_type,
        false as is_sentinel,
        false as is_internal,
        cast(case when count(seat_days) = count(*) then sum(seat_days) end as bigint) as seat_days,
        {%- for amount in amounts %}
        {{ ai_sum(amount) }} as {{ amount }},
        {%- endfor %}
        days_so_far,
        is_period_complete
    from customer_months
    where row_id <> customer_id
    group by usage_month, row_id, days_so_far, is_period_complete
    {%- endif %}

),

allocations as (

    select * from {{ ref('int_ai_unattributed_allocation') }}

),

customer_requests as (

    select
        usage_month,
        dimension_value as customer_id,
        requests,
        active_users
    from {{ ref('int_ai_request_units') }}
    where dimension = 'customer'

),

customer_features as (

    select
        usage_month,
        customer_id,
        feature_id,
        sum(effective_cost_usd) as feature_cost_usd
    from {{ ref('int_ai_ledger__customer_months') }}
    where customer_id is not null
        and feature_id is not null
        and effective_cost_usd is not null
    group by usage_month, customer_id, feature_id

),

requests as (

    select
        customer_months.usage_month,
        customer_months.row_id as customer_id,
        sum(customer_requests.requests) as requests,
        sum(customer_requests.active_users) as active_users
    from customer_months
    inner join customer_requests
        on customer_months.usage_month = customer_requests.usage_month
        and customer_months.customer_id = customer_requests.customer_id
    group by customer_months.usage_month, customer_months.row_id

),

feature_costs as (

    select
        customer_months.usage_month,
        customer_months.row_id as customer_id,
        customer_features.feature_id,
        row_number() over (
            partition by customer_months.usage_month, customer_months.row_id
            order by sum(customer_features.feature_cost_usd) desc, customer_features.feature_id
        ) as feature_rank
    from customer_months
    inner join customer_features
        on customer_months.usage_month = customer_features.usage_month
        and customer_months.customer_id = customer_features.customer_id
    group by customer_months.usage_month, customer_months.row_id, customer_features.feature_id
    having sum(customer_features.feature_cost_usd) > 0

),

-- What the paying customers of a plan cost, by the plan that they end the month on.
plan_costs as (

    select
        usage_month,
        coalesce(plan_id, '__no_plan__') as plan_id,
        count(*) as paying_customers,
        {{ ai_sum('cost_to_serve_usd') }} as paying_cost_usd
    from months
    where not is_sentinel
        and not is_internal
        and net_revenue_usd > 0
    group by usage_month, coalesce(plan_id, '__no_plan__')

),

joined as (

    select
        months.*,
        plan_costs.paying_customers,
        plan_costs.paying_cost_usd,
        coalesce(requests.requests, 0) as requests,
        coalesce(requests.active_users, 0) as active_users,
        cast(coalesce(allocations.allocated_usd, 0) as {{ money_type() }}) as allocated_shared_cost_usd,
        cast(months.direct_cost_usd + coalesce(allocations.allocated_usd, 0) as {{ money_type() }})
            as fully_loaded_cost_usd,
        case
            when not months.is_sentinel and not months.is_internal
                then cast(months.net_revenue_usd - months.cost_to_serve_usd as {{ money_type() }})
        end as margin_after_ai_usd,
        feature_costs.feature_id as top_feature_id,
        coverage.coverage_status
    from months
    left join allocations
        on months.usage_month = allocations.usage_month
        and months.customer_id = allocations.customer_id
    left join requests
        on months.usage_month = requests.usage_month
        and months.customer_id = requests.customer_id
    left join feature_costs
        on months.usage_month = feature_costs.usage_month
        and months.customer_id = feature_costs.customer_id
        and feature_costs.feature_rank = 1
    left join {{ ref('int_ai_customer_coverage') }} as coverage on months.usage_month = coverage.usage_month
    left join plan_costs
        on months.usage_month = plan_costs.usage_month
        and coalesce(months.plan_id, '__no_plan__') = plan_costs.plan_id

),

rated as (

    select
        *,
        case
            when not is_sentinel and not is_internal
                then {{ ai_share_ratio('margin_after_ai_usd', 'net_revenue_usd') }}
        end as margin_after_ai_ratio,
        case
            when not is_sentinel and not is_internal
                then {{ ai_share_ratio('fully_loaded_cost_usd', 'net_revenue_usd') }}
        end as ai_cost_ratio,
        case when not is_sentinel and not is_internal then cost_to_serve_usd end as seat_cost_usd,
        case
            when not is_sentinel and customer_id <> '__free_tier__'
                then
                    row_number() over (
                        partition by usage_month, is_sentinel, customer_id = '__free_tier__'
                        order by fully_loaded_cost_usd desc, customer_id
                    )
        end as cost_rank
    from joined

),

final as (

    select
        usage_month,
        customer_id,
        parent_customer_id,
        plan_id,
        top_feature_id,
        plan_type,
        case
            when is_sentinel or is_internal or not is_period_complete or net_revenue_usd is null then null
            when net_revenue_usd <= 0 then 'no_revenue'
            when ai_cost_ratio <= {{ bands[0] }} then 'healthy'
            when ai_cost_ratio <= {{ bands[1] }} then 'watch'
            when ai_cost_ratio <= {{ bands[2] }} then 'at_risk'
            else 'underwater'
        end as health,
        case
            when net_revenue_usd <= 0 or margin_after_ai_usd >= 0 or margin_after_ai_usd is null then null
            when net_revenue_usd - refunded_usd >= cost_to_serve_usd then 'refund'
            -- The mean cost of the plan's paying customers would leave a margin.
            when paying_cost_usd <= net_revenue_usd * paying_customers then 'usage'
            else 'price'
        end as underwater_cause,
        coverage_status,
        cast(requests as bigint) as requests,
        cast(active_users as bigint) as active_users,
        cast(cost_rank as bigint) as cost_rank,
        cast(direct_cost_usd as {{ money_type() }}) as direct_cost_usd,
        allocated_shared_cost_usd,
        fully_loaded_cost_usd,
        cast(cost_to_serve_usd as {{ money_type() }}) as cost_to_serve_usd,
        cast(net_revenue_usd as {{ money_type() }}) as net_revenue_usd,
        margin_after_ai_usd,
        {{ ai_unit_cost('seat_cost_usd * days_so_far', 'seat_days') }} as cost_per_billed_seat_usd,
        {{ ai_unit_cost('seat_cost_usd', 'active_users') }} as cost_per_active_seat_usd,
        cast({{ ai_ratio('seat_days', 'days_so_far', 6) }} as {{ ratio_type() }}) as billed_seats,
        margin_after_ai_ratio,
        ai_cost_ratio,
        {{ ai_share_ratio('direct_evidence_cost_usd', 'direct_cost_usd') }} as direct_coverage_ratio,
        is_internal,
        is_period_complete
    from rated

)

select * from final
