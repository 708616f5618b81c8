{#- Proves: the disjoint input classes of a request or usage bucket sum to its input, and reasoning is
    part of output, unless the row is flagged as inconsistent.
    Broken by: cached tokens counted in two classes, a class left out of the split. Each row is a
    request or bucket that fails. -#}
{%- set relations = {'int_ai_requests': 'request_key', 'int_ai_usage': 'usage_key'} -%}

with rows_of_both as (

    {%- for relation, key in relations.items() %}
    select
        '{{ relation }}' as relation,
        {{ key }} as row_key,
        quantity_status,
        input_tokens,
        {%- for class in ai_input_classes() %}
        coalesce({{ class }}_tokens, 0){{ ' +' if not loop.last else ' as sum_of_input_classes,' }}
        {%- endfor %}
        {{ 'reasoning_tokens' if relation == 'int_ai_requests' else 'cast(null as bigint)' }} as reasoning_tokens,
        coalesce(output_tokens, 0) + coalesce(output_audio_tokens, 0) + coalesce(output_image_tokens, 0)
            as sum_of_output_classes
    from {{ ref(relation) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from rows_of_both
where coalesce(quantity_status, 'exact') <> 'inconsistent'
    and (input_tokens <> sum_of_input_classes or reasoning_tokens > sum_of_output_classes)
