{#- A price as published, turned once into the price of one token, call, image, second or character.
    Widened first, so that no engine cuts the product's scale. An unknown unit gives NULL. -#}
{% macro ai_price_per_unit(price, unit) -%}
case {{ unit }}
    {%- for words, factor in {
        '1000000 tokens': '0.000001', '1000000 characters': '0.000001', '1000 calls': '0.001', '1000 tokens': '0.001',
        '1 image': '1', '1 second': '1', '1 session': '1', '1 call': '1'
    }.items() %}
    when '{{ words }}'
        then cast(cast({{ price }} as numeric(24, 15)) * cast({{ factor }} as numeric(7, 6)) as {{ price_type() }})
    {%- endfor %}
end
{%- endmacro %}
