{#- Grain: one row per UTC day, cell and context band with logged requests that have a price.
    Purpose: what caching and batch saved against the uncached, unbatched list price of the same model,
    region and tier; negative where they cost more than they saved. NULL where the price to compare
    with is unknown. Reads are compared with the input price, writes too: a write is a premium. Caching
    is judged at unbatched prices and batch on the classes as they were used, so that
    list cost + read savings - write premium + batch savings is the uncached, unbatched list cost. -#}
{%- set writes = ['cache_write_5m', 'cache_write_1h', 'cache_write_other'] -%}

with metered as (

    select
        usage_date,
        cell_key,
        context_over_tokens
        {%- for class in ai_token_classes() %},
        cast(sum({{ class }}_tokens) as bigint) as {{ class }}_tokens{% endfor %}
    from {{ ref('int_ai_metered__daily') }}
    where pricing_status in ('priced', 'free')
    group by usage_date, cell_key, context_over_tokens

),

cells as (

    select * from {{ ref('int_ai_cells') }}

),

own_prices as (

    select * from {{ ref('int_ai_cell_prices') }}

),

-- The prices of the same band without batch, for the days and cells that used it.
sync_prices as (

    select
        metered.cell_key,
        metered.usage_date,
        metered.context_over_tokens,
        {%- for class in ai_token_classes() %}
        max(case when periods.price_class = '{{ class }}' then periods.price_usd end) as {{ class }}_price_usd
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from metered
    inner join cells on metered.cell_key = cells.cell_key
    inner join {{ ref('int_ai_prices__periods') }} as periods
        on cells.platform = periods.platform
        and cells.model = periods.model
        and cells.region_scope = periods.region_scope
        and cells.service_tier = periods.service_tier
        and periods.processing = 'sync'
        and metered.context_over_tokens = periods.context_over_tokens
        and metered.usage_date >= periods.valid_from
        and metered.usage_date < periods.valid_to
    where cells.processing = 'batch'
    group by metered.cell_key, metered.usage_date, metered.context_over_tokens

),

compared as (

    select
        metered.*,
        cells.platform,
        cells.model,
        cells.processing
        {%- for class in ai_token_classes() %},
        own_prices.{{ class }}_list_price_usd as {{ class }}_own_price_usd,
        case
            when cells.processing = 'batch' then sync_prices.{{ class }}_price_usd
            else own_prices.{{ class }}_list_price_usd
        end as {{ class }}_sync_price_usd{% endfor %}
    from metered
    inner join cells on metered.cell_key = cells.cell_key
    inner join own_prices
        on metered.cell_key = own_prices.cell_key
        and metered.usage_date = own_prices.usage_date
        and metered.context_over_tokens = own_prices.context_over_tokens
    left join sync_prices
        on metered.cell_key = sync_prices.cell_key
        and metered.usage_date = sync_prices.usage_date
        and metered.context_over_tokens = sync_prices.context_over_tokens

),

final as (

    select
        usage_date,
        cell_key,
        context_over_tokens,
        platform,
        model,
        cast(
            case
                when input_cached_tokens > 0
                    then input_cached_tokens * (input_uncached_sync_price_usd - input_cached_sync_price_usd)
                else 0
            end as {{ money_type() }}
        ) as cache_read_savings_usd,
        cast(
            {%- for class in writes %}
            case
                when {{ class }}_tokens > 0
                    then {{ class }}_tokens * ({{ class }}_sync_price_usd - input_uncached_sync_price_usd)
                else 0
            end{% if not loop.last %} +{% endif %}
            {%- endfor %}
            as {{ money_type() }}
        ) as cache_write_premium_usd,
        case
            when processing <> 'batch' then cast(0 as {{ money_type() }})
            else
                cast(
                    {%- for class in ai_token_classes() %}
                    case
                        when {{ class }}_tokens > 0
                            then {{ class }}_tokens * ({{ class }}_sync_price_usd - {{ class }}_own_price_usd)
                        else 0
                    end{% if not loop.last %} +{% endif %}
                    {%- endfor %}
                    as {{ money_type() }}
                )
        end as batch_savings_usd
    from compared

)

select * from final
