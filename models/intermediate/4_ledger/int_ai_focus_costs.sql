{#- Grain: that of focus_cost_and_usage. Purpose: its rows, computed in snake case (ai_focus_name names them) and
    stored by day: int_ai_focus_days tells what a day is made from. FOCUS allows no NULL cost: an unknown one is
    0 and has is_cost_known false. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    post_hook="{{ ai_delete_gone_parts(
        this, ref('int_ai_focus_days'), closed=false, fingerprint='focus_fingerprint'
    ) }}"
) }}

{%- set dimensions = ['customer_id', 'feature_id', 'team_id', 'environment'] + ai_extra_dimensions().values() | list -%}
{%- set keys = [
    'source_key', 'usage_date', 'platform', 'billing_account_id', 'project_id', 'model', 'price_class', 'service_tier',
    'processing', 'region_scope', 'context_over_tokens', 'commitment_id'
] + dimensions + ['pnl_class', 'ledger_row_type', 'cost_status', 'pricing_status', 'variance_class', 'invoice_id'] -%}
{%- set on_usage_lines = "('request', 'unlogged', 'rounding')" -%}
{%- set closed = ai_closed_through() -%}
{%- set days = ai_stale_parts(ref('int_ai_focus_days'), fingerprint='focus_fingerprint', closed=false) -%}

with class_costs as (

    select
        cast(null as varchar) as source_key,
        usage_date,
        platform,
        billing_account_id,
        project_id,
        provider,
        model,
        price_class,
        service_tier,
        processing,
        region_scope,
        context_over_tokens,
        commitment_id,
        {{ dimensions | join(',\n        ') }},
        pnl_class,
        ledger_row_type,
        cost_status,
        pricing_status,
        case when ledger_row_type = 'commitment_used' then 'commitment' end as variance_class,
        cast(null as varchar) as description,
        false as is_correction,
        is_cost_known,
        cast(quantity as numeric(38, 9)) as quantity,
        cast(null as varchar) as unit,
        list_price_usd,
        metered_price_usd,
        list_cost_usd,
        metered_cost_usd,
        effective_cost_usd,
        billed_cost_usd
    from {{ ref('int_ai_class_costs') }}
    where {{ ai_in_days('usage_date', days) }}

),

other_costs as (

    select * from {{ ref('int_ai_focus__other') }}
    where {{ ai_in_days('usage_date', days) }}

),

-- A request is on the invoice that bills its model on its day: where several do, the largest.
usage_invoices as (

    select * from {{ ref('int_ai_focus__invoices') }}
    where {{ ai_in_days('usage_date', days) }}

),

{%- set invoice_levels = {
    'model': ['platform', 'billing_account_id', 'usage_date', 'model'],
    'account': ['platform', 'billing_account_id', 'usage_date'],
    'platform': ['platform', 'usage_date']
} %}
{%- for level, columns in invoice_levels.items() %}

{{ level }}_invoices as (

    select
        {{ columns | join(', ') }},
        invoice_id,
        row_number() over (
            partition by {{ columns | join(', ') }}
            order by abs(sum(billed_cost_usd)) desc, coalesce(invoice_id, '')
        ) as invoice_rank
    from usage_invoices
    group by {{ columns | join(', ') }}, invoice_id

),
{%- endfor %}

{%- set amounts = [
    'provider', 'description', 'is_correction', 'is_cost_known', 'quantity', 'unit', 'list_price_usd',
    'metered_price_usd', 'list_cost_usd', 'metered_cost_usd', 'effective_cost_usd', 'billed_cost_usd'
] %}

all_costs as (

    select {{ (keys[:-1] + amounts) | join(', ') }}, cast(null as varchar) as line_invoice_id from class_costs
    union all
    select {{ (keys[:-1] + amounts) | join(', ') }}, invoice_id as line_invoice_id from other_costs

),

placed as (

    select
        all_costs.{{ keys[:-1] | join(',\n        all_costs.') }},
        case
            when all_costs.ledger_row_type not in {{ on_usage_lines }} then all_costs.line_invoice_id
            when model_invoices.platform is not null then model_invoices.invoice_id
            when account_invoices.platform is not null then account_invoices.invoice_id
            when all_costs.cost_status = 'reconciled' then platform_invoices.invoice_id
        end as invoice_id,
        all_costs.{{ amounts | join(',\n        all_costs.') }}
    from all_costs
    left join model_invoices
        on all_costs.platform = model_invoices.platform
        and all_costs.billing_account_id = model_invoices.billing_account_id
        and all_costs.usage_date = model_invoices.usage_date
        and all_costs.model = model_invoices.model
        and all_costs.cost_status = 'reconciled'
        and model_invoices.invoice_rank = 1
    left join account_invoices
        on all_costs.platform = account_invoices.platform
        and all_costs.billing_account_id = account_invoices.billing_account_id
        and all_costs.usage_date = account_invoices.usage_date
        and all_costs.cost_status = 'reconciled'
        and account_invoices.invoice_rank = 1
    left join platform_invoices
        on all_costs.platform = platform_invoices.platform
        and all_costs.usage_date = platform_invoices.usage_date
        and platform_invoices.invoice_rank = 1

),

-- What a day's invoices charge less what lies on their rows. 0 where the day has one invoice; where it has
-- several, rows of their own bring each to its own sum.
invoice_sides as (

    select platform, usage_date, invoice_id, billing_account_id, billed_cost_usd from usage_invoices
    union all
    select
        platform,
        usage_date,
        invoice_id,
        cast(null as varchar) as billing_account_id,
        cast(-billed_cost_usd as {{ money_type() }}) as billed_cost_usd
    from placed
    where cost_status = 'reconciled'
        and ledger_row_type in {{ on_usage_lines }}

),

{%- if closed %}

-- Closed days whose bill has changed since: what moved is an adjustment of the first open day already.
changed_days as (

    select platform, usage_date
    from invoice_sides
    where usage_date <= cast('{{ closed }}' as date)
    group by platform, usage_date
    having sum(billed_cost_usd) <> 0

),
{%- endif %}

invoice_transfers as (

    select
        invoice_sides.platform,
        invoice_sides.usage_date,
        invoice_sides.invoice_id,
        coalesce(min(invoice_sides.billing_account_id), 'default') as billing_account_id,
        {{ ai_sum('invoice_sides.billed_cost_usd') }} as billed_cost_usd
    from invoice_sides
    {%- if closed %}
    left join changed_days
        on invoice_sides.platform = changed_days.platform
        and invoice_sides.usage_date = changed_days.usage_date
    where changed_days.platform is null
    {%- endif %}
    group by invoice_sides.platform, invoice_sides.usage_date, invoice_sides.invoice_id
    having sum(invoice_sides.billed_cost_usd) <> 0

),

costs as (

    select * from placed
    union all
    select
        {%- for key in keys %}
        {% if key in ['usage_date', 'platform', 'billing_account_id', 'invoice_id'] -%}
        {{ key }}
        {%- elif key == 'context_over_tokens' -%}
        cast(null as bigint) as {{ key }}
        {%- else -%}
        {%- set words = {
            'source_key': "'invoice_transfer'", 'environment': "'" ~ var('ai_default_environment') ~ "'",
            'pnl_class': "'cogs'",
            'ledger_row_type': "'invoice_transfer'", 'cost_status': "'reconciled'"
        } -%}
        {{ words.get(key, 'cast(null as varchar)') }} as {{ key }}
        {%- endif -%},
        {%- endfor %}
        cast(null as varchar) as provider,
        'Moved between the invoices of the day' as description,
        false as is_correction,
        true as is_cost_known,
        cast(null as numeric(38, 9)) as quantity,
        cast(null as varchar) as unit,
        cast(null as {{ price_type() }}) as list_price_usd,
        cast(null as {{ price_type() }}) as metered_price_usd,
        cast(null as {{ money_type() }}) as list_cost_usd,
        cast(null as {{ money_type() }}) as metered_cost_usd,
        cast(0 as {{ money_type() }}) as effective_cost_usd,
        billed_cost_usd
    from invoice_transfers

),

-- One row per key; unlogged money of several lines and prices of several cells meet here.
summed as (

    select
        {{ keys | join(',\n        ') }},
        is_cost_known,
        list_price_usd,
        metered_price_usd,
        unit,
        max(provider) as provider,
        max(description) as description,
        max(case when is_correction then 1 else 0 end) as is_correction,
        cast(sum(quantity) as numeric(38, 9)) as quantity,
        {{ ai_sum('list_cost_usd') }} as list_cost_usd,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as effective_cost_usd,
        cast(coalesce(sum(billed_cost_usd), 0) as {{ money_type() }}) as billed_cost_usd
    from costs
    group by {{ keys | join(', ') }}, is_cost_known, list_price_usd, metered_price_usd, unit

),

categorised as (

    select
        *,
        case
            when ledger_row_type in ('tax', 'credit', 'purchase') then ledger_row_type
            when ledger_row_type in ('adjustment', 'invoice_transfer') then 'adjustment'
            else 'usage'
        end as category,
        {{ ai_platform_name('platform', 'company') | indent(8) }} as company,
        {{ ai_platform_name('platform', 'service') | indent(8) }} as service,
        {{ ai_maker_name('provider') | indent(8) }} as maker,
        platform || '/' || coalesce(model, '-') || '/' || coalesce(price_class, ledger_row_type) as sku,
        case
            when ledger_row_type in ('request', 'commitment_used')
                then
                    case price_class
                        {%- for class, meter in ai_focus_meters().items() %}
                        when '{{ class }}' then '{{ meter[1] }}'
                        {%- endfor %}
                        else 'Requests'
                    end
            when quantity is not null then unit
            else 'Charges'
        end as measure,
        case
            when ledger_row_type in ('request', 'commitment_used')
                then
                    case price_class
                        {%- for class, meter in ai_focus_meters().items() if meter[2] > 1 %}
                        when '{{ class }}' then {{ meter[2] }}
                        {%- endfor %}
                        else 1
                    end
            else 1
        end as block
    from summed

),

commitments as (

    select * from {{ ref('int_ai_commitments') }}

),

described as (

    select
        categorised.usage_date,
        categorised.billed_cost_usd as billed_cost,
        categorised.billing_account_id,
        cast(null as varchar) as billing_account_name,
        'USD' as billing_currency,
        cast({{ dbt.dateadd('month', 1, ai_month('categorised.usage_date')) }} as timestamp) as billing_period_end,
        cast({{ ai_month('categorised.usage_date') }} as timestamp) as billing_period_start,
        upper(left(categorised.category, 1)) || substring(categorised.category, 2) as charge_category,
        case when categorised.is_correction = 1 then 'Correction' end as charge_class,
        case
            when categorised.ledger_row_type in ('request', 'commitment_used')
                then
                    coalesce(categorised.model, 'unknown model') || ', '
                    || replace(coalesce(categorised.price_class, 'calls without a count'), '_', ' ')
                    || ', ' || categorised.service_tier
                    || case when categorised.processing = 'batch' then ', batch' else '' end
            when categorised.ledger_row_type in ('unlogged', 'rounding')
                then
                    'Usage on no request log: ' || coalesce(categorised.model, 'no model') || ', '
                    || replace(coalesce(categorised.variance_class, 'unexplained'), '_', ' ')
            else coalesce(categorised.description, replace(categorised.ledger_row_type, '_', ' '))
        end as charge_description,
        case
            when
                categorised.unit = 'Seats'
                or (categorised.category = 'purchase' and categorised.commitment_id is not null)
                then 'Recurring'
            when categorised.category = 'usage' then 'Usage-Based'
            else 'One-Time'
        end as charge_frequency,
        cast({{ dbt.dateadd('day', 1, 'categorised.usage_date') }} as timestamp) as charge_period_end,
        cast(categorised.usage_date as timestamp) as charge_period_start,
        case
            when categorised.commitment_id is null then null
            when commitments.kind = 'committed_spend' then 'Spend'
            else 'Usage'
        end as commitment_discount_category,
        categorised.commitment_id as commitment_discount_id,
        case when categorised.commitment_id is not null then coalesce(commitments.note, categorised.commitment_id) end
            as commitment_discount_name,
        -- What a commitment of this package is measured in is its fee.
        case
            when categorised.commitment_id is null then null
            when categorised.category = 'usage' then categorised.effective_cost_usd
            when categorised.category = 'purchase' then categorised.billed_cost_usd
        end as commitment_discount_quantity,
        case
            when categorised.commitment_id is null or categorised.category <> 'usage' then null
            when categorised.ledger_row_type = 'idle_commitment' then 'Unused'
            else 'Used'
        end as commitment_discount_status,
        case when categorised.commitment_id is not null then coalesce(commitments.kind, 'commitment') end
            as commitment_discount_type,
        case
            when categorised.commitment_id is not null and categorised.category in ('usage', 'purchase') then 'USD'
        end as commitment_discount_unit,
        case
            when categorised.category = 'usage' and categorised.ledger_row_type <> 'idle_commitment'
                then coalesce(categorised.quantity, 1)
        end as consumed_quantity,
        case
            when categorised.category = 'usage' and categorised.ledger_row_type <> 'idle_commitment'
                then categorised.measure
        end as consumed_unit,
        case
            when categorised.ledger_row_type in ('tax', 'credit', 'purchase', 'adjustment', 'invoice_transfer')
                then categorised.billed_cost_usd
            when categorised.ledger_row_type = 'commitment_used' then categorised.effective_cost_usd
            else coalesce(categorised.metered_cost_usd, categorised.effective_cost_usd)
        end as contracted_cost,
        cast(cast(categorised.metered_price_usd as numeric(28, 15)) * categorised.block as {{ money_type() }})
            as contracted_unit_price,
        categorised.effective_cost_usd as effective_cost,
        -- Who runs the machines of a marketplace of models is not on its bill.
        case when categorised.platform not in ('openrouter', 'vercel') then categorised.company end
            as host_provider_name,
        categorised.invoice_id,
        categorised.company as invoice_issuer_name,
        case
            when categorised.ledger_row_type in ('tax', 'credit', 'purchase', 'adjustment', 'invoice_transfer')
                then categorised.billed_cost_usd
            when categorised.ledger_row_type = 'commitment_used' then categorised.effective_cost_usd
            else coalesce(categorised.list_cost_usd, categorised.metered_cost_usd, categorised.effective_cost_usd)
        end as list_cost,
        cast(cast(categorised.list_price_usd as numeric(28, 15)) * categorised.block as {{ money_type() }})
            as list_unit_price,
        case
            when categorised.category not in ('usage', 'purchase') then null
            when categorised.category = 'usage' and categorised.commitment_id is not null then 'Committed'
            else 'Standard'
        end as pricing_category,
        case
            when categorised.category in ('usage', 'purchase')
                then
                    cast(
                        cast(coalesce(categorised.quantity, 1) as numeric(28, 9))
                        * case categorised.block
                            when 1000000 then cast(0.000001 as numeric(7, 6))
                            when 1000 then cast(0.001 as numeric(7, 6))
                            else cast(1 as numeric(7, 6))
                        end as {{ money_type() }}
                    )
        end as pricing_quantity,
        case
            when categorised.category not in ('usage', 'purchase') then null
            when categorised.block = 1 then categorised.measure
            else cast(categorised.block as varchar) || ' ' || categorised.measure
        end as pricing_unit,
        categorised.company as provider_name,
        coalesce(categorised.maker, categorised.company) as publisher_name,
        'AI and Machine Learning' as service_category,
        categorised.service as service_name,
        categorised.company as service_provider_name,
        'Generative AI' as service_subcategory,
        case when categorised.category <> 'tax' then categorised.sku end as sku_id,
        case
            when categorised.category = 'tax' then null
            {%- for class, meter in ai_focus_meters().items() %}
            when categorised.price_class = '{{ class }}' then '{{ meter[0] }}'
            {%- endfor %}
            else categorised.measure
        end as sku_meter,
        case
            when categorised.category <> 'tax'
                then
                    categorised.sku || '/' || coalesce(categorised.service_tier, '-')
                    || '/' || coalesce(categorised.processing, '-') || '/' || coalesce(categorised.region_scope, '-')
                    || '/' || coalesce(cast(categorised.context_over_tokens as varchar), '-')
        end as sku_price_id,
        categorised.project_id as sub_account_id,
        categorised.project_id as sub_account_name,
        case
            when categorised.project_id is not null
                then {{ ai_sub_account_type('categorised.platform') | indent(16) }}
        end as sub_account_type,
        {%- set tags = {} -%}
        {%- for dimensions_of in [ai_dimensions(), ai_extra_dimensions()] -%}
        {%- for dimension, column in dimensions_of.items() -%}
        {%- do tags.update({dimension: 'categorised.' ~ column}) -%}
        {%- endfor -%}
        {%- endfor %}
        {{ ai_json_object(tags) | indent(8) }} as tags,
        {%- set key_parts = [] -%}
        {%- for column in keys + ['is_cost_known', 'list_price_usd', 'metered_price_usd', 'unit'] -%}
        {%- do key_parts.append('categorised.' ~ column) -%}
        {%- endfor %}
        {{ ai_hash(key_parts) | indent(8) }} as x_row_key,
        categorised.platform as x_platform,
        categorised.model as x_model,
        categorised.price_class as x_token_class,
        categorised.service_tier as x_service_tier,
        categorised.processing as x_processing,
        categorised.region_scope as x_region_scope,
        categorised.customer_id as x_customer_id,
        categorised.feature_id as x_feature_id,
        categorised.team_id as x_team_id,
        categorised.environment as x_environment,
        categorised.pnl_class as x_pnl_class,
        categorised.ledger_row_type as x_ledger_row_type,
        categorised.cost_status as x_cost_status,
        categorised.pricing_status as x_pricing_status,
        categorised.variance_class as x_variance_class,
        categorised.is_cost_known as x_is_cost_known
    from categorised
    left join commitments on categorised.commitment_id = commitments.commitment_id

),

final as (

    select
        described.*,
        days.focus_fingerprint as day_fingerprint
    from described
    inner join {{ ref('int_ai_focus_days') }} as days on described.usage_date = days.usage_date

)

select * from final
