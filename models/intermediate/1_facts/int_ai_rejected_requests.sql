{#- Grain: one row per row of a request log that cannot be used, and one per log and UTC day that was read
    (kind `day`). Purpose: stored by whole days, as int_ai_requests, so that no run reads the whole log and
    rows that retention removed stay told. A copy of a request more than a day away from the first-loaded
    one is a conflicting copy. `payload` holds ids and dimensions alone, never prompt text. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail'
) }}

{%- set changed = none %}
{#- A load in the year 9999 would be the last one for ever. -#}
{%- set plausible_load = "case when loaded_at < cast('2042-01-01' as timestamp) then loaded_at end" %}
{%- if is_incremental() %}
    {%- set changed = ai_loaded_days(
        this, ref('int_ai_requests__unioned'), day='row_date', accepted=false
    ).ranges %}
{%- elif ai_named_days() %}
    {%- set changed = ai_named_days() %}
{%- endif %}

with copies as (

    select * from {{ ref('int_ai_requests__unioned') }}
    {%- if changed is not none %}
    where {{ ai_in_ranges('row_date', changed) }}
        and (
            {{ ai_at_ranges('requested_at', changed) }}
            or requested_at is null
            or requested_at < cast('2015-01-01' as timestamp)
            or requested_at >= cast('2042-01-01' as timestamp)
        )
    {%- endif %}

),

rejected as (

    select
        'row' as kind,
        request_source,
        coalesce(request_id, '(none)') || '|' || coalesce(cast(attempt as varchar), '1') as raw_key,
        rejected_reason,
        rejected_column,
        'platform=' || coalesce(platform, '') || ' model=' || coalesce(model_raw, '')
        || ' requested_at=' || coalesce(cast(requested_at as varchar), '') as payload,
        row_date as usage_date,
        {{ ai_day('loaded_at') }} as load_date,
        {{ plausible_load }} as last_loaded_at
    from copies
    where rejected_reason is not null

    union all

    select
        'row' as kind,
        copies.request_source,
        copies.request_id || '|' || cast(copies.attempt as varchar) as raw_key,
        'conflicting_copy' as rejected_reason,
        'request_id' as rejected_column,
        'platform=' || copies.platform || ' model=' || coalesce(copies.model_raw, '')
        || ' requested_at=' || cast(copies.requested_at as varchar)
        || ' first_copy=' || cast(stored.usage_date as varchar) as payload,
        copies.row_date as usage_date,
        {{ ai_day('copies.loaded_at') }} as load_date,
        {{ plausible_load.replace('loaded_at', 'copies.loaded_at') }} as last_loaded_at
    from copies
    inner join {{ ref('int_ai_requests') }} as stored on copies.call_key = stored.call_key
    where copies.rejected_reason is null
        and abs({{ ai_days_between('stored.usage_date', 'copies.usage_date') }}) > 1

    union all

    select
        'day' as kind,
        request_source,
        cast(null as varchar) as raw_key,
        cast(null as varchar) as rejected_reason,
        cast(null as varchar) as rejected_column,
        cast(null as varchar) as payload,
        row_date as usage_date,
        cast(null as date) as load_date,
        max({{ plausible_load }}) as last_loaded_at
    from copies
    group by request_source, row_date

)

select * from rejected
