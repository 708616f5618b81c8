{#- Question: how much goes to retries, fallbacks and errors, by feature?
    How to read it: one row per month, feature and way in which the wasted attempt ended. Wasted is
    every attempt of a request but its last successful one, and all of them if none succeeded.
    Status `ok` is a success that was done again (a retry after a timeout on our side, a duplicate
    call); `error` and `timeout` are the provider or the network; `cancelled` is a user who left.
    `share_of_feature_cost_ratio` is the waste by all logged cost of the feature. Amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('requests')) }}

with requests as (

    select * from {{ ref('cost_per_request') }}

),

summed as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        coalesce(feature_id, '__unattributed__') as feature_id,
        status,
        count(*) as attempts,
        sum(case when is_waste then 1 else 0 end) as wasted_attempts,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as cost_usd,
        cast(
            coalesce(sum(case when is_waste then effective_cost_usd end), 0)
            as {{ money_type() }}
        ) as waste_cost_usd
    from requests
    group by
        {{ ai_month('usage_date') }},
        coalesce(feature_id, '__unattributed__'),
        status

),

totalled as (

    select
        *,
        sum(attempts) over (partition by usage_month, feature_id) as feature_attempts,
        sum(cost_usd) over (partition by usage_month, feature_id) as feature_cost_usd
    from summed

),

final as (

    select
        usage_month,
        feature_id,
        status,
        cast(wasted_attempts as bigint) as wasted_attempts,
        {{ ai_share_ratio('wasted_attempts', 'feature_attempts') }}
            as share_of_feature_attempts_ratio,
        waste_cost_usd,
        cast(feature_cost_usd as {{ money_type() }}) as feature_cost_usd,
        {{ ai_share_ratio('waste_cost_usd', 'feature_cost_usd') }} as share_of_feature_cost_ratio
    from totalled
    where wasted_attempts > 0

)

select * from final
order by usage_month desc, waste_cost_usd desc, feature_id, status
