{#- Grain: one row per platform, account and UTC day with a bill, usage or requests. Does the ledger
    match the bill, and what stands between our meter and the bill. -#}
{{ config(contract={'enforced': true}) }}
{%- set tolerance_usd = var('ai_reconciliation_tolerance_usd', 0.01) -%}
{%- set tolerance_ratio = var('ai_reconciliation_tolerance_ratio', 0.005) -%}
{%- set tolerance -%}
greatest({{ tolerance_usd }}, {{ ai_scale('abs(billed_usage_usd)', tolerance_ratio) }})
{%- endset -%}

with bills as (

    select
        platform,
        billing_account_id,
        usage_date,
        {{ ai_sum('amount_usd') }} as billed_cost_usd,
        {{ ai_sum("case when line_kind = 'usage' then amount_usd else 0 end") }} as billed_usage_usd,
        max(case when line_kind = 'usage' then 1 else 0 end) = 1 as has_usage_bill
    from {{ ref('int_ai_billing') }}
    where not is_off_bill
    group by platform, billing_account_id, usage_date

),

reported as (

    select
        platform,
        billing_account_id,
        usage_date,
        {{ ai_sum('reported_cost_usd') }} as reported_cost_usd,
        cast(sum(case
            when reported_cost_usd > 0 or billed_cost_usd > 0
                then case when effective_cost_usd < billed_cost_usd then effective_cost_usd else billed_cost_usd end
            else 0
        end) as {{ money_type() }}) as seen_usd
    from {{ ref('int_ai_line_residuals') }}
    group by platform, billing_account_id, usage_date

),

ledger as (

    select
        platform,
        billing_account_id,
        usage_date,
        {{ ai_sum('billed_cost_usd') }} as ledger_billed_cost_usd,
        cast(coalesce(sum(metered_cost_usd), 0) as {{ money_type() }}) as metered_cost_usd,
        {%- for row_type in ['request', 'unlogged', 'rounding', 'non_request'] %}
        cast(coalesce(
            sum(case when ledger_row_type = '{{ row_type }}' then effective_cost_usd end), 0
        ) as {{ money_type() }}) as {{ row_type }}_cost_usd,
        {%- endfor %}
        {%- for row_type in ['tax', 'credit', 'purchase', 'adjustment'] %}
        cast(coalesce(
            sum(case when ledger_row_type = '{{ row_type }}' then billed_cost_usd end), 0
        ) as {{ money_type() }}) as {{ row_type }}_usd,
        {%- endfor %}
        cast(coalesce(
            sum(case when variance_class = 'unexplained' then abs(effective_cost_usd) end), 0
        ) as {{ money_type() }}) as unexplained_usd
    from {{ ref('cost_ledger') }}
    where cost_status <> 'off_bill'
    group by platform, billing_account_id, usage_date

),

priced_requests as (

    select
        platform,
        coalesce(billing_account_id, 'default') as billing_account_id,
        usage_date,
        {{ ai_sum('effective_cost_usd - metered_cost_usd') }} as rate_variance_usd
    from {{ ref('int_ai_ledger__requests') }}
    where pricing_status in ('priced', 'free')
    group by platform, coalesce(billing_account_id, 'default'), usage_date

),

-- Rate and volume, side by side; the larger one is named.
variances as (

    select
        platform,
        billing_account_id,
        usage_date,
        variance_class,
        {{ ai_sum('abs(effective_cost_usd)') }} as size_usd
    from {{ ref('cost_ledger') }}
    where ledger_row_type = 'unlogged'
    group by platform, billing_account_id, usage_date, variance_class

    union all

    select
        platform,
        billing_account_id,
        usage_date,
        'price_book' as variance_class,
        abs(rate_variance_usd) as size_usd
    from priced_requests

),

causes as (

    select
        platform,
        billing_account_id,
        usage_date,
        variance_class,
        row_number() over (
            partition by platform, billing_account_id, usage_date
            order by size_usd desc, variance_class
        ) as cause_rank
    from variances
    where size_usd > {{ tolerance_usd }}

),

keys as (

    select platform, billing_account_id, usage_date from bills
    union
    select platform, billing_account_id, usage_date
    from {{ ref('cost_ledger') }}
    where ledger_row_type in ('request', 'commitment_used', 'unlogged', 'rounding')

),

joined as (

    select
        keys.platform,
        keys.billing_account_id,
        keys.usage_date,
        coalesce(bills.has_usage_bill, false)
        or (
            bills.platform is not null
            and coalesce(ledger.metered_cost_usd, 0) = 0
            and coalesce(reported.reported_cost_usd, 0) = 0
        ) as has_bill,
        bills.billed_cost_usd,
        bills.billed_usage_usd,
        ledger.ledger_billed_cost_usd,
        reported.reported_cost_usd,
        coalesce(ledger.metered_cost_usd, 0) as metered_cost_usd,
        coalesce(priced_requests.rate_variance_usd, 0) as rate_variance_usd,
        {%- for row_type in ['request', 'unlogged', 'rounding', 'non_request'] %}
        coalesce(ledger.{{ row_type }}_cost_usd, 0) as {{ row_type }}_cost_usd,
        {%- endfor %}
        {%- for row_type in ['tax', 'credit', 'purchase', 'adjustment'] %}
        coalesce(ledger.{{ row_type }}_usd, 0) as {{ row_type }}_usd,
        {%- endfor %}
        coalesce(ledger.unexplained_usd, 0) as unexplained_usd,
        reported.seen_usd,
        causes.variance_class as main_cause
    from keys
    left join bills
        on keys.platform = bills.platform
        and keys.billing_account_id = bills.billing_account_id
        and keys.usage_date = bills.usage_date
    left join ledger
        on keys.platform = ledger.platform
        and keys.billing_account_id = ledger.billing_account_id
        and keys.usage_date = ledger.usage_date
    left join reported
        on keys.platform = reported.platform
        and keys.billing_account_id = reported.billing_account_id
        and keys.usage_date = reported.usage_date
    left join causes
        on keys.platform = causes.platform
        and keys.billing_account_id = causes.billing_account_id
        and keys.usage_date = causes.usage_date
        and causes.cause_rank = 1
    left join priced_requests
        on keys.platform = priced_requests.platform
        and keys.billing_account_id = priced_requests.billing_account_id
        and keys.usage_date = priced_requests.usage_date

),

final as (

    select
        platform,
        billing_account_id,
        usage_date,
        case
            when not has_bill then 'estimated'
            -- Judged by component: +18 of volume and -18 of rate is no match.
            when abs(rate_variance_usd) <= {{ tolerance }} and abs(unlogged_cost_usd) <= {{ tolerance }} then 'matched'
            when unexplained_usd <= {{ tolerance }} then 'explained'
            else 'unexplained'
        end as reconciliation_status,
        main_cause,
        billed_cost_usd,
        cast(ledger_billed_cost_usd - billed_cost_usd as {{ money_type() }}) as difference_usd,
        cast(case when has_bill then billed_usage_usd end as {{ money_type() }}) as billed_usage_usd,
        reported_cost_usd,
        cast(metered_cost_usd as {{ money_type() }}) as metered_cost_usd,
        cast(rate_variance_usd as {{ money_type() }}) as rate_variance_usd,
        {%- for row_type in ['request', 'unlogged', 'rounding', 'non_request'] %}
        cast({{ row_type }}_cost_usd as {{ money_type() }}) as {{ row_type }}_cost_usd,
        {%- endfor %}
        {%- for row_type in ['tax', 'credit', 'purchase', 'adjustment'] %}
        cast({{ row_type }}_usd as {{ money_type() }}) as {{ row_type }}_usd,
        {%- endfor %}
        cast(case when has_bill then coalesce(seen_usd, 0) end as {{ money_type() }}) as covered_usage_usd,
        case when has_bill then {{ ai_share_ratio('coalesce(seen_usd, 0)', 'billed_usage_usd') }} end
            as metering_coverage_ratio
    from joined

)

select * from final
