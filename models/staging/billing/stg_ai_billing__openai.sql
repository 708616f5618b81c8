{#- Grain: one row per day, project and line item of OpenAI's costs, in dollars.
    Purpose: the bill as charged. The model and the price class are inside `line_item`, which
    int_ai_billing reads through the seed ai_bill_line_items.
    Limits: no service tier, no batch, no context band on the bill. -#}
{{ config(enabled='openai' in var('ai_billing_platforms', [])) }}

{%- set raw = ai_landed_columns(
    ai_raw_columns('openai_costs'), 'openai', ['api', 'fivetran', 'dlt'],
    ['amount__value', 'amount__currency', 'quantity']
) %}

{{ ai_billing_staging('openai_costs', {
    'platform': "'openai'",
    'billing_account_id': 'coalesce(' ~ ai_raw_text(raw, 'organization_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ ai_raw_text(raw, 'project_id') ~ ", 'default')",
    'api_key_id': ai_raw_text(raw, 'api_key_id'),
    'line_item': ai_raw_text(raw, 'line_item'),
    'unit': 'lower(' ~ ai_raw_text(raw, 'quantity_unit') ~ ')',
    'description': ai_raw_text(raw, 'line_item'),
    'billing_currency': 'upper(' ~ ai_raw_text(raw, 'amount__currency') ~ ')',
    'quantity': ai_raw_column(raw, 'quantity', 'numeric(38,9)'),
    'amount_billing_currency': ai_raw_money(raw, 'amount__value'),
    'charge_start_at': ai_raw_time(raw, 'start_time'),
    'charge_end_at': ai_raw_time(raw, 'end_time'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(
        raw, times=['start_time', 'end_time', 'loaded_at'], amounts=['amount__value'], quantities=['quantity']
    )
}, ai_landed_rows(raw)) }}
