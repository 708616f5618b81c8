{#- Question: do new cohorts cost more than old ones?
    How to read it: one row per cohort (the month of a customer's first request) and complete month.
    Read down a column of equal `months_since_start`: cost per customer in month 0, 1, 2 of each
    cohort. Rising down the column: newer customers use more; rising along a row: usage grows
    with age. A customer who has left stays in its cohort's count. Internal customers are
    left out, and so are the customers that ai_collapse_free_tier makes one row. Amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with customers as (

    select * from {{ ref('cost_per_customer') }}
    where customer_id not in ('__unattributed__', '__shared__', '__free_tier__')
        and not is_internal

),

starts as (

    select customer_id, min(usage_month) as cohort_month
    from customers
    where requests > 0
    group by customer_id

),

cohorts as (

    select cohort_month, count(*) as cohort_customers
    from starts
    group by cohort_month

),

summed as (

    select
        starts.cohort_month,
        customers.usage_month,
        {{ dbt.datediff('starts.cohort_month', 'customers.usage_month', 'month') }}
            as months_since_start,
        sum(case when customers.requests > 0 then 1 else 0 end) as active_customers,
        sum(customers.requests) as requests,
        {{ ai_sum('customers.cost_to_serve_usd') }} as cost_to_serve_usd,
        {{ ai_sum('customers.net_revenue_usd') }} as net_revenue_usd
    from customers
    inner join starts on customers.customer_id = starts.customer_id
    where customers.is_period_complete
        and customers.usage_month >= starts.cohort_month
    group by
        starts.cohort_month,
        customers.usage_month,
        {{ dbt.datediff('starts.cohort_month', 'customers.usage_month', 'month') }}

),

final as (

    select
        summed.cohort_month,
        summed.usage_month,
        cast(summed.months_since_start as bigint) as months_since_start,
        cast(cohorts.cohort_customers as bigint) as cohort_customers,
        cast(summed.active_customers as bigint) as active_customers,
        cast(summed.requests as bigint) as requests,
        summed.cost_to_serve_usd,
        {{ ai_unit_cost('summed.cost_to_serve_usd', 'cohorts.cohort_customers') }}
            as cost_per_customer_usd,
        {{ ai_unit_cost('summed.cost_to_serve_usd', 'summed.requests') }} as cost_per_request_usd,
        {{ ai_unit_cost('summed.net_revenue_usd', 'cohorts.cohort_customers') }}
            as revenue_per_customer_usd
    from summed
    inner join cohorts on summed.cohort_month = cohorts.cohort_month

)

select * from final
order by cohort_month, usage_month
