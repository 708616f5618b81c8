{#- Grain: one row per UTC day with stored requests. Purpose: what the logged quantities of the day are made
    from: its requests, and the prices of its cells, which decide what counts as priced. -#}
{%- set columns = [
    'cell_key', 'context_over_tokens', 'input_tokens_from', 'input_tokens_to', 'is_model_priced'
] %}
{%- for class in ai_price_classes() %}
{%- do columns.append(class ~ '_price_usd') %}
{%- endfor %}

with prices as (

    select
        usage_date,
        {{ ai_rows_fingerprint(columns) }} as prices_fingerprint
    from {{ ref('int_ai_cell_prices') }}
    group by usage_date

),

final as (

    select
        days.usage_date,
        days.requests,
        md5(
            days.day_fingerprint || coalesce(prices.prices_fingerprint, '-') || '{{ ai_logic_fingerprint() }}'
        ) as day_fingerprint
    from {{ ref('int_ai_request_days') }} as days
    left join prices on days.usage_date = prices.usage_date

)

select * from final
