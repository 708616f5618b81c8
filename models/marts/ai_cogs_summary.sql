{#- Grain: one row per UTC month. The company's AI cost by P&L class, cash beside it, and what is left
    of revenue. The one place with the company's margin. -#}
{{ config(enabled=ai_scenario_needs('customers'), contract={'enforced': true}) }}

with months as (

    select * from {{ ref('int_ai_months') }}

),

costs as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as total_cost_usd,
        {%- for pnl_class in ['cogs', 'free_tier', 'rnd', 'internal_opex'] %}
        cast(coalesce(
            sum(case when pnl_class = '{{ pnl_class }}' then effective_cost_usd end), 0
        ) as {{ money_type() }}) as {{ 'ai_cogs' if pnl_class == 'cogs' else pnl_class ~ '_cost' }}_usd,
        {%- endfor %}
        cast(coalesce(
            sum(case when cost_status = 'estimated' then effective_cost_usd end), 0
        ) as {{ money_type() }}) as estimated_cost_usd,
        cast(coalesce(sum(billed_cost_usd), 0) as {{ money_type() }}) as cash_cost_usd,
        {%- for row_type in ['credit', 'tax', 'purchase'] %}
        cast(coalesce(
            sum(case when ledger_row_type = '{{ row_type }}' then billed_cost_usd end), 0
        ) as {{ money_type() }}) as {{ row_type }}_usd{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('cost_ledger') }}
    group by {{ ai_month('usage_date') }}

),

revenue as (

    select
        usage_month,
        {{ ai_sum('net_revenue_usd') }} as net_revenue_usd
    from {{ ref('int_ai_revenue__monthly') }}
    group by usage_month

),

other_cogs as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_sum('cost_usd') }} as other_cogs_usd
    from {{ ref('int_ai_other_cogs__daily') }}
    group by {{ ai_month('usage_date') }}

),

joined as (

    select
        months.usage_month,
        months.is_period_complete,
        {%- for column in [
            'total_cost', 'ai_cogs', 'free_tier_cost', 'rnd_cost', 'internal_opex_cost', 'estimated_cost', 'cash_cost',
            'credit', 'tax', 'purchase'
        ] %}
        coalesce(costs.{{ column }}_usd, 0) as {{ column }}_usd,
        {%- endfor %}
        other_cogs.other_cogs_usd,
        {% if ai_revenue_is_known() -%}
        cast(coalesce(revenue.net_revenue_usd, 0) as {{ money_type() }}) as net_revenue_usd
        {%- else -%}
        cast(null as {{ money_type() }}) as net_revenue_usd
        {%- endif %}
    from months
    left join costs on months.usage_month = costs.usage_month
    left join revenue on months.usage_month = revenue.usage_month
    left join other_cogs on months.usage_month = other_cogs.usage_month

),

margins as (

    select
        *,
        cast(net_revenue_usd - ai_cogs_usd as {{ money_type() }}) as margin_after_ai_usd,
        cast(net_revenue_usd - ai_cogs_usd - free_tier_cost_usd as {{ money_type() }})
            as margin_after_ai_and_free_tier_usd
    from joined

),

final as (

    select
        usage_month,
        net_revenue_usd,
        cast(total_cost_usd as {{ money_type() }}) as total_cost_usd,
        cast(ai_cogs_usd as {{ money_type() }}) as ai_cogs_usd,
        cast(free_tier_cost_usd as {{ money_type() }}) as free_tier_cost_usd,
        cast(rnd_cost_usd as {{ money_type() }}) as rnd_cost_usd,
        cast(internal_opex_cost_usd as {{ money_type() }}) as internal_opex_cost_usd,
        cast(estimated_cost_usd as {{ money_type() }}) as estimated_cost_usd,
        cast(cash_cost_usd as {{ money_type() }}) as cash_cost_usd,
        cast(credit_usd as {{ money_type() }}) as credit_usd,
        cast(tax_usd as {{ money_type() }}) as tax_usd,
        cast(purchase_usd as {{ money_type() }}) as purchase_usd,
        other_cogs_usd,
        margin_after_ai_usd,
        margin_after_ai_and_free_tier_usd,
        cast(margin_after_ai_and_free_tier_usd - other_cogs_usd as {{ money_type() }}) as gross_margin_usd,
        {{ ai_share_ratio('ai_cogs_usd', 'net_revenue_usd') }} as ai_cogs_ratio,
        {{ ai_share_ratio('(ai_cogs_usd + free_tier_cost_usd)', 'net_revenue_usd') }} as ai_cogs_and_free_tier_ratio,
        {{ ai_share_ratio('margin_after_ai_usd', 'net_revenue_usd') }} as margin_after_ai_ratio,
        is_period_complete
    from margins

)

select * from final
