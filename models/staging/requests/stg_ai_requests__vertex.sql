{#- Grain: one row per copy of a call in Vertex AI's request-response log.
    Purpose: what Google logs of calls to Gemini and to partner models, in disjoint token classes. Of the
    response only the usage object, its model, its id and an error code are read, of the request only its
    labels: never a prompt or an answer.
    Gemini: promptTokenCount includes the cached tokens; toolUsePromptTokenCount comes on top of it;
    output is candidates plus thoughts. Fields that are 0 are left out of usageMetadata, so there a missing
    count is 0. Claude: counts exclude the cache; the start of a stream has the input, its end the output.
    Limits: the log is switched on per model and may keep a sample of the calls (sampling_rate).
    Tokens of video and documents stay in the text classes, whose price is theirs; so does audio of which
    the details tell no count. The names of the columns are not Google's promise: ai_vertex_columns
    renames them. -#}
{{ config(enabled='vertex' in var('ai_request_sources', [])) }}

{%- set raw = ai_renamed_columns(ai_raw_columns('vertex_request_log'), var('ai_vertex_columns', {})) %}
{%- set read = {} %}
{%- do read.update(raw) %}
{%- do read.update({'ai_usage': ai_json_type(), 'ai_start': ai_json_type()} if raw else {}) %}
{%- set gemini = {
    'prompt': 'promptTokenCount', 'tool': 'toolUsePromptTokenCount', 'cached': 'cachedContentTokenCount',
    'candidates': 'candidatesTokenCount', 'thoughts': 'thoughtsTokenCount', 'total': 'totalTokenCount'
} %}
{%- set is_gemini = 'coalesce(ai_prompt, ai_total) is not null' %}
{%- set claude_input = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'] %}
{%- set response = ai_raw_json(raw, 'full_response') %}
{%- set steps = [{'ai_response': response}, {
    'ai_usage': 'coalesce(' ~ ai_json_last('ai_response', ['usageMetadata']) ~ ', '
        ~ ai_json_last('ai_response', ['usage']) ~ ')',
    'ai_start': ai_json_last('ai_response', ['message', 'usage']),
    'ai_served': 'coalesce(' ~ ai_json_last('ai_response', ['modelVersion'], true) ~ ', '
        ~ ai_json_last('ai_response', ['model'], true) ~ ', '
        ~ ai_json_last('ai_response', ['message', 'model'], true) ~ ')',
    'ai_response_id': 'coalesce(' ~ ai_json_last('ai_response', ['responseId'], true) ~ ', '
        ~ ai_json_last('ai_response', ['id'], true) ~ ', '
        ~ ai_json_last('ai_response', ['message', 'id'], true) ~ ')',
    'ai_error': ai_json_last('ai_response', ['error', 'code'], true)
}, {}] %}
{%- for name, field in gemini.items() %}
{%- do steps[2].update({'ai_' ~ name: ai_raw_count(read, ['ai_usage', field])}) %}
{%- endfor %}
{%- for name in claude_input %}
{%- do steps[2].update({'ai_' ~ name: ai_raw_first(read, [['ai_usage', name], ['ai_start', name]], 'bigint')}) %}
{%- endfor %}
{%- for name, list, modality in [
    ('prompt_audio', 'promptTokensDetails', 'AUDIO'), ('prompt_image', 'promptTokensDetails', 'IMAGE'),
    ('cached_audio', 'cacheTokensDetails', 'AUDIO'), ('cached_image', 'cacheTokensDetails', 'IMAGE'),
    ('tool_audio', 'toolUsePromptTokensDetails', 'AUDIO'), ('tool_image', 'toolUsePromptTokensDetails', 'IMAGE'),
    ('output_audio', 'candidatesTokensDetails', 'AUDIO'), ('output_image', 'candidatesTokensDetails', 'IMAGE')
] %}
{%- do steps[2].update({'ai_' ~ name: ai_json_list_sum(
    ai_raw_json(read, ['ai_usage', list]), 'tokenCount', 'bigint', 'modality', [modality]
)}) %}
{%- endfor %}
{%- set model = ai_raw_text(raw, 'model') %}
{%- set endpoint = ai_raw_text(raw, 'endpoint') %}
{%- set named = 'lower(coalesce(ai_served, ' ~ model ~ ', ' ~ endpoint ~ '))' %}
{%- set place = 'coalesce(' ~ endpoint ~ ', ' ~ model ~ ')' %}
{%- set project = "nullif(split_part(split_part(" ~ place ~ ", 'projects/', 2), '/', 1), '')" %}
{%- set traffic = 'lower(' ~ ai_raw_text(read, ['ai_usage', 'trafficType']) ~ ')' %}
{%- set request_id = ai_raw_column(raw, 'request_id', 'numeric(38,0)')
    if ai_type_family(raw.get('request_id', 'varchar')) == 'number' else ai_raw_text(raw, 'request_id') %}
{%- set values = {
    'request_id': 'cast(' ~ request_id ~ ' as varchar)',
    'provider_request_id': 'ai_response_id',
    'platform': "'google_vertex'",
    'provider_reported': 'case
            when position(\'claude\' in ' ~ named ~ ") > 0 then 'anthropic'
            when position('gemini' in " ~ named ~ ") > 0 then 'google'
            when position('publishers/' in " ~ place ~ ") > 0
                then lower(split_part(split_part(" ~ place ~ ", 'publishers/', 2), '/', 1))
            when ai_input_tokens is not null then 'anthropic'
            when " ~ is_gemini ~ " then 'google'
        end",
    'billing_account_id': ai_raw_text(raw, 'billing_account_id'),
    'project_id': ai_raw_text(raw, 'project_id') if 'project_id' in raw else
        'case when ' ~ ai_try_cast(project, 'bigint') ~ ' is null then ' ~ project ~ ' end',
    'model_requested': model,
    'model_served': 'ai_served',
    'operation': ai_raw_text(raw, 'api_method'),
    'region': 'coalesce(' ~ ai_raw_first(raw, ['location', 'region']) ~ ", nullif(split_part(split_part("
        ~ place ~ ", '/locations/', 2), '/', 1), ''))",
    'service_tier': 'coalesce(case ' ~ traffic ~ "
            when 'provisioned_throughput' then 'reserved'
            when 'on_demand_priority' then 'priority'
            when 'on_demand_flex' then 'flex'
            when 'on_demand_offpeak' then 'offpeak'
            when 'traffic_type_unspecified' then null
            else " ~ traffic ~ '
        end, ' ~ ai_raw_first(read, [['ai_usage', 'service_tier'], ['ai_start', 'service_tier']]) ~ ')',
    'status': "case when ai_error is not null then 'error' end",
    'error_code': 'ai_error',
    'input_count': 'case
            when ' ~ is_gemini ~ ' then coalesce(ai_prompt, 0) + coalesce(ai_tool, 0)
            else coalesce(ai_input_tokens, ' ~ ai_raw_count(read, ['ai_usage', 'prompt_tokens']) ~ ')
        end',
    'cached_count': 'case when ' ~ is_gemini ~ ' then coalesce(ai_cached, 0)
            else coalesce(ai_cache_read_input_tokens, '
        ~ ai_raw_count(read, ['ai_usage', 'prompt_tokens_details', 'cached_tokens']) ~ ')
        end',
    'write_5m_count': ai_raw_first(read, [
        ['ai_usage', 'cache_creation', 'ephemeral_5m_input_tokens'],
        ['ai_start', 'cache_creation', 'ephemeral_5m_input_tokens']
    ], 'bigint'),
    'write_1h_count': ai_raw_first(read, [
        ['ai_usage', 'cache_creation', 'ephemeral_1h_input_tokens'],
        ['ai_start', 'cache_creation', 'ephemeral_1h_input_tokens']
    ], 'bigint'),
    'write_count': 'ai_cache_creation_input_tokens',
    'output_count': 'case
            when ' ~ is_gemini ~ ' then coalesce(ai_candidates, 0) + coalesce(ai_thoughts, 0)
            else ' ~ ai_raw_first(
                read, [['ai_usage', 'output_tokens'], ['ai_usage', 'completion_tokens'], ['ai_start', 'output_tokens']],
                'bigint'
            ) ~ '
        end',
    'reasoning_tokens': 'case
            when ' ~ is_gemini ~ ' then coalesce(ai_thoughts, 0)
            else ' ~ ai_raw_first(read, [
                ['ai_usage', 'output_tokens_details', 'thinking_tokens'],
                ['ai_usage', 'completion_tokens_details', 'reasoning_tokens']
            ], 'bigint') ~ '
        end',
    'input_audio_tokens': 'ai_prompt_audio + coalesce(ai_tool_audio, 0) - coalesce(ai_cached_audio, 0)',
    'input_image_tokens': 'ai_prompt_image + coalesce(ai_tool_image, 0) - coalesce(ai_cached_image, 0)',
    'output_audio_tokens': 'ai_output_audio',
    'output_image_tokens': 'ai_output_image',
    'web_search_requests': ai_raw_count(read, ['ai_usage', 'server_tool_use', 'web_search_requests']),
    'sample_rate': ai_raw_first(raw, ['sampling_rate', 'sample_rate'], 'numeric(18,9)'),
    'requested_at': ai_raw_time(raw, 'logging_time'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(read, times=['logging_time', 'loaded_at'], counts=[
        ['ai_usage', 'promptTokenCount'], ['ai_usage', 'toolUsePromptTokenCount'],
        ['ai_usage', 'cachedContentTokenCount'], ['ai_usage', 'candidatesTokenCount'],
        ['ai_usage', 'thoughtsTokenCount'], ['ai_usage', 'input_tokens'], ['ai_usage', 'output_tokens'],
        ['ai_usage', 'cache_read_input_tokens'], ['ai_usage', 'cache_creation_input_tokens']
    ])
} %}
{%- set places = ['labels', ['full_request', 'labels'], ['metadata', 'labels'], 'metadata'] %}
{%- do values.update(ai_tag_columns(raw, places)) %}
{%- do values.update({'user_id': ai_tag(raw, 'user', places + [['full_request', 'metadata']])}) %}

{{ ai_request_staging('vertex', 'vertex_request_log', values, derived=steps) }}
