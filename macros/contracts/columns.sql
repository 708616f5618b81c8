{#- The canonical contracts: one column list per kind of source, in the order of the union. A staging
    model supplies exactly these; a missing or mistyped column names itself at build. -#}

{#- The ten disjoint token classes, in the order in which the marts show them. -#}
{% macro ai_token_classes() -%}
    {{ return([
        'input_uncached', 'input_cached', 'cache_write_5m', 'cache_write_1h', 'cache_write_other',
        'input_audio', 'input_image', 'output', 'output_audio', 'output_image'
    ]) }}
{%- endmacro %}

{#- The classes whose sum is `input_tokens`. -#}
{% macro ai_input_classes() -%}
    {{ return(ai_unit_economics.ai_token_classes()[:7]) }}
{%- endmacro %}

{#- Every priced class with the column that counts it: {price_class: quantity column}. -#}
{% macro ai_price_classes() -%}
    {%- set classes = {} -%}
    {%- for class in ai_unit_economics.ai_token_classes() -%}
        {%- do classes.update({class: class ~ '_tokens'}) -%}
    {%- endfor -%}
    {%- do classes.update({
        'web_search': 'web_search_requests', 'code_execution': 'code_execution_sessions', 'image': 'images',
        'audio_second': 'audio_seconds', 'character': 'characters'
    }) -%}
    {{ return(classes) }}
{%- endmacro %}

{% macro ai_quantity_columns() -%}
    {%- set columns = [] -%}
    {%- for column in ai_unit_economics.ai_price_classes().values() -%}
        {%- do columns.append((column, 'bigint')) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- The user's own dimensions (ai_extra_dimensions), as columns x_<name>. -#}
{% macro ai_extra_columns() -%}
    {%- set columns = [] -%}
    {%- for column in ai_unit_economics.ai_extra_dimensions().values() -%}
        {%- do columns.append((column, 'varchar')) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- Requests: one row per copy of an attempt that a log delivered. -#}
{% macro ai_request_columns() -%}
    {{ return([
        ('request_source', 'varchar'), ('request_id', 'varchar'), ('attempt', 'bigint'),
        ('provider_request_id', 'varchar'), ('trace_id', 'varchar'), ('parent_id', 'varchar'), ('run_id', 'varchar'),
        ('platform', 'varchar'), ('provider_reported', 'varchar'), ('billing_account_id', 'varchar'),
        ('project_id', 'varchar'), ('api_key_id', 'varchar'), ('gateway_key', 'varchar'),
        ('model_requested', 'varchar'), ('model_served', 'varchar'), ('operation', 'varchar'),
        ('region_scope', 'varchar'), ('service_tier', 'varchar'), ('processing', 'varchar'),
        ('customer_tag', 'varchar'), ('user_id', 'varchar'), ('feature_tag', 'varchar'), ('team_tag', 'varchar'),
        ('environment_tag', 'varchar'), ('plan_code', 'varchar'), ('release', 'varchar'), ('prompt_version', 'varchar'),
        ('status', 'varchar'), ('error_code', 'varchar'), ('outcome', 'varchar'),
        ('logged_cost_currency', 'varchar'), ('quantity_status', 'varchar'), ('defect', 'varchar')
    ] + ai_unit_economics.ai_quantity_columns() + [
        ('input_tokens', 'bigint'), ('reasoning_tokens', 'bigint'),
        ('logged_cost', 'numeric(38,15)'), ('sample_rate', 'numeric(18,9)'), ('is_gateway_cache_hit', 'boolean')
    ] + ai_unit_economics.ai_extra_columns() + [
        ('requested_at', 'timestamp'), ('completed_at', 'timestamp'), ('loaded_at', 'timestamp')
    ]) }}
{%- endmacro %}

{#- Usage: one row per bucket and combination of dimensions that a platform reported. -#}
{% macro ai_usage_columns() -%}
    {{ return([
        ('platform', 'varchar'), ('provider_reported', 'varchar'), ('billing_account_id', 'varchar'),
        ('project_id', 'varchar'), ('api_key_id', 'varchar'), ('principal_id', 'varchar'),
        ('model_raw', 'varchar'), ('operation', 'varchar'), ('region_scope', 'varchar'),
        ('service_tier', 'varchar'), ('processing', 'varchar'),
        ('quantity_status', 'varchar'), ('defect', 'varchar')
    ] + ai_unit_economics.ai_quantity_columns() + [
        ('input_tokens', 'bigint'), ('context_window', 'bigint'), ('requests', 'bigint'),
        ('usage_start_at', 'timestamp'), ('usage_end_at', 'timestamp'), ('loaded_at', 'timestamp')
    ]) }}
{%- endmacro %}

{#- Billing: one row per line of a bill, as charged. An attribute that the line does not carry is NULL.
    delivery_key names what the provider sends anew as a whole (a month of an account): of its rows those
    of the latest load count and all earlier ones are superseded, so that a line which is gone from the
    latest delivery is gone here. NULL = each line is replaced by itself. -#}
{% macro ai_billing_columns() -%}
    {{ return([
        ('platform', 'varchar'), ('billing_account_id', 'varchar'), ('project_id', 'varchar'),
        ('api_key_id', 'varchar'), ('line_item', 'varchar'), ('model_raw', 'varchar'), ('price_class', 'varchar'),
        ('region_scope', 'varchar'), ('service_tier', 'varchar'), ('processing', 'varchar'), ('unit', 'varchar'),
        ('charge_category', 'varchar'), ('invoice_id', 'varchar'), ('line_id', 'varchar'),
        ('description', 'varchar'), ('billing_currency', 'varchar'), ('customer_tag', 'varchar'),
        ('feature_tag', 'varchar'), ('team_tag', 'varchar'), ('environment_tag', 'varchar')
    ] + ai_unit_economics.ai_extra_columns() + [
        ('delivery_key', 'varchar'), ('defect', 'varchar'), ('quantity', 'numeric(38,9)'),
        ('amount_billing_currency', 'numeric(38,15)'), ('context_window', 'bigint'),
        ('is_correction', 'boolean'), ('is_off_bill', 'boolean'),
        ('charge_start_at', 'timestamp'), ('charge_end_at', 'timestamp'), ('loaded_at', 'timestamp')
    ]) }}
{%- endmacro %}

{#- What tells one bill line from another: its dimensions and its period. Not what a later load may
    fill in or turn round: unit, quantity, amount and the category that follows from the amount. -#}
{% macro ai_billing_key_columns() -%}
    {{ return(
        ai_unit_economics.ai_billing_columns() | map('first')
        | reject('in', ['defect', 'unit', 'charge_category', 'quantity', 'amount_billing_currency', 'loaded_at']) | list
    ) }}
{%- endmacro %}
