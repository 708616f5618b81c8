{#- Question: how much of the input comes from the provider's cache, by model, and did that fall?
    How to read it: one row per month, platform and model. `cache_hit_ratio` is input tokens read from
    the cache by all input tokens of the logged requests; `change_ratio` is its difference to the
    last month with that model: -0.10 is ten points less, often a prompt whose start was changed.
    `cache_write_ratio` well above the hit rate is paying for writes that nobody reads. Logs without
    cache counts (NULL) are not in it: their tokens are `uncaptured_input_tokens`. -#}
with requests as (

    select * from {{ ref('cost_per_request' if ai_scenario_needs('requests') else 'int_ai_requests__costed') }}

),

summed as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        model,
        sum(case when input_cached_tokens is not null then input_tokens else 0 end) as input_tokens,
        sum(case when input_cached_tokens is null then input_tokens else 0 end)
            as uncaptured_input_tokens,
        sum(coalesce(input_cached_tokens, 0)) as input_cached_tokens,
        sum(
            coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)
            + coalesce(cache_write_other_tokens, 0)
        ) as cache_write_tokens
    from requests
    group by {{ ai_month('usage_date') }}, platform, model

),

rated as (

    select
        *,
        {{ ai_share_ratio('input_cached_tokens', 'input_tokens') }} as cache_hit_ratio,
        {{ ai_share_ratio('cache_write_tokens', 'input_tokens') }} as cache_write_ratio
    from summed

),

final as (

    select
        usage_month,
        platform,
        model,
        cast(input_tokens as bigint) as input_tokens,
        cast(input_cached_tokens as bigint) as input_cached_tokens,
        cast(cache_write_tokens as bigint) as cache_write_tokens,
        cast(uncaptured_input_tokens as bigint) as uncaptured_input_tokens,
        cache_hit_ratio,
        cache_hit_ratio - lag(cache_hit_ratio) over (
            partition by platform, model order by usage_month
        ) as change_ratio,
        cache_write_ratio
    from rated
    where input_tokens + uncaptured_input_tokens > 0

)

select * from final
order by usage_month desc, input_tokens desc, platform, model
