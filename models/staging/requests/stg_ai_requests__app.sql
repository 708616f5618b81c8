{#- Grain: one row per copy of an attempt in the own-app request log.
    Purpose: the log's columns in the canonical names, with disjoint token classes.
    Counts are inclusive or exclusive of cache as `input_convention` says; without it as
    ai_input_conventions says of the maker. -#}
{{ config(enabled='app' in var('ai_request_sources', [])) }}

{%- set raw = ai_raw_columns('app_requests') %}
{%- set counts = [
    'attempt', 'input_tokens', 'cached_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens',
    'cache_write_tokens', 'output_tokens', 'reasoning_tokens', 'input_audio_tokens',
    'output_audio_tokens', 'input_image_tokens', 'output_image_tokens', 'images', 'audio_seconds',
    'characters', 'web_search_requests', 'code_execution_sessions'
] %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'request_id'),
    'attempt': 'coalesce(' ~ ai_raw_count(raw, 'attempt') ~ ', 1)',
    'provider_request_id': ai_raw_text(raw, 'provider_request_id'),
    'trace_id': ai_raw_text(raw, 'trace_id'),
    'parent_id': ai_raw_text(raw, 'parent_id'),
    'run_id': ai_raw_text(raw, 'run_id'),
    'provider_reported': 'lower(' ~ ai_raw_text(raw, 'provider') ~ ')',
    'platform': 'lower(' ~ ai_raw_first(raw, ['platform', 'provider']) ~ ')',
    'billing_account_id': ai_raw_text(raw, 'billing_account_id'),
    'project_id': ai_raw_first(raw, ['project_id', 'workspace_id']),
    'api_key_id': ai_raw_text(raw, 'api_key_id'),
    'gateway_key': ai_raw_text(raw, 'gateway_key'),
    'user_id': ai_raw_text(raw, 'user_id'),
    'model_requested': ai_raw_text(raw, 'model_requested'),
    'model_served': ai_raw_text(raw, 'model_served'),
    'operation': ai_raw_text(raw, 'operation'),
    'region': ai_raw_text(raw, 'region'),
    'service_tier': ai_raw_text(raw, 'service_tier'),
    'speed': ai_raw_text(raw, 'speed'),
    'is_batch': 'coalesce(' ~ ai_raw_bool(raw, 'is_batch') ~ ', false)',
    'customer_tag': ai_raw_text(raw, 'customer_id'),
    'feature_tag': ai_raw_text(raw, 'feature'),
    'team_tag': ai_raw_text(raw, 'team'),
    'environment_tag': ai_raw_text(raw, 'environment'),
    'plan_code': ai_raw_text(raw, 'plan_code'),
    'release': ai_raw_text(raw, 'release'),
    'prompt_version': ai_raw_text(raw, 'prompt_version'),
    'status': 'lower(' ~ ai_raw_text(raw, 'status') ~ ')',
    'error_code': ai_raw_text(raw, 'error_code'),
    'outcome': ai_raw_text(raw, 'outcome'),
    'input_convention': 'lower(' ~ ai_raw_text(raw, 'input_convention') ~ ')',
    'input_count': ai_raw_count(raw, 'input_tokens'),
    'cached_count': ai_raw_count(raw, 'cached_read_tokens'),
    'write_5m_count': ai_raw_count(raw, 'cache_write_5m_tokens'),
    'write_1h_count': ai_raw_count(raw, 'cache_write_1h_tokens'),
    'write_count': ai_raw_count(raw, 'cache_write_tokens'),
    'output_count': ai_raw_count(raw, 'output_tokens'),
    'reasoning_tokens': ai_raw_count(raw, 'reasoning_tokens'),
    'input_audio_tokens': ai_raw_count(raw, 'input_audio_tokens'),
    'input_image_tokens': ai_raw_count(raw, 'input_image_tokens'),
    'output_audio_tokens': ai_raw_count(raw, 'output_audio_tokens'),
    'output_image_tokens': ai_raw_count(raw, 'output_image_tokens'),
    'web_search_requests': ai_raw_count(raw, 'web_search_requests'),
    'code_execution_sessions': ai_raw_count(raw, 'code_execution_sessions'),
    'images': ai_raw_count(raw, 'images'),
    'audio_seconds': ai_raw_count(raw, 'audio_seconds'),
    'characters': ai_raw_count(raw, 'characters'),
    'logged_cost': ai_raw_money(raw, 'logged_cost'),
    'logged_cost_currency': 'upper(' ~ ai_raw_text(raw, 'logged_cost_currency') ~ ')',
    'sample_rate': ai_raw_column(raw, 'sample_rate', 'numeric(18,9)'),
    'is_gateway_cache_hit': 'coalesce(' ~ ai_raw_bool(raw, 'is_gateway_cache_hit') ~ ', false)',
    'requested_at': ai_raw_time(raw, 'occurred_at'),
    'completed_at': ai_raw_time(raw, 'completed_at'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(raw, times=['occurred_at', 'completed_at', 'loaded_at'], counts=counts)
} %}
{%- for name, column in ai_extra_dimensions().items() %}
    {%- do values.update({column: ai_raw_first(raw, [name, column])}) %}
{%- endfor %}

{{ ai_request_staging('app', 'app_requests', values) }}
