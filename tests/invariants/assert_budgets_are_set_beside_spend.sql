{#- Proves: every budget of ai_budgets stands in spend_by_team in each month for which it holds, to the
    last digit, also where the team spent nothing.
    Broken by: a budget joined to teams with spend only, a budget counted once per platform, a budget
    that ends a month late. Each row is a month that fails. -#}
{{ config(enabled=ai_scenario_needs('teams')) }}

with expected as (

    select
        months.usage_month,
        cast(coalesce(sum(seed.amount_usd), 0) as {{ money_type() }}) as budget_usd
    from {{ ref('int_ai_months') }} as months
    left join {{ ai_seed('ai_budgets') }} as seed
        on (seed.valid_from is null or seed.valid_from <= months.usage_month)
        and (seed.valid_to is null or months.usage_month < seed.valid_to)
    group by months.usage_month

),

found as (

    select
        usage_month,
        cast(coalesce(sum(budget_usd), 0) as {{ money_type() }}) as budget_usd
    from {{ ref('spend_by_team') }}
    group by usage_month

)

select
    expected.usage_month,
    expected.budget_usd as expected_usd,
    found.budget_usd as found_usd
from expected
left join found on expected.usage_month = found.usage_month
where expected.budget_usd <> coalesce(found.budget_usd, 0)
