{#- Grain: exactly one row. Purpose: "today" of every model: ai_as_of_date, else the latest UTC day of
    logs, usage or bills. No model asks the clock. -#}
with days as (

    select max(usage_date) as usage_date from {{ ref('int_ai_request_days') }}
    union all
    select max(usage_date) as usage_date from {{ ref('int_ai_usage') }}
    union all
    select max(usage_date) as usage_date
    from {{ ref('int_ai_billing') }}
    -- Other lines may be paid for months ahead.
    where line_kind = 'usage'

),

final as (

    select
        max({{ "cast('" ~ var('ai_as_of_date') ~ "' as date)" if var('ai_as_of_date', none) else 'usage_date' }})
            as as_of_date
    from days

)

select * from final
