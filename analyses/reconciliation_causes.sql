{#- Question: do the numbers tie to the bill, by month and platform, and what stands in between?
    How to read it: one row per month, platform and cause. The bill is the sum of `billed_usd` over
    the rows of its month and platform. `request` is what logged requests explain at the billed
    rate; the cause `rate_variance` tells which part of that is the bill's rate against our price book
    (it is inside `request`, so it is in no sum: billed_usd is NULL). `missing_logs` is volume that
    nobody logged; `price_book` a price that is wrong here; `unexplained` is left to find. Rows with
    cost_status `estimated` wait for their bill. Amounts in USD. -#}
with ledger as (

    select * from {{ ref('cost_ledger') }}
    where cost_status <> 'off_bill'

),

reconciliation as (

    select * from {{ ref('billing_reconciliation') }}

),

causes as (

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        ledger_row_type,
        coalesce(variance_class, 'request') as cause,
        cost_status,
        count(distinct usage_date) as days,
        {{ ai_sum('billed_cost_usd') }} as billed_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_usd
    from ledger
    group by
        {{ ai_month('usage_date') }},
        platform,
        ledger_row_type,
        coalesce(variance_class, 'request'),
        cost_status

    union all

    select
        {{ ai_month('usage_date') }} as usage_month,
        platform,
        'request' as ledger_row_type,
        'rate_variance' as cause,
        'reconciled' as cost_status,
        count(distinct usage_date) as days,
        cast(null as {{ money_type() }}) as billed_usd,
        {{ ai_sum('rate_variance_usd') }} as effective_usd
    from reconciliation
    where rate_variance_usd <> 0
    group by {{ ai_month('usage_date') }}, platform

),

final as (

    select
        usage_month,
        platform,
        ledger_row_type,
        cause,
        cost_status,
        days,
        billed_usd,
        effective_usd,
        {{ ai_share_ratio('billed_usd', 'sum(billed_usd) over (partition by usage_month, platform)') }}
            as share_of_bill_ratio
    from causes

)

select * from final
order by usage_month desc, platform, abs(effective_usd) desc, ledger_row_type, cause, cost_status
