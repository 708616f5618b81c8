{#- Grain: one row per bucket with logged requests and line that it follows (bucket_key, line_key).
    Purpose: what of the log lies on each line, in quantities, at our price and at the effective price.
    Requests that follow several lines are taken off them by reported share (ai_variance_policy `scale`: by the
    money that each line gives them), with cumulative rounding: their parts sum exactly to the whole; where no
    line has a weight, the first takes all. `bucket_*` repeat the whole bucket, whose rounding can fall on any
    of its lines. -#}
{%- set is_scale = ai_variance_policy() == 'scale' -%}
{%- set classes = ai_price_classes() -%}

with rates as (

    select * from {{ ref('int_ai_rates') }}

),

cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

metered as (

    select * from {{ ref('int_ai_metered__daily') }}

),

-- What has no price of ours, with 1, 0 or NULL for each class as its requests have it.
unpriced as (

    select
        cell_key,
        usage_date,
        context_over_tokens,
        used_classes,
        {{ ai_used_counts('used_classes') | indent(8) }}
    from metered
    where pricing_status in ('unpriced_model', 'unpriced_class')
    group by cell_key, usage_date, context_over_tokens, used_classes

),

-- All of which the bill prices.
billed_sets as (

    select
        unpriced.cell_key,
        unpriced.usage_date,
        unpriced.context_over_tokens,
        unpriced.used_classes
    from unpriced
    inner join rates
        on unpriced.cell_key = rates.cell_key
        and unpriced.usage_date = rates.usage_date
        and unpriced.context_over_tokens = rates.context_over_tokens
    where {{ ai_all_used_classes('unpriced', 'rates', '_effective_price_usd') | indent(8) }}
        and not {{ ai_lacks_counts('unpriced', 'rates', '_effective_price_usd') | indent(8) }}

),

rated as (

    select metered.*
    from metered
    inner join billed_sets
        on metered.cell_key = billed_sets.cell_key
        and metered.usage_date = billed_sets.usage_date
        and metered.context_over_tokens = billed_sets.context_over_tokens
        and metered.used_classes = billed_sets.used_classes

),

applied_quantities as (

    {%- for class, column in classes.items() %}
    select
        cell_key,
        usage_date,
        context_over_tokens,
        '{{ class }}' as price_class,
        {{ column }} as quantity,
        'priced' as kind
    from metered
    where pricing_status in ('priced', 'free') and {{ column }} > 0

    union all

    select
        cell_key,
        usage_date,
        context_over_tokens,
        '{{ class }}' as price_class,
        {{ column }} as quantity,
        'rated' as kind
    from rated
    where {{ column }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

applied as (

    select
        cell_days.platform,
        cell_days.billing_account_id,
        applied_quantities.usage_date,
        cell_days.project_id,
        cell_days.model,
        applied_quantities.price_class,
        cell_days.service_tier,
        cell_days.processing,
        cell_days.context_window,
        cell_days.region_scope,
        applied_quantities.quantity,
        applied_quantities.kind,
        cast(applied_quantities.quantity * case applied_quantities.price_class
            {%- for class in classes %}
            when '{{ class }}' then rates.{{ class }}_effective_price_usd
            {%- endfor %}
        end as {{ money_type() }}) as effective_cost_usd
    from applied_quantities
    inner join cell_days
        on applied_quantities.cell_key = cell_days.cell_key
        and applied_quantities.usage_date = cell_days.usage_date
    inner join rates
        on applied_quantities.cell_key = rates.cell_key
        and applied_quantities.usage_date = rates.usage_date
        and applied_quantities.context_over_tokens = rates.context_over_tokens

),

applied_buckets as (

    select
        {{ ai_bucket_key() }} as bucket_key,
        {{ ai_sum_count("case when kind = 'rated' then quantity else 0 end") }} as rated_quantity,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from applied
    group by {{ ai_bucket_key() }}

),

logged_buckets as (

    select
        bucket_key,
        model,
        price_class,
        service_tier,
        processing,
        {{ ai_sum_count('metered_quantity') }} as metered_quantity,
        {{ ai_sum_count('unpriced_quantity') }} as unpriced_quantity,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd
    from {{ ref('int_ai_buckets') }}
    where metered_quantity + unpriced_quantity > 0
    group by bucket_key, model, price_class, service_tier, processing

),

weights as (

    select
        bucket_lines.bucket_key,
        bucket_lines.line_key,
        {%- if is_scale %}
        case
            when factors.billed_cost_usd > 0 then {{ ai_scale('factors.billed_cost_usd', 'factors.factor') }}
            else cast(0 as {{ money_type() }})
        end as weight
        {%- else %}
        factors.reported_cost_usd as weight
        {%- endif %}
    from {{ ref('int_ai_bucket_lines') }} as bucket_lines
    inner join {{ ref('int_ai_line_factors') }} as factors on bucket_lines.line_key = factors.line_key

),

bucket_lines as (

    select
        *,
        sum(weight) over (
            partition by bucket_key order by line_key rows between unbounded preceding and current row
        ) as weight_up_to,
        sum(weight) over (partition by bucket_key) as weight_in_all,
        row_number() over (partition by bucket_key order by line_key) as line_rank,
        count(*) over (partition by bucket_key) as number_of_lines
    from weights

),

logged as (

    select
        logged_buckets.*,
        coalesce(applied_buckets.rated_quantity, 0) as rated_quantity,
        cast(coalesce(applied_buckets.effective_cost_usd, 0) as {{ money_type() }}) as effective_cost_usd
    from logged_buckets
    left join applied_buckets on logged_buckets.bucket_key = applied_buckets.bucket_key

),

final as (

    select
        bucket_lines.line_key,
        logged.bucket_key,
        logged.model,
        logged.price_class,
        logged.service_tier,
        logged.processing,
        {%- for column, type in {
            'metered_quantity': 'bigint', 'unpriced_quantity': 'bigint', 'rated_quantity': 'bigint',
            'metered_cost_usd': money_type(), 'effective_cost_usd': money_type()
        }.items() %}
        {%- set scale = ai_scale_count if type == 'bigint' else ai_scale %}
        cast(case
            when bucket_lines.weight_in_all > 0
                then
                    {{ scale('logged.' ~ column, ai_ratio(
                        'bucket_lines.weight_up_to', 'bucket_lines.weight_in_all', 12
                    )) }}
                    - {{ scale('logged.' ~ column, ai_ratio(
                        '(bucket_lines.weight_up_to - bucket_lines.weight)', 'bucket_lines.weight_in_all', 12
                    )) }}
            when bucket_lines.line_rank = 1 then logged.{{ column }}
            else 0
        end as {{ type }}) as {{ column }},
        {%- endfor %}
        logged.metered_quantity + logged.rated_quantity as bucket_quantity,
        logged.rated_quantity as bucket_rated_quantity,
        logged.metered_cost_usd as bucket_metered_cost_usd,
        logged.effective_cost_usd as bucket_effective_cost_usd,
        bucket_lines.number_of_lines > 1 as is_shared
    from logged
    inner join bucket_lines on logged.bucket_key = bucket_lines.bucket_key

)

select * from final
