{#- Grain: one row per Bedrock line of Amazon's Cost and Usage Report (CUR 2.0): hour or day, usage type,
    operation, resource, caller.
    Purpose: the bill as charged, after discounts. Most Claude spend is on the Marketplace under random
    product codes, so a row is Bedrock by its code or by its product's name. Each delivery of a month
    replaces the earlier one.
    Limits: no request count, no API key; a long context has no band of its own. -#}
{{ config(enabled='aws_bedrock' in var('ai_billing_platforms', [])) }}

{%- set raw = ai_raw_columns('aws_cur') %}
{%- set account = ai_aws_account_id(ai_raw_text(raw, 'line_item_usage_account_id')) %}
{%- set product_code = ai_raw_text(raw, 'line_item_product_code') %}
{%- set product_name = ai_raw_first(raw, [['product', 'product_name'], 'product_product_name', 'product_name']) %}
{%- set usage_type = ai_raw_text(raw, 'line_item_usage_type') %}
{%- set places = ['resource_tags', 'tags'] %}
{%- set prefixes = ['user_', 'user:', 'iamPrincipal/', ''] %}
{%- set values = {
    'platform': "'aws_bedrock'",
    'billing_account_id': account,
    'project_id': 'coalesce(' ~ ai_tag(raw, 'project', places, prefixes) ~ ', ' ~ account ~ ')',
    'model_raw': 'coalesce(ai_model, ai_billing_name)',
    'price_class': 'ai_price_class',
    'region_scope': 'ai_region_scope',
    'service_tier': 'ai_service_tier',
    'processing': 'ai_processing',
    'unit': 'ai_unit',
    'charge_category': 'ai_category',
    'invoice_id': ai_raw_text(raw, 'bill_invoice_id'),
    'description':
        "ai_usage_type || case when ai_line_type <> 'usage' then ' (' || ai_line_type || ')' else '' end"
        ~ " || coalesce(': ' || " ~ ai_raw_text(raw, 'line_item_line_item_description') ~ ", '')",
    'billing_currency': 'upper(' ~ ai_raw_text(raw, 'line_item_currency_code') ~ ')',
    'delivery_key':
        'cast(' ~ ai_day(ai_raw_time(raw, 'bill_billing_period_start_date')) ~ " as varchar) || ' ' || "
        ~ 'coalesce(' ~ account ~ ", 'default')",
    'defect': ai_defect(
        raw,
        times=['bill_billing_period_start_date', 'line_item_usage_start_date', 'line_item_usage_end_date', 'loaded_at'],
        amounts=['line_item_net_unblended_cost', 'line_item_unblended_cost'], quantities=['line_item_usage_amount']
    ),
    'quantity':
        'case when ai_is_discount then cast(0 as numeric(38,9)) when ai_category = \'usage\' then '
        ~ ai_in_units(ai_raw_column(raw, 'line_item_usage_amount', 'numeric(29,9)'), 'ai_block') ~ ' end',
    'amount_billing_currency':
        ai_raw_first(raw, ['line_item_net_unblended_cost', 'line_item_unblended_cost'], money_type()),
    'is_correction': "ai_category = 'adjustment'",
    'charge_start_at': ai_raw_time(raw, 'line_item_usage_start_date'),
    'charge_end_at': ai_raw_time(raw, 'line_item_usage_end_date'),
    'loaded_at': ai_delivered_at(raw)
} %}
{%- do values.update(ai_tag_columns(raw, places, prefixes)) %}

{{ ai_billing_staging(
    'aws_cur',
    values,
    where=ai_is_bedrock(product_code, product_name),
    derived=ai_bedrock_usage_steps(usage_type, product_name, ai_raw_text(raw, 'pricing_unit'))
        + ai_aws_line_type_steps(ai_raw_text(raw, 'line_item_line_item_type')),
    lookups=[ai_bedrock_name_lookup()]
) }}
