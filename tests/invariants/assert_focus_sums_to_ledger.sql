{#- Proves: focus_cost_and_usage is cost_ledger in other words. Billed and effective cost agree to the last
    digit at the ledger's own grain, and so do the quantities of every class.
    Broken by: a class that nobody counts, a share of a commitment that is lost, an owner that changes on
    the way, a row that a join doubles. Each row is a row of the ledger that fails. -#}
{%- set keys = [
    'usage_date', 'platform', 'billing_account_id', 'project_id', 'model', 'service_tier', 'feature_id', 'team_id',
    'environment', 'pnl_class', 'ledger_row_type', 'cost_status', 'variance_class'
] -%}
{%- set classes = ai_price_classes() -%}

with ledger as (

    select
        {%- for key in keys %}
        {{ "coalesce(billing_account_id, 'default') as billing_account_id" if key == 'billing_account_id' else key }},
        {%- endfor %}
        coalesce(billed_cost_usd, 0) as billed_usd,
        coalesce(effective_cost_usd, 0) as effective_usd
        {%- for column in classes.values() %},
        coalesce({{ column }}, 0) as {{ column }}{% endfor %}
    from {{ ref('cost_ledger') }}

),

focus as (

    select
        {{ ai_day(ai_focus_name('charge_period_start')) }} as usage_date,
        x_platform as platform,
        {{ ai_focus_name('billing_account_id') }} as billing_account_id,
        {{ ai_focus_name('sub_account_id') }} as project_id,
        {%- for key in keys[4:] %}
        {{ ai_focus_name('x_' ~ key) }} as {{ key }},
        {%- endfor %}
        {{ ai_focus_name('billed_cost') }} as billed_usd,
        {{ ai_focus_name('effective_cost') }} as effective_usd
        {%- for class, column in classes.items() %},
        cast(case
            when {{ ai_focus_name('x_token_class') }} = '{{ class }}'
                and {{ ai_focus_name('x_ledger_row_type') }} in ('request', 'commitment_used')
                then {{ ai_focus_name('consumed_quantity') }}
            else 0
        end as bigint) as {{ column }}{% endfor %}
    from {{ ref('focus_cost_and_usage') }}
    where {{ ai_focus_name('x_ledger_row_type') }} <> 'invoice_transfer'

),

both_sides as (

    select * from ledger
    union all
    select
        {{ keys | join(',\n        ') }},
        -billed_usd as billed_usd,
        -effective_usd as effective_usd
        {%- for column in classes.values() %},
        -{{ column }} as {{ column }}{% endfor %}
    from focus

)

select
    {{ keys | join(',\n    ') }},
    sum(billed_usd) as billed_usd,
    sum(effective_usd) as effective_usd
from both_sides
group by {{ keys | join(', ') }}
having sum(billed_usd) <> 0
    or sum(effective_usd) <> 0
    {%- for column in classes.values() %}
    or sum({{ column }}) <> 0
    {%- endfor %}
