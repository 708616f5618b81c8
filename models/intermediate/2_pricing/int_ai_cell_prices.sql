{#- Grain: one row per cell, UTC day and context band (input_tokens_from to input_tokens_to, both
    inclusive). Purpose: all prices that a request or a bucket of the cell needs,
    side by side, so that costing is one join. A cell and day without prices has one row of NULLs.
    A band without a price of a class keeps NULL there: the class is unpriced, never free. -#}
{%- set classes = ai_price_classes() -%}

with cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

prices as (

    -- A class that no request counts (a rerank call, say) does not make its model priced.
    select * from {{ ref('int_ai_prices__daily') }}
    where price_class in ('{{ classes | join("', '") }}')

),

bands as (

    select
        price_key,
        usage_date,
        context_over_tokens,
        {%- for class in classes %}
        max(case when price_class = '{{ class }}' then list_price_usd end) as {{ class }}_list_price_usd,
        max(case when price_class = '{{ class }}' then metered_price_usd end) as {{ class }}_price_usd,
        {%- endfor %}
        lead(context_over_tokens) over (
            partition by price_key, usage_date order by context_over_tokens
        ) as next_over_tokens
    from prices
    group by price_key, usage_date, context_over_tokens

),

final as (

    select
        cell_days.cell_key,
        cell_days.usage_date,
        coalesce(bands.context_over_tokens, 0) as context_over_tokens,
        case when bands.context_over_tokens > 0 then bands.context_over_tokens + 1 else 0 end as input_tokens_from,
        coalesce(bands.next_over_tokens, 9223372036854775807) as input_tokens_to,
        bands.price_key is not null as is_model_priced,
        {%- for class in classes %}
        bands.{{ class }}_list_price_usd,
        bands.{{ class }}_price_usd{% if not loop.last %},{% endif %}
        {%- endfor %}
    from cell_days
    left join bands
        on cell_days.price_key = bands.price_key
        and cell_days.usage_date = bands.usage_date

)

select * from final
