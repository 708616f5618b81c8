{#- Grain: one row per UTC day, dimension (model, api_key, customer, feature), platform and value.
    Purpose: what a day cost and how many tokens it took, from four points of view, so that a jump can be
    looked for in small tables. Customers and features are looked at over all platforms (`all`). The
    dimensions are views of the same money: never add them up. -#}
{%- set owned = {'model': 'model', 'feature': 'feature_id'} -%}

with requests as (

    select
        usage_date,
        platform,
        model,
        feature_id,
        cast(null as varchar) as ledger_row_type,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) as tokens,
        effective_cost_usd as request_cost_usd,
        cast(null as {{ money_type() }}) as other_cost_usd
    from {{ ref('int_ai_ledger__requests') }}

),

other as (

    select
        usage_date,
        platform,
        model,
        feature_id,
        api_key_id,
        ledger_row_type,
        effective_cost_usd
    from {{ ref('int_ai_ledger__other') }}
    where ledger_row_type not in ('tax', 'credit', 'purchase')

),

both_kinds as (

    select * from requests

    union all

    select
        usage_date,
        platform,
        model,
        feature_id,
        ledger_row_type,
        0 as tokens,
        cast(null as {{ money_type() }}) as request_cost_usd,
        effective_cost_usd as other_cost_usd
    from other

),

cells as (

    select cell_key, platform, api_key_id from {{ ref('int_ai_cells') }}

),

metered as (

    select
        *,
        pricing_status = 'gateway_cache_hit' as is_gateway_cache_hit
    from {{ ref('int_ai_metered__daily') }}

),

used_sets as (

    select
        used_classes,
        {{ ai_used_counts('used_classes') | indent(8) }}
    from metered
    where used_classes is not null
    group by used_classes

),

-- The logged quantities of a key at effective prices, as each of its requests was costed.
api_key_costs as (

    select
        metered.usage_date,
        cells.platform,
        cells.api_key_id,
        (
            {%- for class in ai_input_classes() + ['output'] %}
            metered.{{ class }}_tokens{{ ' +' if not loop.last }}
            {%- endfor %}
        ) as tokens,
        case
            when metered.pricing_status in ('gateway_cache_hit', 'provisioned', 'missing_tokens')
                then cast(0 as {{ money_type() }})
            when
                used_sets.used_classes is not null
                and {{ ai_lacks_counts('used_sets', 'rates', '_effective_price_usd') | indent(16) }}
                then cast(0 as {{ money_type() }})
            when {{ ai_all_used_classes('metered', 'rates', '_effective_price_usd') | indent(16) }}
                then {{ ai_cost('metered', 'rates', '_effective_price_usd') | indent(16) }}
        end as request_cost_usd
    from metered
    inner join cells on metered.cell_key = cells.cell_key
    left join {{ ref('int_ai_rates') }} as rates
        on metered.cell_key = rates.cell_key
        and metered.usage_date = rates.usage_date
        and coalesce(metered.context_over_tokens, 0) = coalesce(rates.context_over_tokens, 0)
    left join used_sets on metered.used_classes = used_sets.used_classes

),

-- What requests used of a commitment lies on no price.
committed as (

    select
        shares.usage_date,
        cells.platform,
        cells.api_key_id,
        shares.used_cost_usd
    from {{ ref('int_ai_commitment_shares') }} as shares
    inner join cells on shares.cell_key = cells.cell_key

),

unioned as (
    {% for dimension, column in owned.items() %}
    select
        '{{ dimension }}' as dimension,
        usage_date,
        {{ 'platform' if dimension == 'model' else "'all'" }} as platform,
        {{ ai_owner_or_sentinel(column) }} as dimension_value,
        tokens,
        request_cost_usd,
        other_cost_usd
    from both_kinds

    union all
    {% endfor %}
    select
        'customer' as dimension,
        usage_date,
        'all' as platform,
        coalesce(customer_id, case when is_shared then '__shared__' else '__unattributed__' end) as dimension_value,
        tokens,
        case when attempts > 0 then effective_cost_usd end as request_cost_usd,
        case when attempts = 0 then effective_cost_usd end as other_cost_usd
    from {{ ref('int_ai_ledger__customers') }}

    union all

    select
        'api_key' as dimension,
        usage_date,
        platform,
        coalesce(api_key_id, '__unattributed__') as dimension_value,
        tokens,
        request_cost_usd,
        cast(null as {{ money_type() }}) as other_cost_usd
    from api_key_costs

    union all

    select
        'api_key' as dimension,
        usage_date,
        platform,
        coalesce(api_key_id, '__unattributed__') as dimension_value,
        0 as tokens,
        used_cost_usd as request_cost_usd,
        cast(null as {{ money_type() }}) as other_cost_usd
    from committed

    union all

    select
        'api_key' as dimension,
        usage_date,
        platform,
        {{ ai_owner_or_sentinel('api_key_id') }} as dimension_value,
        0 as tokens,
        cast(null as {{ money_type() }}) as request_cost_usd,
        effective_cost_usd as other_cost_usd
    from other

),

final as (

    select
        usage_date,
        dimension,
        platform,
        dimension_value,
        {{ ai_sum_count('tokens') }} as tokens,
        cast(coalesce(sum(request_cost_usd), 0) as {{ money_type() }}) as request_cost_usd,
        cast(coalesce(sum(other_cost_usd), 0) as {{ money_type() }}) as other_cost_usd
    from unioned
    group by usage_date, dimension, platform, dimension_value

)

select * from final
