{#- Grain: one row per request and copy of it that another log than the counted one wrote.
    Purpose: the evidence beside the request: what gateway or tracer counted and logged for the same call.
    Nothing of it is added to any cost. Empty with a single log. -#}
{{ config(materialized='view') }}

with requests as (

    select * from {{ ref('int_ai_requests') }}

),

copies as (

    select * from {{ ref('int_ai_requests__unioned') }}
    where rejected_reason is null

),

final as (

    select
        requests.request_key,
        requests.platform,
        requests.provider_request_id,
        requests.request_source as counted_source,
        copies.request_source,
        copies.request_id,
        copies.customer_tag,
        requests.quantity_status as counted_quantity_status,
        copies.quantity_status,
        requests.input_tokens as counted_input_tokens,
        copies.input_tokens,
        requests.output_tokens as counted_output_tokens,
        copies.output_tokens,
        copies.logged_cost,
        copies.logged_cost_currency,
        requests.usage_date,
        copies.requested_at,
        copies.loaded_at
    from requests
    inner join copies
        on requests.call_key = copies.call_key
        and requests.request_source <> copies.request_source
    where abs({{ ai_days_between('requests.usage_date', 'copies.usage_date') }}) <= 1

)

select * from final
