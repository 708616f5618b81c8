{#- Grain: one row per day, workspace and description of Anthropic's cost_report, or per bucket and
    combination of dimensions of the beta analytics/cost (shape `analytics`).
    Purpose: the bill as charged, in dollars: the report gives cents as decimal text.
    Limits: only analytics has the API key; Priority Tier is not on it. Its amount is after discounts and
    before credits; the list amount beside it is not read. Rows that analytics grouped by RBAC group
    overlap and cannot be added: they are rejected. -#}
{{ config(enabled='anthropic' in var('ai_billing_platforms', [])) }}

{%- set analytics = {'amount': 'cost__amount', 'currency': 'cost__currency'} %}
{%- for name in [
    'organization_id', 'workspace_id', 'api_key_id', 'cost_type', 'token_type', 'model', 'service_tier', 'speed',
    'inference_geo', 'context_window'
] %}
{%- do analytics.update({name: 'group__' ~ name}) %}
{%- endfor %}
{%- set raw = ai_landed_columns(
    ai_raw_columns('anthropic_cost_report'), 'anthropic', ['api', 'fivetran', 'dlt', 'analytics'],
    ['amount'], {'analytics': analytics}
) %}
{%- set cost_type = 'lower(' ~ ai_raw_text(raw, 'cost_type') ~ ')' %}
{%- set token_type = 'lower(' ~ ai_raw_text(raw, 'token_type') ~ ')' %}
{%- set tier = ai_raw_text(raw, 'service_tier') %}
{%- set geo = ai_raw_text(raw, 'inference_geo') %}

{{ ai_billing_staging('anthropic_cost_report', {
    'platform': "'anthropic'",
    'billing_account_id': 'coalesce(' ~ ai_raw_text(raw, 'organization_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ ai_raw_text(raw, 'workspace_id') ~ ", 'default')",
    'api_key_id': ai_raw_text(raw, 'api_key_id'),
    'model_raw': ai_raw_text(raw, 'model'),
    'price_class': 'case ' ~ cost_type ~ " when 'web_search' then 'web_search' else case " ~ token_type ~ "
            when 'uncached_input_tokens' then 'input_uncached'
            when 'cache_read_input_tokens' then 'input_cached'
            when 'cache_creation.ephemeral_5m_input_tokens' then 'cache_write_5m'
            when 'cache_creation.ephemeral_1h_input_tokens' then 'cache_write_1h'
            when 'output_tokens' then 'output'
        end end",
    'region_scope': 'case when ' ~ geo ~ ' is not null then ' ~ ai_region_scope("'anthropic'", geo) ~ ' end',
    'service_tier':
        'case when ' ~ tier ~ ' is not null then ' ~ ai_service_tier(tier, ai_raw_text(raw, 'speed')) ~ ' end',
    'processing': 'case when ' ~ tier ~ ' is not null then ' ~ ai_processing(tier) ~ ' end',
    'context_window': ai_context_window_from_words(ai_raw_text(raw, 'context_window')),
    'unit': 'case coalesce(' ~ cost_type ~ ', case when ' ~ ai_raw_text(raw, 'model') ~ " is not null then 'tokens' end)
            when 'tokens' then 'tokens' when 'web_search' then 'calls' when 'code_execution' then 'hours'
        end",
    'charge_category': 'case when ' ~ ai_raw_money(raw, 'amount') ~ " < 0 then 'credit' else 'usage' end",
    'description': ai_raw_first(raw, ['description', 'cost_type']),
    'billing_currency': 'upper(' ~ ai_raw_text(raw, 'currency') ~ ')',
    'amount_billing_currency': ai_scale(ai_raw_money(raw, 'amount'), '0.01'),
    'charge_start_at': ai_raw_time(raw, 'starting_at'),
    'charge_end_at': ai_raw_time(raw, 'ending_at'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_not_overlapping(
        raw, ai_defect(raw, times=['starting_at', 'ending_at', 'loaded_at'], amounts=['amount'])
    )
}, ai_landed_rows(raw)) }}
