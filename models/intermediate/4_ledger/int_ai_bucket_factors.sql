{#- Grain: one row per bucket that follows at least one line. Purpose: the factor on our price, and the
    billed rate for a bucket that we cannot price. A bucket of unknown account or project follows
    several lines with their joint factor: the sum billed over the sum reported
    (ai_variance_policy `scale`: the factors of the lines, weighted by what each was billed). -#}
{%- set is_scale = ai_variance_policy() == 'scale' -%}

{%- set quotient = ai_ratio('weighted_factors', 'weight_in_all', 12) if is_scale
    else ai_ratio('priced_billed_cost_usd', 'base_cost_usd', 12) %}

with bucket_lines as (

    select * from {{ ref('int_ai_bucket_lines') }}

),

factors as (

    select * from {{ ref('int_ai_line_factors') }}

),

joint as (

    select
        bucket_lines.bucket_key,
        bucket_lines.variant,
        count(*) as number_of_lines,
        max(factors.factor) as own_factor,
        max(factors.billed_rate_usd) as own_rate_usd,
        max(case when factors.line_status = 'estimated' then 0 else 1 end) = 1 as is_billed,
        {{ ai_sum('factors.billed_cost_usd') }} as billed_cost_usd,
        {{ ai_sum('factors.priced_billed_cost_usd') }} as priced_billed_cost_usd,
        {{ ai_sum('factors.base_cost_usd') }} as base_cost_usd,
        {%- if is_scale %}
        cast(sum(case when factors.billed_cost_usd > 0 then factors.billed_cost_usd else 0 end) as {{ money_type() }})
            as weight_in_all,
        cast(sum(case
            when factors.billed_cost_usd > 0 then {{ ai_scale('factors.billed_cost_usd', 'factors.factor') }} else 0
        end) as {{ money_type() }}) as weighted_factors,
        {%- endif %}
        cast(sum(coalesce(
            factors.billed_quantity, factors.priced_reported_quantity + factors.unpriced_reported_quantity
        )) as numeric(38, 9)) as rate_quantity,
        min(case when factors.billed_rate_usd is null then 0 else 1 end) = 1 as all_rated
    from bucket_lines
    inner join factors on bucket_lines.line_key = factors.line_key
    group by bucket_lines.bucket_key, bucket_lines.variant

),

quotients as (

    select
        *,
        case
            when is_billed then {{ quotient }}
        end as joint_quotient
    from joint

),

final as (

    select
        bucket_key,
        variant,
        is_billed,
        case
            when number_of_lines = 1 then own_factor
            when {{ ai_is_factor('joint_quotient') }} then cast(joint_quotient as {{ factor_type() }})
            else cast(1 as {{ factor_type() }})
        end as factor,
        case
            when number_of_lines = 1 then own_rate_usd
            when all_rated then cast({{ ai_ratio('billed_cost_usd', 'rate_quantity', 12) }} as {{ price_type() }})
        end as billed_rate_usd
    from quotients

)

select * from final
