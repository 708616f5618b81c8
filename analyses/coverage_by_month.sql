{#- Question: how much of the bill do we see as requests, and how much of the cost has an owner?
    How to read it: two numbers that are never blended, in rows of their own. `metering`: by platform, and
    all of them together, which share of the billed usage lies in logged requests, the lesser of both on
    each line of the bill, on the days with a bill. Low: log more, see billing_variance_causes for the
    cause. `attribution`: by dimension, which share of the cost has an owner, by whatever evidence and
    (direct_ratio) by a tag, user or trace of the request itself. Low: see unmapped_evidence for what to
    map next. The customers' row has the gate: below minimum_ratio (ai_min_customer_coverage) the customer
    and plan marts say `insufficient`. By method: the mart attribution_coverage. Amounts in USD. -#}
with reconciliation as (

    select * from {{ ref('billing_reconciliation') }}
    where billed_usage_usd is not null

),

metering as (

    {%- for subject, key in {'by platform': 'platform', 'all': "'all'"}.items() %}
    select
        {{ ai_month('usage_date') }} as usage_month,
        'metering' as coverage,
        {{ key }} as subject,
        {{ ai_sum('covered_usage_usd') }} as covered_usd,
        cast(null as {{ money_type() }}) as direct_usd,
        {{ ai_sum('billed_usage_usd') }} as total_usd
    from reconciliation
    group by {{ ai_month('usage_date') }}{{ ', platform' if key == 'platform' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

attribution as (

    select
        usage_month,
        'attribution' as coverage,
        dimension as subject,
        {{ ai_sum('case when is_attributed then effective_cost_usd else 0 end') }} as covered_usd,
        {{ ai_sum('case when is_direct then effective_cost_usd else 0 end') }} as direct_usd,
        {{ ai_sum('effective_cost_usd') }} as total_usd
    from {{ ref('attribution_coverage') }}
    group by usage_month, dimension

),

kinds as (

    select * from metering
    union all
    select * from attribution

),

-- One status per month, the marts' own.
gates as (

    {% if ai_scenario_needs('customers') -%}
    select usage_month, max(coverage_status) as coverage_status
    from {{ ref('cost_per_customer') }}
    group by usage_month
    {%- else -%}
    {{ ai_empty([('usage_month', 'date'), ('coverage_status', 'varchar')]) | indent(4) }}
    {%- endif %}

),

final as (

    select
        kinds.usage_month,
        kinds.coverage,
        kinds.subject,
        kinds.covered_usd,
        kinds.total_usd,
        {{ ai_share_ratio('kinds.covered_usd', 'kinds.total_usd') }} as coverage_ratio,
        {{ ai_share_ratio('kinds.direct_usd', 'kinds.total_usd') }} as direct_ratio,
        case
            when kinds.coverage = 'attribution' and kinds.subject = 'customer'
                then cast({{ var('ai_min_customer_coverage', 0.8) }} as {{ ratio_type() }})
        end as minimum_ratio,
        case
            when kinds.coverage = 'attribution' and kinds.subject = 'customer' then gates.coverage_status
        end as coverage_status
    from kinds
    left join gates on kinds.usage_month = gates.usage_month

)

select * from final
order by usage_month desc, coverage desc, subject
