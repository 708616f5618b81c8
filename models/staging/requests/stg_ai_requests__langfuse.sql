{#- Grain: one row per version of a generation or embedding in Langfuse's observations (v3), events (v4)
    or an export of them, in snake_case or camelCase.
    Purpose: the usage map in the canonical columns.
    The parts of the map are disjoint, because Langfuse prices each by itself: `input` is without cache,
    audio and images, `output` without reasoning and audio; `total` repeats them and is never summed.
    Callers may send keys of their own: those of a provider's answer (prompt_tokens, completion_tokens,
    output_tokens) are whole counts.
    Langfuse keeps versions of a row: all of a deleted one are left out, and of those that one load
    brought the last; versions of several loads are copies.
    Limits: who sends the invoice is not logged. It is read from metadata or a tag, else it is
    ai_default_platforms['langfuse']. In v3 user_id, session_id and tags are on the trace: join them in
    the raw table. The lists metadata_names and metadata_values of v4 must be landed as one map. -#}
{{ config(enabled='langfuse' in var('ai_request_sources', [])) }}

{%- set raw = ai_snake_case_columns(ai_raw_columns('langfuse_observations'), [
    'trace_id', 'project_id', 'parent_observation_id', 'start_time', 'end_time', 'provided_model_name',
    'model_parameters', 'usage_details', 'provided_usage_details', 'cost_details', 'total_cost',
    'calculated_total_cost', 'prompt_version', 'created_at', 'updated_at', 'event_ts', 'is_deleted', 'user_id',
    'session_id', 'usage_pricing_tier_name', 'loaded_at'
]) %}
{%- set keys = {
    'ai_input_rest': ['input', 'input_tokens'],
    'ai_input_whole': ['prompt_tokens', 'prompt_token_count', 'promptTokens'],
    'ai_input_text_tokens': ['input_text_tokens'],
    'ai_cached_tokens': [
        'input_cached_tokens', 'input_cache_read', 'cache_read_input_tokens', 'cached_content_token_count'
    ],
    'ai_written_5m_tokens': ['input_cache_creation_5m'],
    'ai_written_1h_tokens': ['input_cache_creation_1h'],
    'ai_written_rest': ['input_cache_creation', 'input_cache_write'],
    'ai_written_whole': ['cache_creation_input_tokens', 'cache_write_input_tokens'],
    'ai_input_audio_tokens': ['input_audio_tokens', 'input_audio'],
    'ai_input_image_tokens': ['input_image_tokens', 'input_image'],
    'ai_output_rest': ['output', 'candidates_token_count'],
    'ai_output_whole': ['output_tokens', 'completion_tokens', 'completionTokens'],
    'ai_output_text_tokens': ['output_text_tokens'],
    'ai_reasoning_tokens': ['output_reasoning_tokens', 'output_reasoning', 'thoughts_token_count'],
    'ai_output_audio_tokens': ['output_audio_tokens', 'output_audio'],
    'ai_output_image_tokens': ['output_image_tokens', 'output_image'],
    'ai_accepted_tokens': ['output_accepted_prediction_tokens'],
    'ai_rejected_tokens': ['output_rejected_prediction_tokens'],
    'ai_total_tokens': ['total']
} %}
{%- set fields = {
    'ai_id': ['id'],
    'ai_project': ['project_id'],
    'ai_type': ['type'],
    'ai_level': ['level'],
    'ai_tier_name': ['usage_pricing_tier_name'],
    'ai_deleted': ['is_deleted'],
    'ai_environment': ['environment'],
    'ai_platform_word': [
        ['metadata', 'platform'], ['metadata', 'provider'], ['metadata', 'ls_provider'],
        ['metadata', 'gen_ai.provider.name'], ['metadata', 'gen_ai.system'],
        ['metadata', 'attributes', 'gen_ai.provider.name'], ['metadata', 'attributes', 'gen_ai.system']
    ]
} %}
{%- set shown = {} %}
{%- for name, words in keys.items() %}
{%- set places = [] %}
{%- for word in words %}
{%- do places.append(['usage_details', word]) %}
{%- endfor %}
{%- do fields.update({name: places}) %}
{%- do shown.update({name: 'usage_details.' ~ words[0]}) %}
{%- endfor %}
{%- set read = ai_field_columns(fields) %}
{%- set number = {} %}
{%- set zero = {} %}
{%- for name in keys %}
{%- do number.update({name: ai_raw_count(read, name)}) %}
{%- do zero.update({name: 'coalesce(' ~ ai_raw_count(read, name) ~ ', 0)'}) %}
{%- endfor %}
{%- set output_parts = [
    zero['ai_output_text_tokens'], zero['ai_reasoning_tokens'], zero['ai_output_audio_tokens'],
    zero['ai_output_image_tokens'], zero['ai_accepted_tokens'], zero['ai_rejected_tokens']
] | join(' + ') %}
{%- set input_parts = [
    zero['ai_input_text_tokens'], zero['ai_input_audio_tokens'], zero['ai_input_image_tokens']
] | join(' + ') %}
{%- set platform = 'coalesce(ai_platform_word, ' ~ ai_list_tag(raw, 'tags', 'platform') ~ ', '
    ~ ai_list_tag(raw, 'tags', 'provider') ~ ')' %}
{%- set has_versions = ai_has_raw(raw, 'event_ts') and ai_has_raw(raw, 'loaded_at') %}
{%- set versions = {} %}
{%- if ai_has_raw(raw, 'is_deleted') %}
{%- do versions.update({'ai_deletions':
        "max(case when lower(ai_deleted) in ('1', 'true') then 1 else 0 end) over (partition by ai_project, ai_id)"
    }) %}
{%- endif %}
{%- if has_versions %}
{%- do versions.update({'ai_version': 'row_number() over (partition by ai_project, ai_id, '
        ~ ai_raw_text(raw, 'loaded_at') ~ ' order by ' ~ ai_raw_time(raw, 'event_ts') ~ ' desc nulls last, '
        ~ ai_raw_text(raw, 'usage_details') ~ ')'
    }) %}
{%- endif %}
{%- set values = {
    'request_id': "case when ai_project is null then ai_id else ai_project || '/' || ai_id end",
    'trace_id': ai_raw_text(raw, 'trace_id'),
    'parent_id': ai_raw_text(raw, 'parent_observation_id'),
    'run_id': ai_raw_text(raw, 'session_id'),
    'provider_reported': ai_platform_maker(platform),
    'platform': ai_log_platform('langfuse', ai_platform(platform)),
    'user_id': 'coalesce(' ~ ai_raw_text(raw, 'user_id') ~ ', ' ~ ai_tag(raw, 'user', ['metadata']) ~ ')',
    'model_served': ai_raw_first(raw, ['provided_model_name', 'model']),
    'operation': "case when lower(ai_type) = 'embedding' then 'embedding' else 'chat' end",
    'region': ai_raw_text(raw, ['metadata', 'region']),
    'service_tier': 'coalesce(' ~ ai_raw_first(raw, [
        ['model_parameters', 'service_tier'], ['metadata', 'service_tier']
    ]) ~ ", case
                when lower(ai_tier_name) in ('standard', 'default', 'flex', 'priority', 'batch')
                    then lower(ai_tier_name)
            end)",
    'speed': ai_raw_first(raw, [['model_parameters', 'speed'], ['metadata', 'speed']]),
    'is_batch': 'coalesce(' ~ ai_raw_column(raw, ['metadata', 'is_batch'], 'boolean') ~ ', false)',
    'release': ai_raw_first(raw, ['release', 'version']),
    'prompt_version': ai_raw_text(raw, 'prompt_version'),
    'status': "case when lower(ai_level) = 'error' then 'error' else 'ok' end",
    'input_convention':
        'case when ai_input_rest is null and ai_input_whole is not null' ~ " then 'inclusive' end",
    'input_count': 'coalesce(' ~ number['ai_input_rest'] ~ ' + ' ~ input_parts ~ ', ' ~ number['ai_input_whole']
        ~ ", case when ai_input_text_tokens is not null then " ~ input_parts ~ ' end)',
    'cached_count': 'coalesce(' ~ number['ai_cached_tokens'] ~ ', case
                when ' ~ number['ai_total_tokens'] ~ ' = ' ~ number['ai_input_rest'] ~ ' + ' ~ input_parts ~ '
                    + ' ~ zero['ai_written_5m_tokens'] ~ ' + ' ~ zero['ai_written_1h_tokens'] ~ '
                    + ' ~ zero['ai_written_rest'] ~ ' + ' ~ zero['ai_output_rest'] ~ ' + ' ~ output_parts ~ '
                    then 0
            end)',
    'write_5m_count': number['ai_written_5m_tokens'],
    'write_1h_count': number['ai_written_1h_tokens'],
    'write_count': 'coalesce(' ~ number['ai_written_whole'] ~ ', ' ~ number['ai_written_rest'] ~ ' + '
        ~ zero['ai_written_5m_tokens'] ~ ' + ' ~ zero['ai_written_1h_tokens'] ~ ')',
    'output_count': 'coalesce(' ~ number['ai_output_rest'] ~ ' + ' ~ output_parts ~ ', '
        ~ number['ai_output_whole'] ~ ", case when ai_output_text_tokens is not null then " ~ output_parts ~ ' end)',
    'reasoning_tokens': number['ai_reasoning_tokens'],
    'input_audio_tokens': number['ai_input_audio_tokens'],
    'input_image_tokens': number['ai_input_image_tokens'],
    'output_audio_tokens': number['ai_output_audio_tokens'],
    'output_image_tokens': number['ai_output_image_tokens'],
    'logged_cost': ai_raw_first(
        raw, ['total_cost', 'calculated_total_cost', ['cost_details', 'total']], money_type()
    ),
    'logged_cost_currency': "'USD'",
    'requested_at': ai_raw_time(raw, 'start_time'),
    'completed_at': ai_raw_time(raw, 'end_time'),
    'loaded_at': ai_raw_first(raw, ['loaded_at', 'event_ts', 'updated_at', 'created_at'], 'timestamp')
} %}
{%- do values.update(ai_logged_tags(raw, ['metadata'], 'tags')) %}
{%- do values.update({
    'environment_tag': 'coalesce(' ~ values['environment_tag'] ~ ", case
                when lower(ai_environment) <> 'default' then ai_environment
            end)",
    'defect': 'coalesce('
        ~ ai_defect(raw, times=['start_time', 'end_time', 'loaded_at', 'event_ts', 'updated_at', 'created_at']) ~ ',
            ' ~ ai_defect(read, counts=keys | list, names=shown) ~ ')'
}) %}

{{ ai_request_staging(
    'langfuse', 'langfuse_observations', values,
    derived=[ai_field_step(raw, fields)] + ([versions] if versions else []),
    where="upper(ai_type) in ('GENERATION', 'EMBEDDING')"
        ~ (' and (ai_id is null or ai_deletions = 0)' if 'ai_deletions' in versions else '')
        ~ (' and (ai_id is null or ai_version = 1)' if has_versions else '')
) }}
