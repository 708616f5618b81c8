{#- The value at a path of keys in JSON text (`is_text`) or in a nested column (struct, map, variant), as
    text. NULL where the text is no JSON or the path leads nowhere. Keys may contain dots, slashes and
    colons. -#}
{% macro ai_json_text(column, keys, is_text) -%}
    {{ return(adapter.dispatch('ai_json_text', 'ai_unit_economics')(column, keys, is_text)) }}
{%- endmacro %}

{% macro default__ai_json_text(column, keys, is_text) -%}
cast({{ 'try_parse_json(' ~ column ~ ')' if is_text else column }}
    {%- for key in keys -%}
    [{{ key if key is number else "'" ~ key ~ "'" }}]
    {%- endfor %} as varchar)
{%- endmacro %}

{% macro duckdb__ai_json_text(column, keys, is_text) -%}
json_extract_string({{ 'try_cast(' ~ column ~ ' as json)' if is_text else 'to_json(' ~ column ~ ')' }}, '$
    {%- for key in keys -%}
    {{ '[' ~ key ~ ']' if key is number else '."' ~ key ~ '"' }}
    {%- endfor -%}
')
{%- endmacro %}

{#- A nested column (list, struct, map, variant) as JSON text. -#}
{% macro ai_to_json_text(expression) -%}
cast(to_json({{ expression }}) as varchar)
{%- endmacro %}
