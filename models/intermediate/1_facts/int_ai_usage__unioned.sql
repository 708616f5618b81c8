{#- Grain: one row per raw row of the usage reports of ai_usage_platforms.
    Purpose: the canonical usage contract; names what makes a row unusable. -#}
{{ config(materialized='view', contract={'enforced': true}) }}

with unioned as (

    {{ ai_union('stg_ai_usage__', var('ai_usage_platforms', []), ai_usage_columns()) | indent(4) }}

),

final as (

    select
        {{ ai_hash(ai_cell_columns() + ['principal_id', 'operation', 'usage_start_at', 'usage_end_at']) }} as usage_key,
        {{ ai_cell_key() }} as cell_key,
        {%- for column, type in ai_usage_columns() if column not in ('defect', 'loaded_at') %}
        {{ column }},
        {%- endfor %}
        {{ ai_day('usage_start_at') }} as usage_date,
        coalesce(loaded_at, usage_start_at) as loaded_at,
        case
            when defect is not null then split_part(defect, ' ', 1)
            when usage_start_at is null then 'missing_time'
        end as rejected_reason,
        split_part(defect, ' ', 2) as rejected_column
    from unioned
    {%- if var('ai_start_date', none) %}
    where usage_start_at >= cast('{{ var('ai_start_date') }}' as timestamp)
        or usage_start_at is null
    {%- endif %}

)

select * from final
