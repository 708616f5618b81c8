{#- Grain: one row per UTC month, platform and model. What was spent on which model, with
    the volume that nobody logged beside it. Spend of a bill without a model has a NULL model. -#}
{{ config(contract={'enforced': true}) }}

with models as (

    select platform, model, min(provider) as provider
    from {{ ref('int_ai_models') }}
    group by platform, model

),

requests as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        model,
        {{ ai_sum_count('attempts') }} as attempts,
        {%- for column in ai_price_classes().values() %}
        {{ ai_sum_count(column) }} as {{ column }},
        {%- endfor %}
        {{ ai_sum_count("case when pricing_status in ('unpriced_model', 'unpriced_class') then attempts else 0 end") }}
            as unpriced_attempts,
        {{ ai_sum('list_cost_usd') }} as list_cost_usd,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from {{ ref('int_ai_ledger__requests') }}
    group by {{ ai_month('usage_date') }}, platform, model

),

other as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        model,
        {{ ai_sum("case when ledger_row_type in ('unlogged', 'rounding') then effective_cost_usd else 0 end") }}
            as unlogged_cost_usd,
        {{ ai_sum("case when ledger_row_type in ('unlogged', 'rounding') then 0 else effective_cost_usd end") }}
            as other_cost_usd
    from {{ ref('int_ai_ledger__other') }}
    group by {{ ai_month('usage_date') }}, platform, model

),

savings as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        model,
        cast(sum(cache_read_savings_usd) as {{ money_type() }}) as cache_read_savings_usd,
        cast(sum(cache_write_premium_usd) as {{ money_type() }}) as cache_write_premium_usd,
        cast(sum(batch_savings_usd) as {{ money_type() }}) as batch_savings_usd
    from {{ ref('int_ai_savings__daily') }}
    group by {{ ai_month('usage_date') }}, platform, model

),

keys as (

    select usage_month, platform, model from requests
    union
    select usage_month, platform, model from other

),

final as (

    select
        keys.usage_month,
        keys.platform,
        models.provider,
        keys.model,
        coalesce(requests.attempts, 0) as attempts,
        coalesce(requests.unpriced_attempts, 0) as unpriced_attempts,
        {%- for column in ai_price_classes().values() %}
        requests.{{ column }},
        {%- endfor %}
        requests.list_cost_usd,
        requests.metered_cost_usd,
        savings.cache_read_savings_usd,
        savings.cache_write_premium_usd,
        cast(savings.cache_read_savings_usd - savings.cache_write_premium_usd as {{ money_type() }})
            as cache_savings_usd,
        savings.batch_savings_usd,
        requests.effective_cost_usd as request_cost_usd,
        coalesce(other.unlogged_cost_usd, 0) as unlogged_cost_usd,
        coalesce(other.other_cost_usd, 0) as other_cost_usd,
        case
            when requests.effective_cost_usd is not null or other.platform is not null
                then
                    cast(
                        coalesce(requests.effective_cost_usd, 0) + coalesce(other.unlogged_cost_usd, 0)
                        + coalesce(other.other_cost_usd, 0) as {{ money_type() }}
                    )
        end as total_cost_usd,
        months.is_period_complete
    from keys
    inner join {{ ref('int_ai_months') }} as months on keys.usage_month = months.usage_month
    left join requests
        on keys.usage_month = requests.usage_month
        and keys.platform = requests.platform
        and coalesce(keys.model, '~') = coalesce(requests.model, '~')
    left join other
        on keys.usage_month = other.usage_month
        and keys.platform = other.platform
        and coalesce(keys.model, '~') = coalesce(other.model, '~')
    left join savings
        on keys.usage_month = savings.usage_month
        and keys.platform = savings.platform
        and coalesce(keys.model, '~') = coalesce(savings.model, '~')
    left join models
        on keys.platform = models.platform
        and keys.model = models.model

)

select * from final
