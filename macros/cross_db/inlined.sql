{#- Between `as` and the bracket of a CTE that several others read: read it anew in each place, with the columns
    and rows that the place needs. DuckDB would hold all of it in memory once; Snowflake decides for itself. -#}
{% macro ai_inlined() -%}
    {{ return(adapter.dispatch('ai_inlined', 'ai_unit_economics')()) }}
{%- endmacro %}

{% macro default__ai_inlined() -%}
    {{ return('') }}
{%- endmacro %}

{% macro duckdb__ai_inlined() -%}
    {{ return('not materialized ') }}
{%- endmacro %}
