{#- Proves: the gate of the customer and plan marts rests on the coverage that attribution_coverage shows,
    and both marts say the same of every month.
    Broken by: shared charges counted as unattributed, another denominator, a gate of one mart alone. Each
    row is a month that fails. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with marts as (

    select usage_month, coverage_status from {{ ref('cost_per_customer') }}
    union all
    select usage_month, coverage_status from {{ ref('margin_by_plan') }}

),

told as (

    select
        usage_month,
        min(coalesce(coverage_status, 'none')) as least_status,
        max(coalesce(coverage_status, 'none')) as greatest_status
    from marts
    group by usage_month

),

by_method as (

    select
        usage_month,
        sum(case when is_attributed then effective_cost_usd else 0 end) as attributed_usd,
        sum(effective_cost_usd) as attributable_usd
    from {{ ref('attribution_coverage') }}
    where dimension = 'customer'
    group by usage_month

)

select
    told.usage_month,
    told.least_status,
    told.greatest_status,
    coverage.coverage_status,
    coverage.attributed_cost_usd,
    by_method.attributed_usd,
    coverage.attributable_cost_usd,
    by_method.attributable_usd
from told
left join {{ ref('int_ai_customer_coverage') }} as coverage on told.usage_month = coverage.usage_month
left join by_method on told.usage_month = by_method.usage_month
where told.least_status <> told.greatest_status
    or told.least_status <> coalesce(coverage.coverage_status, 'none')
    or coalesce(coverage.attributed_cost_usd, 0) <> coalesce(by_method.attributed_usd, 0)
    or coalesce(coverage.attributable_cost_usd, 0) <> coalesce(by_method.attributable_usd, 0)
