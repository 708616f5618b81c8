{#- Grain: one row per delivered copy of a model invocation in Bedrock's log.
    Purpose: the log's counts, which exclude the cache, and the caller's requestMetadata as tags. The model is
    an id, an inference profile or the ARN of one's own profile, which ai_bedrock_profiles names.
    Limits: cache writes have no 5m and 1h parts unless the loader adds them, project, key and end user none;
    the caller's session name is no user, it names an instance or a job as often. Bodies are never read. -#}
{{ config(enabled='bedrock' in var('ai_request_sources', [])) }}

{%- set raw = ai_raw_columns('bedrock_invocation_log') %}
{%- set tags = ['requestMetadata', 'request_metadata'] %}
{%- set type = ai_raw_first(raw, ['schematype', 'schema_type']) %}
{%- set has_type = ai_has_raw(raw, 'schematype') or ai_has_raw(raw, 'schema_type') %}
{#- Names that carry one count: a row may have several of them, with the same value. -#}
{%- set names = {
    'input_count': ['inputTokenCount', 'input_token_count'],
    'cached_count': [
        'cacheReadInputTokenCount', 'cacheReadInputTokensCount', 'cacheReadInputTokens', 'cache_read_input_token_count'
    ],
    'write_count': [
        'cacheWriteInputTokenCount', 'cacheWriteInputTokensCount', 'cacheWriteInputTokens',
        'cache_write_input_token_count'
    ],
    'output_count': ['outputTokenCount', 'output_token_count'],
    'images': ['outputImageCount', 'output_image_count']
} %}
{%- set places = {'write_5m_count': ['cache_write_5m_tokens'], 'write_1h_count': ['cache_write_1h_tokens']} %}
{%- for column, words in names.items() %}
{%- set paths = [] %}
{%- for word in words %}
{%- do paths.append(['output' if column in ('output_count', 'images') else 'input', word]) %}
{%- endfor %}
{%- do places.update({column: paths}) %}
{%- endfor %}
{%- set values = {
    'request_id': ai_raw_first(raw, ['requestid', 'request_id']),
    'provider_request_id': ai_raw_first(raw, ['requestid', 'request_id']),
    'trace_id': ai_tag(raw, 'trace_id', tags),
    'parent_id': ai_tag(raw, 'parent_id', tags),
    'run_id': ai_tag(raw, 'run_id', tags),
    'platform': "'aws_bedrock'",
    'billing_account_id': ai_aws_account_id(ai_raw_first(raw, ['accountid', 'account_id'])),
    'user_id': ai_tag(raw, 'user', tags),
    'model_requested': ai_raw_first(raw, ['modelid', 'model_id']),
    'operation': ai_raw_text(raw, 'operation'),
    'region': ai_raw_text(raw, 'region'),
    'service_tier': ai_raw_first(
        raw, [['serviceTier', 'type'], ['service_tier', 'type'], 'servicetier', 'service_tier']
    ),
    'speed': "case when lower(" ~ ai_raw_first(
        raw, [['performanceConfig', 'latency'], ['performance_config', 'latency']]
    ) ~ ") = 'optimized' then 'fast' end",
    'plan_code': ai_tag(raw, 'plan_code', tags),
    'release': ai_tag(raw, 'release', tags),
    'prompt_version': ai_tag(raw, 'prompt_version', tags),
    'error_code': ai_raw_first(raw, ['errorcode', 'error_code']),
    'status': 'case when ' ~ ai_raw_first(raw, ['errorcode', 'error_code']) ~ " is not null then 'error' end",
    'requested_at': ai_raw_time(raw, 'timestamp'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(raw, times=['timestamp', 'loaded_at'], counts=places.values() | sum(start=[]))
} %}
{%- for column, paths in places.items() %}
{%- do values.update({column: ai_raw_first(raw, paths, 'bigint')}) %}
{%- endfor %}
{%- do values.update(ai_tag_columns(raw, tags)) %}

{{ ai_request_staging(
    'bedrock', 'bedrock_invocation_log', values,
    where=type ~ " = 'ModelInvocationLog'" if has_type else none
) }}
