{#- Question: what drove the change of cost since last month: volume, mix, tokens per request or price?
    How to read it: one row per complete month, feature and model. The five `_effect_usd` columns sum
    to `change_usd` exactly, in each row and over any set of rows, and `change_usd` over a month is
    the change of the ledger's effective cost. In this order, each with what came before unchanged:
        volume     all attempts of the company grow or shrink alike, the mix as last month
        mix        this feature and model has another share of the attempts (all of it, where it
                   is new; all of it with a minus, where it is gone)
        tokens     more or fewer tokens per attempt
        price      another cost per token: list price, discount, batch or service tier, cache hit
                   rate, share of output tokens
        unlogged   spend that no logged request explains, and fees, storage and the like
    Attempts without tokens in the log count as volume; their cost is in unlogged. Amounts in USD. -#}
with ledger as (

    select * from {{ ref('cost_ledger') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')

),

complete_months as (

    select distinct usage_month from {{ ref('spend_by_provider_model') }}
    where is_period_complete

),

named as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        coalesce(feature_id, '__unattributed__') as feature_id,
        coalesce(model, '(no model)') as model,
        attempts,
        {%- for class in ai_token_classes() %}
        coalesce({{ class }}_tokens, 0){{ ' +' if not loop.last }}
        {%- endfor %} as tokens,
        case when ledger_row_type in ('request', 'commitment_used') then coalesce(effective_cost_usd, 0) else 0 end
            as logged_usd,
        case when ledger_row_type in ('request', 'commitment_used') then 0 else coalesce(effective_cost_usd, 0) end
            as other_usd
    from ledger

),

cells as (

    select
        usage_month,
        feature_id,
        model,
        sum(attempts) as attempts,
        sum(tokens) as tokens,
        {{ ai_sum('logged_usd') }} as logged_usd,
        {{ ai_sum('other_usd') }} as other_usd
    from named
    group by usage_month, feature_id, model

),

months as (

    select usage_month, sum(attempts) as month_attempts
    from cells
    group by usage_month

),

-- Each complete month whose previous month is there too.
month_pairs as (

    select
        current_months.usage_month,
        previous_months.usage_month as previous_month,
        current_months.month_attempts,
        previous_months.month_attempts as previous_month_attempts
    from months as current_months
    inner join complete_months on current_months.usage_month = complete_months.usage_month
    inner join months as previous_months
        on current_months.usage_month
        = cast({{ dbt.dateadd('month', 1, 'previous_months.usage_month') }} as date)

),

keys as (

    select month_pairs.usage_month, cells.feature_id, cells.model
    from month_pairs
    inner join cells on month_pairs.usage_month = cells.usage_month
    union
    select month_pairs.usage_month, cells.feature_id, cells.model
    from month_pairs
    inner join cells on month_pairs.previous_month = cells.usage_month

),

compared as (

    select
        keys.usage_month,
        keys.feature_id,
        keys.model,
        {%- for column in ['attempts', 'tokens', 'logged_usd', 'other_usd'] %}
        coalesce(this_month.{{ column }}, 0) as {{ column }},
        coalesce(last_month.{{ column }}, 0) as previous_{{ column }},
        {%- endfor %}
        month_pairs.month_attempts,
        month_pairs.previous_month_attempts
    from keys
    inner join month_pairs on keys.usage_month = month_pairs.usage_month
    left join cells as this_month
        on keys.usage_month = this_month.usage_month
        and keys.feature_id = this_month.feature_id
        and keys.model = this_month.model
    left join cells as last_month
        on month_pairs.previous_month = last_month.usage_month
        and keys.feature_id = last_month.feature_id
        and keys.model = last_month.model

),

-- Last month's cost with one thing after the other as it is now; the differences are the effects.
scaled as (

    select
        *,
        case
            when previous_month_attempts = 0 then previous_logged_usd
            else {{ ai_share_of('previous_logged_usd', 'month_attempts', 'previous_month_attempts') }}
        end as with_volume_usd,
        case
            when previous_attempts = 0 then logged_usd
            else {{ ai_share_of('previous_logged_usd', 'attempts', 'previous_attempts') }}
        end as with_mix_usd,
        {{ ai_share_of('previous_logged_usd', 'tokens', 'previous_tokens') }} as scaled_tokens_usd
    from compared

),

steps as (

    select
        *,
        case
            when previous_attempts = 0 then logged_usd
            else coalesce(scaled_tokens_usd, with_mix_usd)
        end as with_tokens_usd
    from scaled

),

final as (

    select
        usage_month,
        feature_id,
        model,
        cast(previous_attempts as bigint) as previous_attempts,
        cast(attempts as bigint) as attempts,
        cast(previous_tokens as bigint) as previous_tokens,
        cast(tokens as bigint) as tokens,
        cast(previous_logged_usd + previous_other_usd as {{ money_type() }}) as previous_cost_usd,
        cast(logged_usd + other_usd as {{ money_type() }}) as cost_usd,
        cast(
            logged_usd + other_usd - previous_logged_usd - previous_other_usd
            as {{ money_type() }}
        ) as change_usd,
        cast(with_volume_usd - previous_logged_usd as {{ money_type() }}) as volume_effect_usd,
        cast(with_mix_usd - with_volume_usd as {{ money_type() }}) as mix_effect_usd,
        cast(with_tokens_usd - with_mix_usd as {{ money_type() }}) as tokens_effect_usd,
        cast(logged_usd - with_tokens_usd as {{ money_type() }}) as price_effect_usd,
        cast(other_usd - previous_other_usd as {{ money_type() }}) as unlogged_effect_usd
    from steps

)

select * from final
order by usage_month desc, abs(change_usd) desc, feature_id, model
