{#- Grain: one row per span of a model call in OpenTelemetry's GenAI conventions.
    Purpose: the attributes, under their present and former names, in the canonical columns.
    Only spans of a call count: an agent, workflow or tool span may repeat the usage of its children. A
    span that names no operation counts if it names a model and usage, as older instrumentations write.
    The id of the response is the id of the request, so that a wrapper which repeats a call is a copy of
    it; a span without one is its own request.
    Input includes the cache; a row whose cache is more than its input was written by an instrumentation
    that leaves the cache out. Lifetimes of cache writes are not in the conventions.
    Limits: attributes as a list of key and value (OTLP's own JSON) must be made a map by the loader. -#}
{{ config(enabled='otel' in var('ai_request_sources', [])) }}

{%- set landed = [
    'trace_id', 'span_id', 'parent_span_id', 'start_time_unix_nano', 'end_time_unix_nano', 'start_time', 'end_time',
    'status_code', 'span_attributes', 'resource_attributes', 'sampling_probability', 'loaded_at'
] %}
{%- set raw = ai_snake_case_columns(ai_raw_columns('otel_spans'), landed) %}
{%- set everywhere = ['attributes', 'span_attributes', 'resource_attributes'] %}
{%- set counts = {
    'ai_input_tokens': ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
    'ai_cached_tokens': [
        'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens',
        'gen_ai.usage.input_tokens.cached'
    ],
    'ai_written_tokens': [
        'gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_creation_input_tokens',
        'gen_ai.usage.cache_write_input_tokens', 'gen_ai.usage.input_tokens.cache_write'
    ],
    'ai_output_tokens': ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    'ai_reasoning_tokens': [
        'gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens',
        'gen_ai.usage.output_tokens.reasoning'
    ],
    'ai_input_audio_tokens': ['gen_ai.usage.audio.input_tokens'],
    'ai_input_image_tokens': ['gen_ai.usage.image.input_tokens'],
    'ai_output_audio_tokens': ['gen_ai.usage.audio.output_tokens']
} %}
{%- set attributes = {
    'ai_operation': ['gen_ai.operation.name', 'llm.request.type'],
    'ai_system': ['gen_ai.provider.name', 'gen_ai.system'],
    'ai_model_requested': ['gen_ai.request.model'],
    'ai_model_served': ['gen_ai.response.model'],
    'ai_response_id': ['gen_ai.response.id'],
    'ai_error': ['error.type']
} %}
{%- do attributes.update(counts) %}
{%- set fields = {
    'ai_status_code': [['status', 'code'], 'status_code', 'status']
} %}
{%- for name, aliases in attributes.items() %}
{%- do fields.update({name: ai_attribute_paths(aliases)}) %}
{%- endfor %}
{%- set read = ai_field_columns(fields) %}
{%- set shown = {} %}
{%- for name, aliases in counts.items() %}
{%- do shown.update({name: aliases[0]}) %}
{%- endfor %}
{%- set starts = ['start_time_unix_nano', 'start_time', 'timestamp'] %}
{%- set ends = ['end_time_unix_nano', 'end_time'] %}
{%- set times = {'start': [], 'end': []} %}
{%- set unparsable = [] %}
{%- for kind, names in [('start', starts), ('end', ends)] %}
{%- for name in names if ai_has_raw(raw, name) %}
{%- set place = ai_raw_place(raw, name) %}
{%- set time = ai_nanosecond_timestamp(place.sql, place.type or 'timestamp') %}
{%- do times[kind].append(time) %}
{%- do unparsable.append((
            'unparsable_time', name, ai_raw_text(raw, name) ~ ' is not null and ' ~ time ~ ' is null'
        )) %}
{%- endfor %}
{%- endfor %}
{%- set tags = {} %}
{%- for column, names in {
    'run_id': ['app.run_id', 'gen_ai.conversation.id'],
    'billing_account_id': ['app.billing_account_id'], 'project_id': ['app.project_id'],
    'api_key_id': ['app.api_key_id'], 'gateway_key': ['app.gateway_key'], 'region': ['app.region'],
    'plan_code': ['app.plan_code'], 'release': ['app.release', 'service.version'],
    'prompt_version': ['app.prompt_version'], 'outcome': ['app.outcome'], 'is_batch': ['app.is_batch'],
    'service_tier': [
        'openai.response.service_tier', 'gen_ai.openai.response.service_tier', 'openai.request.service_tier',
        'gen_ai.openai.request.service_tier', 'app.service_tier'
    ],
    'logged_cost': ['gen_ai.usage.cost'], 'sample_rate': ['sampling.probability', 'app.sample_rate']
}.items() %}
{%- do tags.update({column: ai_raw_first(raw, ai_attribute_paths(names, everywhere), {
        'is_batch': 'boolean', 'logged_cost': money_type(), 'sample_rate': 'numeric(18,9)'
    }.get(column, 'varchar'))}) %}
{%- endfor %}
{%- set standard = {
    'environment': ['deployment.environment.name', 'deployment.environment'], 'user': ['enduser.id', 'user.id']
} %}
{%- set dimensions = {
    'customer': 'customer_tag', 'feature': 'feature_tag', 'team': 'team_tag', 'environment': 'environment_tag',
    'user': 'user_id'
} %}
{%- do dimensions.update(ai_extra_dimensions()) %}
{%- for dimension, column in dimensions.items() %}
{%- set names = [] %}
{%- for key in ai_tag_keys(dimension) %}
{%- do names.extend(['app.' ~ key, key]) %}
{%- endfor %}
{%- do tags.update({
        column: ai_raw_first(raw, ai_attribute_paths(names + standard.get(dimension, []), everywhere))
    }) %}
{%- endfor %}
{%- set values = {
    'request_id': 'coalesce(ai_response_id, ' ~ ai_raw_text(raw, 'span_id') ~ ')',
    'provider_request_id': 'ai_response_id',
    'trace_id': ai_raw_text(raw, 'trace_id'),
    'parent_id': ai_raw_text(raw, 'parent_span_id'),
    'provider_reported': ai_platform_maker('ai_system'),
    'platform': ai_log_platform('otel', ai_platform('ai_system')),
    'model_requested': 'ai_model_requested',
    'model_served': 'ai_model_served',
    'operation': ai_operation('ai_operation'),
    'status': "case
                when lower(ai_error) like '%timeout%' or lower(ai_error) like '%timed_out%' then 'timeout'
                when lower(ai_error) like '%cancel%' then 'cancelled'
                when ai_error is not null or lower(ai_status_code) in ('error', 'status_code_error', '2')
                    then 'error'
                else 'ok'
            end",
    'error_code': 'ai_error',
    'input_convention': "case
                when " ~ ai_raw_count(read, 'ai_input_tokens') ~ ' < coalesce('
        ~ ai_raw_count(read, 'ai_cached_tokens') ~ ', 0) + coalesce(' ~ ai_raw_count(read, 'ai_written_tokens')
        ~ ", 0) then 'exclusive'
            end",
    'input_count': ai_raw_count(read, 'ai_input_tokens'),
    'cached_count': ai_raw_count(read, 'ai_cached_tokens'),
    'write_count': ai_raw_count(read, 'ai_written_tokens'),
    'output_count': ai_raw_count(read, 'ai_output_tokens'),
    'reasoning_tokens': ai_raw_count(read, 'ai_reasoning_tokens'),
    'input_audio_tokens': ai_raw_count(read, 'ai_input_audio_tokens'),
    'input_image_tokens': ai_raw_count(read, 'ai_input_image_tokens'),
    'output_audio_tokens': ai_raw_count(read, 'ai_output_audio_tokens'),
    'logged_cost_currency': "case when " ~ tags['logged_cost'] ~ " is not null then 'USD' end",
    'requested_at': 'coalesce(' ~ (times.start + ['cast(null as timestamp)']) | join(', ') ~ ')',
    'completed_at': 'coalesce(' ~ (times.end + ['cast(null as timestamp)']) | join(', ') ~ ')',
    'loaded_at': ai_raw_time(raw, 'loaded_at')
} %}
{%- do values.update(tags) %}
{%- do values.update({
    'is_batch': 'coalesce(' ~ tags['is_batch'] ~ ', false)',
    'defect': 'coalesce(' ~ ai_defect(raw, times=['loaded_at'], others=unparsable) ~ ',
            ' ~ ai_defect(read, counts=counts | list, names=shown) ~ ')'
}) %}

{{ ai_request_staging(
    'otel', 'otel_spans', values,
    derived=[ai_field_step(raw, fields)],
    where="lower(ai_operation) in (
            'chat', 'generate_content', 'text_completion', 'embeddings', 'completion', 'embedding'
        )
        or (
            ai_operation is null
            and coalesce(ai_model_served, ai_model_requested) is not null
            and coalesce(ai_input_tokens, ai_output_tokens) is not null
        )"
) }}
