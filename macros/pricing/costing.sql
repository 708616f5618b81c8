{#- The status and the cost of one row of quantities `q` at one row of prices `p` (aliases), where the
    price columns are named <class><suffix>. One place for requests, buckets and tests alike. -#}

{% macro ai_pricing_status(q, p, suffix='_price_usd') -%}
{%- set classes = ai_price_classes() -%}
case
    when {{ q }}.is_gateway_cache_hit then 'gateway_cache_hit'
    when {{ q }}.service_tier in ('scale', 'reserved') then 'provisioned'
    when coalesce(
        {%- for column in classes.values() %}{{ q }}.{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
    ) is null then 'missing_tokens'
    when {{ ai_lacks_counts(q, p, suffix) | indent(4) }} then 'missing_tokens'
    when not coalesce({{ p }}.is_model_priced, false) then 'unpriced_model'
    when not ({{ ai_all_used_classes(q, p, suffix) }}) then 'unpriced_class'
    when (
        {%- for class, column in classes.items() %}
        coalesce({{ q }}.{{ column }}, 0){{ ' +' if not loop.last }}
        {%- endfor %}
    ) > 0 and (
        {%- for class, column in classes.items() %}
        (coalesce({{ q }}.{{ column }}, 0) = 0 or {{ p }}.{{ class }}{{ suffix }} = 0){{ ' and' if not loop.last }}
        {%- endfor %}
    ) then 'free'
    else 'priced'
end
{%- endmacro %}

{#- Does the row leave out a count that costs something, so that what it does tell is only a part of the
    cost? NULL is unknown, whatever the other classes say; their 0 is no count of the rest.
    Input without cache and output of text are NULL where the log tells no total. Which of them a model
    charges its prices say (an embedding has no output); one that has no price of input is charged for
    input where it is for any other token. Images, seconds and characters with a price of their own stand
    for the tokens, and are what is missing where the model has no other price. -#}
{% macro ai_lacks_counts(q, p, suffix='_price_usd') -%}
{%- set units = {'image': 'images', 'audio_second': 'audio_seconds', 'character': 'characters'} -%}
(
    not (
        {%- for class, column in units.items() %}
        ({{ q }}.{{ column }} is not null and {{ p }}.{{ class }}{{ suffix }} is not null){{ ' or' if not loop.last }}
        {%- endfor %}
    )
    and (
        ({{ q }}.input_uncached_tokens is null and coalesce({{ p }}.input_uncached{{ suffix }}, 0) > 0)
        or ({{ q }}.input_uncached_tokens is null and {{ p }}.input_uncached{{ suffix }} is null and (
            {%- for class in ai_token_classes() %}
            coalesce({{ q }}.{{ class }}_tokens, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ) > 0)
        or ({{ q }}.output_tokens is null and (
            coalesce({{ p }}.output{{ suffix }}, 0) > 0
            {%- for class in ['output_audio', 'output_image'] %}
            or ({{ q }}.{{ class }}_tokens is null and coalesce({{ p }}.{{ class }}{{ suffix }}, 0) > 0)
            {%- endfor %}
        ))
        or ({{ p }}.input_uncached{{ suffix }} is null and (
            {%- for class in units %}
            coalesce({{ p }}.{{ class }}{{ suffix }}, 0) > 0{{ ' or' if not loop.last }}
            {%- endfor %}
        ) and (
            {%- for column in ai_price_classes().values() %}
            coalesce({{ q }}.{{ column }}, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ) = 0)
    )
)
{%- endmacro %}

{#- Has every class that the row uses a price? -#}
{% macro ai_all_used_classes(q, p, suffix='_price_usd') -%}
{%- for class, column in ai_price_classes().items() %}
        (coalesce({{ q }}.{{ column }}, 0) = 0 or {{ p }}.{{ class }}{{ suffix }} is not null)
        {{- ' and' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- Sum over the classes of quantity x price: the only product of a request, exact at 15 decimals. -#}
{% macro ai_cost(q, p, suffix='_price_usd') -%}
cast(
    {%- for class, column in ai_price_classes().items() %}
    coalesce({{ q }}.{{ column }}, 0) * coalesce({{ p }}.{{ class }}{{ suffix }}, 0){{ ' +' if not loop.last }}
    {%- endfor %}
    as {{ money_type() }}
)
{%- endmacro %}

{#- Columns with 1, 0 or NULL for each quantity, of the text used_classes (int_ai_metered__daily). -#}
{% macro ai_used_counts(used_classes) -%}
{%- for column in ai_price_classes().values() %}
case substring({{ used_classes }}, {{ loop.index }}, 1) when '1' then 1 when '0' then 0 end as {{ column }}
{{- ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}
