{#- Which UTC days of the raw request logs an incremental run reads, as literals:
        ranges  [[first, last], …] of the days that new rows lie on; named days with ai_run_from/ai_run_to
        bounds  {source: latest load seen}; rows that arrive while the run works wait for the next one
    New rows are found per source by the loader's own time, at or after the last stored one: a loader may
    still have been writing rows with that stamp. Rows without one are found by their own time.
    day: the column to look at; accepted: without rows that are rejected. -#}
{% macro ai_loaded_days(stored, copies, day='usage_date', accepted=true) -%}
    {%- set named = ai_unit_economics.ai_named_days() -%}
    {%- if named -%}
        {{ return({'ranges': named, 'bounds': {}}) }}
    {%- elif not execute -%}
        {{ return({'ranges': [], 'bounds': {}}) }}
    {%- endif -%}
    {%- set marks = {} -%}
    {%- for row in run_query(
        'select request_source, max(last_loaded_at) from ' ~ stored ~ ' group by request_source'
    ).rows -%}
        {%- do marks.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set parts = [] -%}
    {%- for source in var('ai_request_sources', []) -%}
        {%- set head = "select '" ~ source ~ "' as request_source, " ~ day ~ ' as day, max(loaded_at) as loaded_at '
            ~ 'from ' ~ copies ~ " where request_source = '" ~ source ~ "'"
            ~ (' and rejected_reason is null' if accepted else '') -%}
        {%- set tail = ' group by ' ~ day -%}
        {%- if marks.get(source) is none -%}
            {%- do parts.append(head ~ tail) -%}
        {%- else -%}
            {%- set mark = "cast('" ~ marks[source] ~ "' as timestamp)" -%}
            {%- do parts.append(head ~ ' and loader_stamp_at >= ' ~ mark ~ tail) -%}
            {%- do parts.append(head ~ ' and loader_stamp_at is null and requested_at >= ' ~ mark ~ tail) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set days = [] -%}
    {%- set bounds = {} -%}
    {%- do bounds.update(marks) -%}
    {%- if parts -%}
        {%- for row in run_query(parts | join(' union all ')).rows -%}
            {%- do days.append((row[1] | string)[:10]) -%}
            {%- if bounds.get(row[0]) is none or bounds[row[0]] < row[2] -%}
                {%- do bounds.update({row[0]: row[2]}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return({'ranges': ai_unit_economics.ai_day_ranges(days | unique | list), 'bounds': bounds}) }}
{%- endmacro %}

{#- The days that ai_run_from and ai_run_to name, as ranges; empty without either. YAML reads a bare date as one. -#}
{% macro ai_named_days() -%}
    {%- set run_from = var('ai_run_from', none) -%}
    {%- set run_to = var('ai_run_to', none) -%}
    {%- if not run_from and not run_to -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return([[(run_from or '0001-01-01') | string, (run_to or '9999-12-31') | string]]) }}
{%- endmacro %}
