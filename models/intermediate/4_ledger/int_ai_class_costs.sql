{#- Grain: one row per UTC day, platform, account, project, model, tier, processing, region, context band, price
    class, feature, team, environment, P&L class, statuses, commitment and prices: what the requests used of a
    class and what that cost. Purpose: the requests' part of the ledger by class. Quantities are summed
    before they are priced: price per unit times a sum is the sum of the products, to the last digit. Calls
    without any count are rows without a class, counted as attempts. A commitment's share goes by quantity,
    with cumulative rounding in the order of the classes. Stored by day as int_ai_ledger__requests is. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='usage_date',
    on_schema_change='fail',
    full_refresh=false if ai_closed_through() else none,
    post_hook="{{ ai_delete_gone_parts(this, ref('int_ai_costed_days')) }}"
) }}

{%- set classes = ai_price_classes() -%}
{%- set by_customer = var('ai_focus_by_customer', false) -%}
{#- With customers a day has other rows, so it is made from something else. -#}
{%- set fingerprint = "costed_fingerprint || '|customers'" if by_customer else 'costed_fingerprint' -%}
{%- set days = ai_stale_parts(ref('int_ai_costed_days'), fingerprint=fingerprint) -%}
{%- set keys = [
    'usage_date', 'platform', 'billing_account_id', 'project_id', 'provider', 'model', 'service_tier',
    'processing', 'region_scope', 'context_over_tokens', 'commitment_id', 'customer_id', 'feature_id', 'team_id',
    'environment'
] + ai_extra_dimensions().values() | list + ['pnl_class', 'ledger_row_type', 'pricing_status', 'cost_status'] -%}
{%- set flags = ['is_listed', 'is_metered', 'is_cost_known'] -%}

with requests as (

    select
        {%- for key in keys %}
        {% if key == 'billing_account_id' -%}
        coalesce(billing_account_id, 'default') as billing_account_id,
        {%- elif key == 'customer_id' and not by_customer -%}
        cast(null as varchar) as customer_id,
        {%- else -%}
        {{ key }},
        {%- endif %}
        {%- endfor %}
        cell_key,
        list_cost_usd is not null as is_listed,
        metered_cost_usd is not null as is_metered,
        effective_cost_usd is not null as is_cost_known,
        {%- for column in classes.values() %}
        {{ column }},
        {%- endfor %}
        case when {{ 'coalesce(' ~ classes.values() | join(', 0) + coalesce(') ~ ', 0)' }} = 0 then 1 else 0 end
            as uncounted,
        effective_cost_usd
    from {{ ref('int_ai_requests__costed') }}
    where {{ ai_in_days('usage_date', days) }}

),

quantities as (

    select
        {{ (keys + flags) | join(',\n        ') }},
        cell_key,
        {%- for column in classes.values() %}
        cast(coalesce(sum({{ column }}), 0) as bigint) as {{ column }},
        {%- endfor %}
        {{ ai_sum_count('uncounted') }} as uncounted,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from requests
    group by {{ (keys + flags) | join(', ') }}, cell_key

),

class_names as (

    {%- for class in classes %}
    select '{{ class }}' as price_class
    union all
    {%- endfor %}
    select cast(null as varchar) as price_class

),

used as (

    select
        quantities.{{ (keys + flags) | join(',\n        quantities.') }},
        quantities.cell_key,
        class_names.price_class,
        case class_names.price_class
            {%- for class, column in classes.items() %}
            when '{{ class }}' then quantities.{{ column }}
            {%- endfor %}
            else quantities.uncounted
        end as quantity,
        -- With the classes before it.
        case class_names.price_class
            {%- for class in classes %}
            when '{{ class }}' then quantities.{{ (classes.values() | list)[:loop.index] | join(' + quantities.') }}
            {%- endfor %}
        end as quantity_up_to,
        quantities.{{ classes.values() | join(' + quantities.') }} as quantity_in_all,
        quantities.effective_cost_usd as effective_cost_in_all_usd
    from quantities
    cross join class_names

),

rates as (

    select * from {{ ref('int_ai_rates') }}
    where {{ ai_in_days('usage_date', days) }}

),

priced as (

    select
        used.*,
        {%- for kind in ['list', 'metered', 'effective'] %}
        {%- set suffix = '_price_usd' if kind == 'metered' else '_' ~ kind ~ '_price_usd' %}
        case used.price_class
            {%- for class in classes %}
            when '{{ class }}' then rates.{{ class }}{{ suffix }}
            {%- endfor %}
        end as {{ kind }}_rate_usd{% if not loop.last %},{% endif %}
        {%- endfor %}
    from used
    left join rates
        on used.cell_key = rates.cell_key
        and used.usage_date = rates.usage_date
        and used.context_over_tokens = rates.context_over_tokens
    where used.quantity > 0

),

costed as (

    select
        *,
        pricing_status in ('gateway_cache_hit', 'provisioned') as is_free_of_charge,
        case when is_listed and pricing_status in ('priced', 'free') then list_rate_usd end as list_price_usd,
        case when is_metered and pricing_status in ('priced', 'free') then metered_rate_usd end as metered_price_usd,
        case
            when commitment_id is null then cast(null as {{ money_type() }})
            when quantity_in_all = 0 then effective_cost_in_all_usd
            when price_class is null then 0
            else
                {{ ai_straight_line('effective_cost_in_all_usd', 'quantity_up_to', 'nullif(quantity_in_all, 0)') }}
                - {{ ai_straight_line(
                    'effective_cost_in_all_usd', '(quantity_up_to - quantity)', 'nullif(quantity_in_all, 0)'
                ) }}
        end as committed_cost_usd
    from priced

),

amounts as (

    select
        *,
        case
            when not is_listed then cast(null as {{ money_type() }})
            when is_free_of_charge or price_class is null then 0
            else cast(quantity * list_price_usd as {{ money_type() }})
        end as list_cost_usd,
        case
            when not is_metered then cast(null as {{ money_type() }})
            when is_free_of_charge or price_class is null then 0
            else cast(quantity * metered_price_usd as {{ money_type() }})
        end as metered_cost_usd,
        case
            when not is_cost_known then cast(null as {{ money_type() }})
            when commitment_id is not null then committed_cost_usd
            when is_free_of_charge or price_class is null then 0
            else cast(quantity * effective_rate_usd as {{ money_type() }})
        end as effective_cost_usd
    from costed

),

summed as (

    select
        {{ keys | join(',\n        ') }},
        price_class,
        is_cost_known,
        list_price_usd,
        metered_price_usd,
        {{ ai_sum_count('quantity') }} as quantity,
        {{ ai_sum('list_cost_usd') }} as list_cost_usd,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd,
        -- As in int_ai_ledger__requests: a commitment's fee is billed where the bill has it.
        cast(sum(case
            when ledger_row_type = 'commitment_used' then 0
            when cost_status = 'reconciled' then effective_cost_usd
        end) as {{ money_type() }}) as billed_cost_usd
    from amounts
    group by {{ keys | join(', ') }}, price_class, is_cost_known, list_price_usd, metered_price_usd

),

final as (

    select
        summed.*,
        days.{{ fingerprint }} as day_fingerprint
    from summed
    inner join {{ ref('int_ai_costed_days') }} as days on summed.usage_date = days.usage_date

)

select * from final
