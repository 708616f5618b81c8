{#- Proves: every request meets exactly one row of prices: per cell and UTC day the context bands begin
    at 0 input tokens, have no hole and no overlap; and at most one price of a key is valid on a day.
    Broken by: a price row twice, a band with the wrong bound, a period that ends after the next one
    begins. Each row is a band or period that fails. -#}
{%- set key = [
    'platform', 'model', 'price_class', 'region_scope', 'service_tier', 'processing', 'context_over_tokens'
] -%}

with bands as (

    {%- for relation in ['int_ai_cell_prices', 'int_ai_rates'] %}
    select
        '{{ relation }}' as relation,
        cell_key,
        usage_date,
        input_tokens_from,
        input_tokens_to,
        lag(input_tokens_to) over (partition by cell_key, usage_date order by input_tokens_from, input_tokens_to)
            as previous_to,
        lead(input_tokens_from) over (partition by cell_key, usage_date order by input_tokens_from, input_tokens_to)
            as next_from
    from {{ ref(relation) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

wrong_bands as (

    select
        relation,
        cell_key as price_key,
        usage_date as valid_from,
        cast(input_tokens_from as varchar) || ' to ' || cast(input_tokens_to as varchar) as detail
    from bands
    where (previous_to is null and input_tokens_from <> 0)
        or (previous_to is not null and input_tokens_from - 1 <> previous_to)
        or input_tokens_to < input_tokens_from
        or (next_from is null and input_tokens_to <> 9223372036854775807)

),

periods as (

    select
        {{ key | join(',\n        ') }},
        valid_from,
        valid_to,
        lead(valid_from) over (partition by {{ key | join(', ') }} order by valid_from, valid_to) as next_valid_from
    from {{ ref('int_ai_prices__periods') }}

),

wrong_periods as (

    select
        'int_ai_prices__periods' as relation,
        {%- for column in key %}
        cast({{ column }} as varchar){{ " || '|' ||" if not loop.last else ' as price_key,' }}
        {%- endfor %}
        valid_from,
        'to ' || cast(valid_to as varchar) as detail
    from periods
    where next_valid_from < valid_to
        or valid_to <= valid_from

)

select * from wrong_bands
union all
select * from wrong_periods
