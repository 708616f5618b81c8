{#- Warns of UTC days of which the raw logs now hold fewer rows than are stored: retention, a deletion,
    or a loader that truncated its table. The stored day is kept; `ai_reprocess: true` replaces it.
    Broken by: raw rows deleted after a build. Each row is such a source and day. -#}
{{ config(severity='warn') }}

with raw_keys as (

    select
        call_key,
        count(*) as copies
    from {{ ref('int_ai_requests__unioned') }}
    where rejected_reason is null
    group by call_key

),

stored as (

    select
        requests.request_source,
        requests.usage_date,
        requests.copies as stored_copies,
        coalesce(raw_keys.copies, 0) as raw_copies
    from {{ ref('int_ai_requests') }} as requests
    left join raw_keys on requests.call_key = raw_keys.call_key

)

select
    request_source,
    usage_date,
    sum(stored_copies) as stored_copies,
    sum(raw_copies) as raw_copies
from stored
group by request_source, usage_date
having sum(case when raw_copies < stored_copies then 1 else 0 end) > 0
