{#- Money as a whole number of femto-units (1e-15): integers multiply and divide exactly. -#}
{% macro ai_femto(amount) -%}
    {{ return(adapter.dispatch('ai_femto', 'ai_unit_economics')(amount)) }}
{%- endmacro %}

{% macro default__ai_femto(amount) -%}
cast(cast({{ amount }} as {{ ai_unit_economics.money_type() }}) * 1000000000000000 as numeric(38, 0))
{%- endmacro %}

{#- Through the digits, because the product would leave the 38 digits above 1e8. -#}
{% macro duckdb__ai_femto(amount) -%}
cast(replace(cast(cast({{ amount }} as {{ ai_unit_economics.money_type() }}) as varchar), '.', '') as hugeint)
{%- endmacro %}

{#- Whole femto-units back to money. -#}
{% macro ai_from_femto(femto) -%}
cast(
    cast({{ femto }} as numeric(38, 0)) * cast(0.000000000000001 as numeric(16, 15))
    as {{ ai_unit_economics.money_type() }}
)
{%- endmacro %}

{#- Whole billionths (Helicone's unit) to money. Not by ai_scale, whose femto-units of a count of
    billionths would leave the 38 digits. -#}
{% macro ai_from_billionths(count) -%}
cast(
    cast({{ count }} as numeric(20, 0)) * cast(0.000000001 as numeric(10, 9)) as {{ ai_unit_economics.money_type() }}
)
{%- endmacro %}
