{#- Grain: one row per attempt. Purpose: whom the request itself names in every dimension, by its tags
    (rank 1) and by its user (rank 2). No row is lost: left joins on distinct evidence. -#}
{{ config(materialized='view') }}

with requests as (

    select * from {{ ref('int_ai_requests') }}

),

owners as (

    select * from {{ ref('int_ai_evidence_owners') }}

),

final as (

    select
        requests.*,
        {%- for dimension in ai_dimensions() %}
        {{ dimension }}_tags.{{ dimension }}_id as tag_{{ dimension }}_id,
        users.{{ dimension }}_id as user_{{ dimension }}_id,
        {%- endfor %}
        users.pnl_class_id as user_pnl_class_id
    from requests
    {%- for dimension in ai_dimensions() %}
    {{ ai_join_owners(
        dimension ~ '_tags', 'request_tag:' ~ dimension, 'requests.platform',
        ai_match_text('requests.' ~ dimension ~ '_tag'), 'requests.usage_date'
    ) | indent(4) }}
    {%- endfor %}
    {{ ai_join_owners(
        'users', 'user_map', 'requests.platform', ai_match_text('requests.user_id'), 'requests.usage_date'
    ) | indent(4) }}

)

select * from final
