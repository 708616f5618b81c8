{#- Grain: one row per line item, and per header with a discount or refund. Purpose: the columns of
    `revenue_lines` from the standard billing model of Fivetran's packages (`<source>__line_item_enhanced`).
    Shapes (what an amount is): minor (minor units, that package's default), hundredths (all divided by 100,
    whatever the currency: its stripe__convert_values) or major.
    A header row is a discount on its invoice (amount 0) and a refund.
    Limits: the model has today's period of the subscription, not the line's, so only the length of it is
    used, from the day of the invoice on; other lines count on that day. It has no inclusive taxes, no
    credit notes, no credits, and at most one refund per charge. subscription_plan is a product's name. -#}
{{ config(
    enabled='line_item_enhanced' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set raw = ai_raw_columns('line_item_enhanced') -%}
{%- set shape = ai_source_shape('line_item_enhanced', ['minor', 'hundredths', 'major']) -%}

with source as (

    select * from {{ source('ai_raw', 'line_item_enhanced') }}

),

exponents as (

    select upper(currency) as currency, exponent from {{ ai_seed('ai_currency_exponents') }}

),

renamed as (

    select
        {{ ai_raw_text(raw, 'header_id') }} as invoice_id,
        {{ ai_raw_text(raw, 'line_item_id') }} as item_id,
        coalesce(lower({{ ai_raw_text(raw, 'record_type') }}), 'line_item') = 'header' as is_header,
        {{ ai_raw_text(raw, 'customer_id') }} as customer_id,
        {{ ai_raw_text(raw, 'subscription_id') }} as subscription_id,
        {{ ai_raw_text(raw, 'subscription_plan') }} as plan_id,
        lower({{ ai_raw_text(raw, 'billing_type') }}) as billing_type,
        lower({{ ai_raw_text(raw, 'header_status') }}) as status,
        upper({{ ai_raw_text(raw, 'currency') }}) as currency,
        {{ ai_raw_column(raw, 'quantity', 'numeric(38, 9)') }} as quantity,
        {{ ai_raw_money(raw, 'total_amount') }} as total_amount,
        {{ ai_raw_money(raw, 'discount_amount') }} as discount_amount,
        {{ ai_raw_money(raw, 'tax_amount') }} as tax_amount,
        {{ ai_raw_money(raw, 'refund_amount') }} as refund_amount,
        {{ ai_raw_time(raw, 'subscription_period_started_at') }} as period_started_at,
        {{ ai_raw_time(raw, 'subscription_period_ended_at') }} as period_ended_at,
        {{ ai_raw_time(raw, 'created_at') }} as created_at,
        {{ ai_raw_first(raw, ['loaded_at', '_fivetran_synced'], 'timestamp') }} as loaded_at,
        {{ ai_defect(raw, amounts=['total_amount', 'discount_amount', 'tax_amount', 'refund_amount']) }} as defect
    from source

),

measured as (

    select
        *,
        {{ dbt.datediff('period_started_at', 'period_ended_at', 'month') }} as period_months,
        {{ ai_days_between('period_started_at', 'period_ended_at') }} as period_days
    from renamed

),

dated as (

    select
        *,
        case
            when billing_type <> 'subscription' or period_days is null then null
            when {{ ai_day(dbt.dateadd('month', 'period_months', 'period_started_at')) }}
                = {{ ai_day('period_ended_at') }}
                then cast({{ dbt.dateadd('month', 'period_months', 'created_at') }} as timestamp)
            else cast({{ dbt.dateadd('day', 'period_days', 'created_at') }} as timestamp)
        end as service_period_end
    from measured

),

lines as (

    select
        invoice_id || '/' || item_id as line_id,
        *,
        case when billing_type = 'subscription' or subscription_id is not null then 'subscription' else 'one_off' end
            as line_kind,
        total_amount as line_amount,
        cast(null as {{ money_type() }}) as line_discount
    from dated
    where not is_header

    union all

    select
        invoice_id || '/discount' as line_id,
        *,
        'adjustment' as line_kind,
        cast(0 as {{ money_type() }}) as line_amount,
        abs(discount_amount) as line_discount
    from dated
    where is_header and discount_amount <> 0

    union all

    select
        invoice_id || '/refund' as line_id,
        *,
        'refund' as line_kind,
        cast(-abs(refund_amount) as {{ money_type() }}) as line_amount,
        cast(null as {{ money_type() }}) as line_discount
    from dated
    where is_header and refund_amount <> 0

),

factors as (

    select
        lines.*,
        {% if shape == 'hundredths' -%}
        case coalesce(exponents.exponent, 2)
            when 0 then 100 when 1 then 10 when 2 then 1 when 3 then 0.1 else 0.01
        end
        {%- elif shape == 'minor' -%}
        case coalesce(exponents.exponent, 2)
            when 0 then 1 when 1 then 0.1 when 2 then 0.01 when 3 then 0.001 else 0.0001
        end
        {%- else -%}
        1
        {%- endif %} as unit_factor
    from lines
    left join exponents on lines.currency = exponents.currency

),

final as (

    select
        line_id,
        invoice_id,
        customer_id,
        subscription_id,
        plan_id,
        cast(line_kind as varchar) as line_kind,
        status,
        currency,
        quantity,
        {{ ai_scale('line_amount', 'unit_factor') }} as amount,
        {{ ai_scale('line_discount', 'unit_factor') }} as discount_amount,
        {{ ai_scale('tax_amount', 'unit_factor') }} as tax_amount,
        cast(null as boolean) as is_proration,
        case when service_period_end is not null then created_at end as service_period_start,
        service_period_end,
        created_at as invoice_date,
        defect,
        loaded_at
    from factors

)

select * from final
