{#- Grain: one row per UTC day, workspace and model of Mistral's usage.
    Purpose: what Mistral metered, as disjoint token classes.
    Assumed: Mistral's Admin API (GET /api/admin/usage) documents a month's consumption by category and
    workspace, but not the fields of an entry; the loader is taken to land the tokens per day and model.
    Limits: no cache split (`split_unknown`) and no API key is reported. -#}
{{ config(enabled='mistral' in var('ai_usage_platforms', [])) }}

{%- set raw = ai_unit_economics.ai_raw_columns('mistral_usage') %}
{%- set input = ai_unit_economics.ai_raw_count(raw, 'input_tokens') %}
{%- set day = ai_unit_economics.ai_raw_time(raw, 'usage_date') %}
{%- set values = {
    'platform': "'mistral'",
    'provider_reported': "'mistral'",
    'billing_account_id': 'coalesce(' ~ ai_unit_economics.ai_raw_text(raw, 'organization_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ ai_unit_economics.ai_raw_text(raw, 'workspace_id') ~ ", 'default')",
    'model_raw': ai_unit_economics.ai_raw_text(raw, 'model'),
    'input_uncached_tokens': input,
    'output_tokens': ai_unit_economics.ai_raw_count(raw, 'output_tokens'),
    'quantity_status': "'split_unknown'",
    'requests': ai_unit_economics.ai_raw_count(raw, 'requests'),
    'usage_start_at': day,
    'usage_end_at': 'cast(' ~ dbt.dateadd('day', 1, day) ~ ' as timestamp)',
    'loaded_at': ai_unit_economics.ai_raw_time(raw, 'loaded_at'),
    'defect': ai_unit_economics.ai_defect(
        raw, times=['usage_date', 'loaded_at'], counts=['input_tokens', 'output_tokens', 'requests']
    )
} %}

{{ ai_unit_economics.ai_usage_staging('mistral_usage', values) }}
