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

{#- UTC days up to ai_closed_through that are stored in `stored` as they were published, and of which
    something has changed since. A list of texts; empty without closed months. -#}
{% macro ai_pending_days(stored, fingerprints, fingerprint='costed_fingerprint') -%}
    {%- set closed = ai_unit_economics.ai_closed_through() -%}
    {%- if not execute or not closed or load_relation(stored) is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
    select parts.usage_date
    from {{ fingerprints }} as parts
    left join (
        select usage_date, max(day_fingerprint) as day_fingerprint
        from {{ stored }}
        group by usage_date
    ) as stored on parts.usage_date = stored.usage_date
    where parts.usage_date <= cast('{{ closed }}' as date)
        and (stored.day_fingerprint is null or stored.day_fingerprint <> parts.{{ fingerprint }})
    order by parts.usage_date
    {%- endset -%}
    {{ return(ai_unit_economics.ai_queried_days(query)) }}
{%- endmacro %}

{#- The day on which something of a day counts: of closed days, on which nothing moves any more, the first
    open one, which has the adjustments. Tests compare totals by it. -#}
{% macro ai_open_day(column) -%}
    {%- set closed = ai_unit_economics.ai_closed_through() -%}
    {%- if closed -%}
greatest({{ column }}, cast('{{ ai_unit_economics.ai_shift_day(closed, 1) }}' as date))
    {%- else -%}
{{ column }}
    {%- endif -%}
{%- endmacro %}

{#- SQL condition: the day is not closed. -#}
{% macro ai_is_open(column) -%}
    {%- set closed = ai_unit_economics.ai_closed_through() -%}
    {%- if closed -%}
{{ column }} > cast('{{ closed }}' as date)
    {%- else -%}
true
    {%- endif -%}
{%- endmacro %}
