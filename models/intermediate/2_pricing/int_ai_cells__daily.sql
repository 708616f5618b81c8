{#- Grain: one row per cell and UTC day with a request or usage in it, with the key of its prices.
    Purpose: the few days and combinations on which prices and owners are resolved. A request's context
    window counts only where the provider told windows apart for that model and day. -#}
with days as (

    select cell_key, usage_date from {{ ref('int_ai_request_cells') }}
    union
    select distinct cell_key, usage_date from {{ ref('int_ai_usage') }}

),

cells as (

    select * from {{ ref('int_ai_cells') }}

),

windows as (

    select distinct cells.platform, cells.model, usages.usage_date
    from {{ ref('int_ai_usage') }} as usages
    inner join cells on usages.cell_key = cells.cell_key
    where usages.context_window > 0

    union

    select distinct lines.platform, models.model, lines.usage_date
    from {{ ref('int_ai_billing') }} as lines
    inner join {{ ref('int_ai_models') }} as models
        on lines.platform = models.platform
        and lines.model_raw = models.model_raw
    where lines.context_window > 0

),

final as (

    select
        days.cell_key,
        {{ ai_hash([
            'cells.platform', 'cells.billing_account_id', 'cells.model', 'cells.region_scope',
            'cells.service_tier', 'cells.processing'
        ]) }} as price_key,
        cells.platform,
        cells.billing_account_id,
        cells.project_id,
        cells.api_key_id,
        cells.model,
        cells.region_scope,
        cells.service_tier,
        cells.processing,
        case when windows.platform is null then 0 else cells.context_window end as context_window,
        days.usage_date
    from days
    inner join cells on days.cell_key = cells.cell_key
    left join windows
        on cells.platform = windows.platform
        and cells.model = windows.model
        and days.usage_date = windows.usage_date

)

select * from final
