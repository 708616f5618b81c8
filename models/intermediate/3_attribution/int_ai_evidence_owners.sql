{#- Grain: one row per piece of evidence (kind, platform, match text) and half-open period of dates.
    Purpose: whom the evidence names in every dimension: the rules of ai_attribution_rules in force
    (lower priority first, then the longer value, then match_value), then, for a tag, the tag itself
    where it is a known id. Periods are cut where any rule begins or ends, so exactly one row holds on
    a day. A NULL id: this evidence says nothing for that dimension. -#}
{%- set dimensions = ai_dimensions().keys() | list + ['pnl_class'] -%}

with evidence as (

    select * from {{ ref('int_ai_evidence') }}

),

known_ids as (

    select * from {{ ref('int_ai_known_ids') }}

),

known_dimensions as (

    select distinct dimension from known_ids

),

rules as (

    select
        lower(trim(dimension)) as dimension,
        lower(trim(evidence)) as evidence,
        {{ ai_match_text('platform') }} as platform,
        lower(trim(match_type)) as match_type,
        coalesce(
            case
                when lower(trim(evidence)) = 'user_map'
                    then {{ ai_erased(ai_match_text('match_value'), 'user') | indent(20) }}
                when lower(trim(dimension)) = 'customer' and lower(trim(evidence)) = 'request_tag'
                    then {{ ai_erased(ai_match_text('match_value'), 'customer') | indent(20) }}
                else {{ ai_match_text('match_value') }}
            end,
            ''
        ) as match_value,
        {{ ai_erased('trim(target_id)', 'customer') | indent(8) }} as target_id,
        coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
        coalesce(priority, 100) as priority
    from {{ ai_seed('ai_attribution_rules') }}

),

rule_matches as (

    select
        evidence.evidence,
        evidence.platform,
        evidence.match_text,
        rules.dimension,
        rules.target_id,
        rules.valid_from,
        rules.valid_to,
        rules.priority,
        rules.match_value
    from evidence
    inner join rules
        on evidence.evidence = case
            when rules.evidence = 'request_tag' then 'request_tag:' || rules.dimension
            else rules.evidence
        end
        and coalesce(rules.platform, evidence.platform) = evidence.platform
        and (
            evidence.evidence = 'default_rule'
            or (rules.match_type = 'equals' and evidence.match_text = rules.match_value)
            or (
                rules.match_type = 'prefix'
                and left(evidence.match_text, length(rules.match_value)) = rules.match_value
            )
        )

),

-- A target comes out in the spelling of its table; in a dimension without a table as it is written.
-- A target that a non-empty table does not know is no evidence (and fails a test).
targets as (

    select
        rule_matches.evidence,
        rule_matches.platform,
        rule_matches.match_text,
        rule_matches.dimension,
        case when known_dimensions.dimension is null then rule_matches.target_id else known_ids.id end as id,
        rule_matches.valid_from,
        rule_matches.valid_to,
        rule_matches.priority,
        rule_matches.match_value,
        0 as is_tag_itself
    from rule_matches
    left join known_dimensions on rule_matches.dimension = known_dimensions.dimension
    left join known_ids
        on rule_matches.dimension = known_ids.dimension
        and {{ ai_match_text('rule_matches.target_id') }} = known_ids.match_text

    union all

    select
        evidence.evidence,
        evidence.platform,
        evidence.match_text,
        dimensions.dimension,
        case when known_dimensions.dimension is null then evidence.match_text else known_ids.id end as id,
        cast('0001-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to,
        0 as priority,
        '' as match_value,
        1 as is_tag_itself
    from evidence
    inner join (
        {%- for dimension in ai_dimensions() %}
        select '{{ dimension }}' as dimension{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as dimensions on evidence.evidence = 'request_tag:' || dimensions.dimension
    left join known_dimensions on dimensions.dimension = known_dimensions.dimension
    left join known_ids
        on dimensions.dimension = known_ids.dimension
        and evidence.match_text = known_ids.match_text

),

candidates as (

    select * from targets where id is not null

),

boundaries as (

    select evidence, platform, match_text, valid_from as boundary from candidates
    union
    select evidence, platform, match_text, valid_to as boundary from candidates

),

periods as (

    select
        evidence,
        platform,
        match_text,
        boundary as valid_from,
        lead(boundary) over (partition by evidence, platform, match_text order by boundary) as valid_to
    from boundaries

),

ranked as (

    select
        periods.evidence,
        periods.platform,
        periods.match_text,
        periods.valid_from,
        periods.valid_to,
        candidates.dimension,
        candidates.id,
        row_number() over (
            partition by
                periods.evidence, periods.platform, periods.match_text, periods.valid_from, candidates.dimension
            order by
                candidates.is_tag_itself, candidates.priority, length(candidates.match_value) desc,
                candidates.match_value, candidates.id
        ) as candidate_rank
    from periods
    inner join candidates
        on periods.evidence = candidates.evidence
        and periods.platform = candidates.platform
        and periods.match_text = candidates.match_text
        and periods.valid_from >= candidates.valid_from
        and periods.valid_from < candidates.valid_to
    where periods.valid_to is not null

),

final as (

    select
        evidence,
        platform,
        match_text,
        valid_from,
        valid_to,
        {%- for dimension in dimensions %}
        max(case when dimension = '{{ dimension }}' then id end) as {{ dimension }}_id{% if not loop.last %},{% endif %}
        {%- endfor %}
    from ranked
    where candidate_rank = 1
    group by evidence, platform, match_text, valid_from, valid_to

)

select * from final
