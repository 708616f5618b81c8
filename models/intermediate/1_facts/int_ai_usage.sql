{#- Grain: one row per bucket and combination of dimensions that a platform reported (usage_key).
    Purpose: what the provider metered. A later load of a key replaces the earlier one; rows of the
    same key in the same load are parts of one bucket and are summed. -#}
with loads as (

    select
        *,
        rank() over (partition by usage_key order by loaded_at desc) as load_rank
    from {{ ref('int_ai_usage__unioned') }}
    where rejected_reason is null

),

final as (

    select
        usage_key,
        cell_key,
        {{ ai_cell_columns() | join(',\n        ') }},
        principal_id,
        operation,
        max(quantity_status) as quantity_status,
        {%- for column, type in ai_quantity_columns() %}
        {{ ai_sum_count(column) }} as {{ column }},
        {%- endfor %}
        {{ ai_sum_count('input_tokens') }} as input_tokens,
        {{ ai_sum_count('requests') }} as requests,
        cast(count(*) as bigint) as raw_rows,
        usage_date,
        usage_start_at,
        usage_end_at,
        loaded_at
    from loads
    where load_rank = 1
    group by
        usage_key, cell_key, {{ ai_cell_columns() | join(', ') }}, principal_id, operation,
        usage_date, usage_start_at, usage_end_at, loaded_at

)

select * from final
