{#- Proves: total cost by feature, team, plan, model and P&L class is the ledger of the month, so no
    dimension filters rows out. (By customer: assert_customers_sum_to_ledger.) Marts that the chosen
    scenarios leave out are left out here.
    Broken by: an inner join in a mart, a sentinel that is dropped, a NULL key that no group holds.
    Each row is a cut and month that fails. -#}
{%- set cuts = {'model': 'spend_by_provider_model'} -%}
{%- do cuts.update({'team': 'spend_by_team'} if ai_scenario_needs('teams') else {}) -%}
{%- do cuts.update({'feature': 'cost_per_feature'} if ai_scenario_needs('requests') else {}) -%}
{%- do cuts.update({'plan': 'margin_by_plan'} if ai_scenario_needs('customers') else {}) -%}
{%- do cuts.update({'pnl_class': 'ai_cogs_summary'} if ai_scenario_needs('customers') else {}) -%}

with as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

ledger as (

    select
        {{ ai_month('ledger.usage_date') }} as usage_month,
        sum(ledger.effective_cost_usd) as ledger_usd
    from {{ ref('cost_ledger') }} as ledger
    cross join as_of
    where {{ ai_month('ledger.usage_date') }} <= as_of.as_of_date
    group by {{ ai_month('ledger.usage_date') }}

),

both_sides as (

    {%- for cut, mart in cuts.items() %}
    select '{{ cut }}' as cut, usage_month, ledger_usd, 0 as cut_usd
    from ledger
    union all
    select
        '{{ cut }}' as cut,
        usage_month,
        0 as ledger_usd,
        {% if cut == 'pnl_class' -%}
        ai_cogs_usd + free_tier_cost_usd + rnd_cost_usd + internal_opex_cost_usd as cut_usd
        {%- else -%}
        total_cost_usd as cut_usd
        {%- endif %}
    from {{ ref(mart) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    cut,
    usage_month,
    coalesce(sum(ledger_usd), 0) as ledger_usd,
    coalesce(sum(cut_usd), 0) as cut_usd
from both_sides
group by cut, usage_month
having coalesce(sum(ledger_usd), 0) <> coalesce(sum(cut_usd), 0)
