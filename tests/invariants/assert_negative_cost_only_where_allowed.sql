{#- Proves: cost is negative only in credits, adjustments, unlogged and rounding rows, or where the bill
    itself has a negative line of that kind (a correction). A request never costs less than nothing.
    Broken by: a factor or price with the wrong sign, a credit booked as a charge. Each row is a
    ledger row that fails. -#}
with negative_lines as (

    select distinct platform, billing_account_id, line_kind
    from {{ ref('int_ai_billing') }}
    where amount_usd < 0

)

select
    ledger.usage_date,
    ledger.platform,
    ledger.billing_account_id,
    ledger.ledger_row_type,
    ledger.billed_cost_usd,
    ledger.metered_cost_usd,
    ledger.effective_cost_usd
from {{ ref('cost_ledger') }} as ledger
left join negative_lines
    on ledger.platform = negative_lines.platform
    and ledger.billing_account_id = negative_lines.billing_account_id
    and ledger.ledger_row_type = negative_lines.line_kind
where ledger.ledger_row_type not in ('credit', 'adjustment', 'unlogged', 'rounding')
    and (ledger.billed_cost_usd < 0 or ledger.metered_cost_usd < 0 or ledger.effective_cost_usd < 0)
    and negative_lines.platform is null
