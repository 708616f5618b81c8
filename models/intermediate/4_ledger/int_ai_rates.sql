{#- Grain: one row per cell, UTC day and context band, as int_ai_cell_prices.
    Purpose: the one join of costing: list, metered and effective price of every class. Effective =
    metered price x factor, rounded to 1e-15; for what we cannot price the billed rate, where the bill
    has one; without a bill the metered price. NULL: no price known. -#}
{%- set classes = ai_price_classes() -%}

with prices as (

    select * from {{ ref('int_ai_cell_prices') }}

),

cells as (

    select * from {{ ref('int_ai_cells') }}

),

factors as (

    select
        places.bucket_key,
        places.platform,
        places.billing_account_id,
        places.usage_date,
        {%- for column in ai_line_columns() %}
        places.{{ column }},
        {%- endfor %}
        bucket_factors.factor,
        bucket_factors.billed_rate_usd
    from (
        select distinct
            bucket_key, platform, billing_account_id, usage_date, {{ ai_line_columns() | join(', ') }}
        from {{ ref('int_ai_buckets') }}
    ) as places
    inner join {{ ref('int_ai_bucket_factors') }} as bucket_factors on places.bucket_key = bucket_factors.bucket_key

),

-- The factors of all classes of a place, side by side.
places as (

    select
        {{ ai_place_key() }} as place_key,
        usage_date,
        {%- for class in classes %}
        max(case when price_class = '{{ class }}' then factor end) as {{ class }}_factor,
        max(case when price_class = '{{ class }}' then billed_rate_usd end) as {{ class }}_rate_usd
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from factors
    group by {{ ai_place_key() }}, usage_date

),

cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

cell_places as (

    select
        cell_key,
        usage_date,
        {{ ai_place_key() }} as place_key,
        platform,
        billing_account_id,
        project_id,
        model
    from cell_days

),

-- A bill for the platform and account, of any line that can cover requests, settles the day.
bill_days as (

    select distinct platform, billing_account_id, usage_date
    from {{ ref('int_ai_bill_lines') }}
    where line_status <> 'estimated'

),

platform_bill_days as (

    select distinct platform, usage_date from bill_days

),

final as (

    select
        prices.cell_key,
        prices.usage_date,
        prices.context_over_tokens,
        prices.input_tokens_from,
        prices.input_tokens_to,
        prices.is_model_priced,
        bill_days.platform is not null
        or (cell_places.billing_account_id is null and platform_bill_days.platform is not null) as is_billed,
        cell_places.platform,
        cell_places.billing_account_id,
        cells.provider,
        cell_places.project_id,
        cell_places.model,
        cells.region_scope
        {%- for class in classes %},
        prices.{{ class }}_list_price_usd,
        prices.{{ class }}_price_usd,
        coalesce(places.{{ class }}_factor, 1) as {{ class }}_factor,
        case
            when prices.{{ class }}_price_usd is null then places.{{ class }}_rate_usd
            when coalesce(places.{{ class }}_factor, 1) = 1 then prices.{{ class }}_price_usd
            else {{ ai_scale_price('prices.' ~ class ~ '_price_usd', 'places.' ~ class ~ '_factor') }}
        end as {{ class }}_effective_price_usd{% endfor %}
    from prices
    inner join cells on prices.cell_key = cells.cell_key
    inner join cell_places
        on prices.cell_key = cell_places.cell_key
        and prices.usage_date = cell_places.usage_date
    left join places
        on cell_places.place_key = places.place_key
        and prices.usage_date = places.usage_date
    left join bill_days
        on cell_places.platform = bill_days.platform
        and cell_places.billing_account_id = bill_days.billing_account_id
        and prices.usage_date = bill_days.usage_date
    left join platform_bill_days
        on cell_places.platform = platform_bill_days.platform
        and prices.usage_date = platform_bill_days.usage_date

)

select * from final
