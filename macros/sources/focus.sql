{#- FOCUS is one format for the bills of all providers. Facts that its adapter needs, in one place. -#}

{#- Columns of FOCUS (1.0 to 1.4) that the adapter reads, and x_ columns of the clouds. -#}
{% macro ai_focus_columns() -%}
    {{ return([
        'billedcost', 'effectivecost', 'billingaccountid', 'billingcurrency', 'billingperiodstart',
        'chargeperiodstart', 'chargeperiodend', 'chargecategory', 'chargeclass', 'chargedescription',
        'consumedquantity', 'consumedunit', 'pricingquantity', 'pricingunit', 'serviceprovidername',
        'providername', 'publishername', 'invoiceissuername', 'servicecategory', 'servicename', 'skumeter',
        'skupricedetails', 'tags', 'subaccountid', 'regionid', 'resourceid', 'invoiceid', 'invoicedetailid',
        'credentialid', 'x_skumeterid', 'x_skumetername', 'x_skumetersubcategory', 'x_skudescription',
        'x_pricingblocksize', 'x_usagetype'
    ]) }}
{%- endmacro %}

{#- Those columns with the text NULL as null: steps and columns of ai_text_steps. -#}
{% macro ai_focus_text(columns) -%}
    {%- set nulls = {} -%}
    {%- for name in ai_unit_economics.ai_focus_columns() -%}
        {%- do nulls.update({name: 'nullif(' ~ ai_unit_economics.ai_raw_text(columns, name) ~ ", 'NULL')"}) -%}
    {%- endfor -%}
    {{ return(ai_unit_economics.ai_text_steps(columns, nulls)) }}
{%- endmacro %}

{#- Who sends the invoice, by the provider's name or the beginning of it before a blank or comma. -#}
{% macro ai_focus_platforms() -%}
    {{ return({
        'openai': 'openai', 'anthropic': 'anthropic', 'aws': 'aws_bedrock', 'amazon web services': 'aws_bedrock',
        'microsoft': 'azure_openai', 'azure': 'azure_openai', 'google cloud': 'google_vertex', 'google': 'google_vertex'
    }) }}
{%- endmacro %}

{#- The platform of a provider's name; a name that is not known is the platform's, with `_` for blanks. -#}
{% macro ai_focus_platform(name) -%}
case
    {%- for word, platform in ai_unit_economics.ai_focus_platforms().items() %}
    when lower({{ name }}) = '{{ word }}'
        or left(lower({{ name }}), {{ word | length + 1 }}) in ('{{ word }} ', '{{ word }},') then '{{ platform }}'
    {%- endfor %}
    else replace(lower({{ name }}), ' ', '_')
end
{%- endmacro %}

{#- Class of a token row by its SkuPriceDetails: TokenType, else TokenDirection with TokenCacheAction.
    Cache writes name no lifetime. `Other` cache actions have no class. -#}
{% macro ai_focus_class(token_type, direction, cache_action) -%}
case
    when lower({{ token_type }}) = 'input' then 'input_uncached'
    when lower({{ token_type }}) = 'output' then 'output'
    when lower({{ token_type }}) = 'cacheread' then 'input_cached'
    when lower({{ token_type }}) = 'cachewrite' then 'cache_write_other'
    when {{ token_type }} is not null then null
    when lower({{ direction }}) = 'output' then 'output'
    when lower({{ cache_action }}) = 'read' then 'input_cached'
    when lower({{ cache_action }}) = 'write' then 'cache_write_other'
    when lower({{ direction }}) = 'input' and coalesce(lower({{ cache_action }}), 'uncached') in ('uncached', 'none')
        then 'input_uncached'
end
{%- endmacro %}

{#- The cost that counts as billed, by the var ai_focus_cost; one for all rows, never a mix. -#}
{% macro ai_focus_cost_column() -%}
    {%- set cost = var('ai_focus_cost', 'billed') -%}
    {%- if cost not in ('billed', 'effective') -%}
        {{ exceptions.raise_compiler_error("ai_focus_cost: '" ~ cost ~ "' is neither billed nor effective") }}
    {%- endif -%}
    {{ return(cost ~ 'cost') }}
{%- endmacro %}

{#- SQL condition: is a row in scope, by the var ai_focus_service_categories? An empty list is every row. -#}
{% macro ai_focus_is_in_scope(category) -%}
{%- set wanted = [] -%}
{%- for name in var('ai_focus_service_categories', ['AI and Machine Learning']) -%}
    {%- do wanted.append("'" ~ (name | lower | replace("'", "''")) ~ "'") -%}
{%- endfor -%}
{{ 'lower(' ~ category ~ ') in (' ~ wanted | join(', ') ~ ')' if wanted else '1 = 1' }}
{%- endmacro %}
