{#- Grain: one row per delivered copy of a request in Helicone's request_response_rmt.
    Purpose: its counts in disjoint classes; its cost, which is in billionths of a dollar, for comparison.
    Limits: prompt_tokens leaves out cache reads and writes for every provider (Helicone takes them off), so
    cached tokens are never subtracted here. completion_tokens leaves out what reasoning_tokens counts: a
    table without that column undercounts the output of reasoning models. The status of a negative code is
    `error`. Requests that Helicone itself bills (is_passthrough_billing) keep the provider as platform. -#}
{{ config(enabled='helicone' in var('ai_request_sources', [])) }}

{%- set raw = ai_raw_columns('helicone_requests') %}
{%- set counts = [
    'prompt_tokens', 'completion_tokens', 'prompt_cache_read_tokens', 'prompt_cache_write_tokens',
    'prompt_audio_tokens', 'completion_audio_tokens', 'reasoning_tokens'
] %}
{%- set platform = ai_platform(ai_raw_text(raw, 'provider'), log='helicone') %}
{%- set model = ai_raw_text(raw, 'model') %}
{%- set status = ai_raw_count(raw, 'status') %}
{%- set reasoning = ai_raw_count(raw, 'reasoning_tokens') %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'request_id'),
    'trace_id': ai_raw_text(raw, ['properties', 'Helicone-Session-Id']),
    'platform': platform,
    'provider_reported': ai_maker(model, platform),
    'gateway_key': 'nullif(' ~ ai_raw_text(raw, 'proxy_key_id') ~ ", '00000000-0000-0000-0000-000000000000')",
    'model_served': model,
    'user_id': ai_raw_text(raw, 'user_id'),
    'prompt_version': ai_raw_first(raw, ['prompt_version', 'prompt_id']),
    'status': ai_http_status(status),
    'error_code': 'case when ' ~ status ~ ' not between 200 and 299 and ' ~ status ~ ' <> 0 then cast('
        ~ status ~ ' as varchar) end',
    'input_count': ai_raw_count(raw, 'prompt_tokens'),
    'cached_count': ai_raw_count(raw, 'prompt_cache_read_tokens'),
    'write_count': ai_raw_count(raw, 'prompt_cache_write_tokens'),
    'output_count': ai_raw_count(raw, 'completion_tokens') ~ ' + coalesce(' ~ reasoning ~ ', 0)',
    'reasoning_tokens': reasoning,
    'input_audio_tokens': ai_raw_count(raw, 'prompt_audio_tokens'),
    'output_audio_tokens': ai_raw_count(raw, 'completion_audio_tokens'),
    'logged_cost': ai_from_billionths(ai_raw_count(raw, 'cost')),
    'logged_cost_currency': "'USD'",
    'is_gateway_cache_hit':
        "coalesce(replace(replace(" ~ ai_raw_text(raw, 'cache_reference_id') ~ ", '0', ''), '-', '') <> '', false)",
    'requested_at': ai_raw_time(raw, 'request_created_at'),
    'completed_at': ai_raw_time(raw, 'response_created_at'),
    'loaded_at': ai_raw_first(raw, ['loaded_at', 'updated_at'], 'timestamp'),
    'defect': ai_defect(
        raw, times=['request_created_at', 'response_created_at', 'updated_at', 'loaded_at'], counts=counts
    )
} %}
{%- do values.update(ai_tag_columns(raw, ['properties'])) %}

{{ ai_request_staging('helicone', 'helicone_requests', values) }}
