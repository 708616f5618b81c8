{#- Grain: one row per scenario, UTC month, customer, plan and P&L class that it changes, and one without a scenario
    per month that was looked through.
    Purpose: what the traffic of the past would have cost under ai_price_scenarios. A price change acts on
    our price and passes through the bill's factor; a model swap prices the same traffic, its tokens times
    the ratios, at our price of the other model on the day, tier and processing kept. Cache tokens of a
    class that the other model does not price are input to it; without a price of any other class the
    cost is unknown. Of several rows of a scenario that meet the same class, the one with most filled
    cells counts, then the latest valid_from.
    Stored by month; a what-if is no published figure, so ai_closed_through does not keep it.
    Limits: the other model is priced in its first context band, in the region scope of the traffic, else
    global, else regional; the bill's factor of the model left does not go over to it. -#}
{{ config(
    enabled=ai_scenario_needs('customers'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_month',
    on_schema_change='fail',
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_scenario_months'), part='usage_month', closed=false) }}"
) }}
{%- set classes = ai_price_classes() -%}
{%- set cache_classes = ['input_cached', 'cache_write_5m', 'cache_write_1h', 'cache_write_other'] -%}
{%- set months = ai_stale_parts(
    ref('int_ai_scenario_months'), fingerprint='scenario_fingerprint', part='usage_month', closed=false
) %}

with scenarios as (

    {{ ai_price_scenario_rows() | indent(4) }}

),

cells as (

    select * from {{ ref('int_ai_cells') }}

),

scenario_cells as (

    select distinct cells.cell_key
    from cells
    inner join scenarios
        on cells.platform = scenarios.platform
        and cells.model = scenarios.model

),

rates as (

    select * from {{ ref('int_ai_rates') }}

),

requests as (

    select
        requests.usage_date,
        requests.cell_key,
        requests.context_over_tokens,
        requests.customer_id,
        requests.plan_id,
        requests.feature_id,
        requests.pnl_class,
        {%- for column in classes.values() %}
        cast(coalesce(sum(requests.{{ column }}), 0) as bigint) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('int_ai_requests__costed') }} as requests
    inner join scenario_cells on requests.cell_key = scenario_cells.cell_key
    where {{ ai_in_months('requests.usage_date', months) }}
        and requests.usage_date >= (select min(valid_from) from scenarios)
        and requests.usage_date < (select max(valid_to) from scenarios)
        and requests.pricing_status in ('priced', 'free')
        and requests.customer_id is not null
        and not requests.is_internal
    group by
        requests.usage_date, requests.cell_key, requests.context_over_tokens, requests.customer_id,
        requests.plan_id, requests.feature_id, requests.pnl_class

),

quantities as (

    {%- for class, column in classes.items() %}
    select
        requests.usage_date,
        requests.cell_key,
        requests.context_over_tokens,
        requests.customer_id,
        requests.plan_id,
        requests.feature_id,
        requests.pnl_class,
        '{{ class }}' as price_class,
        requests.{{ column }} as quantity,
        rates.{{ class }}_price_usd as price_usd,
        rates.{{ class }}_effective_price_usd as effective_price_usd,
        cast(rates.{{ class }}_factor as {{ factor_type() }}) as factor
    from requests
    inner join rates
        on requests.cell_key = rates.cell_key
        and requests.usage_date = rates.usage_date
        and requests.context_over_tokens = rates.context_over_tokens
    where requests.{{ column }} > 0
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

met as (

    select
        quantities.*,
        scenarios.scenario_id,
        scenarios.kind,
        scenarios.price_usd as scenario_price_usd,
        scenarios.multiplier,
        scenarios.to_platform,
        scenarios.to_model,
        case
            when quantities.price_class not in ('{{ ai_token_classes() | join("', '") }}') then 1
            when quantities.price_class like 'output%' then scenarios.output_token_ratio
            else scenarios.input_token_ratio
        end as token_ratio,
        -- An account's overrides go with it on its platform.
        case when scenarios.to_platform = cells.platform then cells.billing_account_id end as to_account_id,
        cells.region_scope,
        cells.service_tier,
        cells.processing,
        row_number() over (
            partition by
                scenarios.scenario_id, quantities.usage_date, quantities.cell_key, quantities.context_over_tokens,
                quantities.customer_id, quantities.plan_id, quantities.feature_id, quantities.pnl_class,
                quantities.price_class
            order by
                case when scenarios.price_class is null then 0 else 1 end
                + case when scenarios.feature_id is null then 0 else 1 end
                + case when scenarios.plan_id is null then 0 else 1 end desc,
                scenarios.valid_from desc, scenarios.scenario_row_key
        ) as scenario_rank
    from quantities
    inner join cells on quantities.cell_key = cells.cell_key
    inner join scenarios
        on cells.platform = scenarios.platform
        and cells.model = scenarios.model
        and coalesce(scenarios.price_class, quantities.price_class) = quantities.price_class
        and coalesce(scenarios.feature_id, quantities.feature_id, '~') = coalesce(quantities.feature_id, '~')
        and coalesce(scenarios.plan_id, quantities.plan_id, '~') = coalesce(quantities.plan_id, '~')
        and quantities.usage_date >= scenarios.valid_from
        and quantities.usage_date < scenarios.valid_to

),

target_keys as (

    {%- for region in ['region_scope', "'global'", "'regional'"] %}
    select distinct
        cell_key,
        usage_date,
        to_platform,
        to_model,
        {{ ai_hash(['to_platform', 'to_account_id', 'to_model', region, 'service_tier', 'processing']) }} as price_key,
        {{ loop.index }} as region_rank
    from met
    where kind = 'model_swap'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

target_prices as (

    select
        target_keys.cell_key,
        target_keys.usage_date,
        target_keys.to_platform,
        target_keys.to_model,
        prices.price_class,
        prices.metered_price_usd as price_usd,
        row_number() over (
            partition by
                target_keys.cell_key, target_keys.usage_date, target_keys.to_platform, target_keys.to_model,
                prices.price_class
            order by target_keys.region_rank
        ) as price_rank
    from target_keys
    inner join {{ ref('int_ai_prices__daily') }} as prices
        on target_keys.price_key = prices.price_key
        and target_keys.usage_date = prices.usage_date
    where prices.context_over_tokens = 0

),

changed as (

    select
        met.scenario_id,
        met.kind,
        met.usage_date,
        met.customer_id,
        met.plan_id,
        met.pnl_class,
        met.quantity,
        met.effective_price_usd,
        met.factor,
        case
            when met.kind = 'model_swap' then cast(round(met.quantity * met.token_ratio, 0) as bigint)
            else met.quantity
        end as new_quantity,
        case
            when met.kind = 'model_swap'
                then
                    coalesce(
                        own_class.price_usd,
                        case when met.price_class in ('{{ cache_classes | join("', '") }}') then uncached.price_usd end
                    )
            when met.scenario_price_usd is not null then met.scenario_price_usd
            else {{ ai_scale_price('met.price_usd', 'met.multiplier') }}
        end as new_price_usd
    from met
    left join target_prices as own_class
        on met.cell_key = own_class.cell_key
        and met.usage_date = own_class.usage_date
        and met.to_platform = own_class.to_platform
        and met.to_model = own_class.to_model
        and met.price_class = own_class.price_class
        and own_class.price_rank = 1
    left join target_prices as uncached
        on met.cell_key = uncached.cell_key
        and met.usage_date = uncached.usage_date
        and met.to_platform = uncached.to_platform
        and met.to_model = uncached.to_model
        and uncached.price_class = 'input_uncached'
        and uncached.price_rank = 1
    where met.scenario_rank = 1

),

costed as (

    select
        *,
        case
            when kind = 'model_swap' then new_price_usd
            else {{ ai_scale_price('new_price_usd', 'factor') }}
        end as new_effective_price_usd
    from changed

),

summed as (

    select
        scenario_id,
        {{ ai_month('usage_date') }} as usage_month,
        customer_id,
        plan_id,
        pnl_class,
        cast(sum(quantity * effective_price_usd) as {{ money_type() }}) as cost_before_usd,
        -- One part without a price makes the whole unknown.
        case
            when count(*) = count(new_effective_price_usd)
                then cast(sum(new_quantity * new_effective_price_usd) as {{ money_type() }})
        end as cost_after_usd,
        cast(sum(case when new_effective_price_usd is null then 1 else 0 end) as bigint) as unpriced_rows
    from costed
    group by scenario_id, {{ ai_month('usage_date') }}, customer_id, plan_id, pnl_class

),

built_months as (

    select * from {{ ref('int_ai_scenario_months') }}
    where {{ ai_in_months('usage_month', months) }}

),

final as (

    select
        summed.*,
        built_months.scenario_fingerprint as day_fingerprint
    from summed
    inner join built_months on summed.usage_month = built_months.usage_month

    union all

    -- A month in which nothing changes is looked through once, not in each run.
    select
        cast(null as varchar) as scenario_id,
        usage_month,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as plan_id,
        cast(null as varchar) as pnl_class,
        cast(0 as {{ money_type() }}) as cost_before_usd,
        cast(0 as {{ money_type() }}) as cost_after_usd,
        cast(0 as bigint) as unpriced_rows,
        scenario_fingerprint as day_fingerprint
    from built_months

)

select * from final
