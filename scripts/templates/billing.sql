{#- Grain: one row per line of << name >>'s bill.
    Purpose: what << name >> charged, in the bill's currency.
    Limits: an attribute that the line does not carry stays NULL, it is never guessed. The amount is taken to
    be in whole units of the currency; cents: ai_scale(<amount>, '0.01'). -#}
{{ config(enabled='<< name >>' in var('<< list_var >>', [])) }}

{%- set raw = << ai >>ai_raw_columns('<< table >>') %}
{%- set amount = << ai >>ai_raw_money(raw, 'amount') %}
{%- set values = {
    'platform': "'<< name >>'",
    'billing_account_id': 'coalesce(' ~ << ai >>ai_raw_text(raw, 'account_id') ~ ", 'default')",
    'project_id': 'coalesce(' ~ << ai >>ai_raw_text(raw, 'project_id') ~ ", 'default')",
    'api_key_id': << ai >>ai_raw_text(raw, 'api_key_id'),
    'line_item': << ai >>ai_raw_text(raw, 'line_item'),
    'model_raw': << ai >>ai_raw_text(raw, 'model'),
    'price_class': << ai >>ai_raw_text(raw, 'price_class'),
    'unit': << ai >>ai_raw_text(raw, 'unit'),
    'charge_category': 'case when ' ~ amount ~ " < 0 then 'credit' else 'usage' end",
    'invoice_id': << ai >>ai_raw_text(raw, 'invoice_id'),
    'line_id': << ai >>ai_raw_text(raw, 'line_id'),
    'description': << ai >>ai_raw_text(raw, 'line_item'),
    'billing_currency': 'upper(' ~ << ai >>ai_raw_text(raw, 'currency') ~ ')',
    'quantity': << ai >>ai_raw_column(raw, 'quantity', 'numeric(38,9)'),
    'amount_billing_currency': amount,
    'charge_start_at': << ai >>ai_raw_time(raw, 'period_start'),
    'charge_end_at': << ai >>ai_raw_time(raw, 'period_end'),
    'loaded_at': << ai >>ai_raw_time(raw, 'loaded_at'),
    'defect': << ai >>ai_defect(raw, times=['period_start', 'period_end', 'loaded_at'], amounts=['amount'])
} %}

{{ << ai >>ai_billing_staging('<< table >>', values) }}
