{#- Question: what does the free tier cost: in all, per free customer, per active one, per conversion?
    How to read it: one row per month. A conversion is a customer on a free plan or trial at the end
    of the month before who is on a paid plan at the end of this one. Cost per conversion is the free
    tier's cost of the month by its conversions: set it against what a paying customer brings.
    Customers are counted on their last plan of the month. All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with active_customers as (

    select distinct {{ ai_month('usage_date') }} as usage_month, customer_id
    from {{ ref('cost_per_request') }}

),

-- Not cost_per_customer: ai_collapse_free_tier leaves it no free customers to count.
customers as (

    select
        months.usage_month,
        months.customer_id,
        months.plan_type,
        active_customers.customer_id is not null as is_active
    from {{ ref('int_ai_customer_months') }} as months
    left join active_customers
        on months.usage_month = active_customers.usage_month
        and months.customer_id = active_customers.customer_id
    where not months.is_sentinel

),

company as (

    select * from {{ ref('ai_cogs_summary') }}

),

judged as (

    select
        customers.usage_month,
        customers.is_active,
        customers.plan_type in ('free', 'trial') as is_free,
        customers.plan_type = 'paid' and previous.plan_type in ('free', 'trial') as is_conversion
    from customers
    left join customers as previous
        on customers.customer_id = previous.customer_id
        and customers.usage_month
        = cast({{ dbt.dateadd('month', 1, 'previous.usage_month') }} as date)

),

summed as (

    select
        usage_month,
        sum(case when is_free then 1 else 0 end) as free_customers,
        sum(case when is_free and is_active then 1 else 0 end) as active_free_customers,
        sum(case when is_conversion then 1 else 0 end) as conversions
    from judged
    group by usage_month

),

final as (

    select
        company.usage_month,
        cast(coalesce(summed.free_customers, 0) as bigint) as free_customers,
        cast(coalesce(summed.active_free_customers, 0) as bigint) as active_free_customers,
        cast(coalesce(summed.conversions, 0) as bigint) as conversions,
        company.free_tier_cost_usd,
        {{ ai_unit_cost('company.free_tier_cost_usd', 'summed.free_customers') }}
            as cost_per_free_customer_usd,
        {{ ai_unit_cost('company.free_tier_cost_usd', 'summed.active_free_customers') }}
            as cost_per_active_free_customer_usd,
        {{ ai_unit_cost('company.free_tier_cost_usd', 'summed.conversions') }}
            as cost_per_conversion_usd,
        {{ ai_share_ratio('company.free_tier_cost_usd', 'company.total_cost_usd') }}
            as share_of_cost_ratio,
        {{ ai_share_ratio('company.free_tier_cost_usd', 'company.net_revenue_usd') }}
            as share_of_revenue_ratio,
        company.is_period_complete
    from company
    left join summed on company.usage_month = summed.usage_month

)

select * from final
order by usage_month desc
