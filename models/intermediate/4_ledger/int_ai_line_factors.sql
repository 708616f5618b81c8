{#- Grain: one row per line (line_key). Purpose: how the bill relates to the provider's own usage at our
    prices. factor = billed / reported at 12 digits; 1 where nothing was reported, where it was billed
    at 0, outside ai_factor_bounds, or without a bill. Where a line carries model and class, money of
    unpriced usage is taken off first at the billed rate (billed / quantity).
    ai_variance_policy `scale` divides by what was logged in place of what was reported: every cent of the line
    lies on its requests, and nothing is unlogged where there is one. -#}
{%- set is_scale = ai_variance_policy() == 'scale' -%}

with lines as (

    select * from {{ ref('int_ai_bill_lines') }}

),

-- Reported usage has account and project, so each of its buckets follows one line.
covered as (

    select
        bucket_lines.line_key,
        {{ ai_sum('buckets.reported_cost_usd') }} as reported_cost_usd,
        {{ ai_sum_count('buckets.priced_reported_quantity') }} as priced_reported_quantity,
        {{ ai_sum_count('buckets.unpriced_reported_quantity') }} as unpriced_reported_quantity
    from {{ ref('int_ai_buckets') }} as buckets
    inner join {{ ref('int_ai_bucket_lines') }} as bucket_lines on buckets.bucket_key = bucket_lines.bucket_key
    where bucket_lines.variant = 'known'
    group by bucket_lines.line_key

),

{%- if is_scale %}

-- Requests that follow several lines lie on them by what was billed; without a positive amount on the first.
logged as (

    select
        bucket_key,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum_count('unpriced_quantity') }} as unpriced_quantity
    from {{ ref('int_ai_buckets') }}
    group by bucket_key

),

weights as (

    select
        bucket_lines.bucket_key,
        bucket_lines.line_key,
        case when lines.billed_cost_usd > 0 then lines.billed_cost_usd else 0 end as weight
    from {{ ref('int_ai_bucket_lines') }} as bucket_lines
    inner join lines on bucket_lines.line_key = lines.line_key

),

weighted as (

    select
        *,
        sum(weight) over (
            partition by bucket_key order by line_key rows between unbounded preceding and current row
        ) as weight_up_to,
        sum(weight) over (partition by bucket_key) as weight_in_all,
        row_number() over (partition by bucket_key order by line_key) as line_rank
    from weights

),

based as (

    select
        weighted.line_key,
        {%- for column, type in {'metered_cost_usd': money_type(), 'unpriced_quantity': 'bigint'}.items() %}
        {%- set scale = ai_scale_count if type == 'bigint' else ai_scale %}
        cast(sum(case
            when weighted.weight_in_all > 0
                then
                    {{ scale('logged.' ~ column, ai_ratio('weighted.weight_up_to', 'weighted.weight_in_all', 12)) }}
                    - {{ scale('logged.' ~ column, ai_ratio(
                        '(weighted.weight_up_to - weighted.weight)', 'weighted.weight_in_all', 12
                    )) }}
            when weighted.line_rank = 1 then logged.{{ column }}
            else 0
        end) as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from weighted
    inner join logged on weighted.bucket_key = logged.bucket_key
    group by weighted.line_key

),
{%- endif %}

joined as (

    select
        lines.*,
        coalesce(covered.reported_cost_usd, 0) as reported_cost_usd,
        {%- if is_scale %}
        coalesce(based.metered_cost_usd, 0) as base_cost_usd,
        coalesce(based.unpriced_quantity, 0) as unpriced_base_quantity,
        {%- else %}
        coalesce(covered.reported_cost_usd, 0) as base_cost_usd,
        coalesce(covered.unpriced_reported_quantity, 0) as unpriced_base_quantity,
        {%- endif %}
        coalesce(covered.priced_reported_quantity, 0) as priced_reported_quantity,
        coalesce(covered.unpriced_reported_quantity, 0) as unpriced_reported_quantity,
        coalesce(
            lines.billed_quantity,
            coalesce(covered.priced_reported_quantity, 0) + coalesce(covered.unpriced_reported_quantity, 0)
        ) as rate_quantity
    from lines
    left join covered on lines.line_key = covered.line_key
    {%- if is_scale %}
    left join based on lines.line_key = based.line_key
    {%- endif %}

),

divided as (

    select
        *,
        case
            when line_status = 'billed' and model is not null and price_class is not null
                and rate_quantity > 0 and billed_cost_usd >= 0
                then {{ ai_ratio('billed_cost_usd', 'rate_quantity', 12) }}
        end as cost_per_unit_usd
    from joined

),

-- From 1,000 USD a unit on, where price_type() ends, it is no price, but a bill whose usage is mostly missing.
rated as (

    select
        *,
        case
            when cost_per_unit_usd < 1000 then cast(cost_per_unit_usd as {{ price_type() }})
        end as billed_rate_usd
    from divided

),

netted as (

    select
        *,
        billed_cost_usd
        - case
            when unpriced_base_quantity > 0 and billed_rate_usd is not null
                then cast(unpriced_base_quantity * billed_rate_usd as {{ money_type() }})
            else 0
        end as priced_billed_cost_usd
    from rated

),

quotients as (

    select
        *,
        case
            when line_status = 'billed' and (unpriced_base_quantity = 0 or billed_rate_usd is not null)
                then {{ ai_ratio('priced_billed_cost_usd', 'base_cost_usd', 12) }}
        end as quotient
    from netted

),

final as (

    select
        line_key,
        platform,
        billing_account_id,
        usage_date,
        {{ ai_line_columns() | join(',\n        ') }},
        line_status,
        billed_cost_usd,
        billed_quantity,
        reported_cost_usd,
        base_cost_usd,
        priced_reported_quantity,
        unpriced_reported_quantity,
        priced_billed_cost_usd,
        billed_rate_usd,
        quotient,
        coalesce({{ ai_is_factor('quotient') }}, false) as is_factor_applied,
        case
            when {{ ai_is_factor('quotient') }} then cast(quotient as {{ factor_type() }})
            else cast(1 as {{ factor_type() }})
        end as factor
    from quotients

)

select * from final
