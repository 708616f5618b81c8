{#- Grain: one row per price. Purpose: what a unit costs per month, in major units: a year is 12 months,
    a week 12 x 7 / 365 of one, a day 12 / 365, rounded once to 6 digits. NULL where no price per unit and
    month exists: tiered, metered, packaged and one-off prices. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}

with prices as (

    select * from {{ ref('base_ai_stripe__prices') }}

),

exponents as (

    select upper(currency) as currency, exponent from {{ ai_seed('ai_currency_exponents') }}

),

major as (

    select
        prices.price_id,
        prices.product_id,
        prices.name,
        prices.currency,
        prices.billing_interval,
        coalesce(prices.interval_count, 1) as interval_count,
        coalesce(prices.is_metered, false) as is_metered,
        coalesce(prices.is_packaged, false) as is_packaged,
        {{ ai_major_units('prices.unit_amount', 'exponents.exponent') }} as unit_price,
        prices.created_at,
        prices.loaded_at
    from prices
    left join exponents on prices.currency = exponents.currency

),

final as (

    select
        price_id,
        product_id,
        name,
        currency,
        billing_interval,
        is_metered,
        cast(case
            when is_metered or is_packaged or billing_interval is null or interval_count < 1 then null
            when billing_interval in ('month', 'year') then {{ ai_straight_line(
                'unit_price', '1', "interval_count * case when billing_interval = 'year' then 12 else 1 end"
            ) }}
            when billing_interval in ('week', 'day') then {{ ai_straight_line(
                'unit_price', '365', "interval_count * case when billing_interval = 'week' then 84 else 12 end"
            ) }}
        end as numeric(18, 6)) as monthly_price,
        created_at,
        loaded_at
    from major

)

select * from final
