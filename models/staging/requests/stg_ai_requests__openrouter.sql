{#- Grain: one row per delivered copy of an OpenRouter generation (GET /generation).
    Purpose: the counts that are billed, which are the native_* ones: tokens_prompt and tokens_completion come
    from a normalised tokenizer and are never read. OpenRouter sends the invoice, but for a key of one's own
    (is_byok) the provider does; what such a request cost there is upstream_inference_cost, and OpenRouter's
    fee, total_cost, comes on top.
    Limits: cache writes are not reported; they are in the prompt count, at the price of plain input. Search
    results are counted, not searches, so web_search_requests is NULL. data_region says where the request was
    routed, not at which of a provider's regional prices it was billed: the scope is `global`. -#}
{{ config(enabled='openrouter' in var('ai_request_sources', [])) }}

{%- set raw = ai_raw_columns('openrouter_generations') %}
{%- set counts = [
    'native_tokens_prompt', 'native_tokens_cached', 'native_tokens_completion', 'native_tokens_reasoning',
    'native_tokens_completion_images'
] %}
{%- set is_byok = 'coalesce(' ~ ai_raw_bool(raw, 'is_byok') ~ ', false)' %}
{%- set provider = ai_platform(ai_raw_text(raw, 'provider_name'), log='openrouter') %}
{%- set model = ai_raw_text(raw, 'model') %}
{%- set cost = ai_raw_first(raw, ['total_cost', 'usage'], money_type()) %}
{%- set finish = 'lower(' ~ ai_raw_text(raw, 'finish_reason') ~ ')' %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'id'),
    'provider_request_id': ai_raw_text(raw, 'upstream_id'),
    'trace_id': ai_raw_text(raw, 'request_id'),
    'run_id': ai_raw_text(raw, 'session_id'),
    'platform': 'case when ' ~ is_byok ~ ' then ' ~ provider ~ " else 'openrouter' end",
    'provider_reported': ai_maker(model, 'cast(null as varchar)'),
    'model_served': model,
    'operation': ai_raw_text(raw, 'api_type'),
    'service_tier': ai_raw_text(raw, 'service_tier'),
    'user_id': ai_raw_text(raw, 'external_user'),
    'status': 'case when ' ~ ai_raw_bool(raw, 'cancelled') ~ " then 'cancelled' when "
        ~ finish ~ " = 'error' then 'error' end",
    'input_count': ai_raw_count(raw, 'native_tokens_prompt'),
    'cached_count': ai_raw_count(raw, 'native_tokens_cached'),
    'output_count': ai_raw_count(raw, 'native_tokens_completion'),
    'reasoning_tokens': ai_raw_count(raw, 'native_tokens_reasoning'),
    'output_image_tokens': ai_raw_count(raw, 'native_tokens_completion_images'),
    'logged_cost': cost ~ ' + case when ' ~ is_byok ~ ' then ' ~ ai_raw_money(raw, 'upstream_inference_cost')
        ~ ' else 0 end',
    'logged_cost_currency': "'USD'",
    'is_gateway_cache_hit': ai_raw_text(raw, 'response_cache_source_id') ~ ' is not null',
    'requested_at': ai_raw_time(raw, 'created_at'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(raw, times=['created_at', 'loaded_at'], counts=counts)
} %}
{%- do values.update(ai_tag_columns(raw, ['metadata'])) %}

{{ ai_request_staging('openrouter', 'openrouter_generations', values) }}
