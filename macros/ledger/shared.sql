{#- Is a row of the ledger spend that no request causes, so that without an owner it is `__shared__` and not
    unattributed? -#}
{% macro ai_is_shared(row_type='ledger_row_type') -%}
{{ row_type }} in ('non_request', 'idle_commitment', 'adjustment')
{%- endmacro %}

{#- The owner of a row of the ledger, or the sentinel that stands for having none. -#}
{% macro ai_owner_or_sentinel(owner, row_type='ledger_row_type') -%}
coalesce({{ owner }}, case when {{ ai_is_shared(row_type) }} then '__shared__' else '__unattributed__' end)
{%- endmacro %}
