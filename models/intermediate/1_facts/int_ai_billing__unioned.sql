{#- Grain: one row per raw row of the bills of ai_billing_platforms.
    Purpose: the canonical billing contract; names what makes a row unusable, and which rows a later
    delivery of the whole has replaced (delivery_key). Without a load time a delivery is one load. -#}
{{ config(materialized='view', contract={'enforced': not ai_extra_columns()}) }}

with unioned as (

    {{ ai_union('stg_ai_billing__', var('ai_billing_platforms', []), ai_billing_columns()) | indent(4) }}

),

judged as (

    select
        {{ ai_hash(ai_billing_key_columns()) }} as bill_line_key,
        {%- for column, type in ai_billing_columns() if column not in ('defect', 'loaded_at') %}
        {%- set value = ai_erased(column, 'customer') if column == 'customer_tag' else column %}
        {{ column if value == column else value ~ ' as ' ~ column }},
        {%- endfor %}
        {{ ai_day('charge_start_at') }} as usage_date,
        coalesce(
            loaded_at,
            case
                when delivery_key is null then charge_start_at
                else max(charge_start_at) over (partition by platform, delivery_key)
            end
        ) as loaded_at,
        case
            when defect is not null then split_part(defect, ' ', 1)
            when platform is null then 'missing_platform'
            when charge_start_at is null then 'missing_time'
            when amount_billing_currency is null then 'missing_amount'
            when billing_currency is null then 'missing_currency'
        end as rejected_reason,
        split_part(defect, ' ', 2) as rejected_column
    from unioned
    {%- if var('ai_start_date', none) %}
    where charge_start_at >= cast('{{ var('ai_start_date') }}' as timestamp)
        or charge_start_at is null
    {%- endif %}

),

final as (

    select
        bill_line_key,
        {%- for column, type in ai_billing_columns() if column not in ('defect', 'loaded_at') %}
        {{ column }},
        {%- endfor %}
        coalesce(
            delivery_key is not null and loaded_at < max(case when rejected_reason is null then loaded_at end) over (
                partition by platform, delivery_key
            ),
            false
        ) as is_superseded,
        usage_date,
        loaded_at,
        rejected_reason,
        rejected_column
    from judged

)

select * from final
