{#- Cast that gives NULL where the value does not fit; `dbt.safe_cast` fails on DuckDB. -#}
{% macro ai_try_cast(expression, type) -%}
    {{ return(adapter.dispatch('ai_try_cast', 'ai_unit_economics')(expression, type)) }}
{%- endmacro %}

{#- Snowflake's try_cast takes text only. -#}
{% macro default__ai_try_cast(expression, type) -%}
try_cast(cast({{ expression }} as varchar) as {{ type }})
{%- endmacro %}

{% macro duckdb__ai_try_cast(expression, type) -%}
try_cast({{ expression }} as {{ type }})
{%- endmacro %}
