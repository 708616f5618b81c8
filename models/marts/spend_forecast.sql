{#- Grain: one row per UTC month and platform, and `all` for the company. Where the month ends, and for
    months that are over where it would have been seen to end on the same day of the month, beside what
    it came to. A day ahead costs what the median of its weekday cost over the five weeks before: an
    outlier moves nothing, and five values have a middle one. -#}
{{ config(contract={'enforced': true}) }}
{#- Weeks of history that a forecast needs and looks at, earlier months that judge it, and how many of
    them a range needs. -#}
{%- set weeks = 5 -%}
{%- set back_months = 6 -%}
{%- set months_for_range = 3 -%}
{#- A platform may be this many days behind the others before its silence counts as no spend. -#}
{%- set late_days = 7 -%}

with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

daily as (

    select
        platform,
        usage_date,
        {{ ai_sum('coalesce(effective_cost_usd, 0)') }} as cost_usd
    from {{ ref('cost_ledger') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')
    group by platform, usage_date

),

-- The last day that is known of a platform: bills without usage or logs come some days late.
platforms as (

    select
        daily.platform,
        min(daily.usage_date) as first_date,
        max(case
            when daily.usage_date >= {{ ai_add_days('as_of.as_of_date', -late_days) }} then daily.usage_date
        end) as last_date
    from daily
    cross join as_of
    where daily.usage_date <= as_of.as_of_date
    group by daily.platform

),

months as (

    select
        months.usage_month,
        months.is_period_complete,
        months.days_in_month,
        as_of.as_of_date,
        {{ ai_month('as_of.as_of_date') }} as open_month,
        {{ ai_add_days('months.usage_month', 'months.days_in_month - 1') }} as last_day
    from {{ ref('int_ai_months') }} as months
    cross join as_of

),

-- Every month is looked at from the same day of the month, which may lie before it.
offsets as (

    select
        months.*,
        platforms.platform,
        platforms.first_date,
        {{ ai_days_between('months.open_month', 'coalesce(platforms.last_date, months.as_of_date)') }} as days_on
    from months
    inner join platforms on platforms.first_date <= months.last_day

),

cutoffs as (

    select
        offsets.*,
        case
            when days_on >= days_in_month then last_day
            else {{ ai_add_days('usage_month', 'days_on') }}
        end as cutoff_date
    from offsets

),

month_costs as (

    select
        cutoffs.platform,
        cutoffs.usage_month,
        cast(coalesce(
            sum(case when daily.usage_date <= cutoffs.cutoff_date then daily.cost_usd end), 0
        ) as {{ money_type() }}) as spend_to_date_usd,
        cast(coalesce(sum(daily.cost_usd), 0) as {{ money_type() }}) as month_cost_usd
    from cutoffs
    left join daily
        on cutoffs.platform = daily.platform
        and cutoffs.usage_month <= daily.usage_date
        and daily.usage_date <= cutoffs.last_day
        and daily.usage_date <= cutoffs.as_of_date
    group by cutoffs.platform, cutoffs.usage_month

),

weeks_back as (

    {%- for week in range(1, weeks + 1) %}
    select {{ week }} as week_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- The same weekday of the weeks up to the cut-off, for every day ahead; a day without spend counts 0.
days_ahead as (

    select
        cutoffs.platform,
        cutoffs.usage_month,
        cutoffs.cutoff_date,
        calendar.calendar_date,
        mod({{ ai_days_between('cutoffs.cutoff_date', 'calendar.calendar_date') }} + 6, 7) + 1 as weekday_number
    from cutoffs
    inner join {{ ref('int_ai_calendar') }} as calendar
        on cutoffs.cutoff_date < calendar.calendar_date
        and cutoffs.usage_month <= calendar.calendar_date
        and calendar.calendar_date <= cutoffs.last_day
    where cutoffs.first_date <= {{ ai_add_days('cutoffs.cutoff_date', 1 - 7 * weeks) }}

),

same_weekdays as (

    select
        days_ahead.platform,
        days_ahead.usage_month,
        days_ahead.calendar_date,
        coalesce(daily.cost_usd, 0) as cost_usd
    from days_ahead
    cross join weeks_back
    left join daily
        on days_ahead.platform = daily.platform
        and daily.usage_date = {{ ai_add_days(
            'days_ahead.cutoff_date', 'days_ahead.weekday_number - 7 * weeks_back.week_number'
        ) }}

),

medians as (

    select
        platform,
        usage_month,
        calendar_date,
        percentile_disc(0.5) within group (order by cost_usd) as cost_usd
    from same_weekdays
    group by platform, usage_month, calendar_date

),

ahead as (

    select
        platform,
        usage_month,
        {{ ai_sum('cost_usd') }} as cost_ahead_usd
    from medians
    group by platform, usage_month

),

by_platform as (

    select
        cutoffs.usage_month,
        cutoffs.platform,
        cutoffs.cutoff_date,
        cutoffs.is_period_complete,
        cutoffs.as_of_date > cutoffs.last_day as is_over,
        case
            when cutoffs.cutoff_date < cutoffs.usage_month then cutoffs.days_in_month
            else {{ ai_days_between('cutoffs.cutoff_date', 'cutoffs.last_day') }}
        end as days_left,
        month_costs.spend_to_date_usd,
        month_costs.month_cost_usd,
        case
            when cutoffs.cutoff_date = cutoffs.last_day then cast(0 as {{ money_type() }})
            else ahead.cost_ahead_usd
        end as cost_ahead_usd
    from cutoffs
    inner join month_costs
        on cutoffs.platform = month_costs.platform
        and cutoffs.usage_month = month_costs.usage_month
    left join ahead
        on cutoffs.platform = ahead.platform
        and cutoffs.usage_month = ahead.usage_month

),

-- The company is the sum of its platforms; one that is too new for a forecast counts with its spend.
forecasts as (

    select
        usage_month,
        platform,
        cutoff_date,
        is_period_complete,
        is_over,
        days_left,
        spend_to_date_usd,
        month_cost_usd,
        cost_ahead_usd
    from by_platform

    union all

    select
        usage_month,
        'all' as platform,
        min(cutoff_date) as cutoff_date,
        is_period_complete,
        is_over,
        max(days_left) as days_left,
        {{ ai_sum('spend_to_date_usd') }} as spend_to_date_usd,
        {{ ai_sum('month_cost_usd') }} as month_cost_usd,
        {{ ai_sum('cost_ahead_usd') }} as cost_ahead_usd
    from by_platform
    group by usage_month, is_period_complete, is_over

),

-- How a finished month ended, as a multiple of what was forecast for the days ahead, and how far off
-- the forecast of the whole month was.
judged as (

    select
        usage_month,
        platform,
        {{ ai_share_ratio(
            'abs(spend_to_date_usd + cost_ahead_usd - month_cost_usd)', 'month_cost_usd'
        ) }} as error_ratio,
        case
            -- A forecast of next to nothing has no multiple.
            when cost_ahead_usd * 1000000 > abs(month_cost_usd - spend_to_date_usd)
                then
                    cast(
                        {{ ai_ratio('month_cost_usd - spend_to_date_usd', 'cost_ahead_usd', 12) }}
                        as {{ factor_type() }}
                    )
        end as ahead_ratio
    from forecasts
    where is_period_complete
        and cost_ahead_usd is not null
        and month_cost_usd >= 0.01

),

pairs as (

    select
        forecasts.usage_month,
        forecasts.platform,
        judged.error_ratio,
        judged.ahead_ratio
    from forecasts
    inner join judged
        on forecasts.platform = judged.platform
        and judged.usage_month < forecasts.usage_month
        and judged.usage_month >= {{ dbt.dateadd('month', -back_months, 'forecasts.usage_month') }}

),

back_tests as (

    select
        usage_month,
        platform,
        cast(count(*) as bigint) as backtest_months,
        count(ahead_ratio) as months_with_range,
        percentile_disc(0.5) within group (order by error_ratio) as backtest_error_ratio,
        percentile_disc(0.1) within group (order by ahead_ratio) as low_ratio,
        percentile_disc(0.9) within group (order by ahead_ratio) as high_ratio
    from pairs
    group by usage_month, platform

),

ranged as (

    select
        forecasts.*,
        coalesce(back_tests.backtest_months, 0) as backtest_months,
        back_tests.backtest_error_ratio,
        -- The range holds the forecast, also where all earlier ones were too low.
        case
            when forecasts.days_left = 0 then 1
            when forecasts.cost_ahead_usd > 0 and back_tests.months_with_range >= {{ months_for_range }}
                then case when back_tests.low_ratio < 1 then back_tests.low_ratio else 1 end
        end as low_ratio,
        case
            when forecasts.days_left = 0 then 1
            when forecasts.cost_ahead_usd > 0 and back_tests.months_with_range >= {{ months_for_range }}
                then case when back_tests.high_ratio > 1 then back_tests.high_ratio else 1 end
        end as high_ratio
    from forecasts
    left join back_tests
        on forecasts.platform = back_tests.platform
        and forecasts.usage_month = back_tests.usage_month

),

final as (

    select
        usage_month,
        platform,
        cutoff_date as as_of_date,
        spend_to_date_usd,
        cast(spend_to_date_usd + cost_ahead_usd as {{ money_type() }}) as forecast_usd,
        cast(spend_to_date_usd + {{ ai_scale('cost_ahead_usd', 'low_ratio') }} as {{ money_type() }})
            as forecast_low_usd,
        cast(spend_to_date_usd + {{ ai_scale('cost_ahead_usd', 'high_ratio') }} as {{ money_type() }})
            as forecast_high_usd,
        case when is_over then month_cost_usd end as actual_usd,
        cast(days_left as bigint) as days_left,
        case
            when days_left = 0 then 'actual'
            when cost_ahead_usd is null then 'too_little_history'
            else 'weekday_median_{{ weeks }}_weeks'
        end as method,
        backtest_error_ratio,
        cast(backtest_months as bigint) as backtest_months,
        is_period_complete
    from ranged

)

select * from final
