{#- Grain: one row per amount of the ledger that is no request: unlogged and rounding rows per place,
    every other line of a bill (a line of several days is billed on its first day and effective on
    each), and what of a commitment no request used. Purpose: the explicit reconciling rows, each with
    the owner that its key, project, tags or the default rule name.
    Rows of closed days (ai_closed_through) stay as they were published. What has changed since, of these rows
    and of the requests of those days, is one `adjustment` per platform and account on the first open day. -#}
{%- set closed = ai_closed_through() %}
{%- set published = load_relation(this) if execute and closed else none %}
{%- if closed %}
    {%- set costed = ref('int_ai_requests__costed') %}
    {%- set stored = ref('int_ai_ledger__requests') %}
    {%- set pending = ai_pending_days(stored, ref('int_ai_costed_days')) %}
{%- endif %}
with unlogged as (

    select
        line_key as source_key,
        platform,
        billing_account_id,
        usage_date,
        project_id,
        api_key_id,
        model,
        service_tier,
        cast(null as varchar) as customer_tag,
        cast(null as varchar) as feature_tag,
        cast(null as varchar) as team_tag,
        cast(null as varchar) as environment_tag,
        {%- for column in ai_extra_dimensions().values() %}
        cast(null as varchar) as {{ column }},
        {%- endfor %}
        residual_kind as ledger_row_type,
        cast(null as varchar) as unit,
        cast(null as varchar) as description,
        variance_class,
        case when line_status = 'estimated' then 'estimated' else 'reconciled' end as cost_status,
        case when line_status <> 'estimated' then amount_usd end as billed_cost_usd,
        amount_usd as effective_cost_usd
    from {{ ref('int_ai_unlogged') }}

),

lines as (

    select
        lines.*,
        {{ ai_normalise_model('lines.model_raw') }} as model_name,
        case
            when
                {{ ai_days_between(
                    'lines.charge_start_at', 'coalesce(lines.charge_end_at, lines.charge_start_at)'
                ) }} > 1
                and lines.line_kind = 'non_request'
                then {{ ai_days_between('lines.charge_start_at', 'lines.charge_end_at') }}
            else 1
        end as number_of_days
    from {{ ref('int_ai_billing') }} as lines
    where lines.line_kind <> 'usage'

),

calendar as (

    select calendar_date from {{ ref('int_ai_calendar') }}

),

as_of as (

    select as_of_date from {{ ref('int_ai_as_of') }}

),

line_days as (

    select
        lines.*,
        calendar.calendar_date,
        {{ ai_days_between('lines.usage_date', 'calendar.calendar_date') }} as day_number
    from lines
    inner join calendar
        on lines.usage_date <= calendar.calendar_date
        and calendar.calendar_date < {{ ai_add_days('lines.usage_date', 'lines.number_of_days') }}

),

other_lines as (

    select
        line_days.bill_line_key as source_key,
        line_days.platform,
        line_days.billing_account_id,
        line_days.calendar_date as usage_date,
        line_days.project_id,
        line_days.api_key_id,
        line_days.model_name as model,
        line_days.service_tier,
        line_days.customer_tag,
        line_days.feature_tag,
        line_days.team_tag,
        line_days.environment_tag,
        {%- for column in ai_extra_dimensions().values() %}
        line_days.{{ column }},
        {%- endfor %}
        line_days.line_kind as ledger_row_type,
        line_days.unit,
        line_days.description,
        case
            when line_days.line_kind = 'non_request' then 'non_token_charge'
            when line_days.line_kind in ('credit', 'adjustment') then 'credit_or_adjustment'
            when line_days.line_kind = 'tax' then 'tax'
            when line_days.line_kind = 'purchase' then 'commitment'
        end as variance_class,
        case when line_days.is_off_bill then 'off_bill' else 'reconciled' end as cost_status,
        case
            when line_days.is_off_bill or line_days.day_number > 0 then cast(0 as {{ money_type() }})
            else line_days.amount_usd
        end as billed_cost_usd,
        case
            when line_days.line_kind not in ('non_request', 'adjustment') then cast(0 as {{ money_type() }})
            else
                {{ ai_straight_line('line_days.amount_usd', '(line_days.day_number + 1)', 'line_days.number_of_days') }}
                - {{ ai_straight_line('line_days.amount_usd', 'line_days.day_number', 'line_days.number_of_days') }}
        end as effective_cost_usd
    from line_days
    cross join as_of
    where line_days.calendar_date <= as_of.as_of_date

),

idle_commitments as (

    select
        commitment_id as source_key,
        platform,
        billing_account_id,
        usage_date,
        project_id,
        cast(null as varchar) as api_key_id,
        model,
        service_tier,
        customer_tag,
        feature_tag,
        team_tag,
        environment_tag,
        {%- for column in ai_extra_dimensions().values() %}
        cast(null as varchar) as {{ column }},
        {%- endfor %}
        'idle_commitment' as ledger_row_type,
        cast(null as varchar) as unit,
        note as description,
        'commitment' as variance_class,
        'reconciled' as cost_status,
        cast(0 as {{ money_type() }}) as billed_cost_usd,
        idle_cost_usd as effective_cost_usd
    from {{ ref('int_ai_commitment_idle__daily') }}

),

amounts as (

    select * from unlogged
    union all
    select * from other_lines
    union all
    select * from idle_commitments

),

owners as (

    select * from {{ ref('int_ai_evidence_owners') }}

),

owned as (

    select
        amounts.*,
        {%- for dimension, id in ai_dimensions().items() %}
        {%- set ladder = [
            ('request_tag', dimension ~ '_tags.' ~ dimension ~ '_id'),
            ('api_key_map', 'by_api_key.' ~ dimension ~ '_id'),
            ('project_map', 'by_project.' ~ dimension ~ '_id'),
            ('default_rule', 'by_default.' ~ dimension ~ '_id')
        ] %}
        {{ ai_first_owner(ladder) }} as {{ id }},
        {{ ai_method(ladder, 'amounts.' ~ dimension ~ '_tag') | indent(8) }} as {{ dimension }}_method,
        {%- endfor %}
        coalesce(by_api_key.pnl_class_id, by_project.pnl_class_id, by_default.pnl_class_id) as pnl_class_by_rule
    from amounts
    {%- for dimension in ai_dimensions() %}
    {{ ai_join_owners(
        dimension ~ '_tags', 'request_tag:' ~ dimension, 'amounts.platform',
        ai_match_text('amounts.' ~ dimension ~ '_tag'), 'amounts.usage_date'
    ) | indent(4) }}
    {%- endfor %}
    {{ ai_join_owners(
        'by_api_key', 'api_key_map', 'amounts.platform', ai_match_text('amounts.api_key_id'), 'amounts.usage_date'
    ) | indent(4) }}
    {{ ai_join_owners(
        'by_project', 'project_map', 'amounts.platform', ai_match_text('amounts.project_id'), 'amounts.usage_date'
    ) | indent(4) }}
    {{ ai_join_owners('by_default', 'default_rule', 'amounts.platform', "''", 'amounts.usage_date') | indent(4) }}

),

live as (

    select
        owned.source_key,
        owned.platform,
        owned.billing_account_id,
        owned.project_id,
        owned.api_key_id,
        owned.customer_id,
        owned.feature_id,
        owned.team_id,
        plan_periods.plan_id,
        owned.model,
        owned.service_tier,
        owned.environment,
        {%- for column in ai_extra_dimensions().values() %}
        owned.{{ column }},
        {%- endfor %}
        plan_periods.plan_type,
        owned.customer_method,
        owned.feature_method,
        owned.team_method,
        owned.environment_method,
        owned.ledger_row_type,
        owned.description,
        owned.variance_class,
        owned.cost_status,
        coalesce(
            owned.pnl_class_by_rule,
            -- Seats of assistants are the company's own use, whoever sits on them.
            case when owned.unit = 'seats' then 'internal_opex' end,
            {{ ai_pnl_class(
                'coalesce(customers.is_internal, false)', 'owned.environment', 'plan_periods.plan_type'
            ) | indent(12) }}
        ) as pnl_class,
        coalesce(customers.is_internal, false) as is_internal,
        cast(owned.billed_cost_usd as {{ money_type() }}) as billed_cost_usd,
        cast(owned.effective_cost_usd as {{ money_type() }}) as effective_cost_usd,
        owned.usage_date
    from owned
    left join {{ ref('int_ai_customers') }} as customers on owned.customer_id = customers.customer_id
    -- The plan at the end of the day, as in int_ai_plan_months.
    left join {{ ref('int_ai_plan_attribution') }} as plan_periods
        on owned.customer_id = plan_periods.customer_id
        and owned.usage_date >= {{ ai_day('plan_periods.valid_from') }}
        and owned.usage_date < {{ ai_day('plan_periods.valid_to') }}

){% if published is none %}

select * from live
{%- else %},

published as (

    select * from {{ this }}
    where usage_date <= cast('{{ closed }}' as date)

),

-- Both sides of the closed days: as all inputs now have it, and as it was published.
changes as (

    select platform, billing_account_id, billed_cost_usd, effective_cost_usd
    from live
    where usage_date <= cast('{{ closed }}' as date)

    union all

    select
        platform,
        billing_account_id,
        -billed_cost_usd as billed_cost_usd,
        -effective_cost_usd as effective_cost_usd
    from published

    union all

    select
        platform,
        coalesce(billing_account_id, 'default') as billing_account_id,
        case
            when ledger_row_type = 'commitment_used' then 0
            when cost_status = 'reconciled' then effective_cost_usd
        end as billed_cost_usd,
        effective_cost_usd
    from {{ costed }}
    where {{ ai_in_days('usage_date', pending) }}

    union all

    select
        platform,
        coalesce(billing_account_id, 'default') as billing_account_id,
        -billed_cost_usd as billed_cost_usd,
        -effective_cost_usd as effective_cost_usd
    from {{ stored }}
    where {{ ai_in_days('usage_date', pending) }}

),

changed as (

    select
        platform,
        billing_account_id,
        cast(coalesce(sum(billed_cost_usd), 0) as {{ money_type() }}) as billed_cost_usd,
        cast(coalesce(sum(effective_cost_usd), 0) as {{ money_type() }}) as effective_cost_usd
    from changes
    group by platform, billing_account_id

),

adjustments as (

    select
        'closed:{{ closed }}' as source_key,
        platform,
        billing_account_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as feature_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as plan_id,
        cast(null as varchar) as model,
        cast(null as varchar) as service_tier,
        cast(null as varchar) as environment,
        {%- for column in ai_extra_dimensions().values() %}
        cast(null as varchar) as {{ column }},
        {%- endfor %}
        cast(null as varchar) as plan_type,
        'unattributed' as customer_method,
        'unattributed' as feature_method,
        'unattributed' as team_method,
        'unattributed' as environment_method,
        'adjustment' as ledger_row_type,
        'changes of days up to {{ closed }}' as description,
        'credit_or_adjustment' as variance_class,
        'reconciled' as cost_status,
        {{ ai_pnl_class('false', 'cast(null as varchar)', 'cast(null as varchar)') | indent(8) }} as pnl_class,
        false as is_internal,
        billed_cost_usd,
        effective_cost_usd,
        cast('{{ ai_shift_day(closed, 1) }}' as date) as usage_date
    from changed
    where billed_cost_usd <> 0 or effective_cost_usd <> 0

),

final as (

    select * from published
    union all
    select * from live where usage_date > cast('{{ closed }}' as date)
    union all
    select adjustments.* from adjustments
    -- Inner: there is an open day only once the as-of date has passed the closed months.
    inner join as_of on adjustments.usage_date <= as_of.as_of_date

)

select * from final
{%- endif %}
