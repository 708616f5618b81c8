{#- Grain: one row per line (line_key). Purpose: what the bill (or, without one, the provider's usage)
    holds beyond the effective cost of the requests on the line: residual = billed - sum of effective,
    by subtraction and so exact. residual_kind: `rounding` within the bound that rounding a price, a
    factor or a share can explain, `unlogged` beyond it, `none` at 0. -#}
with on_lines as (

    select
        line_key,
        {{ ai_sum_count('metered_quantity + unpriced_quantity') }} as logged_quantity,
        {{ ai_sum_count('unpriced_quantity - rated_quantity') }} as unrated_quantity,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd,
        {{ ai_sum_count('bucket_quantity') }} as bucket_quantity,
        {{ ai_sum_count('bucket_rated_quantity') }} as bucket_rated_quantity,
        {{ ai_sum('bucket_metered_cost_usd') }} as bucket_metered_cost_usd,
        cast(coalesce(sum(case when is_shared then bucket_effective_cost_usd end), 0) as {{ money_type() }})
            as shared_effective_cost_usd
    from {{ ref('int_ai_line_requests') }}
    group by line_key

),

residuals as (

    select
        factors.*,
        coalesce(on_lines.logged_quantity, 0) as logged_quantity,
        coalesce(on_lines.unrated_quantity, 0) as unrated_quantity,
        coalesce(on_lines.shared_effective_cost_usd, 0) as shared_effective_cost_usd,
        coalesce(on_lines.bucket_quantity, 0) as bucket_quantity,
        coalesce(on_lines.bucket_rated_quantity, 0) as bucket_rated_quantity,
        cast(coalesce(on_lines.bucket_metered_cost_usd, 0) as {{ money_type() }}) as bucket_metered_cost_usd,
        cast(coalesce(on_lines.metered_cost_usd, 0) as {{ money_type() }}) as metered_cost_usd,
        cast(coalesce(on_lines.effective_cost_usd, 0) as {{ money_type() }}) as effective_cost_usd,
        cast(factors.billed_cost_usd - coalesce(on_lines.effective_cost_usd, 0) as {{ money_type() }}) as residual_usd
    from {{ ref('int_ai_line_factors') }} as factors
    left join on_lines on factors.line_key = on_lines.line_key

),

final as (

    select
        *,
        case
            when residual_usd = 0 then 'none'
            -- |residual| <= quantity x 0.5e-15 + (metered + unpriced quantity) x 0.5e-12, in half femto-USD;
            -- of requests that follow several lines, their shares of 12 digits too.
            when
                2 * {{ ai_femto('abs(residual_usd)') }}
                <= bucket_quantity + 1000 * bucket_rated_quantity
                + cast(ceil(cast(1000 * bucket_metered_cost_usd as numeric(38, 12))) as bigint)
                + cast(ceil(cast(4000 * shared_effective_cost_usd as numeric(38, 12))) as bigint)
                then 'rounding'
            else 'unlogged'
        end as residual_kind
    from residuals

)

select * from final
