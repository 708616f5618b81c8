{#- Grain: one row per currency and UTC day from its first rate on: the latest rate on or before the
    day, USD per unit. Purpose: dated conversion by an equi-join. -#}
with rates as (

    select
        currency,
        rate_date as valid_from,
        usd_per_unit,
        lead(rate_date) over (partition by currency order by rate_date) as valid_to
    from {{ ref('stg_ai_fx_rates') }}
    where rejected_reason is null

),

calendar as (

    select * from {{ ref('int_ai_calendar') }}

),

final as (

    select
        rates.currency,
        calendar.calendar_date as rate_date,
        cast(rates.usd_per_unit as {{ factor_type() }}) as usd_per_unit
    from rates
    inner join calendar
        on rates.valid_from <= calendar.calendar_date
        and coalesce(rates.valid_to, cast('9999-12-31' as date)) > calendar.calendar_date

)

select * from final
