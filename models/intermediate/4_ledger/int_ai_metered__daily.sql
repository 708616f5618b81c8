{#- Grain: one row per UTC day, cell, context band and pricing status, of what has no price also per set of
    classes used (used_classes: the bill may price some of them).
    Purpose: logged quantities, the only scan of requests that reconciliation needs: price per unit times a
    sum is the sum of the products, to the last digit. Beside them what hints at a cause of a variance:
    attempts that failed, that were broken off without any count, that were sampled or whose split is in doubt.
    Stored by day: int_ai_priced_days tells what a day was made from. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_priced_days'), closed=false) }}"
) }}

{%- set days = ai_stale_parts(ref('int_ai_priced_days'), closed=false) %}
{%- set classes = ai_price_classes() -%}

with requests as (

    select * from {{ ref('int_ai_requests') }}
    where {{ ai_in_days('usage_date', days) }}

),

prices as (

    select * from {{ ref('int_ai_cell_prices') }}
    where {{ ai_in_days('usage_date', days) }}

),

priced as (

    select
        requests.*,
        prices.context_over_tokens,
        {{ ai_pricing_status('requests', 'prices') | indent(8) }} as pricing_status
    from requests
    left join prices
        on requests.cell_key = prices.cell_key
        and requests.usage_date = prices.usage_date
        and coalesce(requests.input_tokens, 0) >= prices.input_tokens_from
        and coalesce(requests.input_tokens, 0) <= prices.input_tokens_to

),

with_classes as (

    select
        *,
        case
            when pricing_status in ('unpriced_model', 'unpriced_class')
                then
            {%- for column in classes.values() %}
                case when {{ column }} is null then '-' when {{ column }} = 0 then '0' else '1' end
                {{- ' ||' if not loop.last }}
            {%- endfor %}
        end as used_classes
    from priced

),

summed as (

    select
        usage_date,
        cell_key,
        context_over_tokens,
        pricing_status,
        used_classes,
        {%- for column in classes.values() %}
        cast(coalesce(sum({{ column }}), 0) as bigint) as {{ column }},
        {%- endfor %}
        {%- for column in classes.values() %}
        cast(coalesce(sum(case when is_waste then {{ column }} end), 0) as bigint) as wasted_{{ column }},
        {%- endfor %}
        {{ ai_sum_count("case
            when
                status in ('cancelled', 'timeout')
                and " ~ ['coalesce(', ', 0) + coalesce('.join(classes.values()), ', 0)'] | join ~ " = 0
                then 1
            else 0
        end") }} as silent_attempts,
        {{ ai_sum_count("case when status = 'error' then 1 else 0 end") }} as failed_attempts,
        {{ ai_sum_count('case when sample_rate < 1 then 1 else 0 end') }} as sampled_attempts,
        {{ ai_sum_count("case when quantity_status in ('inconsistent', 'split_unknown') then 1 else 0 end") }}
            as doubtful_attempts,
        cast(count(*) as bigint) as attempts
    from with_classes
    group by usage_date, cell_key, context_over_tokens, pricing_status, used_classes

),

final as (

    select
        summed.*,
        days.day_fingerprint
    from summed
    inner join {{ ref('int_ai_priced_days') }} as days on summed.usage_date = days.usage_date

)

select * from final
