{#- The columns of a raw table by the names of the API, however its loader landed them. The shape is the
    source's word in ai_source_shapes, one of `shapes`:
    api        named as the API names them, nested objects flattened with `__`, and loaded_at
    fivetran   singular, objects flattened with `_`; the load is _fivetran_synced
    dlt        as api; the load is _dlt_load_id, and a value that does not fit the column's first type is
               in a variant column `<column>__v_<type>`
    any other  as `landed` says: {shape: {name in the API: name as landed}}
    names      the API's columns that a loader may name in its own way -#}
{% macro ai_landed_columns(columns, source_word, shapes, names, landed={}) -%}
    {%- set shape = ai_unit_economics.ai_source_shape(source_word, shapes) -%}
    {%- set renamed = {} -%}
    {%- if shape == 'fivetran' -%}
        {%- for name in names -%}
            {%- do renamed.update({name: ai_unit_economics.ai_fivetran_name(name)}) -%}
        {%- endfor -%}
        {%- do renamed.update({'loaded_at': '_fivetran_synced'}) -%}
    {%- endif -%}
    {%- do renamed.update(landed.get(shape, {})) -%}
    {%- set found = ai_unit_economics.ai_renamed_columns(columns, renamed) -%}
    {%- if shape == 'dlt' -%}
        {%- for name in names -%}
            {%- set parts = [] -%}
            {%- for column in columns if column == name or column.startswith(name ~ '__v_') -%}
                {%- do parts.append('cast(' ~ columns.get('@' ~ column, column) ~ ' as varchar)') -%}
            {%- endfor -%}
            {%- if parts | length > 1 or parts and name not in columns -%}
                {%- do found.update({
                    name: 'varchar', '@' ~ name: 'coalesce(' ~ parts | join(', ') ~ ')'
                }) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if 'loaded_at' not in columns and '_dlt_load_id' in columns -%}
            {%- do found.update({
                'loaded_at': 'numeric(18,6)',
                '@loaded_at': ai_unit_economics.ai_try_cast('_dlt_load_id', 'numeric(18,6)')
            }) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- A column of the API in Fivetran's spelling: `input_tokens` is `input_token`, `amount__value` is
    `amount_value`, `ephemeral_5m_` is `ephemeral_5_m_`. -#}
{% macro ai_fivetran_name(name) -%}
    {%- set flat = name | replace('__', '_') | replace('_5m_', '_5_m_') | replace('_1h_', '_1_h_') -%}
    {{ return(flat[:-1] if flat.endswith('s') else flat) }}
{%- endmacro %}

{#- SQL condition on the rows that the loader has not marked as deleted; none where it marks none. -#}
{% macro ai_landed_rows(columns) -%}
    {%- if '_fivetran_deleted' in columns -%}
        {{ return('not coalesce(' ~ ai_unit_economics.ai_raw_bool(columns, '_fivetran_deleted') ~ ', false)') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- A defect, or that the row is one of overlapping groups: Anthropic counts the usage of a user in every
    RBAC group of the user, so rows grouped by it sum to more than the bill. -#}
{% macro ai_not_overlapping(columns, defect) -%}
{%- if 'group__rbac_group_id' in columns -%}
case
    when {{ ai_unit_economics.ai_raw_text(columns, 'group__rbac_group_id') }} is not null
        then 'overlapping_group group__rbac_group_id'
    else {{ defect | indent(8) }}
end
{%- else -%}
{{ defect }}
{%- endif -%}
{%- endmacro %}

{#- Endpoints of OpenAI's usage reports that are staged: the var ai_openai_usage_endpoints. Levels
    (vector_stores) and calls without a price class (file_search_calls) are not among them. A word that
    is no such endpoint is a compile error. -#}
{% macro ai_openai_usage_endpoints() -%}
    {%- set allowed = [
        'completions', 'embeddings', 'moderations', 'images', 'audio_speeches', 'audio_transcriptions',
        'code_interpreter_sessions', 'web_search_calls'
    ] -%}
    {%- set endpoints = var('ai_openai_usage_endpoints', ['completions']) -%}
    {%- for endpoint in endpoints if endpoint not in allowed -%}
        {{ exceptions.raise_compiler_error(
            "ai_openai_usage_endpoints: '" ~ endpoint ~ "' is none of: " ~ allowed | join(', ')
        ) }}
    {%- endfor -%}
    {{ return(endpoints) }}
{%- endmacro %}
