{#- Proves, per platform: effective cost = billed - tax - credits - purchases + amortised + off-bill +
    estimated, where a line of several days and the fee of a commitment count with the days up to the as-of
    date, the fee taken from ai_commitments anew; and that tax, credits and purchases have no effective cost,
    that rows of a commitment are billed 0, that its lines on the bill are purchases, and that a reconciled
    request is billed at its effective cost. Where months are closed their estimates stay published beside the
    adjustment to the bill, and only the rows are judged.
    Broken by: a tax line counted as cost, a line spread over one day too many, a fee of which a request's
    share is lost, a reconciled row without its billed amount. Each row is a platform or a row type that
    fails. -#}
with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

bill as (

    select
        lines.platform,
        lines.line_kind,
        lines.amount_usd,
        case
            when lines.line_kind = 'non_request' and lines.charge_end_at > lines.charge_start_at
                then greatest(
                        1, {{ ai_days_between('lines.charge_start_at', 'lines.charge_end_at') }}
                    )
            else 1
        end as number_of_days,
        {{ ai_days_between('lines.usage_date', 'as_of.as_of_date') }}
        + 1 as days_so_far
    from {{ ref('int_ai_billing') }} as lines
    cross join as_of
    where lines.line_kind not in ('tax', 'credit', 'purchase')
        and lines.usage_date <= as_of.as_of_date

),

fees as (

    select
        commitments.*,
        {{ ai_day('commitments.valid_from') }} as first_day,
        -- The instant up to which the fee has run, as of the end of the as-of date.
        case
            when commitments.valid_to <= {{ ai_add_days('as_of.as_of_date', 1) }} then commitments.valid_to
            else cast({{ ai_add_days('as_of.as_of_date', 1) }} as timestamp)
        end as run_to
    from {{ ref('int_ai_commitments') }} as commitments
    cross join as_of
    where commitments.valid_from < {{ ai_add_days('as_of.as_of_date', 1) }}

),

rates as (

    select * from {{ ref('int_ai_fx_rates__daily') }}

),

amortised as (

    -- A fee for the term: its hours so far, in one step.
    select
        fees.platform,
        {{ ai_straight_line(
            ai_to_usd('fees.fee_amount', 'fees.currency', 'rates.usd_per_unit'),
            dbt.datediff('fees.valid_from', 'fees.run_to', 'hour'),
            dbt.datediff('fees.valid_from', 'fees.valid_to', 'hour')
        ) }} as expected_usd
    from fees
    left join rates
        on fees.currency = rates.currency
        and fees.first_day = rates.rate_date
    where fees.kind <> 'committed_spend'
        and fees.fee_per = 'term'

    union all

    -- A fee per hour: the hours of each day at the rate of the day.
    select
        fees.platform,
        cast(
            {{ ai_to_usd('fees.fee_amount', 'fees.currency', 'rates.usd_per_unit') }}
            * {{ dbt.datediff(
                'greatest(fees.valid_from, cast(calendar.calendar_date as timestamp))',
                'least(fees.run_to, cast(' ~ ai_add_days('calendar.calendar_date', 1) ~ ' as timestamp))',
                'hour'
            ) }}
            as {{ money_type() }}
        ) as expected_usd
    from fees
    inner join {{ ref('int_ai_calendar') }} as calendar
        on calendar.calendar_date >= fees.first_day
        and calendar.calendar_date < fees.run_to
    left join rates
        on fees.currency = rates.currency
        and calendar.calendar_date = rates.rate_date
    where fees.kind <> 'committed_spend'
        and fees.fee_per = 'hour'

    union all

    -- A promised spend that is over: what the ledger and the capacity bought under it fall short of it.
    select
        promises.platform,
        greatest(
            0,
            {{ ai_to_usd('max(promises.fee_amount)', 'max(promises.currency)', 'max(rates.usd_per_unit)') }}
            - coalesce(sum(spend.cost_usd), 0)
        ) as expected_usd
    from fees as promises
    left join rates
        on promises.currency = rates.currency
        and promises.first_day = rates.rate_date
    left join (
        select platform, billing_account_id, model, usage_date, effective_cost_usd as cost_usd
        from {{ ref('cost_ledger') }}
        where ledger_row_type in ('request', 'unlogged', 'rounding')
        union all
        select
            platform,
            billing_account_id,
            {{ ai_normalise_model('model_raw') }} as model,
            usage_date,
            amount_usd as cost_usd
        from {{ ref('int_ai_billing') }}
        where not is_off_bill
            and (
                line_kind = 'non_request'
                or commitment_id in (select commitment_id from fees where kind <> 'committed_spend')
            )
    ) as spend
        on promises.platform = spend.platform
        and coalesce(promises.billing_account_id, spend.billing_account_id) = spend.billing_account_id
        and (promises.model is null or promises.model = lower(spend.model))
        and spend.usage_date >= promises.first_day
        and spend.usage_date < promises.valid_to
    where promises.kind = 'committed_spend'
        and promises.valid_to = promises.run_to
    group by promises.commitment_id, promises.platform

),

expected as (

    select
        platform,
        case
            when days_so_far >= number_of_days then amount_usd
            else {{ ai_straight_line('amount_usd', 'days_so_far', 'number_of_days') }}
        end as expected_usd,
        0 as effective_usd
    from bill

),

ledger as (

    select * from {{ ref('cost_ledger') }}
    where usage_date <= (select as_of_date from as_of)

),

both_sides as (

    select platform, expected_usd, effective_usd from expected
    union all
    select platform, expected_usd, 0 as effective_usd from amortised
    union all
    select platform, 0 as expected_usd, effective_cost_usd as effective_usd from ledger
    union all
    select platform, effective_cost_usd as expected_usd, 0 as effective_usd from ledger where cost_status = 'estimated'

),

wrong_platforms as (

    select
        platform,
        'all' as ledger_row_type,
        coalesce(sum(expected_usd), 0) as expected_usd,
        coalesce(sum(effective_usd), 0) as effective_usd
    from both_sides
    group by platform
    having coalesce(sum(expected_usd), 0) <> coalesce(sum(effective_usd), 0)
        and {{ 'false' if ai_closed_through() else 'true' }}

),

wrong_rows as (

    select
        platform,
        ledger_row_type,
        case when ledger_row_type in ('tax', 'credit', 'purchase') then 0 else billed_cost_usd end as expected_usd,
        effective_cost_usd as effective_usd
    from ledger
    where (ledger_row_type in ('tax', 'credit', 'purchase') and effective_cost_usd <> 0)
        or (
            ledger_row_type in ('commitment_used', 'idle_commitment')
            and (coalesce(billed_cost_usd, 1) <> 0 or coalesce(metered_cost_usd, 1) <> 0)
        )
        or (
            ledger_row_type in ('request', 'unlogged', 'rounding')
            and (
                (cost_status = 'reconciled' and coalesce(billed_cost_usd, 0) <> coalesce(effective_cost_usd, 0))
                or (cost_status = 'estimated' and billed_cost_usd is not null)
            )
        )

),

-- The bill's own lines for a fee that is amortised: cash, or the fee would count twice.
wrong_lines as (

    select
        lines.platform,
        lines.line_kind as ledger_row_type,
        0 as expected_usd,
        lines.amount_usd as effective_usd
    from {{ ref('int_ai_billing') }} as lines
    inner join {{ ref('int_ai_commitments') }} as commitments
        on lines.platform = commitments.platform
        and coalesce(commitments.billing_account_id, lines.billing_account_id) = lines.billing_account_id
        and (
            position(commitments.bill_line_match in lower(trim(lines.line_item))) = 1
            or position(commitments.bill_line_match in lower(trim(lines.description))) = 1
        )
    where lines.line_kind in ('usage', 'non_request', 'adjustment')
        and lines.usage_date >= {{ ai_day('commitments.valid_from') }}
        and (commitments.valid_to is null or lines.usage_date < commitments.valid_to)

)

select * from wrong_platforms
union all
select * from wrong_rows
union all
select * from wrong_lines
