{#- Grain: one row per piece of evidence that a request gave (kind `evidence`: a tag, a user, a gateway key) and
    one per UTC day that has been looked through (kind `day`). Purpose: the distinct evidence without reading all
    requests again, and the first day on which each piece was seen: what it names matters from then on.
    A day that was written again adds what is new. What a day no longer says stays, and only makes its first
    day earlier than it need be; ai_reprocess looks through all days anew. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='evidence_key',
    on_schema_change='fail',
    full_refresh=true if var('ai_reprocess', false) else none
) }}

{%- set tags = {
    'request_tag:customer': 'customer_tag', 'request_tag:feature': 'feature_tag', 'request_tag:team': 'team_tag',
    'request_tag:environment': 'environment_tag', 'user_map': 'user_id', 'gateway_key': 'gateway_key'
} %}
{%- set days = ai_stale_parts(ref('int_ai_request_days'), closed=false) %}

with requests as (

    select * from {{ ref('int_ai_requests') }}
    where {{ ai_in_days('usage_date', days) }}

),

seen as (

    {%- for evidence, column in tags.items() %}
    select
        '{{ evidence }}' as evidence,
        platform,
        {{ ai_match_text(column) }} as match_text,
        min(usage_date) as first_seen_date
    from requests
    where {{ column }} is not null
    group by platform, {{ ai_match_text(column) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

keyed as (

    select
        {{ ai_hash(['evidence', 'platform', 'match_text']) }} as evidence_key,
        'evidence' as kind,
        evidence,
        platform,
        match_text,
        first_seen_date,
        cast(null as date) as usage_date,
        cast(null as varchar) as day_fingerprint
    from seen
    where match_text is not null

),

news as (

    select keyed.* from keyed
    {%- if is_incremental() %}
    left join {{ this }} as stored on keyed.evidence_key = stored.evidence_key
    where stored.evidence_key is null
        or keyed.first_seen_date < stored.first_seen_date
    {%- endif %}

),

looked_through as (

    select
        cast(usage_date as varchar) as evidence_key,
        'day' as kind,
        cast(null as varchar) as evidence,
        cast(null as varchar) as platform,
        cast(null as varchar) as match_text,
        cast(null as date) as first_seen_date,
        usage_date,
        day_fingerprint
    from {{ ref('int_ai_request_days') }}
    where {{ ai_in_days('usage_date', days) }}

),

final as (

    select * from news
    union all
    select * from looked_through

)

select * from final
