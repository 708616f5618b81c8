{#- Grain: one row per attempt (request_key), as int_ai_requests: every join is a left join on a unique
    key. Purpose: facts + price + owner + plan + share of the bill, joined late, so that a corrected
    price, rule, plan or bill never rewrites a request. A view: nothing of it is stored. A request that ran on
    a commitment costs its share of the amortised fee. -#}
{{ config(materialized='view') }}

{%- set classes = ai_price_classes() -%}

with requests as (

    select * from {{ ref('int_ai_requests__evidence') }}

),

rates as (

    select * from {{ ref('int_ai_rates') }}

),

cell_owners as (

    select * from {{ ref('int_ai_cell_owners') }}

),

trace_owners as (

    select * from {{ ref('int_ai_trace_owners') }}

),

owners as (

    select * from {{ ref('int_ai_evidence_owners') }}

),

customers as (

    select * from {{ ref('int_ai_customers') }}

),

plan_periods as (

    select * from {{ ref('int_ai_plan_attribution') }}

),

owned as (

    select
        requests.*,
        {%- for dimension, id in ai_dimensions().items() %}
        {%- set ladder = [
            ('request_tag', 'requests.tag_' ~ dimension ~ '_id'),
            ('user_map', 'requests.user_' ~ dimension ~ '_id'),
            ('trace_inherited', 'trace_owners.' ~ dimension ~ '_id'),
            ('gateway_key', 'gateways.' ~ dimension ~ '_id'),
            ('api_key_map', 'cell_owners.api_key_' ~ dimension ~ '_id'),
            ('project_map', 'cell_owners.project_' ~ dimension ~ '_id'),
            ('default_rule', 'cell_owners.default_' ~ dimension ~ '_id')
        ] %}
        {{ ai_first_owner(ladder) }} as {{ id }},
        {{ ai_method(ladder, 'requests.' ~ dimension ~ '_tag') | indent(8) }} as {{ dimension }}_method,
        requests.{{ dimension }}_tag is not null and requests.tag_{{ dimension }}_id is null
            as {{ dimension }}_tag_is_invalid,
        {%- endfor %}
        coalesce(
            requests.user_pnl_class_id, gateways.pnl_class_id, cell_owners.api_key_pnl_class_id,
            cell_owners.project_pnl_class_id, cell_owners.default_pnl_class_id
        ) as pnl_class_by_rule
    from requests
    left join cell_owners
        on requests.cell_key = cell_owners.cell_key
        and requests.usage_date = cell_owners.usage_date
    left join trace_owners
        on requests.trace_id = trace_owners.trace_id
        and requests.usage_date = trace_owners.usage_date
    {{ ai_join_owners(
        'gateways', 'gateway_key', 'requests.platform', ai_match_text('requests.gateway_key'), 'requests.usage_date'
    ) | indent(4) }}

),

planned as (

    select
        owned.*,
        plan_periods.plan_id,
        plan_periods.plan_type,
        coalesce(customers.is_internal, false) as is_internal
    from owned
    left join customers on owned.customer_id = customers.customer_id
    left join plan_periods
        on owned.customer_id = plan_periods.customer_id
        and owned.requested_at >= plan_periods.valid_from
        and owned.requested_at < plan_periods.valid_to

),

commitment_shares as (

    select * from {{ ref('int_ai_commitment_shares') }}

),

priced as (

    select
        planned.*,
        commitment_shares.commitment_id,
        commitment_shares.used_cost_usd,
        rates.model,
        rates.provider,
        rates.billing_account_id as ledger_account_id,
        rates.project_id as ledger_project_id,
        coalesce(rates.region_scope, planned.region_scope) as priced_region_scope,
        coalesce(rates.is_billed, false) as is_billed,
        rates.context_over_tokens,
        {{ ai_pricing_status('planned', 'rates') | indent(8) }} as pricing_status,
        (
            {%- for column in classes.values() %}
            coalesce(planned.{{ column }}, 0){% if not loop.last %} +{% endif %}
            {%- endfor %}
        ) > 0 as is_used,
        {%- for class, column in classes.items() %}
        cast(coalesce(planned.{{ column }}, 0) * rates.{{ class }}_price_usd as {{ money_type() }})
            as {{ class }}_sum_usd,
        {%- endfor %}
        {{ ai_cost('planned', 'rates', '_list_price_usd') | indent(8) }} as list_sum_usd,
        ({{ ai_all_used_classes('planned', 'rates', '_list_price_usd') | indent(8) }}) as is_listed,
        {{ ai_cost('planned', 'rates', '_price_usd') | indent(8) }} as metered_sum_usd,
        {{ ai_cost('planned', 'rates', '_effective_price_usd') | indent(8) }} as effective_sum_usd,
        ({{ ai_all_used_classes('planned', 'rates', '_effective_price_usd') | indent(8) }})
        and not {{ ai_lacks_counts('planned', 'rates', '_effective_price_usd') | indent(8) }} as is_rated
    from planned
    left join rates
        on planned.cell_key = rates.cell_key
        and planned.usage_date = rates.usage_date
        and coalesce(planned.input_tokens, 0) >= rates.input_tokens_from
        and coalesce(planned.input_tokens, 0) <= rates.input_tokens_to
    -- Only provisioned requests look: the key of the others is NULL.
    left join commitment_shares
        on case when planned.service_tier in ('scale', 'reserved') then planned.request_key end
        = commitment_shares.request_key

),

final as (

    select
        -- ids
        request_key,
        request_source,
        request_id,
        attempt,
        provider_request_id,
        trace_id,
        run_id,
        cell_key,
        platform,
        provider,
        ledger_account_id as billing_account_id,
        ledger_project_id as project_id,
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
        processing,
        priced_region_scope as region_scope,
        environment,
        plan_type,
        customer_method,
        feature_method,
        team_method,
        environment_method,
        status,
        error_code,
        outcome,
        release,
        prompt_version,
        {%- for column in ai_extra_dimensions().values() %}
        {{ column }},
        {%- endfor %}
        pricing_status,
        quantity_status,
        case when commitment_id is not null then 'commitment_used' else 'request' end as ledger_row_type,
        -- No bill will change the fee that was agreed.
        case when is_billed or commitment_id is not null then 'reconciled' else 'estimated' end as cost_status,
        coalesce(
            pnl_class_by_rule, {{ ai_pnl_class('is_internal', 'environment', 'plan_type') | indent(12) }}
        ) as pnl_class,

        -- quantities
        {%- for column in classes.values() %}
        {{ column }},
        {%- endfor %}
        input_tokens,
        reasoning_tokens,
        context_over_tokens,

        -- money
        case
            when pricing_status in ('gateway_cache_hit', 'provisioned') then cast(0 as {{ money_type() }})
            when pricing_status in ('priced', 'free') and is_listed then list_sum_usd
        end as list_cost_usd,
        case
            when pricing_status in ('gateway_cache_hit', 'provisioned') then cast(0 as {{ money_type() }})
            when pricing_status in ('priced', 'free') then metered_sum_usd
        end as metered_cost_usd,
        case
            when commitment_id is not null then used_cost_usd
            when pricing_status in ('gateway_cache_hit', 'provisioned') then cast(0 as {{ money_type() }})
            when pricing_status in ('priced', 'free') then effective_sum_usd
            when pricing_status in ('unpriced_model', 'unpriced_class') and is_rated and is_used then effective_sum_usd
        end as effective_cost_usd,
        case when coalesce(logged_cost_currency, 'USD') = 'USD' then logged_cost end as logged_cost_usd,

        -- metered cost by class: the parts sum to metered_cost_usd
        {%- for class in classes %}
        case
            when pricing_status in ('gateway_cache_hit', 'provisioned') then cast(0 as {{ money_type() }})
            when pricing_status in ('priced', 'free') then coalesce({{ class }}_sum_usd, 0)
        end as {{ class }}_cost_usd,
        {%- endfor %}

        -- flags
        processing = 'batch' as is_batch,
        is_internal,
        is_success,
        is_waste,
        customer_tag_is_invalid,
        feature_tag_is_invalid,
        team_tag_is_invalid,
        environment_tag_is_invalid,

        -- times
        usage_date,
        requested_at,
        completed_at
    from priced

)

select * from final
