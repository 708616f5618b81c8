{#- Question: how concentrated is cost: which share do the dearest 1 % and 10 % of customers cause?
    How to read it: one row per month. A tenth of the customers with half of the cost is usual; a
    price per seat then loses money on few customers, and a limit or a usage price helps more than a
    dearer plan for all. Customers are those with a cost above 0; a share of them is rounded up to
    whole customers. Cost is fully loaded, in USD. Spend without a customer is not in it,
    nor are the customers that ai_collapse_free_tier makes one row. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with customers as (

    select * from {{ ref('cost_per_customer') }}
    where customer_id not in ('__unattributed__', '__shared__', '__free_tier__')
        and fully_loaded_cost_usd > 0

),

ranked as (

    select
        usage_month,
        is_period_complete,
        fully_loaded_cost_usd,
        row_number() over (
            partition by usage_month order by fully_loaded_cost_usd desc, customer_id
        ) as cost_rank,
        count(*) over (partition by usage_month) as customers
    from customers

),

summed as (

    select
        usage_month,
        is_period_complete,
        customers,
        {%- for percent in [1, 10, 50] %}
        sum(case when 100 * (cost_rank - 1) < {{ percent }} * customers then 1 else 0 end)
            as top_{{ percent }}_percent_customers,
        sum(
            case
                when 100 * (cost_rank - 1) < {{ percent }} * customers then fully_loaded_cost_usd
                else 0
            end
        ) as top_{{ percent }}_percent_cost_usd,
        {%- endfor %}
        sum(fully_loaded_cost_usd) as total_cost_usd
    from ranked
    group by usage_month, is_period_complete, customers

),

final as (

    select
        usage_month,
        customers,
        cast(total_cost_usd as {{ money_type() }}) as total_cost_usd,
        {%- for percent in [1, 10, 50] %}
        cast(top_{{ percent }}_percent_customers as bigint) as top_{{ percent }}_percent_customers,
        cast(top_{{ percent }}_percent_cost_usd as {{ money_type() }})
            as top_{{ percent }}_percent_cost_usd,
        {{ ai_share_ratio('top_' ~ percent ~ '_percent_cost_usd', 'total_cost_usd') }}
            as top_{{ percent }}_percent_share_of_cost_ratio,
        {%- endfor %}
        is_period_complete
    from summed

)

select * from final
order by usage_month desc
