{#- Grain: one row per piece of evidence seen: kind, platform and value (match text).
    Purpose: the few distinct values on which the attribution rules are tried. Tags are kept per
    dimension (`request_tag:customer` …), because a tag speaks for its own dimension only. first_seen_date is
    the first day on which a request gave it. -#}
{%- set tags = {
    'customer': 'customer_tag', 'feature': 'feature_tag', 'team': 'team_tag', 'environment': 'environment_tag'
} -%}

with seen as (

    select evidence, platform, match_text, first_seen_date
    from {{ ref('int_ai_request_evidence') }}
    where kind = 'evidence'
    {%- for dimension, column in tags.items() %}
    union all
    select distinct
        'request_tag:{{ dimension }}' as evidence,
        platform,
        {{ ai_match_text(column) }} as match_text,
        cast(null as date) as first_seen_date
    from {{ ref('int_ai_billing') }}
    union all
    select distinct
        'request_tag:{{ dimension }}' as evidence,
        platform,
        {{ ai_match_text(column) }} as match_text,
        cast(null as date) as first_seen_date
    from {{ ref('int_ai_commitments') }}
    {%- endfor %}
    {%- for evidence, column in {'api_key_map': 'api_key_id', 'project_map': 'project_id'}.items() %}
    {%- for relation in ['int_ai_cells', 'int_ai_billing', 'int_ai_commitments']
        if (evidence, relation) != ('api_key_map', 'int_ai_commitments') %}
    union all
    select distinct
        '{{ evidence }}' as evidence,
        platform,
        {{ ai_match_text(column) }} as match_text,
        cast(null as date) as first_seen_date
    from {{ ref(relation) }}
    {%- endfor %}
    {%- endfor %}

),

platforms as (

    select distinct platform from {{ ref('int_ai_cells') }}
    union
    select distinct platform from {{ ref('int_ai_billing') }}
    union
    select distinct platform from {{ ref('int_ai_commitments') }}

),

final as (

    select
        evidence,
        platform,
        match_text,
        min(first_seen_date) as first_seen_date
    from seen
    where match_text is not null
    group by evidence, platform, match_text

    union all

    -- A default rule matches without a value.
    select
        'default_rule' as evidence,
        platform,
        '' as match_text,
        cast(null as date) as first_seen_date
    from platforms

)

select * from final
