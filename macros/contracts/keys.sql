{#- The cell: all that a request or a usage bucket says about who was called, how, under which key.
    Price, project, owner by key and reconciliation depend on it and on the day alone, so they are
    resolved on the few distinct cells, never per request. -#}
{% macro ai_cell_columns() -%}
    {{ return([
        'platform', 'billing_account_id', 'project_id', 'api_key_id', 'provider_reported', 'model_raw',
        'region_scope', 'service_tier', 'processing', 'context_window'
    ]) }}
{%- endmacro %}

{% macro ai_cell_key() %}{{ ai_unit_economics.ai_hash(ai_unit_economics.ai_cell_columns()) }}{% endmacro %}
