{#- How many units one block of a unit of measure holds: `1K` and `1K tokens` are 1000, `1000000 Tokens`
    is 1000000, `Tokens`, `1`, `1 Hour` and `1/Hour` are 1. NULL for a unit that names no block: never a
    guess. -#}
{% macro ai_unit_block(unit) -%}
{%- set first = "split_part(split_part(replace(lower(trim(" ~ unit ~ ")), ',', ''), ' ', 1), '/', 1)" -%}
case
    when {{ first }} in ('1k', 'k', 'thousand') then 1000
    when {{ first }} in ('1m', 'm', 'million') then 1000000
    when {{ first }} in ('token', 'tokens', 'hour', 'hours', 'hrs') then 1
    when {{ first }} = '10k' then 10000
    when {{ first }} = '100k' then 100000
    else {{ ai_unit_economics.ai_try_cast(first, 'bigint') }}
end
{%- endmacro %}

{#- Does the unit count tokens? Token-hours (cache storage) are no tokens. -#}
{% macro ai_is_token_unit(unit) -%}
(position('token' in lower({{ unit }})) > 0 and position('hour' in lower({{ unit }})) = 0)
{%- endmacro %}

{#- A quantity in blocks as a quantity in units, exact; NULL where the block is unknown or no block. -#}
{% macro ai_in_units(quantity, block) -%}
cast(
    cast({{ quantity }} as numeric(28, 9)) * {{ ai_unit_economics.ai_try_cast(block, 'numeric(10, 0)') }}
    as numeric(38, 9)
)
{%- endmacro %}
