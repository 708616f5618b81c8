{#- Proves: what the ledger calls billed is the bill, to the last digit, per platform, account and UTC
    day up to the as-of date; closed days together with the first open one, which has their adjustments.
    Where a log does not tell the account of a request, accounts of the day share it: then the platform and
    day must still match.
    Broken by: a bill line that is lost or doubled, a request whose billed cost is not its effective
    cost, a residual with the wrong sign. Each row is a place and day that fails. -#}
with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

bill as (

    select
        platform,
        billing_account_id,
        usage_date,
        sum(amount_usd) as billed_usd
    from {{ ref('int_ai_billing') }}
    where not is_off_bill
    group by platform, billing_account_id, usage_date

),

ledger as (

    select
        platform,
        billing_account_id,
        usage_date,
        sum(billed_cost_usd) as billed_usd
    from {{ ref('cost_ledger') }}
    where cost_status <> 'off_bill'
    group by platform, billing_account_id, usage_date

),

shared_days as (

    select distinct platform, usage_date
    from {{ ref('int_ai_ledger__requests') }}
    where billing_account_id is null

),

both_sides as (

    select platform, billing_account_id, usage_date, billed_usd as bill_usd, 0 as ledger_usd from bill
    union all
    select platform, billing_account_id, usage_date, 0 as bill_usd, billed_usd as ledger_usd from ledger

),

placed as (

    select
        both_sides.platform,
        case when shared_days.platform is null then both_sides.billing_account_id else '(all)' end
            as billing_account_id,
        {{ ai_open_day('both_sides.usage_date') }} as usage_date,
        both_sides.bill_usd,
        both_sides.ledger_usd
    from both_sides
    cross join as_of
    left join shared_days
        on both_sides.platform = shared_days.platform
        and both_sides.usage_date = shared_days.usage_date
    where both_sides.usage_date <= as_of.as_of_date

)

select
    platform,
    billing_account_id,
    usage_date,
    coalesce(sum(bill_usd), 0) as bill_usd,
    coalesce(sum(ledger_usd), 0) as ledger_usd
from placed
group by platform, billing_account_id, usage_date
having coalesce(sum(bill_usd), 0) <> coalesce(sum(ledger_usd), 0)
