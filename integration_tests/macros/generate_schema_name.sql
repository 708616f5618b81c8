{#- The user's own schema names: the package follows them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ 'acme' if custom_schema_name is none else 'acme_' ~ (custom_schema_name | trim) }}
{%- endmacro %}
