{#- Grain: one row per period (UTC day or invoice month), platform, account, component and cause. From our
    meter to the bill, step by step: the amounts of a period with a bill sum to the bill exactly. A period
    without a bill goes from our meter to the provider's own usage at our prices. -#}
{{ config(contract={'enforced': true}) }}
{%- set classes = ai_price_classes() -%}

with requests as (

    select
        *,
        coalesce(billing_account_id, 'default') as account_id
    from {{ ref('int_ai_ledger__requests') }}

),

metered as (

    select * from {{ ref('int_ai_metered__daily') }}
    where pricing_status in ('priced', 'free')

),

rates as (

    select * from {{ ref('int_ai_rates') }}

),

-- What the billed rate adds to our price, class by class: near half is batch, else our price book is off.
rate_parts as (

    {%- for class, column in classes.items() %}
    select
        metered.usage_date,
        rates.platform,
        coalesce(rates.billing_account_id, 'default') as billing_account_id,
        case
            when {{ ai_is_about_half('rates.' ~ class ~ '_factor') }} then 'batch_discount'
            else 'price_book'
        end as variance_class,
        cast(
            metered.{{ column }} * (rates.{{ class }}_effective_price_usd - rates.{{ class }}_price_usd)
            as {{ money_type() }}
        ) as amount_usd
    from metered
    inner join rates
        on metered.cell_key = rates.cell_key
        and metered.usage_date = rates.usage_date
        and metered.context_over_tokens = rates.context_over_tokens
    where metered.{{ column }} > 0
        and rates.{{ class }}_effective_price_usd <> rates.{{ class }}_price_usd
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

amounts as (

    select
        usage_date,
        platform,
        account_id as billing_account_id,
        'metered' as component,
        cast(null as varchar) as variance_class,
        metered_cost_usd as amount_usd
    from requests
    where pricing_status in ('priced', 'free')

    union all

    select usage_date, platform, billing_account_id, 'rate_variance' as component, variance_class, amount_usd
    from rate_parts

    union all

    -- What only the bill could price.
    select
        usage_date,
        platform,
        account_id as billing_account_id,
        'billed_rate' as component,
        'unpriced_model' as variance_class,
        effective_cost_usd as amount_usd
    from requests
    where pricing_status in ('unpriced_model', 'unpriced_class')

    union all

    select
        usage_date,
        platform,
        billing_account_id,
        ledger_row_type as component,
        variance_class,
        case when cost_status = 'estimated' then effective_cost_usd else billed_cost_usd end as amount_usd
    from {{ ref('int_ai_ledger__other') }}
    where cost_status <> 'off_bill'

),

days as (

    select
        platform,
        billing_account_id,
        usage_date,
        reconciliation_status
    from {{ ref('billing_reconciliation') }}

),

periods as (

    {%- for period_type, start in {'day': 'usage_date', 'invoice_month': ai_month('usage_date')}.items() %}
    select
        '{{ period_type }}' as period_type,
        {{ start }} as period_start,
        platform,
        billing_account_id,
        component,
        variance_class,
        cast(sum(amount_usd) as {{ money_type() }}) as amount_usd,
        cast(count(distinct usage_date) as bigint) as days
    from amounts
    where amount_usd <> 0
    group by {{ start }}, platform, billing_account_id, component, variance_class
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- A month is as well reconciled as its worst day, and estimated while any day is.
statuses as (

    {%- for period_type, start in {'day': 'usage_date', 'invoice_month': ai_month('usage_date')}.items() %}
    select
        '{{ period_type }}' as period_type,
        {{ start }} as period_start,
        platform,
        billing_account_id,
        case max(case reconciliation_status
            when 'estimated' then 3 when 'unexplained' then 2 when 'explained' then 1 else 0
        end)
            when 3 then 'estimated' when 2 then 'unexplained' when 1 then 'explained' else 'matched'
        end as reconciliation_status
    from days
    group by {{ start }}, platform, billing_account_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        periods.period_type,
        periods.period_start,
        periods.platform,
        periods.billing_account_id,
        periods.component,
        periods.variance_class,
        statuses.reconciliation_status,
        periods.days,
        periods.amount_usd
    from periods
    left join statuses
        on periods.period_type = statuses.period_type
        and periods.period_start = statuses.period_start
        and periods.platform = statuses.platform
        and periods.billing_account_id = statuses.billing_account_id
    where periods.amount_usd <> 0

)

select * from final
