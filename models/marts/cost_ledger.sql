{#- Grain: one row per UTC day, platform, account, project, model, tier, feature, team, environment,
    P&L class, row type, status and cause (ledger_key). The three amounts, kept apart, with explicit
    reconciling rows: the sum of billed_cost_usd is the bill. -#}
{{ config(contract={'enforced': not ai_extra_columns()}) }}
{%- set keys = [
    'usage_date', 'platform', 'billing_account_id', 'project_id', 'model', 'service_tier', 'feature_id',
    'team_id', 'environment', 'pnl_class', 'ledger_row_type', 'cost_status', 'variance_class'
] + ai_extra_dimensions().values() | list -%}
{%- set prefixed = [] -%}
{%- for key in keys -%}{%- do prefixed.append('summed.' ~ key) -%}{%- endfor -%}

with requests as (

    select
        usage_date,
        platform,
        coalesce(billing_account_id, 'default') as billing_account_id,
        project_id,
        model,
        service_tier,
        feature_id,
        team_id,
        environment,
        {%- for column in ai_extra_dimensions().values() %}
        {{ column }},
        {%- endfor %}
        pnl_class,
        ledger_row_type,
        cost_status,
        case when ledger_row_type = 'commitment_used' then 'commitment' end as variance_class,
        {%- for column in ai_price_classes().values() %}
        {{ column }},
        {%- endfor %}
        attempts,
        billed_cost_usd,
        metered_cost_usd,
        effective_cost_usd
    from {{ ref('int_ai_ledger__requests') }}

),

other as (

    select
        usage_date,
        platform,
        billing_account_id,
        project_id,
        model,
        service_tier,
        feature_id,
        team_id,
        environment,
        {%- for column in ai_extra_dimensions().values() %}
        {{ column }},
        {%- endfor %}
        pnl_class,
        ledger_row_type,
        cost_status,
        variance_class,
        {%- for column in ai_price_classes().values() %}
        cast(null as bigint) as {{ column }},
        {%- endfor %}
        cast(0 as bigint) as attempts,
        billed_cost_usd,
        cast(0 as {{ money_type() }}) as metered_cost_usd,
        effective_cost_usd
    from {{ ref('int_ai_ledger__other') }}

),

rows_of_both as (

    select * from requests
    union all
    select * from other

),

levels as (

    select
        platform,
        billing_account_id,
        usage_date,
        max(attribute_mask) as attribute_mask
    from {{ ref('int_ai_bill_lines') }}
    where line_status = 'billed'
    group by platform, billing_account_id, usage_date

),

summed as (

    select
        {{ keys | join(',\n        ') }},
        {%- for column in ai_price_classes().values() %}
        {{ ai_sum_count(column) }} as {{ column }},
        {%- endfor %}
        {{ ai_sum_count('attempts') }} as attempts,
        {{ ai_sum('billed_cost_usd') }} as billed_cost_usd,
        {{ ai_sum('metered_cost_usd') }} as metered_cost_usd,
        {{ ai_sum('effective_cost_usd') }} as effective_cost_usd
    from rows_of_both
    group by {{ keys | join(', ') }}

),

final as (

    select
        {{ ai_hash(prefixed) }} as ledger_key,
        {%- for key in keys %}
        summed.{{ key }},
        {%- endfor %}
        case
            when levels.attribute_mask is null then 'none'
            else 'account'
            {%- for name in ai_line_attributes() %}
            || case when substring(levels.attribute_mask, {{ loop.index }}, 1) = '1' then '+{{ name }}' else '' end
            {%- endfor %}
        end as reconciliation_level,
        {%- for column in ai_price_classes().values() %}
        summed.{{ column }},
        {%- endfor %}
        summed.attempts,
        summed.billed_cost_usd,
        summed.metered_cost_usd,
        summed.effective_cost_usd
    from summed
    left join levels
        on summed.platform = levels.platform
        and summed.billing_account_id = levels.billing_account_id
        and summed.usage_date = levels.usage_date

)

select * from final
