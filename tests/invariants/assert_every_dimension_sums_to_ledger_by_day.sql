{#- Proves: what days cost by model, by API key, by customer and by feature (int_ai_spend__daily, in which
    jumps are looked for) is the ledger of the day. By API key only on days without unpriced requests,
    whose quantities are summed before they are costed.
    Broken by: a key or customer lost by a join, a row counted twice, a day without its unlogged spend.
    Each row is a dimension and day that fails. -#}
with ledger as (

    select
        usage_date,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as ledger_usd
    from {{ ref('cost_ledger') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')
    group by usage_date

),

spend as (

    select
        dimension,
        usage_date,
        cast(sum(request_cost_usd + other_cost_usd) as {{ money_type() }}) as spend_usd
    from {{ ref('int_ai_spend__daily') }}
    group by dimension, usage_date

),

unpriced_days as (

    select distinct usage_date
    from {{ ref('int_ai_ledger__requests') }}
    where pricing_status in ('unpriced_model', 'unpriced_class')

),

dimensions as (

    select distinct dimension from spend

),

both_sides as (

    select
        dimensions.dimension,
        ledger.usage_date,
        ledger.ledger_usd,
        coalesce(spend.spend_usd, 0) as spend_usd
    from ledger
    cross join dimensions
    left join spend
        on dimensions.dimension = spend.dimension
        and ledger.usage_date = spend.usage_date

)

select both_sides.*
from both_sides
left join unpriced_days on both_sides.usage_date = unpriced_days.usage_date
where {{ ai_is_open('both_sides.usage_date') }}
    and both_sides.ledger_usd <> both_sides.spend_usd
    and (both_sides.dimension <> 'api_key' or unpriced_days.usage_date is null)
