{#- Proves: every rule of ai_attribution_rules names a target that its table knows (where the table
    has rows), a dimension, evidence and match type that exist, and dates that run forwards. A rule
    with a mistake would be passed over in silence.
    Broken by: a rule for a customer who is not in the customers table. Each row is a rule that
    fails. -#}
with rules as (

    select
        lower(trim(dimension)) as dimension,
        lower(trim(evidence)) as evidence,
        lower(trim(match_type)) as match_type,
        match_value,
        target_id,
        valid_from,
        valid_to
    from {{ ai_seed('ai_attribution_rules') }}

),

known_ids as (

    select * from {{ ref('int_ai_known_ids') }}

),

known_dimensions as (

    select distinct dimension from known_ids

),

judged as (

    select
        rules.*,
        case
            when coalesce(rules.dimension, '') not in ('customer', 'feature', 'team', 'environment', 'pnl_class')
                then 'unknown dimension'
            when coalesce(rules.evidence, '') not in (
                    'request_tag', 'user_map', 'gateway_key', 'api_key_map', 'project_map', 'default_rule'
                )
                then 'unknown evidence'
            when rules.evidence <> 'default_rule' and coalesce(rules.match_type, '') not in ('equals', 'prefix')
                then 'unknown match type'
            when rules.dimension = 'pnl_class' and rules.evidence = 'request_tag' then 'pnl_class has no tag'
            when rules.valid_to <= rules.valid_from then 'dates run backwards'
            when {{ ai_match_text('rules.target_id') }} is null then 'no target'
            when known_dimensions.dimension is not null and known_ids.dimension is null then 'unknown target'
        end as problem
    from rules
    left join known_dimensions on rules.dimension = known_dimensions.dimension
    left join known_ids
        on rules.dimension = known_ids.dimension
        and {{ ai_match_text('rules.target_id') }} = known_ids.match_text

)

select * from judged
where problem is not null
