{#- Grain: one row per bucket and combination of dimensions of << name >>'s usage report.
    Purpose: what << name >> metered, as disjoint token classes.
    Limits: the report's input is taken to include cache reads; where it excludes them, drop the subtraction. -#}
{{ config(enabled='<< name >>' in var('<< list_var >>', [])) }}

{%- set raw = << ai >>ai_raw_columns('<< table >>') %}
{%- set input = << ai >>ai_raw_count(raw, 'input_tokens') %}
{%- set cached = << ai >>ai_raw_count(raw, 'cached_input_tokens') %}
{%- set values = {
    'platform': "'<< name >>'",
    'provider_reported': "'<< name >>'",
    'billing_account_id': 'coalesce(' ~ << ai >>ai_raw_text(raw, 'account_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ << ai >>ai_raw_text(raw, 'project_id') ~ ", 'default')",
    'api_key_id': << ai >>ai_raw_text(raw, 'api_key_id'),
    'model_raw': << ai >>ai_raw_text(raw, 'model'),
    'input_uncached_tokens': input ~ ' - coalesce(' ~ cached ~ ', 0)',
    'input_cached_tokens': cached,
    'output_tokens': << ai >>ai_raw_count(raw, 'output_tokens'),
    'input_tokens': input,
    'quantity_status':
        "case when " ~ cached ~ " > " ~ input ~ " then 'inconsistent' when " ~ cached
        ~ " is null then 'split_unknown' else 'exact' end",
    'requests': << ai >>ai_raw_count(raw, 'requests'),
    'usage_start_at': << ai >>ai_raw_time(raw, 'starting_at'),
    'usage_end_at': << ai >>ai_raw_time(raw, 'ending_at'),
    'loaded_at': << ai >>ai_raw_time(raw, 'loaded_at'),
    'defect': << ai >>ai_defect(
        raw, times=['starting_at', 'ending_at', 'loaded_at'],
        counts=['input_tokens', 'cached_input_tokens', 'output_tokens', 'requests']
    )
} %}

{{ << ai >>ai_usage_staging('<< table >>', values) }}
