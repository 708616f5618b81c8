{#- Grain: one row per UTC month, customer, plan and kind of revenue line, of the days up to the as-of date.
    Purpose: recognised revenue as the marts read it. The days themselves are a view: with many customers they are more
    rows than the requests. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

select
    {{ ai_month('revenue_date') }} as usage_month,
    customer_id,
    plan_id,
    line_kind,
    {{ ai_sum('net_revenue_usd') }} as net_revenue_usd
from {{ ref('int_ai_revenue__daily') }}
where revenue_date <= (select as_of_date from {{ ref('int_ai_as_of') }})
group by {{ ai_month('revenue_date') }}, customer_id, plan_id, line_kind
