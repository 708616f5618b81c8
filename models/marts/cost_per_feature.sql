{#- Grain: one row per UTC month and feature with spend, and the sentinels. Totals count everything;
    unit metrics count the production traffic of customers (classes cogs and free_tier). -#}
{{ config(enabled=ai_scenario_needs('requests'), contract={'enforced': true}) }}
{%- set minimum = var('ai_min_requests_for_percentile', 20) -%}

with months as (

    select * from {{ ref('int_ai_months') }}

),

ledger_days as (

    select
        usage_date,
        coalesce(feature_id, '__unattributed__') as feature_id,
        pnl_class,
        effective_cost_usd,
        waste_cost_usd,
        attempts
    from {{ ref('int_ai_ledger__requests') }}

    union all

    select
        usage_date,
        {{ ai_owner_or_sentinel('feature_id') }} as feature_id,
        pnl_class,
        effective_cost_usd,
        cast(0 as {{ money_type() }}) as waste_cost_usd,
        cast(0 as bigint) as attempts
    from {{ ref('int_ai_ledger__other') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')

),

spend as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        feature_id,
        {{ ai_sum_count('attempts') }} as attempts,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as total_cost_usd,
        cast(coalesce(
            sum(case when pnl_class in ('cogs', 'free_tier') then effective_cost_usd end), 0
        ) as {{ money_type() }}) as production_cost_usd,
        cast(coalesce(sum(waste_cost_usd), 0) as {{ money_type() }}) as waste_cost_usd
    from ledger_days
    group by {{ ai_month('usage_date') }}, feature_id

),

units as (

    select
        usage_month,
        dimension_value as feature_id,
        requests,
        costed_requests,
        active_customers,
        requests_cost_usd,
        p50_usd,
        p95_usd,
        p99_usd
    from {{ ref('int_ai_request_units') }}
    where dimension = 'feature'

),

joined as (

    select
        spend.*,
        months.previous_month,
        months.is_period_complete,
        coalesce(units.requests, 0) as requests,
        coalesce(units.costed_requests, 0) as costed_requests,
        coalesce(units.active_customers, 0) as active_customers,
        units.requests_cost_usd,
        units.p50_usd,
        units.p95_usd,
        units.p99_usd,
        sum(spend.total_cost_usd) over (partition by spend.usage_month) as month_cost_usd
    from spend
    inner join months on spend.usage_month = months.usage_month
    left join units
        on spend.usage_month = units.usage_month
        and spend.feature_id = units.feature_id

),

final as (

    select
        joined.usage_month,
        joined.feature_id,
        cast(joined.requests as bigint) as requests,
        joined.attempts,
        cast(joined.active_customers as bigint) as active_customers,
        joined.total_cost_usd,
        joined.production_cost_usd,
        {{ ai_unit_cost('joined.requests_cost_usd', 'joined.costed_requests') }} as cost_per_request_usd,
        cast(case when joined.costed_requests >= {{ minimum }} then joined.p50_usd end as {{ money_type() }})
            as p50_request_cost_usd,
        cast(case when joined.costed_requests >= {{ minimum }} then joined.p95_usd end as {{ money_type() }})
            as p95_request_cost_usd,
        cast(case when joined.costed_requests >= {{ minimum }} then joined.p99_usd end as {{ money_type() }})
            as p99_request_cost_usd,
        {{ ai_unit_cost('joined.production_cost_usd', 'joined.active_customers') }} as cost_per_active_customer_usd,
        joined.waste_cost_usd,
        {{ ai_share_ratio('joined.total_cost_usd', 'joined.month_cost_usd') }} as share_of_cost_ratio,
        case
            when joined.is_period_complete
                then
                    {{ ai_share_ratio('(joined.total_cost_usd - previous.total_cost_usd)', 'previous.total_cost_usd') }}
        end as mom_change_ratio,
        joined.is_period_complete
    from joined
    left join spend as previous
        on joined.previous_month = previous.usage_month
        and joined.feature_id = previous.feature_id

)

select * from final
