{#- The columns of focus_cost_and_usage: those of FOCUS in its alphabetical order, then our own. Named in snake
    case, as the SQL computes them; ai_focus_name gives the name that FOCUS demands. -#}
{% macro ai_focus_export_columns() -%}
    {{ return([
        'billed_cost', 'billing_account_id', 'billing_account_name', 'billing_currency', 'billing_period_end',
        'billing_period_start', 'charge_category', 'charge_class', 'charge_description', 'charge_frequency',
        'charge_period_end', 'charge_period_start', 'commitment_discount_category', 'commitment_discount_id',
        'commitment_discount_name', 'commitment_discount_quantity', 'commitment_discount_status',
        'commitment_discount_type', 'commitment_discount_unit', 'consumed_quantity', 'consumed_unit',
        'contracted_cost', 'contracted_unit_price', 'effective_cost', 'host_provider_name', 'invoice_id',
        'invoice_issuer_name', 'list_cost', 'list_unit_price', 'pricing_category', 'pricing_quantity', 'pricing_unit',
        'provider_name', 'publisher_name', 'service_category', 'service_name', 'service_provider_name',
        'service_subcategory', 'sku_id', 'sku_meter', 'sku_price_id', 'sub_account_id', 'sub_account_name',
        'sub_account_type', 'tags',
        'x_row_key', 'x_platform', 'x_model', 'x_token_class', 'x_service_tier', 'x_processing', 'x_region_scope',
        'x_customer_id', 'x_feature_id', 'x_team_id', 'x_environment', 'x_pnl_class', 'x_ledger_row_type',
        'x_cost_status', 'x_pricing_status', 'x_variance_class', 'x_is_cost_known'
    ]) }}
{%- endmacro %}

{#- `billed_cost` → `BilledCost`, `x_pnl_class` → `x_PnlClass`. Never quoted: so the name reads the same in a
    query on DuckDB, which keeps the case, and on Snowflake, which folds it. -#}
{% macro ai_focus_name(column) -%}
    {%- set own = column.startswith('x_') -%}
    {%- set words = (column[2:] if own else column).split('_') | map('capitalize') | join -%}
    {{ return(('x_' if own else '') ~ words) }}
{%- endmacro %}

{#- How a priced class is measured: {price_class: (meter, unit, units in one block of the price list)}. -#}
{% macro ai_focus_meters() -%}
    {%- set meters = {} -%}
    {%- for class in ai_unit_economics.ai_token_classes() -%}
        {%- set words = class.split('_') | map('capitalize') | join(' ') -%}
        {%- do meters.update({class: (words ~ ' Tokens', 'Tokens', 1000000)}) -%}
    {%- endfor -%}
    {%- do meters.update({
        'web_search': ('Web Search', 'Requests', 1000), 'code_execution': ('Code Execution', 'Sessions', 1),
        'image': ('Images', 'Images', 1), 'audio_second': ('Audio', 'Seconds', 1),
        'character': ('Characters', 'Characters', 1000000)
    }) -%}
    {{ return(meters) }}
{%- endmacro %}

{#- The types of its columns that are no text, as {column: type}. -#}
{% macro ai_focus_types() -%}
    {%- set types = {'x_is_cost_known': 'boolean'} -%}
    {%- for column in ['billed_cost', 'contracted_cost', 'contracted_unit_price', 'effective_cost', 'list_cost',
        'list_unit_price', 'commitment_discount_quantity', 'consumed_quantity', 'pricing_quantity'] -%}
        {%- do types.update({column: ai_unit_economics.money_type()}) -%}
    {%- endfor -%}
    {%- for column in ['billing_period_end', 'billing_period_start', 'charge_period_end', 'charge_period_start'] -%}
        {%- do types.update({column: 'timestamp'}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{#- SQL of the columns as the mart selects them: typed, and named as FOCUS demands. -#}
{% macro ai_focus_select_list() -%}
{%- set types = ai_unit_economics.ai_focus_types() -%}
{%- for column in ai_unit_economics.ai_focus_export_columns() -%}
{{ 'cast(' ~ column ~ ' as ' ~ types[column] ~ ')' if column in types else column }} as {{
    ai_unit_economics.ai_focus_name(column)
}}
{%- if not loop.last %},
{% endif -%}
{%- endfor -%}
{%- endmacro %}
