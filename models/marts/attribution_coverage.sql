{#- Grain: one row per UTC month, dimension and method. Which share of the cost has an owner, and by
    which evidence. Spend that no request causes and that has no owner (`__shared__`) is left out;
    unlogged spend is in. `direct` are tags, users and traces; the rest is by key, project or default. -#}
{{ config(contract={'enforced': true}) }}

with costs as (

    {%- for dimension in ai_dimensions() %}
    select
        {{ ai_month('usage_date') }} as usage_month,
        '{{ dimension }}' as dimension,
        {{ dimension }}_method as method,
        attempts,
        effective_cost_usd
    from {{ ref('int_ai_ledger__requests') }}

    union all

    select
        {{ ai_month('usage_date') }} as usage_month,
        '{{ dimension }}' as dimension,
        {{ dimension }}_method as method,
        cast(0 as bigint) as attempts,
        effective_cost_usd
    from {{ ref('int_ai_ledger__other') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')
        and (
            {{ ai_dimensions()[dimension] }} is not null
            or not {{ ai_is_shared() }}
        )
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

summed as (

    select
        usage_month,
        dimension,
        method,
        {{ ai_sum_count('attempts') }} as attempts,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as effective_cost_usd
    from costs
    group by usage_month, dimension, method

),

final as (

    select
        usage_month,
        dimension,
        method,
        method in ('request_tag', 'user_map', 'trace_inherited') as is_direct,
        method not in ('unattributed', 'invalid_tag') as is_attributed,
        attempts,
        effective_cost_usd,
        {{ ai_share_ratio('effective_cost_usd', 'sum(effective_cost_usd) over (partition by usage_month, dimension)') }}
            as share_of_cost_ratio,
        {{ ai_share_ratio('attempts', 'sum(attempts) over (partition by usage_month, dimension)') }}
            as share_of_attempts_ratio
    from summed

)

select * from final
