{#- Grain: one row per UTC month, dimension (feature, customer, plan) and value, of logged requests.
    Purpose: what only single requests tell: logical requests (attempts of one are one), who was active, and
    the percentiles of a request's cost. Stored by month, read once for the three dimensions:
    int_ai_costed_months tells what a month was made from. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_month',
    on_schema_change='fail',
    full_refresh=false if ai_closed_through() else none,
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_costed_months'), part='usage_month') }}"
) }}

{%- set months = ai_stale_parts(
    ref('int_ai_costed_months'), fingerprint='month_fingerprint', part='usage_month'
) %}
{%- set amounts = ['requests_cost_usd', 'p50_usd', 'p95_usd', 'p99_usd'] %}

with retried as (

    select request_source, request_id
    from {{ ref('int_ai_requests') }}
    where {{ ai_in_months('usage_date', months) }}
    group by request_source, request_id
    having count(*) > 1

),

requests as (

    select
        {{ ai_month('requests.usage_date') }} as usage_month,
        -- Attempts of one request are one logical request; all others are one as they are.
        case when retried.request_id is not null then requests.request_source || '|' || requests.request_id end
            as retried_id,
        requests.customer_id,
        requests.user_id,
        coalesce(requests.feature_id, '__unattributed__') as feature_id,
        case
            when requests.customer_id is null then '__unattributed__'
            when requests.is_internal then '__internal__'
            else coalesce(requests.plan_id, '__no_plan__')
        end as plan_id,
        requests.pnl_class in ('cogs', 'free_tier') as is_production,
        requests.effective_cost_usd
    from {{ ref('int_ai_requests__costed') }} as requests
    left join retried
        on requests.request_source = retried.request_source
        and requests.request_id = retried.request_id
    where {{ ai_in_months('requests.usage_date', months) }}

),

logical_requests as (

    select
        usage_month,
        feature_id,
        case when is_production then customer_id end as customer_id,
        case when is_production then effective_cost_usd end as request_cost_usd
    from requests
    where retried_id is null

    union all

    select
        usage_month,
        feature_id,
        max(case when is_production then customer_id end) as customer_id,
        {{ ai_sum('case when is_production then effective_cost_usd end') }} as request_cost_usd
    from requests
    where retried_id is not null
    group by usage_month, feature_id, retried_id

),

features as (

    select
        usage_month,
        'feature' as dimension,
        feature_id as dimension_value,
        cast(count(*) as bigint) as requests,
        cast(count(request_cost_usd) as bigint) as costed_requests,
        cast(count(distinct customer_id) as bigint) as active_customers,
        cast(null as bigint) as active_users,
        {{ ai_sum('request_cost_usd') }} as requests_cost_usd,
        cast(percentile_disc(0.5) within group (order by request_cost_usd) as {{ money_type() }}) as p50_usd,
        cast(percentile_disc(0.95) within group (order by request_cost_usd) as {{ money_type() }}) as p95_usd,
        cast(percentile_disc(0.99) within group (order by request_cost_usd) as {{ money_type() }}) as p99_usd
    from logical_requests
    group by usage_month, feature_id

),

customers as (

    select
        usage_month,
        'customer' as dimension,
        coalesce(customer_id, '__unattributed__') as dimension_value,
        cast(count(*) - count(retried_id) + count(distinct retried_id) as bigint) as requests,
        cast(null as bigint) as costed_requests,
        cast(null as bigint) as active_customers,
        cast(count(distinct user_id) as bigint) as active_users,
        {%- for column in amounts %}
        cast(null as {{ money_type() }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from requests
    group by usage_month, coalesce(customer_id, '__unattributed__')

),

plans as (

    select
        usage_month,
        'plan' as dimension,
        plan_id as dimension_value,
        cast(count(*) - count(retried_id) + count(distinct retried_id) as bigint) as requests,
        cast(null as bigint) as costed_requests,
        cast(null as bigint) as active_customers,
        cast(null as bigint) as active_users,
        {%- for column in amounts %}
        cast(null as {{ money_type() }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from requests
    where is_production
    group by usage_month, plan_id

),

units as (

    select * from features
    union all
    select * from customers
    union all
    select * from plans

),

final as (

    select
        units.*,
        months.month_fingerprint as day_fingerprint
    from units
    inner join {{ ref('int_ai_costed_months') }} as months on units.usage_month = months.usage_month

)

select * from final
