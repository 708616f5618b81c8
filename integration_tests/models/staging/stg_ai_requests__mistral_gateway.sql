{#- Grain: one row per delivered copy of a request in the access log of the company's gateway to Mistral.
    Purpose: what was asked of which model, for whom, in disjoint token classes.
    Assumed: the gateway speaks the OpenAI API and logs the `usage` object of the answer: prompt_tokens
    includes prompt_tokens_details.cached_tokens. Bodies are never read. -#}
{{ config(enabled='mistral_gateway' in var('ai_request_sources', [])) }}

{%- set raw = ai_unit_economics.ai_raw_columns('mistral_gateway_requests') %}
{%- set cached = ['usage', 'prompt_tokens_details', 'cached_tokens'] %}
{%- set reasoning = ['usage', 'completion_tokens_details', 'reasoning_tokens'] %}
{%- set values = {
    'request_id': ai_unit_economics.ai_raw_text(raw, 'request_id'),
    'provider_request_id': ai_unit_economics.ai_raw_text(raw, 'response_id'),
    'trace_id': ai_unit_economics.ai_raw_text(raw, 'trace_id'),
    'platform': "'mistral'",
    'provider_reported': "'mistral'",
    'gateway_key': ai_unit_economics.ai_raw_text(raw, 'key_id'),
    'model_served': ai_unit_economics.ai_raw_text(raw, 'model'),
    'user_id': ai_unit_economics.ai_tag(raw, 'user', ['metadata']),
    'status': ai_unit_economics.ai_http_status(ai_unit_economics.ai_raw_count(raw, 'status_code')),
    'input_count': ai_unit_economics.ai_raw_count(raw, ['usage', 'prompt_tokens']),
    'cached_count': ai_unit_economics.ai_raw_count(raw, cached),
    'output_count': ai_unit_economics.ai_raw_count(raw, ['usage', 'completion_tokens']),
    'reasoning_tokens': ai_unit_economics.ai_raw_count(raw, reasoning),
    'requested_at': ai_unit_economics.ai_raw_time(raw, 'created_at'),
    'completed_at': ai_unit_economics.ai_raw_time(raw, 'completed_at'),
    'loaded_at': ai_unit_economics.ai_raw_time(raw, 'loaded_at'),
    'defect': ai_unit_economics.ai_defect(
        raw, times=['created_at', 'completed_at', 'loaded_at'],
        counts=[['usage', 'prompt_tokens'], cached, ['usage', 'completion_tokens'], reasoning]
    )
} %}
{%- do values.update(ai_unit_economics.ai_tag_columns(raw, ['metadata'])) %}

{{ ai_unit_economics.ai_request_staging('mistral_gateway', 'mistral_gateway_requests', values) }}
