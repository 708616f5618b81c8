{#- Grain: one row per attempt. The public view of the costed requests (a table with
    ai_materialize_requests). -#}
{{ config(
    enabled=ai_scenario_needs('requests'),
    materialized='table' if var('ai_materialize_requests', false) else 'view',
    contract={'enforced': not ai_extra_columns()}
) }}

select
    -- ids
    request_key,
    request_source,
    request_id,
    attempt,
    provider_request_id,
    trace_id,
    run_id,
    platform,
    provider,
    billing_account_id,
    project_id,
    api_key_id,
    commitment_id,
    customer_id,
    user_id,
    feature_id,
    team_id,
    plan_id,

    -- strings
    model_raw,
    model,
    operation,
    service_tier,
    region_scope,
    environment,
    {%- for column in ai_extra_dimensions().values() %}
    {{ column }},
    {%- endfor %}
    customer_method,
    feature_method,
    team_method,
    environment_method,
    status,
    pricing_status,
    quantity_status,
    cost_status,
    pnl_class,

    -- quantities
    {%- for class in ai_token_classes() %}
    {{ class }}_tokens,
    {%- endfor %}
    input_tokens,
    reasoning_tokens,
    web_search_requests,

    -- money
    cast(list_cost_usd as {{ money_type() }}) as list_cost_usd,
    cast(metered_cost_usd as {{ money_type() }}) as metered_cost_usd,
    cast(effective_cost_usd as {{ money_type() }}) as effective_cost_usd,
    cast(logged_cost_usd as {{ money_type() }}) as logged_cost_usd,
    {%- for class in ai_price_classes() %}
    cast({{ class }}_cost_usd as {{ money_type() }}) as {{ class }}_cost_usd,
    {%- endfor %}

    -- flags
    is_batch,
    is_success,
    is_waste,
    customer_tag_is_invalid,
    feature_tag_is_invalid,
    team_tag_is_invalid,
    environment_tag_is_invalid,

    -- times
    usage_date,
    requested_at
from {{ ref('int_ai_requests__costed') }}
