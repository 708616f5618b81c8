{#- Grain: one row per commitment and UTC day with money that no request used. Purpose: the idle rows of the
    ledger. For capacity: the fee of the day's hours less what was used. For a committed spend: on the last
    day of the term what the covered cost of the term falls short of the fee. Covered are requests and
    unlogged volume at their effective cost, other usage on the bill, and the bill's own lines for capacity
    that another commitment amortises, up to that day; tax, credits and other purchases are not. -#}
with commitments as (

    select * from {{ ref('int_ai_commitments') }}

),

idle_hours as (

    select
        commitment_id,
        usage_date,
        {{ ai_sum('idle_cost_usd') }} as idle_cost_usd
    from {{ ref('int_ai_commitment_hours') }}
    group by commitment_id, usage_date

),

promises as (

    select
        commitments.*,
        {{ ai_day(dbt.dateadd('hour', -1, 'commitments.valid_to')) }} as last_day,
        cast(
            {{ ai_to_usd('commitments.fee_amount', 'commitments.currency', 'rates.usd_per_unit') }}
            as {{ money_type() }}
        ) as fee_usd
    from commitments
    left join {{ ref('int_ai_fx_rates__daily') }} as rates
        on commitments.currency = rates.currency
        and {{ ai_day('commitments.valid_from') }} = rates.rate_date
    where commitments.kind = 'committed_spend'

),

spend as (

    select
        platform,
        coalesce(billing_account_id, 'default') as billing_account_id,
        model,
        usage_date,
        effective_cost_usd as cost_usd
    from {{ ref('int_ai_ledger__requests') }}
    where ledger_row_type = 'request'

    union all

    select
        platform,
        billing_account_id,
        model,
        usage_date,
        amount_usd as cost_usd
    from {{ ref('int_ai_unlogged') }}

    union all

    select
        lines.platform,
        lines.billing_account_id,
        {{ ai_normalise_model('lines.model_raw') }} as model,
        lines.usage_date,
        lines.amount_usd as cost_usd
    from {{ ref('int_ai_billing') }} as lines
    left join commitments on lines.commitment_id = commitments.commitment_id
    where not lines.is_off_bill
        and (lines.line_kind = 'non_request' or commitments.kind <> 'committed_spend')

),

shortfalls as (

    select
        promises.commitment_id,
        promises.last_day as usage_date,
        cast(case
            when promises.fee_usd > coalesce(sum(spend.cost_usd), 0)
                then promises.fee_usd - coalesce(sum(spend.cost_usd), 0)
            when promises.fee_usd is not null then 0
        end as {{ money_type() }}) as idle_cost_usd
    from promises
    cross join {{ ref('int_ai_as_of') }} as as_of
    left join spend
        on promises.platform = spend.platform
        and coalesce(promises.billing_account_id, spend.billing_account_id) = spend.billing_account_id
        and (promises.model is null or promises.model = lower(spend.model))
        and spend.usage_date >= {{ ai_day('promises.valid_from') }}
        and spend.usage_date <= promises.last_day
    where promises.last_day <= as_of.as_of_date
    group by promises.commitment_id, promises.last_day, promises.fee_usd

),

idle as (

    select * from idle_hours
    union all
    select * from shortfalls

),

-- A commitment may name its model as the log does.
models as (

    select platform, {{ ai_match_text('model_raw') }} as match_text, min(model) as model
    from {{ ref('int_ai_models') }}
    group by platform, {{ ai_match_text('model_raw') }}

),

final as (

    select
        commitments.commitment_id,
        commitments.platform,
        coalesce(commitments.billing_account_id, 'default') as billing_account_id,
        commitments.kind,
        commitments.project_id,
        coalesce(models.model, commitments.model) as model,
        commitments.service_tier,
        commitments.customer_tag,
        commitments.feature_tag,
        commitments.team_tag,
        commitments.environment_tag,
        commitments.note,
        idle.idle_cost_usd,
        idle.usage_date
    from idle
    inner join commitments on idle.commitment_id = commitments.commitment_id
    left join models
        on commitments.platform = models.platform
        and commitments.model = models.match_text
    -- NULL where no rate converts the fee: that row stays to be seen.
    where idle.idle_cost_usd is null
        or idle.idle_cost_usd <> 0

)

select * from final
