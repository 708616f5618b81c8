{#- Proves: a piece of evidence (a tag, user, key or project of a platform) names at most one owner in
    each dimension on any day, so that no request is doubled by its owner.
    Sorted by their beginning, two periods overlap somewhere only if two neighbours overlap.
    Broken by: rules with overlapping dates that are not cut at their bounds. Each row is a period that
    fails. -#}
with periods as (

    select
        evidence,
        platform,
        match_text,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by evidence, platform, match_text order by valid_from, valid_to)
            as next_valid_from
    from {{ ref('int_ai_evidence_owners') }}

)

select * from periods
where valid_to <= valid_from
    or next_valid_from < valid_to
