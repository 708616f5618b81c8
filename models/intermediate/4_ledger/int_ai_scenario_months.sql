{#- Grain: one row per UTC month with logged requests of a model that a row of ai_price_scenarios names for their
    day. Purpose: all that int_ai_scenario_costs computes the month from, in one fingerprint, so that months
    that changed alone are computed again. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with scenarios as (

    {{ ai_price_scenario_rows() | indent(4) }}

),

scenario_rows as (

    select {{ ai_rows_fingerprint(['scenario_row_key']) }} as scenarios_fingerprint from scenarios

),

cells as (

    select * from {{ ref('int_ai_cells') }}

),

touched_months as (

    select distinct {{ ai_month('days.usage_date') }} as usage_month
    from {{ ref('int_ai_request_cells') }} as days
    inner join cells on days.cell_key = cells.cell_key
    inner join scenarios
        on cells.platform = scenarios.platform
        and cells.model = scenarios.model
        and days.usage_date >= scenarios.valid_from
        and days.usage_date < scenarios.valid_to

),

-- The prices of a model that traffic is moved to decide no request's own cost.
prices as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        {{ ai_rows_fingerprint([
            'usage_date', 'price_key', 'context_over_tokens', 'price_class', 'metered_price_usd'
        ]) }} as prices_fingerprint
    from {{ ref('int_ai_prices__daily') }}
    group by {{ ai_month('usage_date') }}

),

final as (

    select
        touched_months.usage_month,
        md5(
            costed.month_fingerprint || '|' || coalesce(prices.prices_fingerprint, '-') || '|'
            || scenario_rows.scenarios_fingerprint
        ) as scenario_fingerprint
    from touched_months
    inner join {{ ref('int_ai_costed_months') }} as costed on touched_months.usage_month = costed.usage_month
    left join prices on touched_months.usage_month = prices.usage_month
    cross join scenario_rows

)

select * from final
