{#- Question: what does each price scenario do to the margin of our plans, and who goes under water?
    How to read it: one row per month, scenario of seeds/prices/ai_price_scenarios.csv and plan. Cost is
    the cost to serve of the plan's customers, as it was and with the scenario; what the scenario does not
    touch is in both. `revenue_rise_to_keep_margin_ratio` says how much dearer the plan would have to be to
    leave the same margin. A customer under water paid less than it cost over all of its plans, and is
    counted on the last one. NULL: a part of the traffic has no price in the scenario
    (`customers_with_unknown_cost`), or revenue is unknown. All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with impact as (

    select * from {{ ref('price_change_impact') }}

),

summed as (

    select
        usage_month,
        scenario_id,
        plan_id,
        cast(count(*) as bigint) as customers,
        cast(sum(case when cost_after_usd is null then 1 else 0 end) as bigint) as customers_with_unknown_cost,
        cast(sum(net_revenue_usd) as {{ money_type() }}) as net_revenue_usd,
        cast(sum(cost_before_usd) as {{ money_type() }}) as cost_before_usd,
        -- A sum with an unknown part is unknown.
        case
            when count(*) = count(cost_after_usd) then cast(sum(cost_after_usd) as {{ money_type() }})
        end as cost_after_usd,
        case
            when count(*) = count(is_underwater_before)
                then cast(sum(case when is_underwater_before then 1 else 0 end) as bigint)
        end as underwater_before,
        case
            when count(*) = count(is_underwater_after)
                then cast(sum(case when is_underwater_after then 1 else 0 end) as bigint)
        end as underwater_after,
        case
            when count(*) = count(is_underwater_after)
                then cast(sum(case when is_underwater_after and not is_underwater_before then 1 else 0 end) as bigint)
        end as newly_underwater
    from impact
    group by usage_month, scenario_id, plan_id

),

margins as (

    select
        *,
        cast(cost_after_usd - cost_before_usd as {{ money_type() }}) as cost_change_usd,
        cast(net_revenue_usd - cost_before_usd as {{ money_type() }}) as margin_before_usd,
        cast(net_revenue_usd - cost_after_usd as {{ money_type() }}) as margin_after_usd
    from summed

),

final as (

    select
        usage_month,
        scenario_id,
        plan_id,
        customers,
        customers_with_unknown_cost,
        net_revenue_usd,
        cost_before_usd,
        cost_after_usd,
        cost_change_usd,
        {{ ai_share_ratio('cost_change_usd', 'cost_before_usd') }} as cost_change_ratio,
        margin_before_usd,
        margin_after_usd,
        {{ ai_share_ratio('margin_before_usd', 'net_revenue_usd') }} as margin_before_ratio,
        {{ ai_share_ratio('margin_after_usd', 'net_revenue_usd') }} as margin_after_ratio,
        {{ ai_share_ratio('cost_change_usd', 'net_revenue_usd') }} as revenue_rise_to_keep_margin_ratio,
        underwater_before,
        underwater_after,
        newly_underwater
    from margins

)

select * from final
order by usage_month desc, scenario_id, plan_id
