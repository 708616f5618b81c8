{#- Grain: one row per delivered copy of a request in Portkey's logs export.
    Purpose: its counts and its cost, which is in cents.
    Limits: the export has no cache split. It is inside response.body.usage: where the loader lands that
    object alone as a column `usage` (or flattened, `response__body__usage__…`) it is read; else cache reads
    are unknown and the row says split_unknown. The bodies themselves are never read. Retries share a row:
    `attempt` is the number of the one that succeeded. -#}
{{ config(enabled='portkey' in var('ai_request_sources', [])) }}

{%- set usage = {
    'input': [['usage', 'prompt_tokens'], ['usage', 'input_tokens']],
    'output': [['usage', 'completion_tokens'], ['usage', 'output_tokens']],
    'cached': [
        ['usage', 'prompt_tokens_details', 'cached_tokens'], ['usage', 'input_tokens_details', 'cached_tokens'],
        ['usage', 'cache_read_input_tokens']
    ],
    'writes': [['usage', 'cache_creation_input_tokens']],
    'writes_5m': [['usage', 'cache_creation', 'ephemeral_5m_input_tokens']],
    'writes_1h': [['usage', 'cache_creation', 'ephemeral_1h_input_tokens']],
    'reasoning': [
        ['usage', 'completion_tokens_details', 'reasoning_tokens'],
        ['usage', 'output_tokens_details', 'reasoning_tokens']
    ]
} %}
{%- set flattened = {} %}
{%- for path in usage.values() | sum(start=[]) %}
{%- do flattened.update({path | join('__'): 'response__body__' ~ path | join('__')}) %}
{%- endfor %}
{%- set raw = ai_renamed_columns(ai_raw_columns('portkey_logs'), flattened) %}
{%- set platform = ai_platform(ai_raw_text(raw, 'ai_org'), log='portkey') %}
{%- set model = ai_raw_text(raw, 'ai_model') %}
{%- set code = ai_raw_count(raw, 'response_status_code') %}
{%- set success = 'lower(' ~ ai_raw_text(raw, 'is_success') ~ ')' %}
{%- set retries = ai_raw_count(raw, 'retry_success_count') %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'id'),
    'attempt': 'case when ' ~ retries ~ ' > 0 then 1 + ' ~ retries ~ ' else 1 end',
    'trace_id': ai_raw_text(raw, 'trace_id'),
    'platform': platform,
    'provider_reported': ai_maker(model, platform),
    'model_served': model,
    'user_id': ai_raw_first(raw, [['metadata', '_user'], ['metadata', 'user_id']]),
    'status': 'case when ' ~ success ~ " in ('1', 'true') then 'ok' when coalesce(" ~ ai_http_status(code)
        ~ ", 'ok') <> 'ok' then " ~ ai_http_status(code) ~ ' when ' ~ success ~ " in ('0', 'false') then 'error' end",
    'error_code': 'case when ' ~ code ~ ' not between 200 and 299 then cast(' ~ code ~ ' as varchar) end',
    'input_count': ai_raw_first(raw, usage.input + ['req_units'], 'bigint'),
    'cached_count': ai_raw_first(raw, usage.cached, 'bigint'),
    'write_5m_count': ai_raw_first(raw, usage.writes_5m, 'bigint'),
    'write_1h_count': ai_raw_first(raw, usage.writes_1h, 'bigint'),
    'write_count': ai_raw_first(raw, usage.writes, 'bigint'),
    'output_count': ai_raw_first(raw, usage.output + ['res_units'], 'bigint'),
    'reasoning_tokens': ai_raw_first(raw, usage.reasoning, 'bigint'),
    'logged_cost': ai_scale(ai_raw_money(raw, 'cost'), '0.01'),
    'logged_cost_currency': 'upper(' ~ ai_raw_text(raw, 'cost_currency') ~ ')',
    'is_gateway_cache_hit':
        'coalesce(upper(' ~ ai_raw_text(raw, 'cache_status') ~ ") in ('HIT', 'SEMANTIC HIT'), false)",
    'requested_at': ai_raw_time(raw, 'created_at'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(
        raw, times=['created_at', 'loaded_at'],
        counts=['req_units', 'res_units'] + usage.values() | sum(start=[])
    )
} %}
{%- do values.update(ai_tag_columns(raw, ['metadata'])) %}

{{ ai_request_staging('portkey', 'portkey_logs', values) }}
