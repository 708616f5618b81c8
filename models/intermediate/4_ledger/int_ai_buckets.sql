{#- Grain: one row per bucket (platform, account, UTC day, project, model, price class, tier,
    processing, context window, region) and API key.
    Purpose: what the provider reported beside what the log metered, in quantities and at our prices.
    `priced` quantities have a price; `unpriced` ones do not and cost NULL, never 0. Requests served by
    a gateway cache or by provisioned capacity are on no per-token bill and are left out. -#}
{%- set classes = ai_price_classes() -%}
{%- set places = [
    'platform', 'billing_account_id', 'usage_date', 'project_id', 'api_key_id', 'model', 'price_class',
    'service_tier', 'processing', 'context_window', 'region_scope'
] -%}

with cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

prices as (

    select * from {{ ref('int_ai_cell_prices') }}

),

usage as (

    select
        usages.usage_date,
        usages.cell_key,
        {%- for class, column in classes.items() %}
        usages.{{ column }},
        prices.{{ class }}_price_usd,
        {%- endfor %}
        usages.service_tier
    from {{ ref('int_ai_usage') }} as usages
    left join prices
        on usages.cell_key = prices.cell_key
        and usages.usage_date = prices.usage_date
        and usages.context_window + case when usages.context_window > 0 then 1 else 0 end >= prices.input_tokens_from
        and usages.context_window + case when usages.context_window > 0 then 1 else 0 end <= prices.input_tokens_to
    where usages.service_tier not in ('scale', 'reserved')

),

metered as (

    select
        metered.usage_date,
        metered.cell_key,
        {%- for class, column in classes.items() %}
        metered.{{ column }},
        prices.{{ class }}_price_usd,
        {%- endfor %}
        metered.pricing_status in ('priced', 'free') as is_priced
    from {{ ref('int_ai_metered__daily') }} as metered
    left join prices
        on metered.cell_key = prices.cell_key
        and metered.usage_date = prices.usage_date
        and metered.context_over_tokens = prices.context_over_tokens
    where metered.pricing_status in ('priced', 'free', 'unpriced_model', 'unpriced_class')

),

quantities as (

    {%- for class, column in classes.items() %}
    select
        usage_date,
        cell_key,
        '{{ class }}' as price_class,
        {{ class }}_price_usd as price_usd,
        {{ column }} as reported_quantity,
        cast(0 as bigint) as metered_quantity,
        cast(0 as bigint) as unpriced_quantity
    from usage
    where {{ column }} > 0

    union all

    select
        usage_date,
        cell_key,
        '{{ class }}' as price_class,
        {{ class }}_price_usd as price_usd,
        cast(0 as bigint) as reported_quantity,
        case when is_priced then {{ column }} else 0 end as metered_quantity,
        case when is_priced then 0 else {{ column }} end as unpriced_quantity
    from metered
    where {{ column }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

placed as (

    select
        cell_days.platform,
        cell_days.billing_account_id,
        quantities.usage_date,
        cell_days.project_id,
        cell_days.api_key_id,
        cell_days.model,
        quantities.price_class,
        cell_days.service_tier,
        cell_days.processing,
        cell_days.context_window,
        cell_days.region_scope,
        quantities.reported_quantity,
        quantities.metered_quantity,
        quantities.unpriced_quantity,
        quantities.price_usd,
        cast(quantities.reported_quantity * quantities.price_usd as {{ money_type() }}) as reported_cost_usd,
        cast(quantities.metered_quantity * quantities.price_usd as {{ money_type() }}) as metered_cost_usd
    from quantities
    inner join cell_days
        on quantities.cell_key = cell_days.cell_key
        and quantities.usage_date = cell_days.usage_date

),

final as (

    select
        {{ ai_bucket_key() }} as bucket_key,
        {{ places | join(',\n        ') }},
        {{ ai_sum_count('case when price_usd is null then 0 else reported_quantity end') }}
            as priced_reported_quantity,
        {{ ai_sum_count('case when price_usd is null then reported_quantity else 0 end') }}
            as unpriced_reported_quantity,
        {{ ai_sum_count('metered_quantity') }} as metered_quantity,
        {{ ai_sum_count('unpriced_quantity') }} as unpriced_quantity,
        cast(coalesce(sum(reported_cost_usd), 0) as {{ money_type() }}) as reported_cost_usd,
        cast(coalesce(sum(metered_cost_usd), 0) as {{ money_type() }}) as metered_cost_usd
    from placed
    group by {{ places | join(', ') }}

)

select * from final
