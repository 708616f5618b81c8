{#- Grain: one row per amount of the ledger that no request causes, place and UTC day, as FOCUS needs it: with what
    the bill says of its line. Customers only where ai_focus_by_customer asks for them. Purpose: the part of
    focus_cost_and_usage that does not grow with the requests. -#}
{%- set by_customer = var('ai_focus_by_customer', false) -%}
{%- set dimensions = ['customer_id', 'feature_id', 'team_id', 'environment'] + ai_extra_dimensions().values() | list -%}

with models as (

    select platform, model, min(provider) as provider
    from {{ ref('int_ai_models') }}
    group by platform, model

),

other_rows as (

    select
        case when ledger_row_type not in ('unlogged', 'rounding') then source_key end as source_key,
        source_key as line_key,
        usage_date,
        platform,
        coalesce(billing_account_id, 'default') as billing_account_id,
        project_id,
        model,
        service_tier,
        {%- for column in dimensions %}
        {{ 'cast(null as varchar) as customer_id' if column == 'customer_id' and not by_customer else column }},
        {%- endfor %}
        pnl_class,
        ledger_row_type,
        cost_status,
        variance_class,
        max(description) as description,
        count(effective_cost_usd) = count(*) as is_cost_known,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd,
        {{ ai_sum('billed_cost_usd') }} as billed_cost_usd
    from {{ ref('int_ai_ledger__other') }}
    group by
        case when ledger_row_type not in ('unlogged', 'rounding') then source_key end, source_key, usage_date, platform,
        coalesce(billing_account_id, 'default'), project_id, model, service_tier,
        {%- for column in dimensions if column != 'customer_id' or by_customer %}
        {{ column }},
        {%- endfor %}
        pnl_class, ledger_row_type, cost_status, variance_class

),

final as (

    select
        other_rows.source_key,
        other_rows.usage_date,
        other_rows.platform,
        other_rows.billing_account_id,
        other_rows.project_id,
        models.provider,
        other_rows.model,
        coalesce(usage_lines.price_class, lines.price_class) as price_class,
        other_rows.service_tier,
        coalesce(usage_lines.processing, lines.processing) as processing,
        coalesce(usage_lines.region_scope, lines.region_scope) as region_scope,
        coalesce(usage_lines.context_window, lines.context_window) as context_over_tokens,
        case
            when other_rows.ledger_row_type = 'idle_commitment' then other_rows.source_key else lines.commitment_id
        end as commitment_id,
        {%- for column in dimensions %}
        other_rows.{{ column }},
        {%- endfor %}
        other_rows.pnl_class,
        other_rows.ledger_row_type,
        other_rows.cost_status,
        cast(null as varchar) as pricing_status,
        other_rows.variance_class,
        coalesce(other_rows.description, lines.line_item) as description,
        coalesce(lines.is_correction, false) or other_rows.ledger_row_type = 'adjustment' as is_correction,
        other_rows.is_cost_known,
        -- Only on the day on which the line is billed.
        case
            when {{ ai_focus_unit('lines.unit') | indent(12) }} is null then null
            when lines.usage_date = other_rows.usage_date then lines.quantity
            else 0
        end as quantity,
        {{ ai_focus_unit('lines.unit') | indent(8) }} as unit,
        cast(null as {{ price_type() }}) as list_price_usd,
        cast(null as {{ price_type() }}) as metered_price_usd,
        cast(null as {{ money_type() }}) as list_cost_usd,
        cast(null as {{ money_type() }}) as metered_cost_usd,
        other_rows.effective_cost_usd,
        other_rows.billed_cost_usd,
        lines.invoice_id
    from other_rows
    left join {{ ref('int_ai_bill_lines') }} as usage_lines
        on other_rows.ledger_row_type in ('unlogged', 'rounding')
        and other_rows.line_key = usage_lines.line_key
    left join {{ ref('int_ai_billing') }} as lines
        on other_rows.ledger_row_type not in ('unlogged', 'rounding', 'idle_commitment')
        and other_rows.line_key = lines.bill_line_key
    left join models
        on other_rows.platform = models.platform
        and other_rows.model = models.model

)

select * from final
