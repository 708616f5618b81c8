{#- Grain: one row per dbt run, UTC month that was over, mart, row of it and amount that the run changed.
    A journal: the first run after a month's end publishes its amounts (event `published`), later runs add
    what they move (`restated`), with the reason. The sum of difference_usd is what the mart shows, so nothing
    moves in silence. Where inputs of a month changed and no amount did, one row says so: `unmoved`, or
    `closed` for a month up to ai_closed_through, whose change is an adjustment on the first open day.
    Limits: the month that runs is not published and not logged. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    full_refresh=false,
    contract={'enforced': true}
) }}
{%- set marts = ai_published_marts() -%}
{%- set causes = ai_restatement_causes() %}

with as_of as (

    select
        as_of_date,
        {{ ai_month('as_of_date') }} as running_month
    from {{ ref('int_ai_as_of') }}

),

inputs as (

    select
        inputs.usage_month,
        inputs.inputs,
        as_of.as_of_date
    from {{ ref('int_ai_month_inputs') }} as inputs
    -- Inner: only months that are over.
    inner join as_of on inputs.usage_month < as_of.running_month

),

amounts as (

    {%- for mart, parts in marts.items() %}
    {%- for amount in parts[1] %}
    select
        {{ ai_month('usage_date') if mart == 'cost_ledger' else 'usage_month' }} as usage_month,
        '{{ mart }}' as mart,
        {{ parts[0] }} as mart_key,
        '{{ amount }}' as amount_name,
        cast(coalesce(sum({{ amount }}), 0) as {{ money_type() }}) as amount_usd
    from {{ ref(mart) }}
    group by {{ ai_month('usage_date') if mart == 'cost_ledger' else 'usage_month' }}, {{ parts[0] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

shown as (

    select amounts.*
    from amounts
    inner join inputs on amounts.usage_month = inputs.usage_month

),

logged as (

    {%- if is_incremental() %}
    select
        usage_month,
        mart,
        mart_key,
        amount_name,
        cast(sum(difference_usd) as {{ money_type() }}) as amount_usd
    from {{ this }}
    where mart in ('{{ marts.keys() | join("', '") }}')
    group by usage_month, mart, mart_key, amount_name
    {%- else %}
    select * from shown
    where 1 = 0
    {%- endif %}

),

published_months as (

    {%- if is_incremental() %}
    select
        usage_month,
        inputs,
        run_number,
        row_number() over (partition by usage_month order by run_number desc) as run_rank
    from {{ this }}
    group by usage_month, inputs, run_number
    {%- else %}
    select
        usage_month,
        inputs,
        cast(0 as bigint) as run_number,
        1 as run_rank
    from inputs
    where 1 = 0
    {%- endif %}

),

this_run as (

    select cast(coalesce(max(run_number), 0) + 1 as bigint) as run_number
    from published_months

),

reasons as (

    select
        inputs.usage_month,
        inputs.inputs,
        inputs.as_of_date,
        before.usage_month is not null as is_published,
        before.inputs is not null and before.inputs <> inputs.inputs as has_changed,
        coalesce(
            nullif(
                substr(
                    {%- for cause in causes %}
                    {%- set now = "split_part(inputs.inputs, '|', " ~ loop.index ~ ")" %}
                    {%- set then = "split_part(before.inputs, '|', " ~ loop.index ~ ")" %}
                    {{ '|| ' if not loop.first }}case
                        when {{ now }} = {{ then }} then ''
                        {%- if cause == 'late_rows' %}
                        when
                            cast(split_part({{ now }}, ' ', 1) as bigint)
                            < cast(split_part({{ then }}, ' ', 1) as bigint)
                            then ', deletion'
                        {%- endif %}
                        else ', {{ cause }}'
                    end
                    {%- endfor %},
                    3
                ),
                ''
            ),
            'package_or_var'
        ) as reason
    from inputs
    left join published_months as before
        on inputs.usage_month = before.usage_month
        and before.run_rank = 1

),

moved as (

    select
        coalesce(shown.usage_month, logged.usage_month) as usage_month,
        coalesce(shown.mart, logged.mart) as mart,
        coalesce(shown.mart_key, logged.mart_key) as mart_key,
        coalesce(shown.amount_name, logged.amount_name) as amount_name,
        logged.amount_usd as amount_before_usd,
        cast(coalesce(shown.amount_usd, 0) as {{ money_type() }}) as amount_after_usd,
        cast(coalesce(shown.amount_usd, 0) - coalesce(logged.amount_usd, 0) as {{ money_type() }}) as difference_usd
    from shown
    full outer join logged
        on shown.usage_month = logged.usage_month
        and shown.mart = logged.mart
        and shown.mart_key = logged.mart_key
        and shown.amount_name = logged.amount_name

),

events as (

    select
        case when reasons.is_published then 'restated' else 'published' end as event,
        moved.usage_month,
        moved.mart,
        moved.mart_key,
        moved.amount_name,
        moved.amount_before_usd,
        moved.amount_after_usd,
        moved.difference_usd,
        case when reasons.is_published then reasons.reason end as reason,
        reasons.inputs,
        reasons.as_of_date
    from moved
    inner join reasons on moved.usage_month = reasons.usage_month
    -- A month without any amount is published too.
    where moved.difference_usd <> 0
        or (not reasons.is_published and moved.mart = 'cost_per_customer' and moved.mart_key = '__shared__')

),

unmoved as (

    select
        {% if ai_closed_through() -%}
        case
            when reasons.usage_month <= cast('{{ ai_closed_through() }}' as date) then 'closed'
            else 'unmoved'
        end as event,
        {%- else -%}
        'unmoved' as event,
        {%- endif %}
        reasons.usage_month,
        'cost_ledger' as mart,
        '(all)' as mart_key,
        'effective_cost_usd' as amount_name,
        cast(0 as {{ money_type() }}) as amount_before_usd,
        cast(0 as {{ money_type() }}) as amount_after_usd,
        cast(0 as {{ money_type() }}) as difference_usd,
        reasons.reason,
        reasons.inputs,
        reasons.as_of_date
    from reasons
    left join events on reasons.usage_month = events.usage_month
    where reasons.has_changed
        and events.usage_month is null

),

both_kinds as (

    select * from events
    union all
    select * from unmoved

),

final as (

    select
        this_run.run_number,
        '{{ invocation_id }}' as run_id,
        both_kinds.as_of_date,
        both_kinds.usage_month,
        both_kinds.mart,
        both_kinds.mart_key,
        both_kinds.amount_name,
        both_kinds.event,
        both_kinds.reason,
        both_kinds.amount_before_usd,
        both_kinds.amount_after_usd,
        both_kinds.difference_usd,
        both_kinds.inputs
    from both_kinds
    cross join this_run

)

select * from final
