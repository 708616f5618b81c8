{#- Grain: one row per UTC day, dimension (model, api_key, customer, feature), platform and value that
    jumped. A day is compared with the 28 days before it by their median and by how far they usually lie
    from it (median absolute deviation): one bad day before moves neither. The deviation is split, to
    the last digit, into volume, unit cost and what no logged request caused. -#}
{{ config(contract={'enforced': true}) }}
{%- set minimum = var('ai_anomaly_min_usd', 5) -%}
{%- set threshold = var('ai_anomaly_threshold', 5) -%}
{#- Days before that count, and how many there must be. -#}
{%- set window_days = 28 -%}
{%- set history_days = 14 -%}
{%- set keys = ['dimension', 'platform', 'dimension_value'] -%}

with spend as (

    select
        usage_date,
        {{ keys | join(',\n        ') }},
        tokens,
        request_cost_usd,
        other_cost_usd,
        cast(request_cost_usd + other_cost_usd as {{ money_type() }}) as cost_usd
    from {{ ref('int_ai_spend__daily') }}

),

first_days as (

    select
        {{ keys | join(',\n        ') }},
        min(usage_date) as first_date
    from spend
    group by {{ keys | join(', ') }}

),

-- Days of which anything is known: a day of which nothing is, is missing, not cheap.
known_days as (

    select distinct platform, usage_date from spend

),

estimated_days as (

    select distinct platform, usage_date
    from {{ ref('cost_ledger') }}
    where cost_status = 'estimated'

    union

    select distinct 'all' as platform, usage_date
    from {{ ref('cost_ledger') }}
    where cost_status = 'estimated'

),

-- Only days that are big enough are looked at further.
candidates as (

    select
        spend.*,
        first_days.first_date
    from spend
    inner join first_days
        on spend.dimension = first_days.dimension
        and spend.platform = first_days.platform
        and spend.dimension_value = first_days.dimension_value
    where spend.cost_usd >= {{ minimum }}
        and first_days.first_date <= {{ ai_add_days('spend.usage_date', -history_days) }}

),

days_before as (

    select
        candidates.usage_date,
        candidates.dimension,
        candidates.platform,
        candidates.dimension_value,
        coalesce(spend.tokens, 0) as tokens,
        coalesce(spend.other_cost_usd, 0) as other_cost_usd,
        coalesce(spend.cost_usd, 0) as cost_usd
    from candidates
    inner join known_days
        on candidates.platform = known_days.platform
        and known_days.usage_date >= {{ ai_add_days('candidates.usage_date', -window_days) }}
        and known_days.usage_date >= candidates.first_date
        and known_days.usage_date < candidates.usage_date
    left join spend
        on candidates.dimension = spend.dimension
        and candidates.platform = spend.platform
        and candidates.dimension_value = spend.dimension_value
        and known_days.usage_date = spend.usage_date

),

baselines as (

    select
        usage_date,
        {{ keys | join(',\n        ') }},
        cast(count(*) as bigint) as baseline_days,
        percentile_disc(0.5) within group (order by tokens) as baseline_tokens,
        percentile_disc(0.5) within group (order by other_cost_usd) as baseline_other_cost_usd,
        percentile_disc(0.5) within group (order by cost_usd) as baseline_cost_usd,
        percentile_disc(0.9) within group (order by cost_usd) as p90_cost_usd
    from days_before
    group by usage_date, {{ keys | join(', ') }}

),

compared as (

    select
        candidates.*,
        baselines.baseline_days,
        baselines.baseline_tokens,
        baselines.baseline_other_cost_usd,
        baselines.baseline_cost_usd,
        baselines.p90_cost_usd,
        cast(candidates.cost_usd - baselines.baseline_cost_usd as {{ money_type() }}) as deviation_usd
    from candidates
    inner join baselines
        on candidates.usage_date = baselines.usage_date
        and candidates.dimension = baselines.dimension
        and candidates.platform = baselines.platform
        and candidates.dimension_value = baselines.dimension_value
    where baselines.baseline_days >= {{ history_days }}
        and candidates.cost_usd - baselines.baseline_cost_usd >= {{ minimum }}
        -- Spend that comes and goes: twice as far above the median as the dearest tenth of the days.
        and candidates.cost_usd - baselines.baseline_cost_usd
        > 2 * (baselines.p90_cost_usd - baselines.baseline_cost_usd)

),

spreads as (

    select
        compared.usage_date,
        compared.dimension,
        compared.platform,
        compared.dimension_value,
        percentile_disc(0.5) within group (
            order by abs(days_before.cost_usd - compared.baseline_cost_usd)
        ) as mad_usd
    from compared
    inner join days_before
        on compared.usage_date = days_before.usage_date
        and compared.dimension = days_before.dimension
        and compared.platform = days_before.platform
        and compared.dimension_value = days_before.dimension_value
    group by compared.usage_date, compared.dimension, compared.platform, compared.dimension_value

),

-- What the day's tokens would have cost at the old unit cost. Without tokens before there is none.
repriced as (

    select
        compared.*,
        spreads.mad_usd,
        cast(compared.baseline_cost_usd - compared.baseline_other_cost_usd as {{ money_type() }})
            as baseline_request_cost_usd,
        case
            when compared.baseline_tokens > 0 and compared.baseline_cost_usd > compared.baseline_other_cost_usd
                then {{ ai_straight_line(
                    '(compared.baseline_cost_usd - compared.baseline_other_cost_usd)',
                    'compared.tokens', 'compared.baseline_tokens'
                ) }}
            else compared.request_cost_usd
        end as cost_at_old_unit_cost_usd
    from compared
    inner join spreads
        on compared.usage_date = spreads.usage_date
        and compared.dimension = spreads.dimension
        and compared.platform = spreads.platform
        and compared.dimension_value = spreads.dimension_value
    -- A spread below a tenth of the baseline counts as a tenth: steady spend may move a little.
    where compared.deviation_usd > {{ threshold }} * spreads.mad_usd
        and compared.deviation_usd * 10 > {{ threshold }} * compared.baseline_cost_usd

),

parts as (

    select
        *,
        cast(cost_at_old_unit_cost_usd - baseline_request_cost_usd as {{ money_type() }}) as volume_effect_usd,
        cast(request_cost_usd - cost_at_old_unit_cost_usd as {{ money_type() }}) as unit_cost_effect_usd,
        cast(other_cost_usd - baseline_other_cost_usd as {{ money_type() }}) as other_effect_usd
    from repriced

),

final as (

    select
        parts.usage_date,
        parts.dimension,
        parts.platform,
        parts.dimension_value,
        -- The part that alone makes three quarters of it.
        case
            when 4 * parts.volume_effect_usd >= 3 * parts.deviation_usd
                and 4 * parts.unit_cost_effect_usd >= 3 * parts.deviation_usd then 'both'
            when 4 * parts.volume_effect_usd >= 3 * parts.deviation_usd then 'volume'
            when 4 * parts.unit_cost_effect_usd >= 3 * parts.deviation_usd then 'unit_cost'
            when 4 * parts.other_effect_usd >= 3 * parts.deviation_usd then 'other'
            else 'both'
        end as cause,
        parts.cost_usd,
        parts.baseline_cost_usd,
        parts.deviation_usd,
        parts.volume_effect_usd,
        parts.unit_cost_effect_usd,
        parts.other_effect_usd,
        parts.mad_usd,
        parts.tokens,
        parts.baseline_tokens,
        case
            when parts.baseline_cost_usd >= 0.01 then {{ ai_share_ratio('parts.cost_usd', 'parts.baseline_cost_usd') }}
        end as increase_ratio,
        parts.baseline_days,
        case when estimated_days.platform is null then 'reconciled' else 'estimated' end as cost_status
    from parts
    left join estimated_days
        on parts.platform = estimated_days.platform
        and parts.usage_date = estimated_days.usage_date

)

select * from final
