{#- Grain: one row per delivered copy of an attempt in the log << name >>.
    Purpose: what was asked of which model, for whom, in disjoint token classes.
    Limits: prompt_tokens includes cache reads and writes unless ai_input_conventions says otherwise of
    << name >> (by maker: Anthropic's and Bedrock's counts leave them out). Bodies are never read. -#}
{{ config(enabled='<< name >>' in var('<< list_var >>', [])) }}

{%- set raw = << ai >>ai_raw_columns('<< table >>') %}
{%- set cached = ['usage', 'prompt_tokens_details', 'cached_tokens'] %}
{%- set reasoning = ['usage', 'completion_tokens_details', 'reasoning_tokens'] %}
{%- set platform = << ai >>ai_platform(<< ai >>ai_raw_text(raw, 'provider'), log='<< name >>') %}
{%- set model = << ai >>ai_raw_text(raw, 'model') %}
{%- set values = {
    'request_id': << ai >>ai_raw_text(raw, 'request_id'),
    'provider_request_id': << ai >>ai_raw_text(raw, 'response_id'),
    'trace_id': << ai >>ai_raw_text(raw, 'trace_id'),
    'platform': platform,
    'provider_reported': << ai >>ai_maker(model, platform),
    'gateway_key': << ai >>ai_raw_text(raw, 'key_id'),
    'model_served': model,
    'user_id': << ai >>ai_tag(raw, 'user', ['metadata']),
    'status': << ai >>ai_http_status(<< ai >>ai_raw_count(raw, 'status_code')),
    'input_count': << ai >>ai_raw_count(raw, ['usage', 'prompt_tokens']),
    'cached_count': << ai >>ai_raw_count(raw, cached),
    'output_count': << ai >>ai_raw_count(raw, ['usage', 'completion_tokens']),
    'reasoning_tokens': << ai >>ai_raw_count(raw, reasoning),
    'requested_at': << ai >>ai_raw_time(raw, 'created_at'),
    'completed_at': << ai >>ai_raw_time(raw, 'completed_at'),
    'loaded_at': << ai >>ai_raw_time(raw, 'loaded_at'),
    'defect': << ai >>ai_defect(
        raw, times=['created_at', 'completed_at', 'loaded_at'],
        counts=[['usage', 'prompt_tokens'], cached, ['usage', 'completion_tokens'], reasoning]
    )
} %}
{%- do values.update(<< ai >>ai_tag_columns(raw, ['metadata'])) %}

{{ << ai >>ai_request_staging('<< name >>', '<< table >>', values) }}
