{#- Grain: one row per UTC month and plan, and `__no_plan__` (customers without one), `__internal__`,
    `__unattributed__` and `__shared__`. The sum of total_cost_usd is the ledger, the sum of
    net_revenue_usd the company's. -#}
{{ config(enabled=ai_scenario_needs('customers'), contract={'enforced': true}) }}

with months as (

    select * from {{ ref('int_ai_months') }}

),

customers as (

    select * from {{ ref('int_ai_customers') }}

),

spend as (

    select
        usage_month,
        case
            when customer_id is null and is_shared then '__shared__'
            when customer_id is null then '__unattributed__'
            when is_internal then '__internal__'
            else coalesce(plan_id, '__no_plan__')
        end as plan_id,
        customer_id,
        pnl_class,
        effective_cost_usd
    from {{ ref('int_ai_ledger__customer_months') }}

),

plan_customers as (

    select
        usage_month,
        plan_id,
        customer_id,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as total_cost_usd,
        cast(coalesce(
            sum(case when pnl_class = 'cogs' then effective_cost_usd end), 0
        ) as {{ money_type() }}) as ai_cogs_usd,
        cast(coalesce(
            sum(case when pnl_class = 'free_tier' then effective_cost_usd end), 0
        ) as {{ money_type() }}) as free_tier_cost_usd
    from spend
    group by usage_month, plan_id, customer_id

),

plan_days as (

    select
        plan_months.usage_month,
        case
            when coalesce(customers.is_internal, false) then '__internal__'
            else plan_months.attributed_plan_id
        end as plan_id,
        plan_months.customer_id,
        {{ ai_sum_count('plan_months.days') }} as customer_days
    from {{ ref('int_ai_plan_months') }} as plan_months
    left join customers on plan_months.customer_id = customers.customer_id
    group by
        plan_months.usage_month,
        case when coalesce(customers.is_internal, false) then '__internal__' else plan_months.attributed_plan_id end,
        plan_months.customer_id

),

members as (

    select usage_month, plan_id, customer_id from plan_customers
    union
    select usage_month, plan_id, customer_id from plan_days

),

member_costs as (

    select
        members.usage_month,
        members.plan_id,
        members.customer_id,
        coalesce(plan_customers.total_cost_usd, 0) as total_cost_usd,
        coalesce(plan_customers.ai_cogs_usd, 0) as ai_cogs_usd,
        coalesce(plan_customers.free_tier_cost_usd, 0) as free_tier_cost_usd,
        cast(
            coalesce(plan_customers.ai_cogs_usd, 0) + coalesce(plan_customers.free_tier_cost_usd, 0)
            as {{ money_type() }}
        ) as cost_to_serve_usd,
        coalesce(plan_days.customer_days, 0) as customer_days
    from members
    left join plan_customers
        on members.usage_month = plan_customers.usage_month
        and members.plan_id = plan_customers.plan_id
        and coalesce(members.customer_id, '~') = coalesce(plan_customers.customer_id, '~')
    left join plan_days
        on members.usage_month = plan_days.usage_month
        and members.plan_id = plan_days.plan_id
        and members.customer_id = plan_days.customer_id

),

ranked_costs as (

    select
        *,
        count(customer_id) over (partition by usage_month, plan_id) as plan_members,
        row_number() over (
            partition by usage_month, plan_id, case when customer_id is null then 1 else 0 end
            order by cost_to_serve_usd desc, customer_id
        ) as member_rank
    from member_costs

),

costs as (

    select
        usage_month,
        plan_id,
        count(distinct customer_id) as customers,
        sum(customer_days) as customer_days,
        {{ ai_sum('total_cost_usd') }} as total_cost_usd,
        {{ ai_sum('ai_cogs_usd') }} as ai_cogs_usd,
        {{ ai_sum('free_tier_cost_usd') }} as free_tier_cost_usd,
        percentile_disc(0.5) within group (
            order by case when customer_id is not null then cost_to_serve_usd end
        ) as p50_usd,
        percentile_disc(0.95) within group (
            order by case when customer_id is not null then cost_to_serve_usd end
        ) as p95_usd,
        percentile_disc(0.99) within group (
            order by case when customer_id is not null then cost_to_serve_usd end
        ) as p99_usd,
        {%- for percent in [1, 10] %}
        {{ ai_sum(
            'case when customer_id is not null and 100 * (member_rank - 1) < ' ~ percent
            ~ ' * plan_members then cost_to_serve_usd end'
        ) }} as top_{{ percent }}_percent_cost_usd,
        {%- endfor %}
        {{ ai_sum('case when customer_id is not null then cost_to_serve_usd end') }} as members_cost_usd
    from ranked_costs
    group by usage_month, plan_id

),

requests as (

    select
        usage_month,
        dimension_value as plan_id,
        requests as production_requests
    from {{ ref('int_ai_request_units') }}
    where dimension = 'plan'

),

revenue as (

    select
        revenue.usage_month,
        case
            when coalesce(customers.is_internal, false) then '__internal__'
            else
                coalesce(
                    revenue.plan_id,
                    case when revenue.customer_id is null then '__unattributed__' else '__no_plan__' end
                )
        end as plan_id,
        {{ ai_sum('revenue.net_revenue_usd') }} as net_revenue_usd
    from {{ ref('int_ai_revenue__monthly') }} as revenue
    left join customers on revenue.customer_id = customers.customer_id
    group by
        revenue.usage_month,
        case
            when coalesce(customers.is_internal, false) then '__internal__'
            else
                coalesce(
                    revenue.plan_id,
                    case when revenue.customer_id is null then '__unattributed__' else '__no_plan__' end
                )
        end

),

-- Under water: revenue above 0 and margin below; counted in the customer's last plan of the month.
underwater as (

    select
        usage_month,
        coalesce(plan_id, '__no_plan__') as plan_id,
        count(*) as underwater_customers
    from {{ ref('int_ai_customer_months') }}
    where not is_sentinel
        and not is_internal
        and net_revenue_usd > 0
        and net_revenue_usd < cost_to_serve_usd
    group by usage_month, coalesce(plan_id, '__no_plan__')

),

other_cogs as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_sum('cost_usd') }} as other_cogs_usd
    from {{ ref('int_ai_other_cogs__daily') }}
    group by {{ ai_month('usage_date') }}

),

keys as (

    select usage_month, plan_id from costs
    union
    select usage_month, plan_id from revenue
    union
    select months.usage_month, sentinels.plan_id
    from months
    cross join (
        {%- for sentinel in ['__unattributed__', '__shared__', '__internal__', '__no_plan__'] %}
        select '{{ sentinel }}' as plan_id{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as sentinels

),

joined as (

    select
        keys.usage_month,
        keys.plan_id,
        keys.plan_id in ('__unattributed__', '__shared__', '__internal__') as has_no_margin,
        months.is_period_complete,
        coverage.coverage_status,
        coalesce(costs.customers, 0) as customers,
        cast({{ ai_ratio('coalesce(costs.customer_days, 0)', 'months.days_so_far', 6) }} as {{ ratio_type() }})
            as customer_months,
        coalesce(costs.total_cost_usd, 0) as total_cost_usd,
        coalesce(costs.ai_cogs_usd, 0) as ai_cogs_usd,
        coalesce(costs.free_tier_cost_usd, 0) as free_tier_cost_usd,
        cast(coalesce(costs.ai_cogs_usd, 0) + coalesce(costs.free_tier_cost_usd, 0) as {{ money_type() }})
            as cost_to_serve_usd,
        costs.p50_usd,
        costs.p95_usd,
        costs.p99_usd,
        costs.top_1_percent_cost_usd,
        costs.top_10_percent_cost_usd,
        costs.members_cost_usd,
        costs.customer_days,
        months.days_so_far,
        {% if ai_revenue_is_known() -%}
        cast(coalesce(revenue.net_revenue_usd, 0) as {{ money_type() }}) as net_revenue_usd,
        {%- else -%}
        cast(null as {{ money_type() }}) as net_revenue_usd,
        {%- endif %}
        coalesce(underwater.underwater_customers, 0) as underwater_customers,
        coalesce(requests.production_requests, 0) as production_requests,
        other_cogs.other_cogs_usd
    from keys
    inner join months on keys.usage_month = months.usage_month
    left join costs on keys.usage_month = costs.usage_month and keys.plan_id = costs.plan_id
    left join revenue on keys.usage_month = revenue.usage_month and keys.plan_id = revenue.plan_id
    left join underwater on keys.usage_month = underwater.usage_month and keys.plan_id = underwater.plan_id
    left join requests on keys.usage_month = requests.usage_month and keys.plan_id = requests.plan_id
    left join other_cogs on keys.usage_month = other_cogs.usage_month
    left join {{ ref('int_ai_customer_coverage') }} as coverage on keys.usage_month = coverage.usage_month

),

margins as (

    select
        *,
        case
            when not has_no_margin
                then cast(net_revenue_usd - ai_cogs_usd - free_tier_cost_usd as {{ money_type() }})
        end as margin_after_ai_usd,
        {{ ai_unit_cost('cost_to_serve_usd * days_so_far', 'customer_days') }} as cost_per_customer_month_usd,
        {{ ai_unit_cost('net_revenue_usd * days_so_far', 'customer_days') }} as revenue_per_customer_month_usd,
        -- Other COGS of the month, over the plans by their positive revenue, cumulatively rounded.
        sum(case when net_revenue_usd > 0 and not has_no_margin then net_revenue_usd else 0 end) over (
            partition by usage_month order by plan_id rows between unbounded preceding and current row
        ) as revenue_up_to,
        sum(case when net_revenue_usd > 0 and not has_no_margin then net_revenue_usd else 0 end) over (
            partition by usage_month
        ) as revenue_in_all
    from joined

),

final as (

    select
        usage_month,
        plan_id,
        coverage_status,
        cast(customers as bigint) as customers,
        cast(underwater_customers as bigint) as underwater_customers,
        customer_months,
        net_revenue_usd,
        cast(total_cost_usd as {{ money_type() }}) as total_cost_usd,
        cast(ai_cogs_usd as {{ money_type() }}) as ai_cogs_usd,
        cast(free_tier_cost_usd as {{ money_type() }}) as free_tier_cost_usd,
        margin_after_ai_usd,
        case
            when other_cogs_usd is not null and not has_no_margin and revenue_in_all > 0
                then
                    cast(
                        margin_after_ai_usd
                        - {{ ai_share_of('other_cogs_usd', 'revenue_up_to', 'revenue_in_all') }}
                        + {{ ai_share_of(
                            'other_cogs_usd',
                            '(revenue_up_to - case when net_revenue_usd > 0 then net_revenue_usd else 0 end)',
                            'revenue_in_all'
                        ) }}
                        as {{ money_type() }}
                    )
        end as gross_margin_usd,
        cost_per_customer_month_usd,
        revenue_per_customer_month_usd,
        cast(p50_usd as {{ money_type() }}) as p50_customer_cost_usd,
        cast(p95_usd as {{ money_type() }}) as p95_customer_cost_usd,
        cast(p99_usd as {{ money_type() }}) as p99_customer_cost_usd,
        {%- for percent in [1, 10] %}
        {{ ai_share_ratio('top_' ~ percent ~ '_percent_cost_usd', 'members_cost_usd') }}
            as top_{{ percent }}_percent_share_of_cost_ratio,
        {%- endfor %}
        case
            when not has_no_margin
                then {{ ai_share_ratio('margin_after_ai_usd', 'net_revenue_usd') }}
        end as margin_after_ai_ratio,
        case
            when not has_no_margin
                then {{ ai_share_ratio('ai_cogs_usd', 'net_revenue_usd') }}
        end as ai_cogs_ratio,
        case
            -- Revenue per customer-month / cost to serve per request, of sums: no quotient is rounded before.
            when not has_no_margin
                and cost_to_serve_usd > 0 and net_revenue_usd > 0 and customer_days > 0 and production_requests > 0
                then
                    cast(
                        {{ ai_long_ratio(
                            'net_revenue_usd * days_so_far * production_requests',
                            'cost_to_serve_usd * customer_days',
                            6
                        ) | indent(24) }} as {{ ratio_type() }}
                    )
        end as breakeven_requests_per_customer,
        is_period_complete
    from margins

)

select * from final
