{#- Grain: one row per scenario of ai_price_scenarios, UTC month that it touches, plan and customer with
    cost or revenue. What a price change or a model swap does to cost and margin, before and after, and
    who goes under water. Internal customers and spend without a customer are left out. -#}
{{ config(enabled=ai_scenario_needs('customers'), contract={'enforced': true}) }}

with changes as (

    select * from {{ ref('int_ai_scenario_costs') }}
    where pnl_class in ('cogs', 'free_tier')

),

scenario_months as (

    select distinct scenario_id, usage_month from changes

),

change_rows as (

    select
        scenario_id,
        usage_month,
        coalesce(plan_id, '__no_plan__') as plan_id,
        customer_id,
        cast(sum(cost_before_usd) as {{ money_type() }}) as touched_before_usd,
        -- One part without a price makes the whole unknown.
        case when sum(unpriced_rows) = 0 then cast(sum(cost_after_usd) as {{ money_type() }}) end as touched_after_usd
    from changes
    group by scenario_id, usage_month, coalesce(plan_id, '__no_plan__'), customer_id

),

costs as (

    select
        usage_month,
        coalesce(plan_id, '__no_plan__') as plan_id,
        customer_id,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as cost_to_serve_usd
    from {{ ref('int_ai_ledger__customer_months') }}
    where customer_id is not null
        and not is_internal
        and pnl_class in ('cogs', 'free_tier')
    group by usage_month, coalesce(plan_id, '__no_plan__'), customer_id

),

revenue as (

    select
        revenue.usage_month,
        coalesce(revenue.plan_id, '__no_plan__') as plan_id,
        revenue.customer_id,
        cast(sum(revenue.net_revenue_usd) as {{ money_type() }}) as net_revenue_usd
    from {{ ref('int_ai_revenue__monthly') }} as revenue
    inner join {{ ref('int_ai_customers') }} as customers on revenue.customer_id = customers.customer_id
    where not customers.is_internal
    group by revenue.usage_month, coalesce(revenue.plan_id, '__no_plan__'), revenue.customer_id

),

-- Where a customer under water is counted, as in margin_by_plan.
last_plans as (

    select usage_month, customer_id, coalesce(plan_id, '__no_plan__') as plan_id
    from {{ ref('int_ai_customer_months') }}
    where not is_sentinel

),

active as (

    select usage_month, plan_id, customer_id from costs
    union
    select usage_month, plan_id, customer_id from revenue

),

keys as (

    select usage_month, plan_id, customer_id from active
    union
    -- The last plan has a row even where nothing was spent or earned on it yet.
    select last_plans.usage_month, last_plans.plan_id, last_plans.customer_id
    from last_plans
    inner join active
        on last_plans.usage_month = active.usage_month
        and last_plans.customer_id = active.customer_id

),

joined as (

    select
        scenario_months.scenario_id,
        keys.usage_month,
        keys.plan_id,
        keys.customer_id,
        keys.plan_id = last_plans.plan_id as is_last_plan,
        {% if ai_revenue_is_known() -%}
        cast(coalesce(revenue.net_revenue_usd, 0) as {{ money_type() }}) as net_revenue_usd,
        {%- else -%}
        cast(null as {{ money_type() }}) as net_revenue_usd,
        {%- endif %}
        cast(coalesce(costs.cost_to_serve_usd, 0) as {{ money_type() }}) as cost_before_usd,
        cast(
            coalesce(costs.cost_to_serve_usd, 0)
            + case
                when change_rows.customer_id is null then 0
                else change_rows.touched_after_usd - change_rows.touched_before_usd
            end as {{ money_type() }}
        ) as cost_after_usd
    from scenario_months
    inner join keys on scenario_months.usage_month = keys.usage_month
    left join last_plans
        on keys.usage_month = last_plans.usage_month
        and keys.customer_id = last_plans.customer_id
    left join costs
        on keys.usage_month = costs.usage_month
        and keys.plan_id = costs.plan_id
        and keys.customer_id = costs.customer_id
    left join revenue
        on keys.usage_month = revenue.usage_month
        and keys.plan_id = revenue.plan_id
        and keys.customer_id = revenue.customer_id
    left join change_rows
        on scenario_months.scenario_id = change_rows.scenario_id
        and keys.usage_month = change_rows.usage_month
        and keys.plan_id = change_rows.plan_id
        and keys.customer_id = change_rows.customer_id

),

-- A customer is under water with all of its plans together; told on one of its rows, the last plan.
customers as (

    select
        *,
        sum(net_revenue_usd) over (partition by scenario_id, usage_month, customer_id) as customer_revenue_usd,
        sum(cost_before_usd) over (partition by scenario_id, usage_month, customer_id) as customer_before_usd,
        case
            when count(*) over (partition by scenario_id, usage_month, customer_id)
                = count(cost_after_usd) over (partition by scenario_id, usage_month, customer_id)
                then sum(cost_after_usd) over (partition by scenario_id, usage_month, customer_id)
        end as customer_after_usd
    from joined

),

final as (

    select
        scenario_id,
        usage_month,
        plan_id,
        customer_id,
        net_revenue_usd,
        cost_before_usd,
        cost_after_usd,
        cast(cost_after_usd - cost_before_usd as {{ money_type() }}) as cost_change_usd,
        cast(net_revenue_usd - cost_before_usd as {{ money_type() }}) as margin_before_usd,
        cast(net_revenue_usd - cost_after_usd as {{ money_type() }}) as margin_after_usd,
        is_last_plan and customer_revenue_usd > 0 and customer_revenue_usd < customer_before_usd
            as is_underwater_before,
        is_last_plan and customer_revenue_usd > 0 and customer_revenue_usd < customer_after_usd
            as is_underwater_after
    from customers

)

select * from final
