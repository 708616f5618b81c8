{#- Provider words to the package's vocabulary (architecture: service_tier, processing, region_scope).
    An unknown word passes in lower case: it then has no price and is listed, never guessed. -#}

{% macro ai_service_tier(tier, speed='cast(null as varchar)') -%}
case
    when lower({{ speed }}) = 'fast' then 'fast'
    when {{ tier }} is null or lower({{ tier }}) in ('standard', 'default', 'auto', 'on_demand', 'batch')
        then 'standard'
    when lower({{ tier }}) in ('flex', 'flex_discount') then 'flex'
    when lower({{ tier }}) in ('priority', 'priority_on_demand') then 'priority'
    else lower({{ tier }})
end
{%- endmacro %}

{% macro ai_processing(tier, is_batch='false') -%}
case when {{ is_batch }} or lower({{ tier }}) = 'batch' then 'batch' else 'sync' end
{%- endmacro %}

{#- Where a request ran, as prices tell regions apart. A word that names no scope is a location: on the
    clouds that price a location apart it is `regional`, elsewhere it says nothing about the price. -#}
{% macro ai_region_scope(platform, region) -%}
{%- set word = "replace(lower(" ~ region ~ "), '-', '_')" -%}
case
    when {{ platform }} = 'google_ai' then 'global'
    when {{ word }} in ('us', 'eu', 'apac', 'jp', 'au', 'us_gov', 'regional', 'data_zone_us', 'data_zone_eu')
        then {{ word }}
    when left({{ word }}, 7) = 'us_gov_' then 'us_gov'
    when {{ platform }} in ('aws_bedrock', 'google_vertex')
        and coalesce({{ word }}, 'global') not in ('global', 'not_available', 'default') then 'regional'
    else 'global'
end
{%- endmacro %}

{#- The provider's own context window of a request, as the bills of that platform tell it apart:
    tokens above which the next window begins, 0 for the first. -#}
{% macro ai_context_window(platform, input_tokens) -%}
case
    when {{ platform }} in ('anthropic', 'google_vertex', 'google_ai') and {{ input_tokens }} > 200000 then 200000
    when {{ platform }} = 'azure_openai' and {{ input_tokens }} > 272000 then 272000
    else 0
end
{%- endmacro %}

{#- Anthropic's words for it in usage and bills; NULL where the line does not tell. -#}
{% macro ai_context_window_from_words(words) -%}
cast(case
    when lower({{ words }}) = '0-200k' then 0
    when lower({{ words }}) = '200k-1m' then 200000
end as bigint)
{%- endmacro %}

{#- How an attempt ended: ok, error, cancelled or timeout; a log that tells no status tells successes. -#}
{% macro ai_request_status(status) -%}
case
    when {{ status }} is null or lower({{ status }}) in ('ok', 'success', 'succeeded', 'completed') then 'ok'
    when lower({{ status }}) in ('error', 'failed', 'failure') then 'error'
    when lower({{ status }}) in ('cancelled', 'canceled', 'aborted') then 'cancelled'
    when lower({{ status }}) in ('timeout', 'timed_out') then 'timeout'
    else lower({{ status }})
end
{%- endmacro %}
