{#- Grain: one row per UTC month with a cost. Purpose: the gate of the customer and plan marts, once for
    both: which share of the cost has a customer, by whatever evidence. Spend without a customer that no
    request causes (`__shared__`) is left out, as in attribution_coverage. The bound is inclusive, and the
    amounts are compared, not the rounded ratio. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with summed as (

    select
        usage_month,
        cast(coalesce(
            sum(case when customer_id is not null then effective_cost_usd end), 0
        ) as {{ money_type() }}) as attributed_cost_usd,
        cast(coalesce(
            sum(case when customer_id is not null or not is_shared then effective_cost_usd end), 0
        ) as {{ money_type() }}) as attributable_cost_usd
    from {{ ref('int_ai_ledger__customer_months') }}
    group by usage_month

),

final as (

    select
        usage_month,
        attributed_cost_usd,
        attributable_cost_usd,
        {{ ai_share_ratio('attributed_cost_usd', 'attributable_cost_usd') }} as customer_coverage_ratio,
        case
            when attributable_cost_usd <= 0 then null
            when
                attributed_cost_usd >= {{ ai_scale(
                    'attributable_cost_usd', var('ai_min_customer_coverage', 0.8)
                ) | indent(16) }}
                then 'sufficient'
            else 'insufficient'
        end as coverage_status
    from summed

)

select * from final
