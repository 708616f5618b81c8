{#- Grain: one row per UTC day, platform, account, project, model, price class, tier, processing, region, context
    band, feature, team, environment, own dimension, P&L class, row type, statuses and cause (x_RowKey); a line of
    the bill that no request causes is a row of its own for each of its days. Purpose: the ledger in the words
    of FOCUS 1.2, with the provider columns of 1.4: BilledCost sums to the bill, EffectiveCost to the
    ledger. FOCUS allows no NULL cost: an unknown one is 0 and has x_IsCostKnown false. A view: its rows are
    stored by day in int_ai_focus_costs. -#}
{{ config(materialized='view', contract={'enforced': true}) }}

-- Named in a query of its own: DuckDB's DESCRIBE does not see a name that differs from the table's by case only.
with costs as (

    select * from {{ ref('int_ai_focus_costs') }}

),

final as (

    select
        {{ ai_focus_select_list() | indent(8) }}
    from costs

)

select * from final
