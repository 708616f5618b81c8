{#- Grain: one row per attempt (request_key). Facts only: tokens, times and tags; price, owner, plan
    and share of the bill are joined on top of it, so that a correction never rewrites a request.
    Stored by whole UTC days. A day is rebuilt when rows were loaded for it or for a neighbour since
    the last run, because copies of a request are looked for one day around. A day with fewer raw rows
    than were stored (retention, deletion) is kept until ai_reprocess asks for it; one without any raw
    row left goes only when ai_run_from and ai_run_to name it.
    A call that several logs wrote (call_key) is one request: the values are those of the log that
    ai_primary_request_source names for the platform, else of the first in ai_request_sources; tags, user
    and trace that it lacks come from the others, which int_ai_requests__other_logs lists.
    Limits: copies more than a day apart are no copies; the later one is rejected. Attempts more than a
    day apart are judged apart. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    post_hook="{{ ai_delete_vanished_days(this, ref('int_ai_requests__unioned')) }}"
) }}

{%- set values = ai_request_columns() | map('first') | reject('in', ['defect', 'loaded_at', 'requested_at']) | list %}
{%- set sources = var('ai_request_sources', []) %}
{#- What another log of the same call may add: who and why, never what was called or how much. -#}
{%- set shared = [
    'trace_id', 'parent_id', 'run_id', 'gateway_key', 'user_id', 'customer_tag', 'feature_tag', 'team_tag',
    'environment_tag', 'plan_code', 'release', 'prompt_version', 'outcome'
] + ai_extra_columns() | map('first') | list %}
{%- set loads = none %}
{%- set changed = none %}
{%- if is_incremental() %}
    {%- set loads = ai_loaded_days(this, ref('int_ai_requests__unioned')) %}
    {%- set changed = ai_widened(loads.ranges, 1) %}
{%- elif ai_named_days() %}
    {%- set changed = ai_named_days() %}
{%- endif %}
{%- set read = none if changed is none else ai_widened(changed, 1) %}

{#- The bounds are literals on the raw time, so that the engine skips files. -#}
{%- set in_window = ['rejected_reason is null', ai_at_ranges('requested_at', read)] -%}
{%- for source, bound in (loads.bounds if loads else {}).items() -%}
{%- do in_window.append("(request_source <> '" ~ source ~ "' or loaded_at <= cast('" ~ bound ~ "' as timestamp))") -%}
{%- endfor %}

-- The whole log is read again rather than held: that would take as much temporary disk as the log.
with read_copies as {{ '' if is_incremental() else ai_inlined() }}(

    select * from {{ ref('int_ai_requests__unioned') }}
    where {{ in_window | join(' and ') }}

),

-- Requests of several attempts. Read apart from the copies: the engine holds all columns of those.
retried as (

    select request_source, request_id
    from {{ ref('int_ai_requests__unioned') }}
    where {{ in_window | join(' and ') }}
    group by request_source, request_id
    having min(attempt) < max(attempt)

),

copied_keys as (

    select call_key
    from read_copies
    group by call_key
    having count(*) > 1

),

-- Copies and attempts: the only rows on which others have a say.
related as (

    select
        read_copies.*,
        copied_keys.call_key is not null as is_copied,
        retried.request_id is not null as is_retried
    from read_copies
    left join copied_keys on read_copies.call_key = copied_keys.call_key
    left join retried
        on read_copies.request_source = retried.request_source
        and read_copies.request_id = retried.request_id
    where copied_keys.call_key is not null or retried.request_id is not null

),

ranked as (

    select
        *,
        {{ ai_hash(values + ['loaded_at', 'requested_at']) }} as copy_hash
    from related
    where is_copied

),

firsts as (

    select
        *,
        first_value(usage_date) over (
            partition by call_key order by loaded_at, requested_at, request_source, copy_hash
            rows between unbounded preceding and unbounded following
        ) as first_date,
        first_value(requested_at) over (
            partition by call_key order by loaded_at, requested_at, request_source, copy_hash
            rows between unbounded preceding and unbounded following
        ) as first_requested_at,
        first_value(request_source) over (
            partition by call_key order by loaded_at, requested_at, request_source, copy_hash
            rows between unbounded preceding and unbounded following
        ) as first_source
    from ranked

),

near as (

    select
        *,
        row_number() over (
            partition by call_key
            order by
                case when coalesce(input_uncached_tokens, output_tokens) is not null then 0 else 1 end,
                {%- if sources | length > 1 %}
                {{ ai_log_rank('platform', 'request_source') | indent(16) }},
                {%- endif %}
                loaded_at desc, requested_at, copy_hash
        ) as value_rank,
        count(*) over (partition by call_key) as copies,
        min(loaded_at) over (partition by call_key) as first_loaded_at,
        max(loaded_at) over (partition by call_key) as last_loaded_at
    from firsts
    where abs({{ ai_days_between('first_date', 'usage_date') }}) <= 1

),

-- What the log that counts leaves out and another one says; the greatest where others disagree.
other_logs as (

    select
        near.call_key,
        {%- for column in shared %}
        max(near.{{ column }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from near
    inner join near as counted
        on near.call_key = counted.call_key
        and near.request_source <> counted.request_source
        and counted.value_rank = 1
    group by near.call_key

),

accepted as (

    select
        near.request_key,
        near.call_key,
        {%- for column in values %}
        {{ 'coalesce(near.' ~ column ~ ', other_logs.' ~ column ~ ') as ' ~ column
            if column in shared else 'near.' ~ column }},
        {%- endfor %}
        near.model_raw,
        near.context_window,
        near.cell_key,
        near.first_source,
        near.first_date as usage_date,
        near.first_requested_at as requested_at,
        cast(near.copies as bigint) as copies,
        near.first_loaded_at,
        near.last_loaded_at
    from near
    left join other_logs on near.call_key = other_logs.call_key
    where near.value_rank = 1

    union all

    select
        read_copies.request_key,
        read_copies.call_key,
        {%- for column in values %}
        read_copies.{{ column }},
        {%- endfor %}
        read_copies.model_raw,
        read_copies.context_window,
        read_copies.cell_key,
        read_copies.request_source as first_source,
        read_copies.usage_date,
        read_copies.requested_at,
        cast(1 as bigint) as copies,
        read_copies.loaded_at as first_loaded_at,
        read_copies.loaded_at as last_loaded_at
    from read_copies
    left join copied_keys on read_copies.call_key = copied_keys.call_key
    where copied_keys.call_key is null

),

successes as (

    select
        request_key,
        request_source,
        request_id,
        attempt,
        first_date as usage_date
    from near
    where value_rank = 1 and is_retried and status = 'ok'

    union all

    select
        request_key,
        request_source,
        request_id,
        attempt,
        usage_date
    from related
    where is_retried and not is_copied and status = 'ok'

),

-- A later success is looked for one day around, as copies are: so a run of a few days judges as a run
-- of all days does.
superseded as (

    select distinct earlier.request_key
    from successes as earlier
    inner join successes as later
        on earlier.request_source = later.request_source
        and earlier.request_id = later.request_id
        and earlier.attempt < later.attempt
        and abs({{ ai_days_between('earlier.usage_date', 'later.usage_date') }}) <= 1

),

judged as {{ ai_inlined() }}(

    select
        accepted.*,
        accepted.status = 'ok' as is_success,
        accepted.status <> 'ok' or superseded.request_key is not null as is_waste
    from accepted
    left join superseded on accepted.request_key = superseded.request_key

),

{%- if is_incremental() %}
{%- set stored_columns = ['request_key', 'call_key'] + values + [
    'model_raw', 'context_window', 'cell_key', 'first_source', 'usage_date', 'requested_at', 'copies',
    'first_loaded_at', 'last_loaded_at', 'is_success', 'is_waste'
] %}

-- A call that an older day outside the window already holds is a conflicting copy. The stored table is named in
-- each place that reads it: one query for both would hold all of its columns and days in memory.
conflicts as (

    select judged.call_key
    from judged
    inner join {{ this }} as stored on judged.call_key = stored.call_key
    where not {{ ai_in_ranges('stored.usage_date', read) }}

),

new_rows as {{ ai_inlined() }}(

    select * from judged
    where {{ ai_in_ranges('usage_date', changed) }}
        and call_key not in (select conflicts.call_key from conflicts)

),

new_days as (

    select
        usage_date,
        sum(copies) as copies,
        {{ ai_rows_fingerprint(stored_columns) }} as content
    from new_rows
    group by usage_date

),

stored_days as (

    select
        usage_date,
        sum(copies) as copies,
        {{ ai_rows_fingerprint(stored_columns) }} as content
    from {{ this }}
    where {{ ai_in_ranges('usage_date', changed) }}
    group by usage_date

),

-- Days that stay as they are: the same rows, or fewer raw rows than were stored.
kept_days as (

    select stored_days.usage_date
    from stored_days
    left join new_days on stored_days.usage_date = new_days.usage_date
    where stored_days.content = new_days.content
        {%- if not var('ai_reprocess', false) %}
        or coalesce(new_days.copies, 0) < stored_days.copies
        {%- endif %}

),

final as (

    select
        *,
        '{{ invocation_id }}' as stored_by
    from new_rows
    where usage_date not in (select kept_days.usage_date from kept_days)

)

{%- else %}

final as (

    select
        *,
        '{{ invocation_id }}' as stored_by
    from judged
    where {{ ai_in_ranges('usage_date', changed) }}

)

{%- endif %}

select * from final
