{#- Which of several logs of one call counts: 0 for the one that ai_primary_request_source names for the
    platform, then the order of ai_request_sources. A word that is no source is a compile error. -#}
{% macro ai_log_rank(platform, request_source) -%}
{%- set sources = var('ai_request_sources', []) -%}
case
    {%- for name, source in var('ai_primary_request_source', {}).items() %}
    {%- if source not in sources %}
        {{ exceptions.raise_compiler_error(
            "ai_primary_request_source: '" ~ source ~ "' of " ~ name ~ ' is not in ai_request_sources: '
            ~ sources | join(', ')
        ) }}
    {%- endif %}
    when {{ platform }} = '{{ name }}' and {{ request_source }} = '{{ source }}' then 0
    {%- endfor %}
    {%- for source in sources %}
    when {{ request_source }} = '{{ source }}' then {{ loop.index }}
    {%- endfor %}
end
{%- endmacro %}
