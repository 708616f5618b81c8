{#- Proves: revenue by plan = revenue by customer = the company's = the recognised days up to the as-of
    date, per month.
    Broken by: revenue without a plan or customer that is dropped, a customer's revenue joined twice,
    days after the as-of date. Each row is a mart and month that fails. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}
{%- set marts = ['cost_per_customer', 'margin_by_plan', 'ai_cogs_summary'] -%}

with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

months as (

    select usage_month from {{ ref('int_ai_months') }}

),

recognised as (

    select
        months.usage_month,
        sum(revenue.net_revenue_usd) as recognised_usd
    from {{ ref('int_ai_revenue__daily') }} as revenue
    cross join as_of
    inner join months on {{ ai_month('revenue.revenue_date') }} = months.usage_month
    where revenue.revenue_date <= as_of.as_of_date
    group by months.usage_month

),

reported as (

    {%- for mart in marts %}
    select '{{ mart }}' as mart, usage_month, sum(net_revenue_usd) as mart_usd
    from {{ ref(mart) }}
    group by usage_month
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    names.mart,
    months.usage_month,
    recognised.recognised_usd,
    reported.mart_usd
from months
cross join (
    {%- for mart in marts %}
    select '{{ mart }}' as mart{{ ' union all' if not loop.last }}
    {%- endfor %}
) as names
left join recognised on months.usage_month = recognised.usage_month
left join reported
    on months.usage_month = reported.usage_month
    and names.mart = reported.mart
where coalesce(recognised.recognised_usd, 0) <> coalesce(reported.mart_usd, 0)
