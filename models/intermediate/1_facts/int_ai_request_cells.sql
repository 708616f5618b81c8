{#- Grain: one row per UTC day and cell with stored requests. Purpose: which combinations the requests of a
    day say they are, so that models, prices and owners are resolved without reading requests again. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_request_days'), closed=false) }}"
) }}

{%- set days = ai_stale_parts(ref('int_ai_request_days'), closed=false) %}

with requests as (

    select * from {{ ref('int_ai_requests') }}
    where {{ ai_in_days('usage_date', days) }}

),

cells as (

    select distinct
        usage_date,
        cell_key,
        {{ ai_cell_columns() | join(',\n        ') }}
    from requests

),

final as (

    select
        cells.*,
        days.day_fingerprint
    from cells
    inner join {{ ref('int_ai_request_days') }} as days on cells.usage_date = days.usage_date

)

select * from final
