{#- Stand-alone: exactly the schema that is named. Installed as a package: the user's own macro,
    else dbt's default, because in dbt a package's macro wins for the package's own nodes. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if project_name == 'ai_unit_economics' -%}
        {{- target.schema if custom_schema_name is none else custom_schema_name | trim -}}
    {%- else -%}
        {%- set users = context.get(project_name, {}).get('generate_schema_name') -%}
        {{- (users or dbt.generate_schema_name)(custom_schema_name, node) -}}
    {%- endif -%}
{%- endmacro %}
