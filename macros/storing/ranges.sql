{#- The dates in the first column of a query, as texts YYYY-MM-DD. -#}
{% macro ai_queried_days(query) -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append((row[0] | string)[:10]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Ranges of days, [[first, last], …] as text YYYY-MM-DD, as few ranges that do not touch. -#}
{% macro ai_merged_ranges(ranges) -%}
    {%- set merged = [] -%}
    {%- for first, last in ranges | sort -%}
        {%- if merged and ai_unit_economics.ai_shift_day(merged[-1][1], 1) >= first -%}
            {%- set before = merged.pop() -%}
            {%- do merged.append([before[0], [before[1], last] | max]) -%}
        {%- else -%}
            {%- do merged.append([first, last]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(merged) }}
{%- endmacro %}

{#- Days as ranges; days on end are one. -#}
{% macro ai_day_ranges(days) -%}
    {%- set ranges = [] -%}
    {%- for day in days -%}
        {%- do ranges.append([day, day]) -%}
    {%- endfor -%}
    {{ return(ai_unit_economics.ai_merged_ranges(ranges)) }}
{%- endmacro %}

{#- Ranges of days, each so many days wider on both sides. -#}
{% macro ai_widened(ranges, days) -%}
    {%- set wider = [] -%}
    {%- for first, last in ranges -%}
        {%- do wider.append([
            ai_unit_economics.ai_shift_day(first, -days), ai_unit_economics.ai_shift_day(last, days)
        ]) -%}
    {%- endfor -%}
    {{ return(ai_unit_economics.ai_merged_ranges(wider)) }}
{%- endmacro %}

{#- The day so many days later, as text; never outside the years that engines know. -#}
{% macro ai_shift_day(day, days) -%}
    {%- if day <= '0001-01-10' or day >= '9999-12-20' -%}
        {{ return(day) }}
    {%- endif -%}
    {%- set shifted = modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(days=days) -%}
    {{ return(shifted | string) }}
{%- endmacro %}

{#- SQL condition: the column lies in one of the ranges; all of them for none. of: date or timestamp, its type. -#}
{% macro ai_in_ranges(column, ranges, of='date') -%}
{%- if ranges is none -%}
true
{%- elif not ranges -%}
false
{%- else -%}
(
    {%- for first, last in ranges -%}
    {#- The last day counts whole. -#}
    {%- set end = ['<=', last] if of == 'date' else ['<', ai_unit_economics.ai_shift_day(last, 1)] -%}
    ({{ column }} >= cast('{{ first }}' as {{ of }}) and {{ column }} {{ end[0] }} cast('{{ end[1] }}' as {{ of }}))
    {{- ' or ' if not loop.last -}}
    {%- endfor -%}
)
{%- endif -%}
{%- endmacro %}

{#- The same of a point in time, as a range of the bare column: a cast would end the skipping of files. -#}
{% macro ai_at_ranges(column, ranges) -%}
{{ ai_unit_economics.ai_in_ranges(column, ranges, of='timestamp') }}
{%- endmacro %}

{#- SQL condition: the DATE column is one of the stale days. -#}
{% macro ai_in_days(column, days) -%}
{{ ai_unit_economics.ai_in_ranges(column, none if days is none else ai_unit_economics.ai_day_ranges(days)) }}
{%- endmacro %}

{#- SQL condition: the DATE column lies in one of the stale months (their first days). -#}
{% macro ai_in_months(column, months) -%}
{%- if months is none -%}
true
{%- else -%}
{%- set ranges = [] -%}
{%- for month in months -%}
    {%- set next = (modules.datetime.date.fromisoformat(month) + modules.datetime.timedelta(days=31)).replace(day=1) -%}
    {%- do ranges.append([month, ai_unit_economics.ai_shift_day(next | string, -1)]) -%}
{%- endfor -%}
{{ ai_unit_economics.ai_in_ranges(column, ai_unit_economics.ai_merged_ranges(ranges)) }}
{%- endif -%}
{%- endmacro %}
