{#- Grain: one row per delivered copy of a generation of Vercel's AI Gateway (generation lookup).
    Purpose: its counts in disjoint classes. Vercel sends the invoice, but for a credential of one's own
    (is_byok) the provider does; what such a request cost there is upstream_inference_cost, and Vercel's fee,
    total_cost, comes on top.
    Limits: the lookup knows no customer: a column `metadata` that the loader fills with what the caller sent
    is read for tags. That prompt counts include the cache is not verified (ai_input_conventions). -#}
{{ config(enabled='vercel' in var('ai_request_sources', [])) }}

{%- set raw = ai_raw_columns('vercel_generations') %}
{%- set names = {
    'prompt': ['native_tokens_prompt', 'prompt_tokens'],
    'completion': ['native_tokens_completion', 'completion_tokens'],
    'reasoning': ['native_tokens_reasoning', 'reasoning_tokens'],
    'cached': ['native_tokens_cached', 'cached_tokens'],
    'cache_creation': ['native_tokens_cache_creation', 'cache_creation_tokens']
} %}
{%- set is_byok = 'coalesce(' ~ ai_raw_bool(raw, 'is_byok') ~ ', false)' %}
{%- set provider = ai_platform(ai_raw_text(raw, 'provider_name'), log='vercel') %}
{%- set model = ai_raw_text(raw, 'model') %}
{%- set finish = 'lower(' ~ ai_raw_text(raw, 'finish_reason') ~ ')' %}
{%- set cost = ai_raw_first(raw, ['total_cost', 'usage'], money_type()) %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'id'),
    'platform': 'case when ' ~ is_byok ~ ' then ' ~ provider ~ " else 'vercel' end",
    'provider_reported': ai_maker(model, 'cast(null as varchar)'),
    'model_served': model,
    'user_id': ai_tag(raw, 'user', ['metadata']),
    'status': 'case when ' ~ finish ~ " = 'error' then 'error' end",
    'input_count': ai_raw_first(raw, names.prompt, 'bigint'),
    'cached_count': ai_raw_first(raw, names.cached, 'bigint'),
    'write_count': ai_raw_first(raw, names.cache_creation, 'bigint'),
    'output_count': ai_raw_first(raw, names.completion, 'bigint'),
    'reasoning_tokens': ai_raw_first(raw, names.reasoning, 'bigint'),
    'web_search_requests': ai_raw_count(raw, 'billable_web_search_calls'),
    'logged_cost': cost ~ ' + case when ' ~ is_byok ~ ' then ' ~ ai_raw_money(raw, 'upstream_inference_cost')
        ~ ' else 0 end',
    'logged_cost_currency': "'USD'",
    'requested_at': ai_raw_time(raw, 'created_at'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(
        raw, times=['created_at', 'loaded_at'],
        counts=names.values() | sum(start=[]) + ['billable_web_search_calls']
    )
} %}
{%- do values.update(ai_tag_columns(raw, ['metadata'])) %}

{{ ai_request_staging('vercel', 'vercel_generations', values) }}
