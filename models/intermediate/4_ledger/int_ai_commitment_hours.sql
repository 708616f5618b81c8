{#- Grain: one row per commitment for capacity and UTC hour of its term, up to the as-of date. Purpose: the
    amortised fee of the hour, and how much of it was used: tokens of the pool's requests by its capacity, at
    most all of it. Hours are cut by cumulative rounding, so the hours of a term sum to its fee. Without a
    known capacity an hour with tokens is used to the full. -#}
with commitments as (

    select * from {{ ref('int_ai_commitments') }}
    where kind <> 'committed_spend'

),

hours_of_day as (

    {%- for hour in range(24) %}
    select {{ hour }} as hour_of_day{{ ' union all' if not loop.last }}
    {%- endfor %}

),

rates as (

    select * from {{ ref('int_ai_fx_rates__daily') }}

),

days as (

    select
        commitments.*,
        calendar.calendar_date as usage_date
    from commitments
    inner join {{ ref('int_ai_calendar') }} as calendar
        on calendar.calendar_date >= {{ ai_day('commitments.valid_from') }}
        and calendar.calendar_date < coalesce(commitments.valid_to, cast('9999-12-31' as timestamp))
    cross join {{ ref('int_ai_as_of') }} as as_of
    where calendar.calendar_date <= as_of.as_of_date

),

term_hours as (

    select
        days.*,
        {{ dbt.dateadd('hour', 'hours_of_day.hour_of_day', 'cast(days.usage_date as timestamp)') }} as hour_at
    from days
    cross join hours_of_day

),

numbered as (

    select
        term_hours.*,
        cast({{ dbt.datediff('term_hours.valid_from', 'term_hours.hour_at', 'hour') }} as bigint) as hour_number,
        cast(
            {{ ai_to_usd('term_hours.fee_amount', 'term_hours.currency', 'rates.usd_per_unit') }} as {{ money_type() }}
        ) as fee_amount_usd
    from term_hours
    left join rates
        on term_hours.currency = rates.currency
        and rates.rate_date = case
            when term_hours.fee_per = 'hour' then term_hours.usage_date
            else {{ ai_day('term_hours.valid_from') }}
        end
    where term_hours.hour_at >= term_hours.valid_from
        and term_hours.hour_at < coalesce(term_hours.valid_to, cast('9999-12-31' as timestamp))

),

pool_hours as (

    select
        pool_key,
        hour_at,
        {{ ai_sum_count('millitokens') }} as millitokens
    from {{ ref('int_ai_commitment_requests') }}
    group by pool_key, hour_at

),

amortised as (

    select
        numbered.commitment_id,
        numbered.pool_key,
        numbered.usage_date,
        numbered.hour_at,
        numbered.capacity_tokens_per_hour,
        case
            when numbered.fee_per = 'hour' then numbered.fee_amount_usd
            when numbered.hours_in_term > 0
                then
                    {{ ai_straight_line('numbered.fee_amount_usd', '(hour_number + 1)', 'numbered.hours_in_term') }}
                    - {{ ai_straight_line('numbered.fee_amount_usd', 'hour_number', 'numbered.hours_in_term') }}
        end as fee_usd,
        coalesce(pool_hours.millitokens, 0) as pool_millitokens,
        case
            when count(numbered.capacity_tokens_per_hour) over (partition by numbered.pool_key, numbered.hour_at)
                = count(*) over (partition by numbered.pool_key, numbered.hour_at)
                then cast(
                        1000 * sum(numbered.capacity_tokens_per_hour) over (
                            partition by numbered.pool_key, numbered.hour_at
                        ) as bigint
                    )
        end as pool_capacity_millitokens
    from numbered
    left join pool_hours
        on numbered.pool_key = pool_hours.pool_key
        and numbered.hour_at = pool_hours.hour_at

),

used as (

    select
        *,
        cast(case
            when pool_millitokens = 0 then 0
            when pool_capacity_millitokens is null or pool_millitokens >= pool_capacity_millitokens then fee_usd
            else {{ ai_straight_line('fee_usd', 'pool_millitokens', 'pool_capacity_millitokens') }}
        end as {{ money_type() }}) as used_cost_usd
    from amortised

),

final as (

    select
        commitment_id,
        pool_key,
        capacity_tokens_per_hour,
        pool_millitokens,
        pool_capacity_millitokens,
        case
            when pool_capacity_millitokens > 0
                then cast({{ ai_ratio('pool_millitokens', 'pool_capacity_millitokens', 6) }} as {{ ratio_type() }})
        end as utilisation_ratio,
        cast(fee_usd as {{ money_type() }}) as fee_usd,
        used_cost_usd,
        cast(fee_usd - used_cost_usd as {{ money_type() }}) as idle_cost_usd,
        usage_date,
        hour_at
    from used

)

select * from final
