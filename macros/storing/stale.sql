{#- Which parts (UTC days, or months) an incremental model builds in this run: those whose fingerprint is
    another than the one that the stored rows carry in `day_fingerprint`, and those that are not stored.
    none = all (first build, full refresh). A list of texts YYYY-MM-DD otherwise: literals, so that
    engines skip what lies outside. closed: parts up to ai_closed_through stay as they were published. -#}
{% macro ai_stale_parts(fingerprints, fingerprint='day_fingerprint', part='usage_date', closed=true) -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set query -%}
    select parts.{{ part }}
    from {{ fingerprints }} as parts
    left join (
        select {{ part }}, min(day_fingerprint) as lowest, max(day_fingerprint) as highest
        from {{ this }}
        group by {{ part }}
    ) as stored on parts.{{ part }} = stored.{{ part }}
    where (
        stored.lowest is null
        or stored.lowest <> parts.{{ fingerprint }}
        or stored.highest <> parts.{{ fingerprint }}
    )
    {%- if closed and ai_unit_economics.ai_closed_through() %}
        and parts.{{ part }} > cast('{{ ai_unit_economics.ai_closed_through() }}' as date)
    {%- endif %}
    order by parts.{{ part }}
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append((row[0] | string)[:10]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Days as a list of [first, last]; days on end are one. -#}
{% macro ai_day_ranges(days) -%}
    {%- set ranges = [] -%}
    {%- for day in days | sort -%}
        {%- if ranges and ai_unit_economics.ai_shift_day(ranges[-1][1], 1) >= day -%}
            {%- do ranges.append([ranges.pop()[0], day]) -%}
        {%- else -%}
            {%- do ranges.append([day, day]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(ranges) }}
{%- endmacro %}

{#- The day so many days later, as text; never outside the years that engines know. -#}
{% macro ai_shift_day(day, days) -%}
    {%- if day <= '0001-01-10' or day >= '9999-12-20' -%}
        {{ return(day) }}
    {%- endif -%}
    {%- set shifted = modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(days=days) -%}
    {{ return(shifted | string) }}
{%- endmacro %}

{#- SQL condition: the DATE column lies in one of the ranges; all of them for none. -#}
{% macro ai_in_ranges(column, ranges) -%}
{%- if ranges is none -%}
true
{%- elif not ranges -%}
false
{%- else -%}
(
    {%- for first, last in ranges -%}
    ({{ column }} >= cast('{{ first }}' as date) and {{ column }} <= cast('{{ last }}' as date))
    {{- ' or ' if not loop.last -}}
    {%- endfor -%}
)
{%- endif -%}
{%- endmacro %}

{#- The same of a point in time, as a range of the bare column: a cast would end the skipping of files. -#}
{% macro ai_at_ranges(column, ranges) -%}
{%- if ranges is none -%}
true
{%- elif not ranges -%}
false
{%- else -%}
(
    {%- for first, last in ranges -%}
    {%- set next = ai_unit_economics.ai_shift_day(last, 1) %}
    ({{ column }} >= cast('{{ first }}' as timestamp) and {{ column }} < cast('{{ next }}' as timestamp))
    {{- ' or ' if not loop.last -}}
    {%- endfor -%}
)
{%- endif -%}
{%- endmacro %}

{#- SQL condition: the DATE column is one of the stale days. -#}
{% macro ai_in_days(column, days) -%}
{{ ai_unit_economics.ai_in_ranges(column, none if days is none else ai_unit_economics.ai_day_ranges(days)) }}
{%- endmacro %}

{#- SQL condition: the DATE column lies in one of the stale months (their first days). -#}
{% macro ai_in_months(column, months) -%}
{%- if months is none -%}
true
{%- elif not months -%}
false
{%- else -%}
{%- set ranges = [] -%}
{%- for month in months | sort -%}
    {%- set first = modules.datetime.date.fromisoformat(month) -%}
    {%- set next = (first + modules.datetime.timedelta(days=31)).replace(day=1) -%}
    {%- if ranges and ai_unit_economics.ai_shift_day(ranges[-1][1], 1) == month -%}
        {%- do ranges.append([ranges.pop()[0], ai_unit_economics.ai_shift_day(next | string, -1)]) -%}
    {%- else -%}
        {%- do ranges.append([month, ai_unit_economics.ai_shift_day(next | string, -1)]) -%}
    {%- endif -%}
{%- endfor -%}
{{ ai_unit_economics.ai_in_ranges(column, ranges) }}
{%- endif -%}
{%- endmacro %}

{#- Delete+insert cannot replace a part by nothing: parts that no longer have a fingerprint are deleted. So are, where
    `fingerprint` names its column, parts that have one and no rows any more: after a build each part with rows
    carries its fingerprint, and what is stored of one that is still stale is of before. -#}
{% macro ai_delete_gone_parts(stored, fingerprints, part='usage_date', closed=true, fingerprint=none) -%}
{%- if execute and is_incremental() and not flags.EMPTY -%}
delete from {{ stored }}
where (
    {{ part }} not in (select {{ part }} from {{ fingerprints }})
    {%- if fingerprint %}
    or {{ ai_unit_economics.ai_in_days(part, ai_unit_economics.ai_stale_parts(
        fingerprints, fingerprint=fingerprint, part=part, closed=closed
    )) }}
    {%- endif %}
)
{%- if closed and ai_unit_economics.ai_closed_through() %}
    and {{ part }} > cast('{{ ai_unit_economics.ai_closed_through() }}' as date)
{%- endif %}
{%- endif -%}
{%- endmacro %}

{#- The last UTC day that is closed (ai_closed_through), as text; none = all days are open. Months are
    closed as a whole, because a month's percentiles and counts are computed as a whole. -#}
{% macro ai_closed_through() -%}
    {%- set day = var('ai_closed_through', none) -%}
    {%- if not day -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', day | string) -%}
        {{ exceptions.raise_compiler_error("ai_closed_through is '" ~ day ~ "'; it is a UTC date, YYYY-MM-DD.") }}
    {%- endif -%}
    {%- if ai_unit_economics.ai_shift_day(day | string, 1)[8:] != '01' -%}
        {{ exceptions.raise_compiler_error(
            "ai_closed_through is '" ~ day ~ "'; months are closed as a whole: name the last day of one."
        ) }}
    {%- endif -%}
    {{ return(day | string) }}
{%- endmacro %}

{#- What else a stored day is made from: raised by one whenever the meaning of a stored column changes, so
    that stored days are built again after an upgrade; and the vars that costing reads. -#}
{% macro ai_logic_fingerprint() -%}
    {{ return(local_md5(
        '1|' ~ var('ai_default_environment', 'production') ~ '|' ~ (ai_unit_economics.ai_extra_dimensions() | string)
    )) }}
{%- endmacro %}
