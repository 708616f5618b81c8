{#- Begin a transaction in an operation, and commit it. dbt-duckdb keeps a transaction of its own, which an
    earlier query may have opened; on other engines an operation commits each statement by itself. -#}
{% macro ai_begin() -%}
    {{ return(adapter.dispatch('ai_begin', 'ai_unit_economics')()) }}
{%- endmacro %}

{% macro default__ai_begin() -%}
    {%- do run_query('begin') -%}
{%- endmacro %}

{% macro duckdb__ai_begin() -%}
    {%- call statement('ai_begin', auto_begin=true) -%}select 1{%- endcall -%}
{%- endmacro %}

{% macro ai_commit() -%}
    {{ return(adapter.dispatch('ai_commit', 'ai_unit_economics')()) }}
{%- endmacro %}

{% macro default__ai_commit() -%}
    {%- do run_query('commit') -%}
{%- endmacro %}

{% macro duckdb__ai_commit() -%}
    {%- do adapter.commit() -%}
{%- endmacro %}
