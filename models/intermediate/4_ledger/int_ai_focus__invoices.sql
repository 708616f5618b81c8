{#- Grain: one row per platform, account, UTC day, model and invoice with usage on the bill. Purpose: which invoice
    a request is on, and what each invoice charges on a day. -#}
with final as (

    select
        lines.platform,
        lines.billing_account_id,
        lines.usage_date,
        coalesce(models_by_name.model, {{ ai_normalise_model('lines.model_raw') }}) as model,
        lines.invoice_id,
        {{ ai_sum('lines.amount_usd') }} as billed_cost_usd
    from {{ ref('int_ai_billing') }} as lines
    left join {{ ref('int_ai_models') }} as models_by_name
        on lines.platform = models_by_name.platform
        and lines.model_raw = models_by_name.model_raw
    where lines.line_kind = 'usage' and not lines.is_off_bill
    group by
        lines.platform, lines.billing_account_id, lines.usage_date,
        coalesce(models_by_name.model, {{ ai_normalise_model('lines.model_raw') }}), lines.invoice_id

)

select * from final
