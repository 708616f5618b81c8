{#- Grain: one row per credit grant and UTC day on which its credits are drawn or expire.
    Purpose: the revenue of prepaid credits, at paid / granted of the credits used, by cumulative rounding, so that a
    grant that is used up gives what was paid for it exactly. Promotional grants give nothing.
    Limits: credits drawn beyond their grant give nothing. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with ledger as (

    select * from {{ ref('stg_ai_credit_ledger') }}
    where rejected_reason is null

),

customers as (

    select * from {{ ref('int_ai_customers') }}

),

entries as (

    select
        coalesce(customers.survivor_customer_id, ledger.customer_id) as customer_id,
        ledger.grant_id,
        ledger.entry_kind,
        ledger.credits,
        ledger.paid_amount,
        ledger.currency,
        {{ ai_day('ledger.occurred_at') }} as entry_date
    from ledger
    left join customers on ledger.customer_id = customers.customer_id

),

grants as (

    select
        customer_id,
        grant_id,
        max(currency) as billing_currency,
        cast(sum(credits) as numeric(38, 9)) as granted_credits,
        {{ ai_sum('paid_amount') }} as paid_amount
    from entries
    where entry_kind = 'grant'
    group by customer_id, grant_id

),

uses as (

    select
        customer_id,
        grant_id,
        entry_date,
        cast(sum(credits) as numeric(38, 9)) as credits
    from entries
    where entry_kind in ('draw', 'expire')
    group by customer_id, grant_id, entry_date

),

used_so_far as (

    select
        customer_id,
        grant_id,
        entry_date,
        cast(sum(credits) over (
            partition by customer_id, grant_id
            order by entry_date
            rows between unbounded preceding and current row
        ) as numeric(38, 9)) as credits_through,
        credits
    from uses

),

-- In billionths of a credit, so that the quotient is one of whole numbers.
grant_days as (

    select
        grants.grant_id as line_id,
        grants.customer_id,
        grants.billing_currency,
        grants.paid_amount,
        cast(grants.granted_credits * 1000000000 as numeric(38, 0)) as granted_units,
        cast(
            least(used_so_far.credits_through - used_so_far.credits, grants.granted_credits)
            * 1000000000 as numeric(38, 0)
        ) as units_before,
        cast(
            least(used_so_far.credits_through, grants.granted_credits)
            * 1000000000 as numeric(38, 0)
        ) as units_through,
        used_so_far.entry_date as revenue_date
    from used_so_far
    inner join grants
        on used_so_far.customer_id = grants.customer_id
        and used_so_far.grant_id = grants.grant_id
    where grants.paid_amount is not null
        and grants.granted_credits > 0

),

final as (

    select
        line_id,
        customer_id,
        billing_currency,
        cast(
            {{ ai_straight_line('paid_amount', 'units_through', 'granted_units') }}
            - {{ ai_straight_line('paid_amount', 'units_before', 'granted_units') }}
            as {{ money_type() }}
        ) as net_revenue_billing_currency,
        revenue_date
    from grant_days

)

select * from final
