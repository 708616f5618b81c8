{#- Delete+insert cannot replace a day by nothing: with ai_reprocess, the days from ai_run_from to
    ai_run_to that have no raw row left are deleted here. Without both bounds nothing is, so that a log
    that was pruned or truncated cannot take the stored history with it. -#}
{% macro ai_delete_vanished_days(stored, copies) -%}
{%- if execute and is_incremental() and not flags.EMPTY and var('ai_reprocess', false)
    and var('ai_run_from', none) and var('ai_run_to', none) -%}
delete from {{ stored }}
where usage_date >= cast('{{ var('ai_run_from') }}' as date)
    and usage_date <= cast('{{ var('ai_run_to') }}' as date)
    and usage_date not in (
        select usage_date from {{ copies }} where rejected_reason is null and usage_date is not null
    )
{%- endif -%}
{%- endmacro %}
