{#- Grain: one row per bucket and combination of dimensions of Anthropic's usage_report/messages, or of
    the beta analytics/usage (shape `analytics`).
    Purpose: token counts as disjoint classes, as the report gives them: its input excludes cache.
    Limits: only analytics has a request count; Priority Tier is reported here but never billed there.
    Rows that analytics grouped by RBAC group overlap and cannot be added: they are rejected. -#}
{{ config(enabled='anthropic' in var('ai_usage_platforms', [])) }}

{%- set counts = {
    'input_uncached_tokens': 'uncached_input_tokens',
    'input_cached_tokens': 'cache_read_input_tokens',
    'cache_write_5m_tokens': 'cache_creation__ephemeral_5m_input_tokens',
    'cache_write_1h_tokens': 'cache_creation__ephemeral_1h_input_tokens',
    'output_tokens': 'output_tokens',
    'web_search_requests': 'server_tool_use__web_search_requests'
} %}
{%- set names = counts.values() | list + ['requests'] %}
{%- set analytics = {
    'account_id': 'group__actor__user_id', 'service_account_id': 'group__actor__service_account_id'
} %}
{%- for name in [
    'organization_id', 'workspace_id', 'api_key_id', 'model', 'inference_geo', 'service_tier', 'speed',
    'context_window'
] %}
{%- do analytics.update({name: 'group__' ~ name}) %}
{%- endfor %}
{%- for name in names %}
{%- do analytics.update({name: 'usage__' ~ name}) %}
{%- endfor %}
{%- set raw = ai_landed_columns(
    ai_raw_columns('anthropic_usage_messages'), 'anthropic', ['api', 'fivetran', 'dlt', 'analytics'],
    names, {'analytics': analytics}
) %}
{%- set values = {
    'platform': "'anthropic'",
    'provider_reported': "'anthropic'",
    'billing_account_id': 'coalesce(' ~ ai_raw_text(raw, 'organization_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ ai_raw_text(raw, 'workspace_id') ~ ", 'default')",
    'api_key_id': ai_raw_text(raw, 'api_key_id'),
    'principal_id': ai_raw_first(raw, ['account_id', 'service_account_id']),
    'model_raw': ai_raw_text(raw, 'model'),
    'region_scope': ai_region_scope("'anthropic'", ai_raw_text(raw, 'inference_geo')),
    'service_tier': ai_service_tier(ai_raw_text(raw, 'service_tier'), ai_raw_text(raw, 'speed')),
    'processing': ai_processing(ai_raw_text(raw, 'service_tier')),
    'context_window':
        'coalesce(' ~ ai_context_window_from_words(ai_raw_text(raw, 'context_window')) ~ ', 0)',
    'usage_start_at': ai_raw_time(raw, 'starting_at'),
    'usage_end_at': ai_raw_time(raw, 'ending_at'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'requests': ai_raw_count(raw, 'requests'),
    'defect': ai_not_overlapping(
        raw, ai_defect(raw, times=['starting_at', 'ending_at', 'loaded_at'], counts=names)
    )
} %}
{%- for column, name in counts.items() %}
{%- do values.update({column: 'coalesce(' ~ ai_raw_count(raw, name) ~ ', 0)'}) %}
{%- endfor %}
{%- for column in ['cache_write_other', 'input_audio', 'input_image', 'output_audio', 'output_image'] %}
{%- do values.update({column ~ '_tokens': 'cast(0 as bigint)'}) %}
{%- endfor %}

{{ ai_usage_staging('anthropic_usage_messages', values, ai_landed_rows(raw)) }}
