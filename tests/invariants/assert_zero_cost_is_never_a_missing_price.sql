{#- Proves: a missing price or count is never read as 0. A request that cannot be priced costs NULL and
    says so; `priced` with tokens costs more than 0, only `free` and what no meter bills (gateway cache,
    provisioned capacity) cost 0. Every price of 0 is one that the book or an override states, and no
    factor makes 0 of a price.
    Broken by: a coalesce of a missing price to 0, a status without its cost, an ended price that
    counts as 0, a status that overlooks one class, an unknown count read as none. Each row is a
    request or a price that fails. -#}
with requests as (

    select
        costed.request_key,
        costed.platform,
        costed.model,
        costed.pricing_status,
        costed.metered_cost_usd,
        costed.list_cost_usd,
        coalesce(costed.images, costed.audio_seconds, costed.characters) is null and (
            (costed.input_uncached_tokens is null and prices.input_uncached_price_usd > 0)
            or (costed.output_tokens is null and prices.output_price_usd > 0)
        ) as is_partly_known,
        {%- for column in ai_price_classes().values() %}
        coalesce(costed.{{ column }}, 0){{ ' +' if not loop.last else ' as quantity' }}
        {%- endfor %}
    from {{ ref('int_ai_requests__costed') }} as costed
    left join {{ ref('int_ai_cell_prices') }} as prices
        on costed.cell_key = prices.cell_key
        and costed.usage_date = prices.usage_date
        and costed.context_over_tokens = prices.context_over_tokens

),

wrong_requests as (

    select
        'request' as kind,
        request_key as row_key,
        platform,
        model,
        pricing_status as detail
    from requests
    where (pricing_status = 'priced' and quantity > 0 and metered_cost_usd <= 0)
        or (pricing_status in ('priced', 'free') and metered_cost_usd is null)
        or (pricing_status = 'priced' and is_partly_known)
        or (pricing_status in ('free', 'gateway_cache_hit', 'provisioned') and metered_cost_usd <> 0)
        or (
            pricing_status in ('unpriced_model', 'unpriced_class', 'missing_tokens')
            and (metered_cost_usd is not null or list_cost_usd is not null)
        )
        or coalesce(pricing_status, '') not in (
            'priced', 'free', 'gateway_cache_hit', 'provisioned', 'unpriced_model', 'unpriced_class', 'missing_tokens'
        )

),

-- Priced means every class: the part without a price would cost 0.
partly_priced as (

    {%- for class, column in ai_price_classes().items() %}
    select
        'partly priced' as kind,
        metered.cell_key as row_key,
        cells.platform,
        cells.model,
        '{{ class }}' as detail
    from {{ ref('int_ai_metered__daily') }} as metered
    inner join {{ ref('int_ai_cells') }} as cells on metered.cell_key = cells.cell_key
    left join {{ ref('int_ai_cell_prices') }} as prices
        on metered.cell_key = prices.cell_key
        and metered.usage_date = prices.usage_date
        and metered.context_over_tokens = prices.context_over_tokens
    where metered.pricing_status in ('priced', 'free')
        and metered.{{ column }} > 0
        and prices.{{ class }}_price_usd is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

zero_prices as (

    {%- for class in ai_price_classes() %}
    select cell_key, usage_date, context_over_tokens, '{{ class }}' as price_class
    from {{ ref('int_ai_cell_prices') }}
    where {{ class }}_price_usd = 0 or {{ class }}_list_price_usd = 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

unstated_prices as (

    select
        'price' as kind,
        zero_prices.cell_key as row_key,
        cell_days.platform,
        cell_days.model,
        zero_prices.price_class as detail
    from zero_prices
    inner join {{ ref('int_ai_cells__daily') }} as cell_days
        on zero_prices.cell_key = cell_days.cell_key
        and zero_prices.usage_date = cell_days.usage_date
    left join {{ ref('int_ai_prices__daily') }} as prices
        on cell_days.price_key = prices.price_key
        and zero_prices.usage_date = prices.usage_date
        and zero_prices.context_over_tokens = prices.context_over_tokens
        and zero_prices.price_class = prices.price_class
        and (prices.metered_price_usd = 0 or prices.list_price_usd = 0)
    where prices.price_key is null

),

unstated_periods as (

    select
        'period' as kind,
        cast(periods.valid_from as varchar) as row_key,
        periods.platform,
        periods.model,
        periods.price_class as detail
    from {{ ref('int_ai_prices__periods') }} as periods
    left join {{ ref('ai_model_prices') }} as book
        on periods.platform = book.platform
        and periods.model = book.model
        and periods.price_class = book.price_class
        and periods.region_scope = book.region_scope
        and periods.service_tier = book.service_tier
        and periods.processing = book.processing
        and periods.context_over_tokens = book.context_over_tokens
        and periods.valid_from = book.valid_from
        and book.price_usd = 0
    where periods.price_usd = 0
        and book.platform is null

),

-- 2e-15 USD: what rounding can make of a price in the bounds of a factor.
vanished_prices as (

    {%- for class in ai_price_classes() %}
    select
        'effective price' as kind,
        cell_key as row_key,
        platform,
        model,
        '{{ class }}' as detail
    from {{ ref('int_ai_rates') }}
    where {{ class }}_price_usd > 0.000000000000002
        and coalesce({{ class }}_effective_price_usd, 0) <= 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from wrong_requests
union all
select * from partly_priced
union all
select * from unstated_prices
union all
select * from unstated_periods
union all
select * from vanished_prices
