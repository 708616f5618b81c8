{#- Grain: one row per copy of an attempt, from every log of ai_request_sources.
    Purpose: the canonical request contract; names what makes a row unusable. Rows of one call_key are
    copies of one request: the deliveries of a log, and, with several logs, what gateway and tracer wrote
    of the same call under the provider's own request id. An answer from a gateway's cache repeats that
    id and is a call of its own.
    A time outside the days of int_ai_calendar (the year 1970 of a zero, the year 9999) is none: one such
    row would be the as-of date, or the last load, of everything. -#}
{{ config(materialized='view', contract={'enforced': not ai_extra_columns()}) }}

with unioned as (

    {{ ai_union('stg_ai_requests__', var('ai_request_sources', []), ai_request_columns()) | indent(4) }}

),

keyed as (

    select
        *,
        case when request_id is not null then {{ ai_hash(['request_source', 'request_id', 'attempt']) }} end
            as request_key,
        case
            when request_id is null then null
            {%- if var('ai_request_sources', []) | length > 1 %}
            when provider_request_id is not null and not is_gateway_cache_hit
                then {{ ai_hash(["'call'", 'platform', 'provider_request_id']) }}
            {%- endif %}
            else {{ ai_hash(['request_source', 'request_id', 'attempt']) }}
        end as call_key,
        coalesce(model_served, model_requested) as model_raw,
        cast({{ ai_context_window('platform', 'input_tokens') }} as bigint) as context_window,
        {{ ai_day('requested_at') }} as usage_date,
        coalesce(
            defect,
            case
                {%- for column in ['requested_at', 'loaded_at'] %}
                when {{ column }} < cast('2015-01-01' as timestamp) or {{ column }} >= cast('2042-01-01' as timestamp)
                    then 'implausible_time {{ column }}'
                {%- endfor %}
            end
        ) as problem
    from unioned
    {%- if var('ai_start_date', none) %}
    where requested_at >= cast('{{ var('ai_start_date') }}' as timestamp)
        or requested_at is null
    {%- endif %}

),

final as (

    select
        request_key,
        call_key,
        {%- for column, type in ai_request_columns() if column not in ('defect', 'loaded_at') %}
        {%- set kind = {'customer_tag': 'customer', 'user_id': 'user'}.get(column) %}
        {%- set value = ai_erased(column, kind) if kind else column %}
        {{ column if value == column else value ~ ' as ' ~ column }},
        {%- endfor %}
        model_raw,
        context_window,
        {{ ai_cell_key() }} as cell_key,
        usage_date,
        -- The day under which a row is kept, whatever is wrong with its times.
        coalesce(
            {%- for column in ['requested_at', 'loaded_at'] %}
            case
                when {{ column }} >= cast('2015-01-01' as timestamp) and {{ column }} < cast('2042-01-01' as timestamp)
                    then {{ ai_day(column) }}
            end,
            {%- endfor %}
            cast('2015-01-01' as date)
        ) as row_date,
        loaded_at as loader_stamp_at,
        coalesce(loaded_at, requested_at) as loaded_at,
        case
            when request_id is null then 'missing_key'
            when problem is not null then split_part(problem, ' ', 1)
            when requested_at is null then 'missing_time'
            when platform is null then 'missing_platform'
        end as rejected_reason,
        split_part(problem, ' ', 2) as rejected_column
    from keyed

)

select * from final
