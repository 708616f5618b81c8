{#- Proves: what a bill line (or, without a bill, the usage report) holds beyond its requests is spread
    over places without gaining or losing a digit, and no line without a residual has such a row.
    Broken by: a place lost, a share rounded by itself, rows doubled by a join. Each row is a line
    that fails. -#}
with residuals as (

    select line_key, residual_usd from {{ ref('int_ai_line_residuals') }}

),

places as (

    select line_key, sum(amount_usd) as placed_usd
    from {{ ref('int_ai_unlogged') }}
    group by line_key

)

select
    coalesce(residuals.line_key, places.line_key) as line_key,
    residuals.residual_usd,
    places.placed_usd
from residuals
full join places on residuals.line_key = places.line_key
where coalesce(residuals.residual_usd, 0) <> coalesce(places.placed_usd, 0)
