{#- What an incremental build of int_ai_workflow_runs looks at; none = everything (first build, full refresh).
        days      UTC days whose requests changed since the stored runs were built
        gone      such days without any request left
        searched  ranges of days on which runs may have changed: the days above, and the days that the stored
                  runs on them reach over
        member_days  UTC days with a request of a run that has to be built again
    A run reaches over the days of its requests and of all requests in their traces, because those decide
    which requests are its own. -#}
{% macro ai_changed_runs(stored, fingerprints, requests) -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- elif flags.EMPTY -%}
        {{ return({'days': [], 'gone': [], 'changed': [], 'searched': [], 'member_days': []}) }}
    {%- endif -%}
    {%- set days = ai_unit_economics.ai_stale_parts(fingerprints, fingerprint='costed_fingerprint', closed=false) -%}
    {%- set gone = ai_unit_economics.ai_queried_days(
        'select usage_date from ' ~ stored ~ " where run_source = 'day' and usage_date not in (select usage_date from "
        ~ fingerprints ~ ') order by usage_date'
    ) -%}
    {%- set changed = ai_unit_economics.ai_day_ranges(days + gone) -%}
    {%- set searched = [] -%}
    {%- set member_days = [] -%}
    {%- if changed -%}
        {%- set reached = changed | list -%}
        {%- for row in run_query(
            'select distinct reach_from, reach_to from ' ~ stored ~ ' where '
            ~ ai_unit_economics.ai_reaches(changed)
        ).rows -%}
            {%- do reached.append([(row[0] | string)[:10], (row[1] | string)[:10]]) -%}
        {%- endfor -%}
        {%- do searched.extend(ai_unit_economics.ai_merged_ranges(reached)) -%}
        {%- do member_days.extend(ai_unit_economics.ai_queried_days(
            'with ' ~ ai_unit_economics.ai_run_scope(stored, requests, changed, searched)
            ~ ' select distinct usage_date from ' ~ requests ~ ' as requests where '
            ~ ai_unit_economics.ai_in_run_scope() ~ ' order by usage_date'
        )) -%}
    {%- endif -%}
    {{ return({'days': days, 'gone': gone, 'changed': changed, 'searched': searched, 'member_days': member_days}) }}
{%- endmacro %}

{#- SQL condition on a stored run: it reaches over a day of the ranges. -#}
{% macro ai_reaches(ranges, of='') -%}
(
    {%- for first, last in ranges -%}
    ({{ of }}reach_from <= cast('{{ last }}' as date) and {{ of }}reach_to >= cast('{{ first }}' as date))
    {{- ' or ' if not loop.last -}}
    {%- else -%}
    false
    {%- endfor -%}
)
{%- endmacro %}

{#- CTEs of the ids whose runs have to be built again: `scope_runs` (run_id) and `scope_traces` (trace_id). They
    read the ids of all requests, which are two columns, and no cost. -#}
{% macro ai_run_scope(stored, requests, changed, searched) -%}
searched_ids as (

    select distinct trace_id, run_id
    from {{ requests }}
    where {{ ai_unit_economics.ai_in_ranges('usage_date', searched) }}

),

reaching_runs as (

    select run_source, run_key
    from {{ stored }}
    where run_source in ('run_id', 'trace_id')
        and {{ ai_unit_economics.ai_reaches(changed) }}

),

changed_traces as (

    select trace_id from searched_ids where trace_id is not null
    union
    select run_key as trace_id from reaching_runs where run_source = 'trace_id'

),

-- A trace decides on all of its runs ...
scope_runs as (

    select run_id from searched_ids where run_id is not null
    union
    select run_key as run_id from reaching_runs where run_source = 'run_id'
    union
    select run_id from {{ requests }}
    where run_id is not null
        and trace_id in (select changed_traces.trace_id from changed_traces)

),

-- ... and a run looks at all of its traces.
scope_traces as (

    select trace_id from changed_traces
    union
    select trace_id from {{ requests }}
    where trace_id is not null
        and run_id in (select scope_runs.run_id from scope_runs)

)
{%- endmacro %}

{#- SQL condition on a row of `requests`: it has an id of ai_run_scope. -#}
{% macro ai_in_run_scope() -%}
(requests.run_id in (select scope_runs.run_id from scope_runs)
or requests.trace_id in (select scope_traces.trace_id from scope_traces))
{%- endmacro %}
