{#- Grain: one row per source and UTC load day. Purpose: raw = accepted + duplicates + rejected.
    `accepted` is counted in what the models stored, the others in the raw rows, so that a lost row
    shows. A duplicate is a further copy of a request, an earlier load of a bucket or bill line
    (of a bill's whole delivery too), an earlier load of a business row. -#}
{{ config(materialized='view') }}

with copies as (

    select
        'requests:' || request_source as source_name,
        call_key,
        {{ ai_day('loaded_at') }} as load_date,
        usage_date,
        rejected_reason,
        row_number() over (
            partition by call_key, rejected_reason order by loaded_at, requested_at, request_source
        ) as copy_rank,
        first_value(usage_date) over (
            partition by call_key, rejected_reason order by loaded_at, requested_at, request_source
            rows between unbounded preceding and unbounded following
        ) as first_date
    from {{ ref('int_ai_requests__unioned') }}

),

buckets as (

    select
        'usage:' || platform as source_name,
        {{ ai_day('loaded_at') }} as load_date,
        loaded_at < max(case when rejected_reason is null then loaded_at end) over (
            partition by usage_key
        ) as is_superseded,
        rejected_reason
    from {{ ref('int_ai_usage__unioned') }}

    union all

    select
        'billing:' || coalesce(platform, '') as source_name,
        {{ ai_day('loaded_at') }} as load_date,
        is_superseded or loaded_at < max(case when rejected_reason is null then loaded_at end) over (
            partition by bill_line_key
        ) as is_superseded,
        rejected_reason
    from {{ ref('int_ai_billing__unioned') }}

),

verdicts as (

    select
        source_name,
        load_date,
        count(*) as raw_rows,
        0 as accepted_rows,
        sum(case
            when rejected_reason is null and copy_rank > 1
                and abs({{ ai_days_between('first_date', 'usage_date') }}) <= 1 then 1
            else 0
        end) as duplicate_rows,
        0 as rejected_rows
    from copies
    group by source_name, load_date

    union all

    select
        source_name,
        load_date,
        count(*) as raw_rows,
        0 as accepted_rows,
        sum(case when rejected_reason is null and is_superseded then 1 else 0 end) as duplicate_rows,
        0 as rejected_rows
    from buckets
    group by source_name, load_date

    union all

    select
        'requests:' || first_source as source_name,
        {{ ai_day('first_loaded_at') }} as load_date,
        0 as raw_rows,
        count(*) as accepted_rows,
        0 as duplicate_rows,
        0 as rejected_rows
    from {{ ref('int_ai_requests') }}
    group by first_source, {{ ai_day('first_loaded_at') }}

    union all

    select
        'usage:' || platform as source_name,
        {{ ai_day('loaded_at') }} as load_date,
        0 as raw_rows,
        sum(raw_rows) as accepted_rows,
        0 as duplicate_rows,
        0 as rejected_rows
    from {{ ref('int_ai_usage') }}
    group by platform, {{ ai_day('loaded_at') }}

    union all

    select
        'billing:' || platform as source_name,
        {{ ai_day('loaded_at') }} as load_date,
        0 as raw_rows,
        sum(raw_rows) as accepted_rows,
        0 as duplicate_rows,
        0 as rejected_rows
    from {{ ref('int_ai_billing') }}
    group by platform, {{ ai_day('loaded_at') }}

    union all

    select
        source_name,
        load_date,
        0 as raw_rows,
        0 as accepted_rows,
        0 as duplicate_rows,
        count(*) as rejected_rows
    from {{ ref('int_ai_rejected_rows') }}
    where source_name not like 'business:%'
    group by source_name, load_date

),

final as (

    select
        source_name,
        load_date,
        {{ ai_sum_count('raw_rows') }} as raw_rows,
        {{ ai_sum_count('accepted_rows') }} as accepted_rows,
        {{ ai_sum_count('duplicate_rows') }} as duplicate_rows,
        {{ ai_sum_count('rejected_rows') }} as rejected_rows
    from verdicts
    group by source_name, load_date

)

select * from final
