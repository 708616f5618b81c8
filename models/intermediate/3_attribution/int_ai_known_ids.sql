{#- Grain: one row per dimension and id that a tag or a rule may name (match text: trimmed, lower case).
    Purpose: what is valid, and the spelling in which it comes out. A dimension whose table is empty
    has no rows here: then every value is valid. -#}
with ids as (

    select 'customer' as dimension, customer_id as target_id, survivor_customer_id as id
    from {{ ref('int_ai_customers') }}

    union all

    select 'feature' as dimension, feature_id as target_id, feature_id as id
    from {{ ref('stg_ai_features') }}
    where rejected_reason is null

    union all

    select 'team' as dimension, team_id as target_id, team_id as id
    from {{ ref('stg_ai_teams') }}
    where rejected_reason is null

    {%- for environment in ['production', 'staging', 'development', 'evaluation'] %}

    union all

    select 'environment' as dimension, '{{ environment }}' as target_id, '{{ environment }}' as id
    {%- endfor %}
    {%- for pnl_class in ['cogs', 'free_tier', 'rnd', 'internal_opex'] %}

    union all

    select 'pnl_class' as dimension, '{{ pnl_class }}' as target_id, '{{ pnl_class }}' as id
    {%- endfor %}

),

final as (

    select
        dimension,
        {{ ai_match_text('target_id') }} as match_text,
        min(id) as id
    from ids
    where target_id is not null
    group by dimension, {{ ai_match_text('target_id') }}

)

select * from final
