{#- A raw model string as prices and aliases write it: trimmed, lower case, `@date` as `-date`. -#}
{% macro ai_normalise_model(raw) -%}
replace(lower(trim({{ raw }})), '@', '-')
{%- endmacro %}

{#- The last part of a path: without gateway, publisher and `models/` prefixes. -#}
{% macro ai_last_part(text) -%}
case
    when position('/' in {{ text }}) > 0 then right({{ text }}, position('/' in reverse({{ text }})) - 1)
    else {{ text }}
end
{%- endmacro %}

{#- AWS Bedrock names the geography of a model in a prefix: {prefix: region_scope}. -#}
{% macro ai_geo_prefixes() -%}
    {{ return({
        'us.': 'us', 'eu.': 'eu', 'apac.': 'apac', 'jp.': 'jp', 'au.': 'au', 'us-gov.': 'us_gov', 'global.': 'global',
        'in.': 'regional', 'ca.': 'regional', 'sa.': 'regional'
    }) }}
{%- endmacro %}

{#- The region scope that a Bedrock id names; without a prefix the model runs in its own region. -#}
{% macro ai_geo_scope(text) -%}
case
    {%- for prefix, scope in ai_geo_prefixes().items() %}
    when left({{ text }}, {{ prefix | length }}) = '{{ prefix }}' then '{{ scope }}'
    {%- endfor %}
    else 'regional'
end
{%- endmacro %}

{% macro ai_without_geo(text) -%}
case
    {%- for prefix in ai_geo_prefixes() %}
    when left({{ text }}, {{ prefix | length }}) = '{{ prefix }}'
        then right({{ text }}, length({{ text }}) - {{ prefix | length }})
    {%- endfor %}
    else {{ text }}
end
{%- endmacro %}
