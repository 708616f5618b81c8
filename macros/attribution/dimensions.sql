{#- The dimensions that are resolved for every cost: {dimension: its id column in the marts}. -#}
{% macro ai_dimensions() -%}
    {{ return({
        'customer': 'customer_id', 'feature': 'feature_id', 'team': 'team_id', 'environment': 'environment'
    }) }}
{%- endmacro %}

{#- Text as both sides of every match are compared: trimmed, lower case, NULL for empty. -#}
{% macro ai_match_text(expression) %}nullif(lower(trim({{ expression }})), ''){% endmacro %}
