{#- Grain: one row per UTC day, 2015 to 2042. Purpose: days of a period or a month without a loop. -#}
with digits as (

    {%- for digit in range(10) %}
    select {{ digit }} as digit
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

days as (

    select
        {{ ai_add_days(
            "cast('2015-01-01' as date)",
            'ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit'
        ) }} as calendar_date
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands

),

final as (

    select
        calendar_date,
        {{ ai_month('calendar_date') }} as usage_month,
        cast(
            {{ ai_days_between(ai_month('calendar_date'), dbt.dateadd('month', 1, ai_month('calendar_date'))) }}
            as bigint
        ) as days_in_month
    from days

)

select * from final
