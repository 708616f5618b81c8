{#- Question: which models have no price, how much do they weigh, and which one to add first?
    How to read it: one row per platform, model and status, the most tokens first. `unpriced_model`:
    no row in seeds/prices/ai_model_prices.csv or no alias leads to it. `unpriced_class`: the model
    is there, one of its token classes is not. `missing_tokens`: the log has no counts, nothing can
    be priced. Their cost is never 0 but NULL, unless the bill tells a rate (`cost_at_billed_rate_usd`);
    the rest of their money is in the ledger's unlogged rows. Amounts in USD. -#}
with requests as (

    select * from {{ ref('cost_per_request' if ai_scenario_needs('requests') else 'int_ai_requests__costed') }}

),

summed as (

    select
        platform,
        model_raw,
        model,
        pricing_status,
        count(*) as attempts,
        sum(
            {%- for class in ai_token_classes() %}
            coalesce({{ class }}_tokens, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ) as tokens,
        {{ ai_sum('effective_cost_usd') }} as cost_at_billed_rate_usd,
        {{ ai_sum('logged_cost_usd') }} as logged_cost_usd,
        min(usage_date) as first_date,
        max(usage_date) as last_date
    from requests
    group by platform, model_raw, model, pricing_status

),

totalled as (

    select
        *,
        sum(attempts) over () as all_attempts,
        sum(tokens) over () as all_tokens
    from summed

),

final as (

    select
        platform,
        model_raw,
        model,
        pricing_status,
        cast(attempts as bigint) as attempts,
        cast(tokens as bigint) as tokens,
        {{ ai_share_ratio('attempts', 'all_attempts') }} as share_of_attempts_ratio,
        {{ ai_share_ratio('tokens', 'all_tokens') }} as share_of_tokens_ratio,
        cost_at_billed_rate_usd,
        logged_cost_usd,
        first_date,
        last_date
    from totalled
    where pricing_status in ('unpriced_model', 'unpriced_class', 'missing_tokens')

)

select * from final
order by tokens desc, attempts desc, platform, model_raw, pricing_status
