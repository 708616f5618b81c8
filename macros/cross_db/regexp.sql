{#- A text without everything that matches a regular expression. The pattern is plain: groups and
    alternatives, no backslash, which the engines read in their own ways. -#}
{% macro ai_without_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('ai_without_pattern', 'ai_unit_economics')(text, pattern)) }}
{%- endmacro %}

{% macro default__ai_without_pattern(text, pattern) -%}
regexp_replace({{ text }}, '{{ pattern }}', '')
{%- endmacro %}

{#- Without `g` DuckDB replaces the first match alone. -#}
{% macro duckdb__ai_without_pattern(text, pattern) -%}
regexp_replace({{ text }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{#- A group of the first match of a pattern, ignoring case; NULL or empty where there is none. Patterns
    have no backslash, which the engines read differently in a string. -#}
{% macro ai_regexp_group(expression, pattern, group) -%}
    {{ return(adapter.dispatch('ai_regexp_group', 'ai_unit_economics')(expression, pattern, group)) }}
{%- endmacro %}

{% macro default__ai_regexp_group(expression, pattern, group) -%}
regexp_substr({{ expression }}, '{{ pattern }}', 1, 1, 'ie', {{ group }})
{%- endmacro %}

{% macro duckdb__ai_regexp_group(expression, pattern, group) -%}
regexp_extract({{ expression }}, '{{ pattern }}', {{ group }}, 'i')
{%- endmacro %}
