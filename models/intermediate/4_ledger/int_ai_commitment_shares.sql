{#- Grain: one row per attempt that ran on a commitment (request_key). Purpose: its share of what was used of
    the hour, by tokens. Cumulative rounding in the order of requested_at and request_key: the requests of an
    hour sum to what was used of it. Stored, because costing then needs one equi-join for these requests. -#}
with used_hours as (

    select
        pool_key,
        hour_at,
        {{ ai_sum('used_cost_usd') }} as used_cost_usd
    from {{ ref('int_ai_commitment_hours') }}
    group by pool_key, hour_at

),

running as (

    select
        *,
        cast(sum(millitokens) over (
            partition by pool_key, hour_at
            order by requested_at, request_key
            rows between unbounded preceding and current row
        ) as bigint) as millitokens_up_to,
        cast(sum(millitokens) over (partition by pool_key, hour_at) as bigint) as millitokens_in_all
    from {{ ref('int_ai_commitment_requests') }}

),

final as (

    select
        running.request_key,
        running.cell_key,
        running.commitment_id,
        cast(case
            when running.millitokens_in_all > 0
                then
                    {{ ai_straight_line(
                        'used_hours.used_cost_usd', 'running.millitokens_up_to', 'running.millitokens_in_all'
                    ) }}
                    - {{ ai_straight_line(
                        'used_hours.used_cost_usd', '(running.millitokens_up_to - running.millitokens)',
                        'running.millitokens_in_all'
                    ) }}
            else 0
        end as {{ money_type() }}) as used_cost_usd,
        running.usage_date,
        running.hour_at
    from running
    left join used_hours
        on running.pool_key = used_hours.pool_key
        and running.hour_at = used_hours.hour_at

)

select * from final
