{#- Grain: one row per trace and UTC day with requests of it, for traces with different members around the day.
    Purpose: the one valid owner in each dimension among the members of the trace on the day and its
    neighbours (a trace may cross midnight); two different values give none. Stored by day:
    traces_fingerprint of int_ai_owner_days is what a day was made from. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    post_hook="{{ ai_delete_gone_parts(
        this, ref('int_ai_owner_days'), closed=false, fingerprint='traces_fingerprint'
    ) }}"
) }}

{%- set days = ai_stale_parts(ref('int_ai_owner_days'), fingerprint='traces_fingerprint', closed=false) %}
{%- set ranges = none if days is none else ai_day_ranges(days) %}
{%- set ids = ['trace_id'] %}
{%- for dimension in ai_dimensions() %}
{%- do ids.append(dimension ~ '_id') %}
{%- endfor %}

with members as (

    select distinct
        trace_id,
        usage_date,
        {%- for dimension in ai_dimensions() %}
        coalesce(tag_{{ dimension }}_id, user_{{ dimension }}_id) as {{ dimension }}_id
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('int_ai_requests__evidence') }}
    where trace_id is not null
        and {{ ai_in_ranges('usage_date', none if ranges is none else ai_widened(ranges, 1)) }}

),

around as (

    {%- for distance in [-1, 0, 1] %}
    select
        trace_id,
        {{ ai_add_days('usage_date', distance) }} as usage_date,
        {%- for dimension in ai_dimensions() %}
        {{ dimension }}_id,
        {%- endfor %}
        {{ 1 if distance == 0 else 0 }} as is_of_the_day
    from members
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- Only a trace with different members can hand anything on.
traces as (

    select
        trace_id,
        usage_date,
        {%- for dimension in ai_dimensions() %}
        case
            when count(distinct {{ dimension }}_id) = 1 then max({{ dimension }}_id)
        end as {{ dimension }}_id{% if not loop.last %},{% endif %}
        {%- endfor %}
    from around
    where {{ ai_in_ranges('usage_date', ranges) }}
    group by trace_id, usage_date
    having count(*) > 1 and max(is_of_the_day) = 1

),

contents as (

    select
        usage_date,
        {{ ai_rows_fingerprint(ids) }} as content_fingerprint
    from traces
    group by usage_date

),

final as (

    select
        traces.*,
        contents.content_fingerprint,
        days.traces_fingerprint as day_fingerprint
    from traces
    inner join contents on traces.usage_date = contents.usage_date
    inner join {{ ref('int_ai_owner_days') }} as days on traces.usage_date = days.usage_date

)

select * from final
