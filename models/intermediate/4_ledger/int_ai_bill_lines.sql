{#- Grain: one row per line that can cover requests (line_key): the bill's usage lines of a platform,
    account and UTC day, summed at the attributes that they carry.
    Purpose: everything on which requests can meet the bill. `attribute_mask` has one digit per
    attribute that the line carries. line_status: `billed`; `implicit`, one per billed account and day
    without an account-level line, at 0: what a bill does not mention was billed 0; `estimated` where
    no bill is there yet: the provider's usage at our prices stands in for it. -#}
{%- set columns = ai_line_columns() -%}

with billing as (

    select
        lines.platform,
        lines.billing_account_id,
        lines.usage_date,
        lines.project_id,
        coalesce(models.model, {{ ai_normalise_model('lines.model_raw') }}) as model,
        lines.price_class,
        lines.service_tier,
        lines.processing,
        lines.context_window,
        lines.region_scope,
        lines.amount_usd,
        lines.quantity
    from {{ ref('int_ai_billing') }} as lines
    left join {{ ref('int_ai_models') }} as models
        on lines.platform = models.platform
        and lines.model_raw = models.model_raw
    where lines.line_kind = 'usage'

),

billed as (

    select
        platform,
        billing_account_id,
        usage_date,
        {{ columns | join(',\n        ') }},
        'billed' as line_status,
        {{ ai_sum('amount_usd') }} as billed_cost_usd,
        case when count(quantity) = count(*) then cast(sum(quantity) as numeric(38, 9)) end as billed_quantity
    from billing
    group by platform, billing_account_id, usage_date, {{ columns | join(', ') }}

),

bill_days as (

    select
        platform,
        billing_account_id,
        usage_date,
        sum(case when {{ columns | join(' is null and ') }} is null then 1 else 0 end) as account_lines
    from billed
    group by platform, billing_account_id, usage_date

),

implicit as (

    select
        platform,
        billing_account_id,
        usage_date,
        {%- for column in columns %}
        cast(null as {{ 'bigint' if column == 'context_window' else 'varchar' }}) as {{ column }},
        {%- endfor %}
        'implicit' as line_status,
        cast(0 as {{ money_type() }}) as billed_cost_usd,
        cast(null as numeric(38, 9)) as billed_quantity
    from bill_days
    where account_lines = 0

),

reported as (

    select
        buckets.platform,
        buckets.billing_account_id,
        buckets.usage_date,
        {%- for column in columns %}
        buckets.{{ column }},
        {%- endfor %}
        'estimated' as line_status,
        {{ ai_sum('buckets.reported_cost_usd') }} as billed_cost_usd,
        cast(null as numeric(38, 9)) as billed_quantity
    from {{ ref('int_ai_buckets') }} as buckets
    left join bill_days
        on buckets.platform = bill_days.platform
        and buckets.billing_account_id = bill_days.billing_account_id
        and buckets.usage_date = bill_days.usage_date
    where bill_days.platform is null
        and buckets.priced_reported_quantity + buckets.unpriced_reported_quantity > 0
    group by
        buckets.platform, buckets.billing_account_id, buckets.usage_date,
        {%- for column in columns %}
        buckets.{{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}

),

lines as (

    select * from billed
    union all
    select * from implicit
    union all
    select * from reported

),

final as (

    select
        {{ ai_hash(['platform', 'billing_account_id', 'usage_date', 'line_status'] + columns) }} as line_key,
        platform,
        billing_account_id,
        usage_date,
        {{ columns | join(',\n        ') }},
        line_status,
        {%- for name, parts in ai_line_attributes().items() %}
        case when line_status = 'estimated' or {{ parts[0] }} is not null then '1' else '0' end
        {%- if not loop.last %} ||{% endif %}
        {%- endfor %} as attribute_mask,
        billed_cost_usd,
        billed_quantity
    from lines

)

select * from final
