{#- Grain: one row per UTC day with stored requests. Purpose: what the stored day is, in one fingerprint
    that changes whenever the day is written again; the only scan of all stored requests that a normal run
    makes, and of two columns. -#}
with requests as (

    select * from {{ ref('int_ai_requests') }}

),

final as (

    select
        usage_date,
        cast(count(*) as bigint) as requests,
        min(stored_by) || '|' || max(stored_by) || '|' || cast(count(*) as varchar) as day_fingerprint
    from requests
    group by usage_date

)

select * from final
