{#- The machinery of staging, once for all sources: a staging model is a mapping {column: SQL over the raw
    table} and a call of one of these. A column that the mapping leaves out is a typed NULL (or the
    default that the macro states); a column that does not exist is a compile error. -#}

{#- `select` list of a mapping: every column of `types` in order; `defaults`: {column: SQL}. -#}
{% macro ai_mapped_columns(values, types, defaults, what) -%}
{%- set known = types | map('first') | list -%}
{%- for column in values if column not in known -%}
    {{ exceptions.raise_compiler_error(
        what ~ ' have no column ' ~ column ~ '. They have: ' ~ known | join(', ')
    ) }}
{%- endfor -%}
{%- for column, type in types %}
{{ values.get(column, defaults.get(column, 'cast(null as ' ~ type ~ ')')) }} as {{ column }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- What a request log may say about an attempt, in the words of the log: a mapping of a
    stg_ai_requests__<log> gives these. Counts are as reported: `input_count` includes the cache or not as
    `input_convention` (else ai_input_conventions) says; `write_count` is the total of cache writes. -#}
{% macro ai_reported_request_columns() -%}
    {{ return([
        ('request_id', 'varchar'), ('attempt', 'bigint'), ('provider_request_id', 'varchar'),
        ('trace_id', 'varchar'), ('parent_id', 'varchar'), ('run_id', 'varchar'),
        ('platform', 'varchar'), ('provider_reported', 'varchar'), ('billing_account_id', 'varchar'),
        ('project_id', 'varchar'), ('api_key_id', 'varchar'), ('gateway_key', 'varchar'), ('user_id', 'varchar'),
        ('model_requested', 'varchar'), ('model_served', 'varchar'), ('operation', 'varchar'),
        ('region', 'varchar'), ('service_tier', 'varchar'), ('speed', 'varchar'), ('is_batch', 'boolean'),
        ('customer_tag', 'varchar'), ('feature_tag', 'varchar'), ('team_tag', 'varchar'),
        ('environment_tag', 'varchar'), ('plan_code', 'varchar'), ('release', 'varchar'),
        ('prompt_version', 'varchar'), ('status', 'varchar'), ('error_code', 'varchar'), ('outcome', 'varchar'),
        ('input_convention', 'varchar'), ('input_count', 'bigint'), ('cached_count', 'bigint'),
        ('write_5m_count', 'bigint'), ('write_1h_count', 'bigint'), ('write_count', 'bigint'),
        ('output_count', 'bigint'), ('reasoning_tokens', 'bigint'), ('input_audio_tokens', 'bigint'),
        ('input_image_tokens', 'bigint'), ('output_audio_tokens', 'bigint'), ('output_image_tokens', 'bigint'),
        ('web_search_requests', 'bigint'), ('code_execution_sessions', 'bigint'), ('images', 'bigint'),
        ('audio_seconds', 'bigint'), ('characters', 'bigint'),
        ('logged_cost', ai_unit_economics.money_type()), ('logged_cost_currency', 'varchar'),
        ('sample_rate', 'numeric(18,9)'), ('is_gateway_cache_hit', 'boolean'), ('is_cache_unknown', 'boolean'),
        ('requested_at', 'timestamp'), ('completed_at', 'timestamp'), ('loaded_at', 'timestamp'),
        ('defect', 'varchar')
    ] + ai_unit_economics.ai_extra_columns()) }}
{%- endmacro %}

{#- A staging model over a request log: one row per copy of an attempt, with disjoint token classes.
    log       the log's word in ai_request_sources
    table     its raw table
    values    {column of ai_reported_request_columns: SQL over the raw table}
    where     SQL condition on raw rows that are model calls; others are out of scope (agent spans)
    derived   steps on the way, each {ai_<name>: SQL over raw columns and earlier steps}
    lookups   names looked up in a seed after those steps (ai_source_with_steps)
    A split that does not add up stays as reported and is flagged in quantity_status; nothing is clamped.
    A total of cache writes without its 5m and 1h parts is `cache_write_other`. -#}
{% macro ai_request_staging(log, table, values, where=none, derived=[], lookups=[]) -%}
{%- set defaults = {
    'attempt': 'cast(1 as bigint)', 'is_batch': 'false', 'is_gateway_cache_hit': 'false',
    'is_cache_unknown': 'false'
} -%}
{{ ai_unit_economics.ai_source_with_steps(table, derived, lookups) }}

reported as (

    select
        {{ ai_unit_economics.ai_mapped_columns(
            values, ai_unit_economics.ai_reported_request_columns(), defaults, 'reported requests'
        ) | indent(8) | trim }}
    from {{ ai_unit_economics.ai_step(derived | length + lookups | length) }}
    {%- if where %}
    where {{ where }}
    {%- endif %}

),

split as (

    select
        *,
        coalesce(
            input_convention,
            {{ ai_unit_economics.ai_input_convention(log, 'provider_reported', 'platform') | indent(12) }}
        ) = 'inclusive' as is_inclusive,
        coalesce(write_count, coalesce(write_5m_count, 0) + coalesce(write_1h_count, 0)) as all_writes,
        case
            when write_count is not null
                then write_count - coalesce(write_5m_count, 0) - coalesce(write_1h_count, 0)
            when write_5m_count is not null or write_1h_count is not null then 0
        end as other_writes,
        coalesce(input_audio_tokens, 0) + coalesce(input_image_tokens, 0) as other_inputs,
        coalesce(output_audio_tokens, 0) + coalesce(output_image_tokens, 0) as other_outputs
    from reported

),

disjoint as (

    select
        *,
        input_count - other_inputs
        - case when is_inclusive then coalesce(cached_count, 0) + all_writes else 0 end as uncached_rest,
        output_count - other_outputs as output_rest
    from split

),

renamed as (

    select
        '{{ log }}' as request_source,
        request_id,
        attempt,
        provider_request_id,
        trace_id,
        parent_id,
        run_id,
        platform,
        provider_reported,
        billing_account_id,
        project_id,
        api_key_id,
        gateway_key,
        model_requested,
        model_served,
        operation,
        {{ ai_unit_economics.ai_region_scope('platform', 'region') | indent(8) }} as region_scope,
        {{ ai_unit_economics.ai_service_tier('service_tier', 'speed') | indent(8) }} as service_tier,
        {{ ai_unit_economics.ai_processing('service_tier', 'is_batch') }} as processing,
        customer_tag,
        {% if var('ai_hash_user_ids', false) %}{{ ai_unit_economics.ai_sha256('user_id') }} as user_id
        {%- else %}user_id{% endif %},
        feature_tag,
        team_tag,
        environment_tag,
        plan_code,
        release,
        prompt_version,
        {{ ai_unit_economics.ai_request_status('status') | indent(8) }} as status,
        error_code,
        outcome,
        logged_cost_currency,
        case
            when coalesce(
                input_count, output_count, images, audio_seconds, characters, code_execution_sessions
            ) is null then null
            when uncached_rest < 0 or other_writes < 0 or output_rest < 0 or reasoning_tokens > output_count
                then 'inconsistent'
            when input_count > 0 and (cached_count is null or is_cache_unknown) then 'split_unknown'
            when write_count > 0 and write_5m_count is null and write_1h_count is null then 'split_unknown'
            when sample_rate < 1 then 'sampled'
            else 'exact'
        end as quantity_status,
        defect,
        case when uncached_rest < 0 then input_count else uncached_rest end as input_uncached_tokens,
        cached_count as input_cached_tokens,
        write_5m_count as cache_write_5m_tokens,
        write_1h_count as cache_write_1h_tokens,
        case when other_writes < 0 then 0 else other_writes end as cache_write_other_tokens,
        input_audio_tokens,
        input_image_tokens,
        case when output_rest < 0 then output_count else output_rest end as output_tokens,
        output_audio_tokens,
        output_image_tokens,
        web_search_requests,
        code_execution_sessions,
        images,
        audio_seconds,
        characters,
        cast(
            case when uncached_rest < 0 then input_count else uncached_rest end
            + coalesce(cached_count, 0) + coalesce(write_5m_count, 0) + coalesce(write_1h_count, 0)
            + case when other_writes > 0 then other_writes else 0 end
            + other_inputs
            as bigint
        ) as input_tokens,
        reasoning_tokens,
        logged_cost,
        sample_rate,
        is_gateway_cache_hit,
        {%- for column in ai_unit_economics.ai_extra_dimensions().values() %}
        {{ column }},
        {%- endfor %}
        requested_at,
        completed_at,
        loaded_at
    from disjoint

)

select * from renamed
{%- endmacro %}

{#- A staging model over a provider's usage report: `values` maps the columns of ai_usage_columns, in
    disjoint classes. Left out: global, standard, sync, exact, first context window, and the sum of the
    input classes; NULL otherwise. -#}
{% macro ai_usage_staging(table, values, where=none, derived=[], lookups=[]) -%}
{%- set inputs = [] -%}
{%- for class in ai_unit_economics.ai_input_classes() if class ~ '_tokens' in values -%}
    {%- do inputs.append('coalesce(' ~ values[class ~ '_tokens'] ~ ', 0)') -%}
{%- endfor -%}
{%- set types = ai_unit_economics.ai_usage_columns() -%}
{{ ai_unit_economics.ai_canonical_staging(table, values, where, derived, lookups, types, {
    'region_scope': "'global'", 'service_tier': "'standard'", 'processing': "'sync'",
    'quantity_status': "'exact'", 'context_window': 'cast(0 as bigint)',
    'input_tokens': 'cast(' ~ (inputs | join(' + ') or 'null') ~ ' as bigint)'
}, 'usage rows') }}
{%- endmacro %}

{#- A staging model over a bill: `values` maps the columns of ai_billing_columns. Left out: a usage charge,
    no correction, on the bill; an attribute that the line does not carry is NULL.
    more_lines   what a raw row says beside its first line (a credit inside a usage row), each
                 {'where': SQL condition on rows that have it, 'values': columns that differ from the
                 first line}; one of them must be in the line's key -#}
{% macro ai_billing_staging(table, values, where=none, derived=[], lookups=[], more_lines=[]) -%}
{%- set types = ai_unit_economics.ai_billing_columns() -%}
{{ ai_unit_economics.ai_canonical_staging(table, values, where, derived, lookups, types, {
    'charge_category': "'usage'", 'is_correction': 'false', 'is_off_bill': 'false'
}, 'bill lines', more_lines) }}
{%- endmacro %}

{% macro ai_canonical_staging(table, values, where, derived, lookups, types, defaults, what, more_lines=[]) -%}
{{ ai_unit_economics.ai_source_with_steps(table, derived, lookups) }}

renamed as (

    select
        {{ ai_unit_economics.ai_mapped_columns(values, types, defaults, what) | indent(8) | trim }}
    from {{ ai_unit_economics.ai_step(derived | length + lookups | length) }}
    {%- if where %}
    where {{ where }}
    {%- endif %}
    {%- for line in more_lines %}
    {%- set differing = {} %}
    {%- do differing.update(values) %}
    {%- do differing.update(line['values']) %}

    union all

    select
        {{ ai_unit_economics.ai_mapped_columns(differing, types, defaults, what) | indent(8) | trim }}
    from {{ ai_unit_economics.ai_step(derived | length + lookups | length) }}
    where {{ '(' ~ where ~ ') and ' if where }}({{ line.where }})
    {%- endfor %}

)

select * from renamed
{%- endmacro %}

{#- Several raw tables as one staging model: `parts` are what ai_usage_staging or ai_billing_staging give,
    one per table. No part is a valid, empty model with the columns of `types`. -#}
{% macro ai_staging_union(parts, types) -%}
{%- if parts | length == 1 -%}
{{ parts[0] }}
{%- else -%}
with unioned as (

    {%- for part in parts %}

    select * from (
        {{ part | indent(8) }}
    ) as part_{{ loop.index }}
    {{ 'union all' if not loop.last }}
    {%- else %}

    {{ ai_unit_economics.ai_empty(types) | indent(4) }}
    {%- endfor %}

)

select * from unioned
{%- endif -%}
{%- endmacro %}

{#- The raw table (its name, or a relation that stands for it) and the steps above it, each with columns of
    its own beside those before it.
    lookups   names found in a seed, one step each after the derived ones:
              {'alias': name of the seed in SQL, 'relation': the seed (ai_seed), 'on': SQL that pairs a
              row with at most one row of it, 'columns': {ai_<name>: SQL}}.
    The SQL writes a seed's columns as alias.column, the row's own ones as ai_<name> of an earlier step:
    a raw column might have the seed's name. The seed's key is unique, so no row is lost or doubled. -#}
{% macro ai_source_with_steps(table, derived, lookups=[]) -%}
with source as (

    select * from {{ source('ai_raw', table) if table is string else table }}

),
{%- for step in derived %}

{{ ai_unit_economics.ai_step(loop.index) }} as (

    select
        *,
        {%- for name, sql in step.items() %}
        {{ sql | indent(8) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ai_unit_economics.ai_step(loop.index - 1) }}

),
{%- endfor %}
{%- for lookup in lookups %}
{%- set before = ai_unit_economics.ai_step(derived | length + loop.index - 1) %}

{{ ai_unit_economics.ai_step(derived | length + loop.index) }} as (

    select
        {{ before }}.*,
        {%- for name, sql in lookup.columns.items() %}
        {{ sql | indent(8) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ before }}
    left join {{ lookup.relation }} as {{ lookup.alias }}
        on {{ lookup.on | indent(8) }}

),
{%- endfor %}
{%- endmacro %}

{#- Name of the CTE after so many steps. -#}
{% macro ai_step(number) %}{{ 'step_' ~ number if number else 'source' }}{% endmacro %}
