{#- Grain: one row per row of a FOCUS cost and usage file in the service categories of
    ai_focus_service_categories.
    Purpose: any provider's bill that comes as FOCUS 1.0 to 1.4; the platform follows from the
    provider's name. The text NULL is null in every column. The cost is BilledCost, or EffectiveCost
    where ai_focus_cost says so.
    The class is in SkuPriceDetails (TokenType, or TokenDirection with TokenCacheAction), else in the
    meter: on Azure by the meter's id or words, elsewhere by ai_focus_meters.
    Limits: FOCUS has no column for service tier, batch, context or data zone (only Azure's meters tell
    them); RegionId is where it ran, which says nothing about the scope of the price. A bill that
    arrives both here and by a source of its own is counted twice: list one of them. -#}
{{ config(enabled='focus' in var('ai_billing_platforms', [])) }}

{%- set text = ai_focus_text(ai_raw_columns('focus_billing')) %}
{%- set raw = text.columns %}
{%- set cost = ai_focus_cost_column() %}
{%- set is_azure = "ai_platform = 'azure_openai'" %}
{%- set consumed = ai_raw_column(raw, 'consumedquantity', 'numeric(28,9)') %}
{%- set priced = ai_raw_column(raw, 'pricingquantity', 'numeric(28,9)') %}
{%- set class = 'case
            when ai_details_class is not null then ai_details_class
            when ' ~ is_azure ~ ' then ' ~ ai_azure_meter_value('class') ~ '
            else ai_sku_meter_class
        end' %}
{%- set model = 'coalesce(ai_model_id, case when ' ~ is_azure ~ ' then ' ~ ai_azure_meter_value('model') ~ ' end)' %}
{%- set tokens = 'case
            when ' ~ ai_is_token_unit('ai_consumed_unit') ~ '
                then ' ~ ai_in_units(consumed, 'ai_consumed_block') ~ '
            when ' ~ ai_is_token_unit('ai_pricing_unit') ~ '
                then ' ~ ai_in_units(priced, 'ai_priced_block') ~ '
            when ' ~ is_azure ~ ' and ' ~ ai_azure_meter_value('class') ~ ' is not null
                then ' ~ ai_in_units(priced, ai_raw_count(raw, 'x_pricingblocksize')) ~ '
        end' %}
{%- set values = {
    'platform': 'ai_platform',
    'billing_account_id': "case
            when ai_platform in ('aws_bedrock', 'azure_openai') then coalesce(ai_sub_account, ai_account, 'default')
            else coalesce(ai_account, 'default')
        end",
    'project_id': "coalesce(" ~ ai_tag(raw, 'project', ['tags']) ~ ", ai_sub_account, 'default')",
    'api_key_id': 'coalesce(' ~ ai_raw_text(raw, 'credentialid') ~ ', case
            when ' ~ is_azure ~ ' then lower(' ~ ai_raw_text(raw, 'resourceid') ~ ')
        end)',
    'line_item': "case when ai_charge = 'usage' and " ~ tokens ~ ' is not null
            and (' ~ class ~ ' is null or ' ~ is_azure ~ ' and ' ~ model ~ ' is null)
            then coalesce(ai_meter_text, ' ~ ai_raw_text(raw, 'chargedescription') ~ ')
        end',
    'model_raw': model,
    'price_class': class,
    'region_scope': 'case when ' ~ is_azure ~ ' then ' ~ ai_azure_meter_value('region') ~ ' end',
    'service_tier': 'case when ' ~ is_azure ~ ' then ' ~ ai_azure_meter_value('tier') ~ ' end',
    'processing': 'case when ' ~ is_azure ~ ' then ' ~ ai_azure_meter_value('processing') ~ ' end',
    'context_window': 'case when ' ~ is_azure ~ ' then ' ~ ai_azure_meter_value('context') ~ ' end',
    'unit': "case
            when " ~ tokens ~ " is not null then 'tokens'
            when " ~ consumed ~ ' is not null then ai_consumed_unit
            else ai_pricing_unit
        end',
    'charge_category': 'ai_charge',
    'invoice_id': ai_raw_text(raw, 'invoiceid'),
    'line_id': ai_raw_text(raw, 'invoicedetailid'),
    'description': 'case
            when ' ~ is_azure ~ " and ai_charge = 'usage' and ai_details_class is null and ai_meter_key is null
                and ai_parsed_class is not null then 'parsed: ' || ai_meter_name
            else " ~ ai_raw_first(raw, ['chargedescription', 'skumeter', 'servicename']) ~ '
        end',
    'billing_currency': 'upper(' ~ ai_raw_text(raw, 'billingcurrency') ~ ')',
    'delivery_key': "coalesce(ai_account, 'default') || '|' || left("
        ~ ai_raw_text(raw, 'billingperiodstart') ~ ', 10)',
    'quantity': 'coalesce(' ~ tokens ~ ', cast(coalesce(' ~ consumed ~ ', ' ~ priced ~ ') as numeric(38, 9)))',
    'amount_billing_currency': ai_raw_money(raw, cost),
    'is_correction': 'coalesce(lower(' ~ ai_raw_text(raw, 'chargeclass') ~ ") = 'correction', false)",
    'charge_start_at': ai_raw_time(raw, 'chargeperiodstart'),
    'charge_end_at': ai_raw_time(raw, 'chargeperiodend'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(
        raw, times=['chargeperiodstart', 'chargeperiodend', 'loaded_at'],
        amounts=[cost], quantities=['consumedquantity', 'pricingquantity']
    )
} %}
{%- do values.update(ai_tag_columns(raw, ['tags'])) %}

{{ ai_billing_staging(
    'focus_billing', values,
    where=ai_focus_is_in_scope(ai_raw_text(raw, 'servicecategory')),
    derived=([text.steps] if text.steps else []) + [
        {
            'ai_platform': ai_focus_platform(ai_raw_first(
                raw, ['providername', 'serviceprovidername', 'publishername', 'invoiceissuername']
            )),
            'ai_account': ai_raw_text(raw, 'billingaccountid'),
            'ai_sub_account': ai_raw_text(raw, 'subaccountid'),
            'ai_charge': "coalesce(lower(" ~ ai_raw_text(raw, 'chargecategory') ~ "), 'usage')",
            'ai_consumed_unit': 'lower(' ~ ai_raw_text(raw, 'consumedunit') ~ ')',
            'ai_pricing_unit': 'lower(' ~ ai_raw_text(raw, 'pricingunit') ~ ')',
            'ai_model_id': ai_raw_text(raw, ['skupricedetails', 'ModelId']),
            'ai_details_class': ai_focus_class(
                ai_raw_text(raw, ['skupricedetails', 'TokenType']),
                ai_raw_text(raw, ['skupricedetails', 'TokenDirection']),
                ai_raw_text(raw, ['skupricedetails', 'TokenCacheAction'])
            ),
            'ai_meter_text': ai_raw_first(raw, ['x_usagetype', 'x_skumetername', 'skumeter']),
            'ai_sku_meter': 'lower(' ~ ai_raw_text(raw, 'skumeter') ~ ')',
            'ai_meter_id': 'lower(' ~ ai_raw_text(raw, 'x_skumeterid') ~ ')',
            'ai_meter_name': ai_raw_first(raw, ['x_skumetername', 'skumeter']),
            'ai_meter_product': 'lower(' ~ ai_raw_first(raw, ['x_skumetersubcategory', 'x_skudescription']) ~ ')',
            'ai_meter_location': 'lower(' ~ ai_raw_text(raw, 'regionid') ~ ')'
        },
        {
            'ai_consumed_block': ai_unit_block('ai_consumed_unit'),
            'ai_priced_block': ai_unit_block('ai_pricing_unit')
        }
    ] + ai_azure_meter_steps(),
    lookups=[{
        'alias': 'sku_meters',
        'relation': ref('ai_focus_meters'),
        'on': 'ai_sku_meter = sku_meters.sku_meter',
        'columns': {'ai_sku_meter_class': 'sku_meters.price_class'}
    }] + ai_azure_meter_lookups()
) }}
