{#- Grain: one row per raw row that cannot be used. Purpose: bad rows never vanish and never stop a run:
    each is here with its reason. `payload` holds ids and dimensions alone, never prompt text. -#}
{%- set business = ['customers', 'plans', 'subscriptions', 'features', 'teams', 'fx_rates', 'manual_costs']
    + (['revenue_lines', 'credit_ledger'] if ai_scenario_needs('customers') else []) -%}

with rejected as (

    select
        'requests:' || request_source as source_name,
        raw_key,
        rejected_reason,
        rejected_column,
        payload,
        load_date
    from {{ ref('int_ai_rejected_requests') }}
    where kind = 'row'

    union all

    select
        'usage:' || platform as source_name,
        coalesce(project_id, '') || '|' || coalesce(api_key_id, '') || '|' || coalesce(model_raw, '') as raw_key,
        rejected_reason,
        rejected_column,
        'usage_start_at=' || coalesce(cast(usage_start_at as varchar), '') as payload,
        {{ ai_day('loaded_at') }} as load_date
    from {{ ref('int_ai_usage__unioned') }}
    where rejected_reason is not null

    union all

    select
        'billing:' || coalesce(platform, '') as source_name,
        coalesce(project_id, '') || '|' || coalesce(description, '') as raw_key,
        rejected_reason,
        rejected_column,
        'charge_start_at=' || coalesce(cast(charge_start_at as varchar), '')
        || ' amount=' || coalesce(cast(amount_billing_currency as varchar), '') as payload,
        {{ ai_day('loaded_at') }} as load_date
    from {{ ref('int_ai_billing__unioned') }}
    where rejected_reason is not null

    {%- for table in business %}

    union all

    select
        'business:{{ table }}' as source_name,
        raw_key,
        rejected_reason,
        rejected_column,
        '' as payload,
        {{ ai_day('loaded_at') }} as load_date
    from {{ ref('stg_ai_' ~ table) }}
    where coalesce(rejected_reason, 'duplicate') <> 'duplicate'
    {%- endfor %}

)

select * from rejected
