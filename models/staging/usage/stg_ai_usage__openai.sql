{#- Grain: one row per bucket and combination of dimensions of each of OpenAI's usage reports that
    ai_openai_usage_endpoints names.
    Purpose: what OpenAI metered, each endpoint a mapping. Tokens of completions as disjoint classes:
    `input_tokens` there includes cache reads and writes.
    Limits: the context band of a request is not reported, so long-context use is priced at the base
    rate; reasoning is not split out of output. A call is counted once: web searches, and images of
    models that are sold by the token, are calls that completions counts already. vector_stores is a
    level and file_search_calls have no price of their own here: both are taken from the bill alone. -#}
{{ config(enabled='openai' in var('ai_usage_platforms', [])) }}

{%- set measures = {
    'embeddings': {'input_uncached_tokens': ['input_tokens']},
    'moderations': {'input_uncached_tokens': ['input_tokens']},
    'images': {'images': ['images']},
    'audio_speeches': {'characters': ['characters', 'input_tokens']},
    'audio_transcriptions': {'audio_seconds': ['seconds']},
    'code_interpreter_sessions': {'code_execution_sessions': ['num_sessions', 'sessions']},
    'web_search_calls': {'web_search_requests': ['num_requests']}
} %}
{%- set token_counts = [
    'input_tokens', 'input_cached_tokens', 'input_cache_write_tokens', 'input_uncached_tokens',
    'input_text_tokens', 'input_audio_tokens', 'input_image_tokens', 'input_cached_text_tokens',
    'input_cached_audio_tokens', 'input_cached_image_tokens', 'output_tokens', 'output_text_tokens',
    'output_audio_tokens', 'output_image_tokens'
] %}
{%- set reports = [] %}

{%- for endpoint in ai_openai_usage_endpoints() %}
{%- set table = 'openai_usage_' ~ endpoint %}
{%- set names = token_counts if endpoint == 'completions' else measures[endpoint].values() | first %}
{%- set raw = ai_landed_columns(
    ai_raw_columns(table), 'openai', ['api', 'fivetran', 'dlt'], names + ['num_model_requests']
) %}
{%- set model = ai_raw_text(raw, 'model') %}
{%- set requests = ai_raw_count(raw, 'num_model_requests') %}
{%- set values = {
    'platform': "'openai'",
    'provider_reported': "'openai'",
    'billing_account_id': 'coalesce(' ~ ai_raw_text(raw, 'organization_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ ai_raw_text(raw, 'project_id') ~ ", 'default')",
    'api_key_id': ai_raw_text(raw, 'api_key_id'),
    'principal_id': ai_raw_text(raw, 'user_id'),
    'model_raw': model,
    'operation': "'" ~ endpoint ~ "'",
    'requests': requests,
    'usage_start_at': ai_raw_time(raw, 'start_time'),
    'usage_end_at': ai_raw_time(raw, 'end_time'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(
        raw, times=['start_time', 'end_time', 'loaded_at'], counts=names + ['num_model_requests']
    )
} %}
{%- set derived = [] %}

{%- if endpoint == 'completions' %}
{#- Since 2026-07-15 the audio count excludes cached audio, and the uncached count is there. -#}
{%- set tier = ai_raw_text(raw, 'service_tier') %}
{%- set audio = 'coalesce(' ~ ai_raw_count(raw, 'input_audio_tokens') ~ ', 0)' %}
{%- set cached_audio = 'coalesce(' ~ ai_raw_count(raw, 'input_cached_audio_tokens') ~ ', 0)' %}
{%- set uncached = ai_raw_count(raw, 'input_uncached_tokens') %}
{%- set derived = [
    {
        'ai_input': ai_raw_count(raw, 'input_tokens'),
        'ai_cached': 'coalesce(' ~ ai_raw_count(raw, 'input_cached_tokens') ~ ', 0)',
        'ai_written': 'coalesce(' ~ ai_raw_count(raw, 'input_cache_write_tokens') ~ ', 0)',
        'ai_image': 'coalesce(' ~ ai_raw_count(raw, 'input_image_tokens') ~ ', 0)',
        'ai_audio_reported': audio,
        'ai_audio': audio ~ ' - case when ' ~ uncached ~ ' is null and ' ~ values['usage_start_at']
            ~ " < cast('2026-07-15' as timestamp) then " ~ cached_audio ~ ' else 0 end',
        'ai_output': ai_raw_count(raw, 'output_tokens'),
        'ai_output_audio': 'coalesce(' ~ ai_raw_count(raw, 'output_audio_tokens') ~ ', 0)',
        'ai_output_image': 'coalesce(' ~ ai_raw_count(raw, 'output_image_tokens') ~ ', 0)',
        'ai_parts_differ': 'coalesce('
            ~ uncached ~ ' is not null and ' ~ ai_raw_count(raw, 'input_text_tokens') ~ ' + ' ~ audio
            ~ ' + coalesce(' ~ ai_raw_count(raw, 'input_image_tokens') ~ ', 0) <> ' ~ uncached
            ~ ', false) or coalesce(' ~ ai_raw_count(raw, 'input_cached_text_tokens') ~ ' + ' ~ cached_audio
            ~ ' + coalesce(' ~ ai_raw_count(raw, 'input_cached_image_tokens') ~ ', 0) <> '
            ~ ai_raw_count(raw, 'input_cached_tokens')
            ~ ', false)'
    },
    {
        'ai_uncached': 'coalesce(' ~ uncached ~ ', ai_input - ai_cached - ai_written)',
        'ai_output_text': 'ai_output - ai_output_audio - ai_output_image'
    },
    {
        'ai_uncached_text': 'ai_uncached - ai_audio - ai_image',
        'ai_output_differs':
            'coalesce(ai_output_text <> ' ~ ai_raw_count(raw, 'output_text_tokens') ~ ', false)'
    }
] %}
{%- do values.update({
    'service_tier': ai_service_tier(
        'case when lower(' ~ tier ~ ") = 'fast' then 'priority' else " ~ tier ~ ' end'
    ),
    'processing': ai_processing(tier, 'coalesce(' ~ ai_raw_bool(raw, 'batch') ~ ', false)'),
    'quantity_status':
        "case when ai_uncached_text < 0 or ai_output_text < 0 or ai_audio < 0
            or ai_uncached + ai_cached + ai_written <> ai_input
            or ai_parts_differ or ai_output_differs then 'inconsistent' else 'exact' end",
    'input_uncached_tokens':
        'case when ai_uncached < 0 then ai_input when ai_uncached_text < 0 then ai_uncached
            else ai_uncached_text end',
    'input_cached_tokens': 'ai_cached',
    'cache_write_5m_tokens': 'cast(0 as bigint)',
    'cache_write_1h_tokens': 'cast(0 as bigint)',
    'cache_write_other_tokens': 'ai_written',
    'input_audio_tokens': 'case when ai_audio < 0 then ai_audio_reported else ai_audio end',
    'input_image_tokens': 'ai_image',
    'output_tokens': 'case when ai_output_text < 0 then ai_output else ai_output_text end',
    'output_audio_tokens': 'ai_output_audio',
    'output_image_tokens': 'ai_output_image',
    'input_tokens': 'ai_input'
}) %}
{%- else %}
{%- for column, found in measures[endpoint].items() %}
{%- do values.update({column: ai_raw_first(raw, found, 'bigint')}) %}
{%- endfor %}
{%- endif %}

{%- if endpoint == 'images' %}
{#- The GPT image models are sold by the token, and completions has their tokens and calls. -#}
{%- set by_token = "(lower(" ~ model ~ ") like 'gpt-%' or lower(" ~ model ~ ") like 'chatgpt-%')" %}
{%- do values.update({
    'operation': "'images' || coalesce(' ' || " ~ ai_raw_text(raw, 'source') ~ ", '') || coalesce(' ' || "
        ~ ai_raw_text(raw, 'size') ~ ", '')",
    'images': 'case when ' ~ by_token ~ ' then null else ' ~ values['images'] ~ ' end',
    'requests': 'case when ' ~ by_token ~ ' then null else ' ~ requests ~ ' end'
}) %}
{%- elif endpoint == 'code_interpreter_sessions' %}
{%- do values.update({'model_raw': "'code_interpreter'", 'requests': 'cast(null as bigint)'}) %}
{%- elif endpoint == 'web_search_calls' %}
{%- do values.update({
    'operation': "'web_search_calls' || coalesce(' ' || " ~ ai_raw_text(raw, 'context_level') ~ ", '')",
    'requests': 'cast(null as bigint)'
}) %}
{%- endif %}
{%- do reports.append(ai_usage_staging(table, values, ai_landed_rows(raw), derived)) %}
{%- endfor %}

{{ ai_staging_union(reports, ai_usage_columns()) }}
