{#- Grain: one row per row of the Cost Management export (actual cost) that is about a model.
    Purpose: the bill as charged, in the billing currency. The export holds all of Azure:
    ai_azure_is_model_row says which rows are in scope. A meter is read through ai_azure_meters by its
    id, else by its words; such a line says `parsed:` in its description.
    Limits: a UTC day, no hour; no deployment and no model id on the bill, only the resource. Claude in
    Foundry is charged through the Marketplace and not in scope. Provisioned throughput is hours: no
    class, so it covers no request. -#}
{{ config(enabled='azure_openai' in var('ai_billing_platforms', [])) }}

{%- set landed = ai_raw_columns('azure_cost_export') %}
{%- set is_mca = 'costinbillingcurrency' in landed and 'cost' not in landed %}
{%- set shape = ai_source_shape('azure_openai', ['mca', 'ea'] if is_mca else ['ea', 'mca']) %}
{%- set raw = ai_renamed_columns(landed, {
    'ea': {}, 'mca': {'cost': 'costinbillingcurrency'}
}[shape]) %}
{%- set text = ai_text_steps(raw, {
    'date': ai_iso_date_text(ai_raw_text(raw, 'date')), 'tags': ai_azure_tags(ai_raw_text(raw, 'tags'))
}) %}
{%- set read = text.columns %}
{%- set steps = text.steps %}
{%- do steps.update({
    'ai_meter_id': 'lower(' ~ ai_raw_text(raw, 'meterid') ~ ')',
    'ai_meter_name': ai_raw_text(raw, 'metername'),
    'ai_meter_product': 'lower(' ~ ai_raw_first(raw, ['metersubcategory', 'product', 'productname']) ~ ')',
    'ai_meter_location': 'lower(' ~ ai_raw_first(raw, ['resourcelocation', 'meterregion']) ~ ')',
    'ai_unit': 'lower(' ~ ai_raw_text(raw, 'unitofmeasure') ~ ')',
    'ai_charge': ai_azure_charge_category(ai_raw_text(raw, 'chargetype')),
    'ai_period': 'left(' ~ ai_iso_date_text(ai_raw_first(raw, ['billingperiodstartdate', 'date'])) ~ ', 7)',
    'ai_subscription': 'lower(' ~ ai_raw_first(raw, ['subscriptionid', 'subscriptionguid']) ~ ')'
}) %}
{%- set is_hours = "position('hour' in ai_unit) > 0" %}
{%- set values = {
    'platform': "'azure_openai'",
    'billing_account_id': "coalesce(ai_subscription, 'default')",
    'project_id': 'coalesce(' ~ ai_tag(read, 'project', ['tags']) ~ ", ai_subscription, 'default')",
    'api_key_id': 'lower(' ~ ai_raw_text(read, 'resourceid') ~ ')',
    'line_item': "case
            when ai_charge = 'usage' and ai_meter_key is null and not " ~ is_hours ~ "
                and (ai_parsed_class is null or ai_parsed_model is null)
                then ai_meter_name
        end",
    'model_raw': ai_azure_meter_value('model'),
    'price_class': ai_azure_meter_value('class'),
    'region_scope': ai_azure_meter_value('region'),
    'service_tier': ai_azure_meter_value('tier'),
    'processing': ai_azure_meter_value('processing'),
    'context_window': ai_azure_meter_value('context'),
    'unit': "case
            when ai_meter_unit is not null then ai_meter_unit
            when " ~ is_hours ~ " then 'hours'
            when ai_has_training then 'training_tokens'
            when ai_has_tokens then 'tokens'
            else ai_unit
        end",
    'charge_category': 'ai_charge',
    'invoice_id': ai_raw_text(read, 'invoiceid'),
    'description': "case
            when ai_charge <> 'usage' or ai_meter_key is not null or " ~ is_hours ~ "
                then coalesce(ai_meter_name, " ~ ai_raw_first(read, ['product', 'productname', 'chargetype']) ~ ")
            else 'parsed: ' || ai_meter_name
        end",
    'billing_currency': 'upper(' ~ ai_raw_first(read, ['billingcurrency', 'billingcurrencycode']) ~ ')',
    'delivery_key': "ai_period || '|' || coalesce(ai_subscription, 'default')",
    'quantity': ai_in_units(ai_raw_column(read, 'quantity', 'numeric(28,9)'), ai_unit_block('ai_unit')),
    'amount_billing_currency': ai_raw_money(read, 'cost'),
    'charge_start_at': ai_raw_time(read, 'date'),
    'charge_end_at': 'cast(' ~ dbt.dateadd('day', 1, ai_raw_time(read, 'date')) ~ ' as timestamp)',
    'loaded_at': ai_raw_time(read, 'loaded_at'),
    'defect': ai_defect(read, times=['date', 'loaded_at'], amounts=['cost'], quantities=['quantity'])
} %}
{%- do values.update(ai_tag_columns(read, ['tags'])) %}

{{ ai_billing_staging(
    'azure_cost_export', values,
    where=ai_azure_is_model_row(
        ai_raw_text(read, 'metercategory'), ai_raw_text(read, 'metersubcategory'),
        ai_raw_first(read, ['product', 'productname'])
    ),
    derived=[steps] + ai_azure_meter_steps(),
    lookups=ai_azure_meter_lookups()
) }}
