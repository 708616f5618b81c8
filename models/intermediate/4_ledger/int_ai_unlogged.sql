{#- Grain: one row per line with a residual, and for unlogged money per place of the provider's usage
    on the line (project, API key, model, tier, processing) and cause.
    Purpose: volume that nobody logged, where the provider saw it, and why (int_ai_line_causes). Each reported
    place gets (reported - metered) x factor; what is left goes by reported, with cumulative rounding in the order
    of the place; without reported usage it stays on the line's own key. What the bill does not mention
    was billed 0: there the minus stands where the requests are. -#}
{%- set place = [
    'project_id', 'api_key_id', 'model', 'service_tier', 'processing', 'context_window', 'region_scope'
] -%}

with residuals as (

    select * from {{ ref('int_ai_line_residuals') }}
    where residual_kind <> 'none'

),

buckets as (

    select
        bucket_lines.line_key,
        {%- for column in place %}
        buckets.{{ column }},
        {%- endfor %}
        {{ ai_sum('buckets.reported_cost_usd') }} as reported_cost_usd,
        {{ ai_sum('buckets.metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum_count('buckets.unpriced_reported_quantity') }} as unpriced_reported_quantity,
        {{ ai_sum_count('buckets.unpriced_quantity') }} as unpriced_quantity
    from {{ ref('int_ai_buckets') }} as buckets
    inner join {{ ref('int_ai_bucket_lines') }} as bucket_lines on buckets.bucket_key = bucket_lines.bucket_key
    where bucket_lines.variant = 'known'
    group by
        bucket_lines.line_key,
        {%- for column in place %}
        buckets.{{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}

),

-- Money at the line's prices: our price x factor, or the billed rate for what we cannot price.
valued as (

    select
        residuals.line_key,
        residuals.residual_usd,
        {%- for column in place %}
        buckets.{{ column }},
        {%- endfor %}
        cast(
            buckets.reported_cost_usd + coalesce(buckets.unpriced_reported_quantity * residuals.billed_rate_usd, 0)
            as {{ money_type() }}
        ) as reported_usd,
        cast(
            {{ ai_scale('(buckets.reported_cost_usd - buckets.metered_cost_usd)', 'residuals.factor') }}
            + coalesce((buckets.unpriced_reported_quantity - buckets.unpriced_quantity) * residuals.billed_rate_usd, 0)
            as {{ money_type() }}
        ) as missing_usd
    from residuals
    inner join buckets on residuals.line_key = buckets.line_key
    where residuals.residual_kind = 'unlogged'
        and residuals.line_status <> 'implicit'
        and buckets.reported_cost_usd + buckets.unpriced_reported_quantity > 0

),

totals as (

    select
        *,
        residual_usd - sum(missing_usd) over (partition by line_key) as rest_usd,
        sum(reported_usd) over (partition by line_key) as reported_in_all,
        sum(reported_usd) over (
            partition by line_key
            order by
                coalesce(project_id, ''), coalesce(api_key_id, ''), coalesce(model, ''), service_tier, processing,
                context_window, region_scope
            rows between unbounded preceding and current row
        ) as reported_up_to
    from valued

),

spread as (

    select
        line_key,
        {{ place | join(',\n        ') }},
        cast(
            missing_usd
            + {{ ai_share_of('rest_usd', 'reported_up_to', 'reported_in_all') }}
            - {{ ai_share_of('rest_usd', '(reported_up_to - reported_usd)', 'reported_in_all') }}
            as {{ money_type() }}
        ) as amount_usd
    from totals
    where reported_in_all > 0

),

-- The factor of an unmentioned bucket is 1, so its effective cost is its metered cost.
unmentioned as (

    select
        residuals.line_key,
        residuals.residual_usd,
        {%- for column in place %}
        buckets.{{ column }},
        {%- endfor %}
        cast(-buckets.metered_cost_usd as {{ money_type() }}) as amount_usd
    from residuals
    inner join buckets on residuals.line_key = buckets.line_key
    where residuals.line_status = 'implicit'

),

-- Requests of unknown project follow several lines: what of them lies here has no place.
unmentioned_rest as (

    select
        line_key,
        {%- for column in place %}
        cast(null as {{ 'bigint' if column == 'context_window' else 'varchar' }}) as {{ column }},
        {%- endfor %}
        cast(max(residual_usd) - sum(amount_usd) as {{ money_type() }}) as amount_usd
    from unmentioned
    group by line_key

),

spread_lines as (

    select line_key from spread
    union
    select line_key from unmentioned

),

own_keys as (

    select
        residuals.line_key,
        residuals.project_id,
        cast(null as varchar) as api_key_id,
        residuals.model,
        residuals.service_tier,
        residuals.processing,
        residuals.context_window,
        residuals.region_scope,
        residuals.residual_usd as amount_usd
    from residuals
    left join spread_lines on residuals.line_key = spread_lines.line_key
    where spread_lines.line_key is null

),

amounts as (

    select * from spread
    union all
    select
        line_key,
        {{ place | join(',\n        ') }},
        amount_usd
    from unmentioned
    union all
    select * from unmentioned_rest
    union all
    select * from own_keys

),

-- Where a line has several causes, each of them lies on its places by the size of their amounts, and the
-- main cause takes the rest of each place: places and causes both keep their sums to the last digit.
weights as (

    select
        *,
        sum(abs(amount_usd)) over (partition by line_key) as weight_in_all,
        sum(abs(amount_usd)) over (
            partition by line_key
            order by
                coalesce(project_id, ''), coalesce(api_key_id, ''), coalesce(model, ''), coalesce(service_tier, ''),
                coalesce(processing, ''), coalesce(context_window, 0), coalesce(region_scope, ''), amount_usd
            rows between unbounded preceding and current row
        ) as weight_up_to
    from amounts
    where amount_usd <> 0

),

minor_causes as (

    select
        weights.line_key,
        {%- for column in place %}
        weights.{{ column }},
        {%- endfor %}
        weights.weight_up_to,
        causes.variance_class,
        cast(
            {{ ai_share_of('causes.amount_usd', 'weights.weight_up_to', 'weights.weight_in_all') }}
            - {{ ai_share_of(
                'causes.amount_usd', '(weights.weight_up_to - abs(weights.amount_usd))', 'weights.weight_in_all'
            ) }}
            as {{ money_type() }}
        ) as amount_usd
    from weights
    inner join {{ ref('int_ai_line_causes') }} as causes on weights.line_key = causes.line_key
    where not causes.is_main_cause

),

minor_sums as (

    select line_key, weight_up_to, {{ ai_sum('amount_usd') }} as amount_usd
    from minor_causes
    group by line_key, weight_up_to

),

main_causes as (

    select
        weights.line_key,
        {%- for column in place %}
        weights.{{ column }},
        {%- endfor %}
        coalesce(causes.variance_class, 'rounding') as variance_class,
        cast(weights.amount_usd - coalesce(minor_sums.amount_usd, 0) as {{ money_type() }}) as amount_usd
    from weights
    left join {{ ref('int_ai_line_causes') }} as causes
        on weights.line_key = causes.line_key
        and causes.is_main_cause
    left join minor_sums
        on weights.line_key = minor_sums.line_key
        and weights.weight_up_to = minor_sums.weight_up_to

),

split_amounts as (

    select * from main_causes
    union all
    select
        line_key,
        {{ place | join(',\n        ') }},
        variance_class,
        amount_usd
    from minor_causes

),

final as (

    select
        split_amounts.line_key,
        residuals.platform,
        residuals.billing_account_id,
        residuals.usage_date,
        {%- for column in place %}
        split_amounts.{{ column }},
        {%- endfor %}
        residuals.line_status,
        residuals.residual_kind,
        split_amounts.variance_class,
        split_amounts.amount_usd
    from split_amounts
    inner join residuals on split_amounts.line_key = residuals.line_key
    where split_amounts.amount_usd <> 0

)

select * from final
