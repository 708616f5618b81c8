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
    {{ return(ai_unit_economics.ai_queried_days(query)) }}
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

{#- What else a stored day is made from: raised by one whenever the meaning of a stored column changes, so
    that stored days are built again after an upgrade; and the vars that costing reads. -#}
{% macro ai_logic_fingerprint() -%}
    {{ return(local_md5(
        '1|' ~ var('ai_default_environment', 'production') ~ '|' ~ (ai_unit_economics.ai_extra_dimensions() | string)
    )) }}
{%- endmacro %}
