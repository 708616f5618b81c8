{#- Grain: one row per UTC month and customer with a plan, a cost or revenue in it, and the sentinels
    `__unattributed__` and `__shared__`. Purpose: cost and revenue side by side, once, for the customer
    and plan marts. Revenue is NULL where nothing in the warehouse tells revenue. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with months as (

    select * from {{ ref('int_ai_months') }}

),

spend as (

    select
        usage_month,
        coalesce(customer_id, case when is_shared then '__shared__' else '__unattributed__' end) as customer_id,
        {{ ai_sum('effective_cost_usd') }} as direct_cost_usd,
        {{ ai_sum("case when pnl_class in ('cogs', 'free_tier') then effective_cost_usd else 0 end") }}
            as cost_to_serve_usd,
        {{ ai_sum("case when pnl_class = 'cogs' then effective_cost_usd else 0 end") }} as ai_cogs_usd,
        cast(sum(
            case
                when customer_method in ('request_tag', 'user_map', 'trace_inherited') then effective_cost_usd
                else 0
            end
        ) as {{ money_type() }}) as direct_evidence_cost_usd
    from {{ ref('int_ai_ledger__customer_months') }}
    group by
        usage_month,
        coalesce(customer_id, case when is_shared then '__shared__' else '__unattributed__' end)

),

revenue as (

    select
        usage_month,
        coalesce(customer_id, '__unattributed__') as customer_id,
        {{ ai_sum('net_revenue_usd') }} as net_revenue_usd,
        {{ ai_sum("case when line_kind in ('refund', 'credit_note') then net_revenue_usd else 0 end") }}
            as refunded_usd
    from {{ ref('int_ai_revenue__monthly') }}
    group by usage_month, coalesce(customer_id, '__unattributed__')

),

plan_parts as (

    select
        usage_month,
        customer_id,
        plan_id,
        plan_type,
        row_number() over (partition by usage_month, customer_id order by last_date desc) as part_rank,
        sum(days) over (partition by usage_month, customer_id) as customer_days,
        sum(case when seats is not null then days else 0 end) over (partition by usage_month, customer_id)
            as days_with_seats,
        sum(seats * days) over (partition by usage_month, customer_id) as seat_days
    from {{ ref('int_ai_plan_months') }}

),

last_plans as (

    select
        usage_month,
        customer_id,
        plan_id,
        plan_type,
        cast(customer_days as bigint) as customer_days,
        -- A day whose seats are not captured leaves them unknown for the month.
        case when days_with_seats = customer_days then seat_days end as seat_days
    from plan_parts
    where part_rank = 1

),

keys as (

    select usage_month, customer_id from spend
    union
    select usage_month, customer_id from revenue
    union
    select usage_month, customer_id from last_plans
    union
    select months.usage_month, sentinels.customer_id
    from months
    cross join (
        select '__unattributed__' as customer_id
        union all
        select '__shared__' as customer_id
    ) as sentinels

),

final as (

    select
        keys.usage_month,
        keys.customer_id,
        nullif(coalesce(parents.survivor_customer_id, customers.parent_customer_id), keys.customer_id)
            as parent_customer_id,
        last_plans.plan_id,
        case
            when keys.customer_id in ('__unattributed__', '__shared__') then null
            when coalesce(customers.is_internal, false) then 'internal'
            else coalesce(last_plans.plan_type, 'none')
        end as plan_type,
        keys.customer_id in ('__unattributed__', '__shared__') as is_sentinel,
        coalesce(customers.is_internal, false) as is_internal,
        coalesce(last_plans.customer_days, 0) as customer_days,
        cast(last_plans.seat_days as bigint) as seat_days,
        coalesce(spend.direct_cost_usd, 0) as direct_cost_usd,
        coalesce(spend.cost_to_serve_usd, 0) as cost_to_serve_usd,
        coalesce(spend.ai_cogs_usd, 0) as ai_cogs_usd,
        coalesce(spend.direct_evidence_cost_usd, 0) as direct_evidence_cost_usd,
        {% if ai_revenue_is_known() -%}
        coalesce(revenue.net_revenue_usd, 0) as net_revenue_usd,
        {%- else -%}
        cast(null as {{ money_type() }}) as net_revenue_usd,
        {%- endif %}
        cast(coalesce(revenue.refunded_usd, 0) as {{ money_type() }}) as refunded_usd,
        months.days_in_month,
        months.days_so_far,
        months.is_period_complete
    from keys
    inner join months on keys.usage_month = months.usage_month
    left join spend on keys.usage_month = spend.usage_month and keys.customer_id = spend.customer_id
    left join revenue on keys.usage_month = revenue.usage_month and keys.customer_id = revenue.customer_id
    left join last_plans on keys.usage_month = last_plans.usage_month and keys.customer_id = last_plans.customer_id
    left join {{ ref('int_ai_customers') }} as customers on keys.customer_id = customers.customer_id
    left join {{ ref('int_ai_customers') }} as parents on customers.parent_customer_id = parents.customer_id

)

select * from final
