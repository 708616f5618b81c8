{#- Question: which release, prompt or model drove the change of cost since last month?
    How to read it: one row per complete month, feature, model, release and prompt version of the month.
    The effects are those of unit_cost_drivers (volume, mix, tokens, price, unlogged), and sum to
    `change_usd` exactly, in each row and over any set of rows; over a month that is the change of the ledger's
    effective cost. A new release has no last month of its own: its attempts are compared with what an
    attempt on the same feature and model took and cost last month, whatever the release. So a release with
    a large `tokens_effect_usd` made the calls longer, one with a large `mix_effect_usd` moved calls to this
    feature and model. `previous_cost_usd` is last month's cost of the feature and model, by the
    attempts of the month. `(not used)`: no attempt this month. `(not logged)`: what no logged request
    explains, and fees and storage. `(none)`: the log names no release or prompt. Amounts in USD. -#}
with requests as (

    select * from {{ ref('int_ai_requests__costed') }}

),

ledger as (

    select * from {{ ref('cost_ledger') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase', 'request', 'commitment_used')

),

complete_months as (

    select distinct usage_month from {{ ref('spend_by_provider_model') }}
    where is_period_complete

),

used as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        coalesce(feature_id, '__unattributed__') as feature_id,
        coalesce(model, '(no model)') as model,
        coalesce(release, '(none)') as release,
        coalesce(prompt_version, '(none)') as prompt_version,
        count(*) as attempts,
        sum(
            {%- for class in ai_token_classes() %}
            coalesce({{ class }}_tokens, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ) as tokens,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as logged_usd
    from requests
    group by
        {{ ai_month('usage_date') }},
        coalesce(feature_id, '__unattributed__'),
        coalesce(model, '(no model)'),
        coalesce(release, '(none)'),
        coalesce(prompt_version, '(none)')

),

cells as (

    select
        usage_month,
        feature_id,
        model,
        sum(attempts) as attempts,
        sum(tokens) as tokens,
        {{ ai_sum('logged_usd') }} as logged_usd
    from used
    group by usage_month, feature_id, model

),

others as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        coalesce(feature_id, '__unattributed__') as feature_id,
        coalesce(model, '(no model)') as model,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as other_usd
    from ledger
    group by
        {{ ai_month('usage_date') }}, coalesce(feature_id, '__unattributed__'), coalesce(model, '(no model)')

),

-- A month with nothing logged has no attempts, and is a month.
months as (

    select usage_month, sum(attempts) as month_attempts
    from (
        select usage_month, attempts from cells
        union all
        select usage_month, 0 as attempts from others
    ) as seen
    group by usage_month

),

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

-- Attempts of the month up to each release, so that its parts of last month's cost sum exactly.
placed as (

    select
        *,
        sum(attempts) over (partition by usage_month, feature_id, model) as cell_attempts,
        sum(attempts) over (
            partition by usage_month, feature_id, model
            order by release, prompt_version
            rows between unbounded preceding and current row
        ) as attempts_so_far
    from used

),

compared as (

    select
        placed.usage_month,
        placed.feature_id,
        placed.model,
        placed.release,
        placed.prompt_version,
        placed.attempts,
        placed.tokens,
        placed.logged_usd,
        coalesce(last_month.attempts, 0) as cell_previous_attempts,
        coalesce(last_month.tokens, 0) as cell_previous_tokens,
        coalesce(last_month.logged_usd, 0) as cell_previous_usd,
        cast(
            {{ ai_straight_line(
                'coalesce(last_month.logged_usd, 0)', 'placed.attempts_so_far', 'placed.cell_attempts'
            ) }}
            - {{ ai_straight_line(
                'coalesce(last_month.logged_usd, 0)',
                '(placed.attempts_so_far - placed.attempts)',
                'placed.cell_attempts'
            ) }} as {{ money_type() }}
        ) as previous_usd,
        month_pairs.month_attempts,
        month_pairs.previous_month_attempts
    from placed
    inner join month_pairs on placed.usage_month = month_pairs.usage_month
    left join cells as last_month
        on month_pairs.previous_month = last_month.usage_month
        and placed.feature_id = last_month.feature_id
        and placed.model = last_month.model

    union all

    select
        month_pairs.usage_month,
        last_month.feature_id,
        last_month.model,
        '(not used)' as release,
        '(not used)' as prompt_version,
        0 as attempts,
        0 as tokens,
        cast(0 as {{ money_type() }}) as logged_usd,
        last_month.attempts as cell_previous_attempts,
        last_month.tokens as cell_previous_tokens,
        last_month.logged_usd as cell_previous_usd,
        last_month.logged_usd as previous_usd,
        month_pairs.month_attempts,
        month_pairs.previous_month_attempts
    from month_pairs
    inner join cells as last_month on month_pairs.previous_month = last_month.usage_month
    left join cells as this_month
        on month_pairs.usage_month = this_month.usage_month
        and last_month.feature_id = this_month.feature_id
        and last_month.model = this_month.model
    where this_month.usage_month is null

),

-- Last month's cost with one thing after the other as it is now; the differences are the effects.
scaled as (

    select
        *,
        case
            when previous_month_attempts = 0 then previous_usd
            else {{ ai_share_by_count('previous_usd', 'month_attempts', 'previous_month_attempts') }}
        end as with_volume_usd,
        case
            when cell_previous_attempts = 0 then logged_usd
            else {{ ai_share_by_count('cell_previous_usd', 'attempts', 'cell_previous_attempts') }}
        end as with_mix_usd,
        {{ ai_share_by_count('cell_previous_usd', 'tokens', 'cell_previous_tokens') }} as scaled_tokens_usd
    from compared

),

steps as (

    select
        *,
        case
            when cell_previous_attempts = 0 then logged_usd
            else coalesce(scaled_tokens_usd, with_mix_usd)
        end as with_tokens_usd
    from scaled

),

other_keys as (

    select month_pairs.usage_month, others.feature_id, others.model
    from month_pairs
    inner join others on others.usage_month in (month_pairs.usage_month, month_pairs.previous_month)
    group by month_pairs.usage_month, others.feature_id, others.model

),

other_changes as (

    select
        other_keys.usage_month,
        other_keys.feature_id,
        other_keys.model,
        coalesce(last_month.other_usd, 0) as previous_usd,
        coalesce(this_month.other_usd, 0) as other_usd
    from other_keys
    inner join month_pairs on other_keys.usage_month = month_pairs.usage_month
    left join others as this_month
        on other_keys.usage_month = this_month.usage_month
        and other_keys.feature_id = this_month.feature_id
        and other_keys.model = this_month.model
    left join others as last_month
        on month_pairs.previous_month = last_month.usage_month
        and other_keys.feature_id = last_month.feature_id
        and other_keys.model = last_month.model

),

final as (

    select
        usage_month,
        feature_id,
        model,
        release,
        prompt_version,
        cast(attempts as bigint) as attempts,
        cast(tokens as bigint) as tokens,
        cast(previous_usd as {{ money_type() }}) as previous_cost_usd,
        cast(logged_usd as {{ money_type() }}) as cost_usd,
        cast(logged_usd - previous_usd as {{ money_type() }}) as change_usd,
        cast(with_volume_usd - previous_usd as {{ money_type() }}) as volume_effect_usd,
        cast(with_mix_usd - with_volume_usd as {{ money_type() }}) as mix_effect_usd,
        cast(with_tokens_usd - with_mix_usd as {{ money_type() }}) as tokens_effect_usd,
        cast(logged_usd - with_tokens_usd as {{ money_type() }}) as price_effect_usd,
        cast(0 as {{ money_type() }}) as unlogged_effect_usd
    from steps

    union all

    select
        usage_month,
        feature_id,
        model,
        '(not logged)' as release,
        '(not logged)' as prompt_version,
        cast(0 as bigint) as attempts,
        cast(0 as bigint) as tokens,
        cast(previous_usd as {{ money_type() }}) as previous_cost_usd,
        cast(other_usd as {{ money_type() }}) as cost_usd,
        cast(other_usd - previous_usd as {{ money_type() }}) as change_usd,
        {%- for effect in ['volume', 'mix', 'tokens', 'price'] %}
        cast(0 as {{ money_type() }}) as {{ effect }}_effect_usd,
        {%- endfor %}
        cast(other_usd - previous_usd as {{ money_type() }}) as unlogged_effect_usd
    from other_changes

)

select * from final
order by usage_month desc, abs(change_usd) desc, feature_id, model, release, prompt_version
