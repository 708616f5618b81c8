{#- Grain: one row per UTC day with stored requests. Purpose: what decides whom the requests of the day belong
    to, beside the requests themselves, in numbers that change with it: the owners that evidence names and the
    plans in force. Each row of a mapping counts on the days of its validity, but not before its evidence was
    first seen, so that a new customer or user touches no day before. Sums run over the few days on which
    something begins or ends.
    Limits: a corrected row counts on every day from the first sight of its evidence on, also on days that
    do not use it: they are built again and come out the same. An internal flag counts on all days. -#}
{%- set owner_columns = ['owners.evidence', 'owners.platform', 'owners.match_text'] %}
{%- for dimension in ai_dimensions().keys() | list + ['pnl_class'] %}
{%- do owner_columns.append('owners.' ~ dimension ~ '_id') %}
{%- endfor %}

with request_days as (

    select * from {{ ref('int_ai_request_days') }}

),

plans as (

    select
        customer_id,
        plan_id,
        plan_type,
        valid_from,
        valid_to,
        {{ ai_day('valid_from') }} as from_date,
        {{ ai_day('valid_to') }} as to_date,
        cast({{ ai_day('valid_from') }} as timestamp) < valid_from as begins_in_a_day,
        cast({{ ai_day('valid_to') }} as timestamp) < valid_to as ends_in_a_day
    from {{ ref('int_ai_plan_attribution') }}

),

-- Validity as [from_date, to_date).
validities as (

    select
        'owner' as kind,
        {{ ai_row_hash(owner_columns) }} as row_hash,
        greatest(owners.valid_from, evidence.first_seen_date) as from_date,
        owners.valid_to as to_date
    from {{ ref('int_ai_evidence_owners') }} as owners
    -- Inner: evidence that no request gave is joined by cells, which have fingerprints of their own.
    inner join {{ ref('int_ai_evidence') }} as evidence
        on owners.evidence = evidence.evidence
        and owners.platform = evidence.platform
        and owners.match_text = evidence.match_text
        and owners.valid_to > evidence.first_seen_date

    union all

    select
        'plan' as kind,
        {{ ai_row_hash(['customer_id', 'plan_id', 'plan_type']) }} as row_hash,
        from_date,
        case when ends_in_a_day then {{ ai_add_days('to_date', 1) }} else to_date end as to_date
    from plans

    {#- The instant matters on its own day alone, so that the end of a plan touches no day before. #}
    {%- for column, flag in {'from': 'begins_in_a_day', 'to': 'ends_in_a_day'}.items() %}
    union all

    select
        'plan' as kind,
        {{ ai_row_hash(["'" ~ column ~ "'", 'customer_id', 'plan_id', 'valid_' ~ column]) }} as row_hash,
        {{ column }}_date as from_date,
        {{ ai_add_days(column ~ '_date', 1) }} as to_date
    from plans
    where {{ flag }}
    {% endfor %}
),

steps as (

    select kind, from_date as step_date, row_hash from validities
    union all
    select kind, to_date as step_date, -row_hash as row_hash from validities
    union all
    select 'owner' as kind, usage_date as step_date, cast(0 as numeric(38, 0)) as row_hash from request_days

),

daily_steps as (

    select
        step_date,
        sum(case when kind = 'owner' then row_hash else 0 end) as owner_step,
        sum(case when kind = 'plan' then row_hash else 0 end) as plan_step
    from steps
    group by step_date

),

running as (

    select
        step_date,
        sum(owner_step) over (order by step_date rows between unbounded preceding and current row) as owner_sum,
        sum(plan_step) over (order by step_date rows between unbounded preceding and current row) as plan_sum
    from daily_steps

),

internal_customers as (

    select coalesce(sum({{ ai_row_hash(['customer_id']) }}), 0) as customer_sum
    from {{ ref('int_ai_customers') }}
    where is_internal

),

summed as (

    select
        request_days.usage_date,
        request_days.requests,
        request_days.day_fingerprint as facts_fingerprint,
        cast(cast(running.owner_sum + internal_customers.customer_sum as numeric(38, 0)) as varchar)
            as owners_fingerprint,
        cast(cast(running.plan_sum as numeric(38, 0)) as varchar) as plans_fingerprint
    from request_days
    inner join running on request_days.usage_date = running.step_date
    cross join internal_customers

),

-- What a trace hands on is looked for on the day and its neighbours.
final as (

    select
        days.usage_date,
        days.requests,
        days.facts_fingerprint,
        days.owners_fingerprint,
        days.plans_fingerprint,
        md5(
            days.facts_fingerprint || days.owners_fingerprint
            {%- for side in ['before', 'after'] %}
            || coalesce(days_{{ side }}.facts_fingerprint || days_{{ side }}.owners_fingerprint, '-')
            {%- endfor %}
            || '{{ ai_logic_fingerprint() }}'
        ) as traces_fingerprint
    from summed as days
    {%- for side, distance in {'before': -1, 'after': 1}.items() %}
left join summed as days_{{ side }}
    on days_{{ side }}.usage_date = {{ ai_add_days('days.usage_date', distance) }}
    {%- endfor %}

)

select * from final
