{#- Proves: the fully loaded cost of all customers, with the sentinels, is the ledger of the month; the
    policy for unattributed spend moves money and changes no total.
    Broken by: a customer lost by a join, spend without a customer left out, a pool that is shared out
    and not taken off. Each row is a month that fails. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}

with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

both_sides as (

    select
        usage_month,
        fully_loaded_cost_usd as customers_usd,
        direct_cost_usd as direct_usd,
        0 as ledger_usd
    from {{ ref('cost_per_customer') }}

    union all

    select
        {{ ai_month('ledger.usage_date') }} as usage_month,
        0 as customers_usd,
        0 as direct_usd,
        ledger.effective_cost_usd as ledger_usd
    from {{ ref('cost_ledger') }} as ledger
    cross join as_of
    where {{ ai_month('ledger.usage_date') }} <= as_of.as_of_date

)

select
    usage_month,
    sum(customers_usd) as customers_usd,
    sum(direct_usd) as direct_usd,
    coalesce(sum(ledger_usd), 0) as ledger_usd
from both_sides
group by usage_month
having sum(customers_usd) <> coalesce(sum(ledger_usd), 0)
    or sum(direct_usd) <> coalesce(sum(ledger_usd), 0)
