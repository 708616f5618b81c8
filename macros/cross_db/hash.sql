{#- md5 over the parts, NULL kept apart from the empty string and parts kept apart from each other. -#}
{% macro ai_hash(parts) -%}
md5(
    {%- for part in parts %}
    coalesce(cast({{ part }} as varchar), '~') || '|'{{ ' ||' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}

{#- One-way hash of a user id, where ai_hash_user_ids asks for it. -#}
{% macro ai_sha256(expression) -%}
    {{ return(adapter.dispatch('ai_sha256', 'ai_unit_economics')(expression)) }}
{%- endmacro %}

{% macro default__ai_sha256(expression) -%}
sha2({{ expression }}, 256)
{%- endmacro %}

{% macro duckdb__ai_sha256(expression) -%}
sha256({{ expression }})
{%- endmacro %}
