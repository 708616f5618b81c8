{#- Grain: one row per request in LiteLLM's LiteLLM_SpendLogs.
    Purpose: the proxy's log in the canonical columns; its daily tables are sums of it and are not used.
    Input includes cache reads and writes. The split is inside `metadata`, in one of several places that
    repeat each other: the first that holds a value counts.
    LiteLLM writes 0 where an answer had no usage: zero counts of a successful call are not captured.
    Every attempt has a row and an id of its own; litellm_call_id, which retries and fallbacks share, is
    parent_id. The key and the project are the proxy's, not the provider's.
    Limits: no quantity of calls priced by image, second or character. -#}
{{ config(enabled='litellm' in var('ai_request_sources', [])) }}

{%- set raw = ai_snake_case_columns(ai_raw_columns('litellm_spend_logs'), ['start_time', 'end_time']) %}
{%- set usages = [['metadata', 'usage_object'], ['metadata', 'additional_usage_values']] %}
{%- set counts = {
    'ai_input_tokens': [['prompt_tokens']],
    'ai_cached_tokens': [['prompt_tokens_details', 'cached_tokens'], ['cache_read_input_tokens']],
    'ai_written_tokens': [
        ['prompt_tokens_details', 'cache_creation_tokens'], ['prompt_tokens_details', 'cache_write_tokens'],
        ['cache_creation_input_tokens']
    ],
    'ai_written_5m_tokens': [
        ['prompt_tokens_details', 'cache_creation_token_details', 'ephemeral_5m_input_tokens'],
        ['cache_creation_token_details', 'ephemeral_5m_input_tokens'],
        ['cache_creation', 'ephemeral_5m_input_tokens']
    ],
    'ai_written_1h_tokens': [
        ['prompt_tokens_details', 'cache_creation_token_details', 'ephemeral_1h_input_tokens'],
        ['cache_creation_token_details', 'ephemeral_1h_input_tokens'],
        ['cache_creation', 'ephemeral_1h_input_tokens']
    ],
    'ai_input_audio_tokens': [['prompt_tokens_details', 'audio_tokens']],
    'ai_input_image_tokens': [['prompt_tokens_details', 'image_tokens']],
    'ai_output_tokens': [['completion_tokens']],
    'ai_reasoning_tokens': [['completion_tokens_details', 'reasoning_tokens']],
    'ai_output_audio_tokens': [['completion_tokens_details', 'audio_tokens']],
    'ai_output_image_tokens': [['completion_tokens_details', 'image_tokens']],
    'ai_web_searches': [
        ['server_tool_use', 'web_search_requests'], ['prompt_tokens_details', 'web_search_requests']
    ]
} %}
{%- set fields = {
    'ai_call_type': ['call_type'],
    'ai_platform_word': ['custom_llm_provider'],
    'ai_model': ['model'],
    'ai_api_base': ['api_base'],
    'ai_status': ['status', ['metadata', 'status']],
    'ai_cache_hit': ['cache_hit'],
    'ai_batch_models': [['metadata', 'batch_models']]
} %}
{%- set shown = {} %}
{%- for name, paths in counts.items() %}
{%- set places = {
        'ai_input_tokens': ['prompt_tokens'], 'ai_output_tokens': ['completion_tokens'],
        'ai_cached_tokens': ['cache_read_input_tokens'], 'ai_written_tokens': ['cache_creation_input_tokens']
    }.get(name, []) %}
{%- for usage in usages %}
{%- for path in paths %}
{%- do places.append(usage + path) %}
{%- endfor %}
{%- endfor %}
{%- do fields.update({name: places}) %}
{%- do shown.update({name: paths[0] | join('.')}) %}
{%- endfor %}
{%- set read = ai_field_columns(fields) %}
{%- set start_at = ai_raw_time(raw, 'start_time') %}
{%- set is_captured = "not (
                coalesce(" ~ ai_raw_count(read, 'ai_input_tokens') ~ ', 0) = 0 and coalesce('
    ~ ai_raw_count(read, 'ai_output_tokens') ~ ", 0) = 0
                and lower(ai_status) = 'success' and not ai_is_hit
                and ai_operation in ('chat', 'text_completion', 'embedding', 'image', 'stt', 'tts')
            )" %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'request_id'),
    'provider_request_id':
        "case when lower(ai_status) = 'success' and not ai_is_hit then " ~ ai_raw_text(raw, 'request_id') ~ ' end',
    'trace_id': ai_raw_text(raw, 'session_id'),
    'parent_id': ai_raw_text(raw, 'litellm_call_id'),
    'provider_reported': ai_platform_maker('ai_platform_word'),
    'platform': ai_log_platform('litellm', 'coalesce(' ~ ai_platform('ai_platform_word') ~ ", case
                when position('/' in ai_model) > 0 then "
            ~ ai_platform("split_part(ai_model, '/', 1)", known_only=true) ~ '
            end)'),
    'gateway_key': ai_raw_text(raw, 'api_key'),
    'user_id': 'coalesce(' ~ ai_tag(raw, 'user', [['metadata', 'spend_logs_metadata']]) ~ ', '
        ~ ai_raw_text(raw, 'user') ~ ')',
    'model_requested': ai_raw_first(raw, ['model_group', 'model']),
    'model_served': 'ai_model',
    'operation': 'ai_operation',
    'region': "case
                when position('bedrock-runtime.' in ai_api_base) > 0
                    then split_part(split_part(ai_api_base, 'bedrock-runtime.', 2), '.', 1)
                when position('-aiplatform.googleapis' in ai_api_base) > 0
                    then split_part(split_part(ai_api_base, '-aiplatform.googleapis', 1), '//', 2)
            end",
    'service_tier': ai_raw_first(raw, [
        ['metadata', 'cost_breakdown', 'service_tier'], ['metadata', 'usage_object', 'service_tier'],
        ['metadata', 'additional_usage_values', 'service_tier']
    ]),
    'speed': ai_raw_first(raw, [
        ['metadata', 'usage_object', 'speed'], ['metadata', 'additional_usage_values', 'speed']
    ]),
    'is_batch': "(coalesce(ai_call_type, '') like '%batch%' or coalesce(ai_batch_models, '[]') not in ('[]', '{}'))",
    'status': 'lower(ai_status)',
    'error_code': ai_raw_text(raw, ['metadata', 'error_information', 'error_code']),
    'cached_count': ai_raw_count(read, 'ai_cached_tokens'),
    'write_5m_count': ai_raw_count(read, 'ai_written_5m_tokens'),
    'write_1h_count': ai_raw_count(read, 'ai_written_1h_tokens'),
    'write_count': ai_raw_count(read, 'ai_written_tokens'),
    'reasoning_tokens': ai_raw_count(read, 'ai_reasoning_tokens'),
    'input_audio_tokens': ai_raw_count(read, 'ai_input_audio_tokens'),
    'input_image_tokens': ai_raw_count(read, 'ai_input_image_tokens'),
    'output_audio_tokens': ai_raw_count(read, 'ai_output_audio_tokens'),
    'output_image_tokens': ai_raw_count(read, 'ai_output_image_tokens'),
    'web_search_requests': ai_raw_count(read, 'ai_web_searches'),
    'input_count': 'case when ' ~ is_captured ~ ' then ' ~ ai_raw_count(read, 'ai_input_tokens') ~ ' end',
    'output_count': 'case when ' ~ is_captured ~ ' then ' ~ ai_raw_count(read, 'ai_output_tokens') ~ ' end',
    'logged_cost': ai_raw_money(raw, 'spend'),
    'logged_cost_currency': "'USD'",
    'is_gateway_cache_hit': 'ai_is_hit',
    'requested_at': start_at,
    'completed_at': ai_raw_time(raw, 'end_time'),
    'loaded_at': ai_raw_first(raw, ['loaded_at', 'updated_at', 'created_at'], 'timestamp')
} %}
{%- do values.update(ai_logged_tags(
    raw, [['metadata', 'spend_logs_metadata'], ['metadata', 'requester_metadata']], 'request_tags'
)) %}
{%- do values.update({
    'customer_tag': 'coalesce(' ~ values['customer_tag'] ~ ', ' ~ ai_raw_text(raw, 'end_user') ~ ')',
    'team_tag': 'coalesce(' ~ values['team_tag'] ~ ', '
        ~ ai_raw_first(raw, [['metadata', 'user_api_key_team_alias'], 'team_id']) ~ ')',
    'defect': 'coalesce('
        ~ ai_defect(raw, times=['start_time', 'end_time', 'loaded_at', 'updated_at', 'created_at']) ~ ',
            ' ~ ai_defect(read, counts=counts | list, names=shown) ~ ')'
}) %}

{{ ai_request_staging(
    'litellm', 'litellm_spend_logs', values,
    derived=[
        ai_field_step(raw, fields),
        {
            'ai_is_hit': "coalesce(lower(ai_cache_hit) = 'true', false)",
            'ai_operation': ai_operation('ai_call_type')
        }
    ]
) }}
