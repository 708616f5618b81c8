{#- Question: if we raise the price of a plan, or cap its use, who stays under water?
    How to read it: one row per complete month, change of `ai_plan_changes` and customer who paid less than it
    cost to serve, before the change or after it. A change is a plan (`plan_id`; none = every plan) with one
    or more of
        price_multiplier    its subscription revenue times this; other revenue and refunds stay
        max_requests        requests of a customer that a month serves, the earliest first
        max_cost_usd        a request is served while those before it cost the customer less than this
    for example --vars '{ai_plan_changes: [{change_id: pro capped, plan_id: pro, max_requests: 500}]}'.
    The requests that a cap refuses are those of the log (production, retries with their request); what
    nobody logged stays. Customers are taken to stay and to use what they used. They are judged over
    all of their plans and counted on the month's last one, as in margin_by_plan. `break_even_price_ratio` is
    what the subscription price would have to be multiplied with, after the cap, for a margin of 0; NULL
    without subscription revenue. All amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('customers')) }}
{%- set changes = var('ai_plan_changes', []) -%}
{%- set levers = ['price_multiplier', 'max_requests', 'max_cost_usd'] -%}
{%- for change in changes -%}
    {%- set wrong = change.keys() | reject('in', ['change_id', 'plan_id'] + levers) | list -%}
    {%- set numbers = change.items() | selectattr(0, 'in', levers) | map(attribute=1) | list -%}
    {%- if wrong or not numbers or numbers | select('lt', 0) | list or not change.get('change_id') -%}
        {{ exceptions.raise_compiler_error(
            'A change of ai_plan_changes has a change_id, at most a plan_id, and at least one of '
            ~ levers | join(', ') ~ ', none below 0; one is ' ~ change
        ) }}
    {%- endif -%}
{%- endfor -%}

with changes as (

    {% for change in changes -%}
    select
        cast('{{ change.change_id | string | replace("'", "''") }}' as varchar) as change_id,
        {% if change.get('plan_id') -%}
        cast('{{ change.plan_id | string | replace("'", "''") }}' as varchar) as plan_id,
        {%- else -%}
        cast(null as varchar) as plan_id,
        {%- endif %}
        cast({{ change.get('price_multiplier', 1) }} as {{ factor_type() }}) as price_multiplier,
        cast({{ change.get('max_requests', 'null') }} as bigint) as max_requests,
        cast({{ change.get('max_cost_usd', 'null') }} as {{ money_type() }}) as max_cost_usd
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as change_id,
        cast(null as varchar) as plan_id,
        cast(null as {{ factor_type() }}) as price_multiplier,
        cast(null as bigint) as max_requests,
        cast(null as {{ money_type() }}) as max_cost_usd
    where 1 = 0
    {% endfor %}
),

customers as (

    select
        usage_month,
        customer_id,
        plan_id,
        net_revenue_usd,
        cost_to_serve_usd,
        margin_after_ai_usd,
        net_revenue_usd > 0 and margin_after_ai_usd < 0 as is_underwater
    from {{ ref('cost_per_customer') }}
    where is_period_complete
        and customer_id not in ('__unattributed__', '__shared__')
        and not is_internal
        and net_revenue_usd > 0
        -- A dearer plan or fewer requests sink nobody; a cheaper plan may.
        {%- if changes | map(attribute='price_multiplier', default=1) | select('lt', 1) | list == [] %}
        and margin_after_ai_usd < 0
        {%- endif %}

),

subscription_revenue as (

    select
        usage_month,
        customer_id,
        plan_id,
        net_revenue_usd as revenue_usd
    from {{ ref('int_ai_revenue__monthly') }}
    where line_kind = 'subscription'

),

rises as (

    select
        changes.change_id,
        revenue.usage_month,
        revenue.customer_id,
        {{ ai_sum('revenue.revenue_usd') }} as subscription_usd,
        cast(sum({{ ai_scale('revenue.revenue_usd', 'changes.price_multiplier - 1') }}) as {{ money_type() }})
            as rise_usd
    from changes
    inner join subscription_revenue as revenue
        on coalesce(changes.plan_id, revenue.plan_id, '~') = coalesce(revenue.plan_id, '~')
    inner join customers
        on revenue.usage_month = customers.usage_month
        and revenue.customer_id = customers.customer_id
    group by changes.change_id, revenue.usage_month, revenue.customer_id

),

-- Logical requests, each with all of its attempts.
requests as (

    select
        {{ ai_month('attempts.usage_date') }} as usage_month,
        attempts.customer_id,
        attempts.plan_id,
        attempts.request_source,
        attempts.request_id,
        min(attempts.requested_at) as requested_at,
        cast(coalesce(sum(attempts.effective_cost_usd), 0) as {{ money_type() }}) as cost_usd
    from {{ ref('cost_per_request') }} as attempts
    inner join customers
        on {{ ai_month('attempts.usage_date') }} = customers.usage_month
        and attempts.customer_id = customers.customer_id
    where attempts.pnl_class in ('cogs', 'free_tier')
    group by
        {{ ai_month('attempts.usage_date') }},
        attempts.customer_id,
        attempts.plan_id,
        attempts.request_source,
        attempts.request_id

),

numbered as (

    select
        changes.change_id,
        changes.max_requests,
        changes.max_cost_usd,
        requests.usage_month,
        requests.customer_id,
        requests.cost_usd,
        row_number() over (
            partition by changes.change_id, requests.usage_month, requests.customer_id
            order by requests.requested_at, requests.request_source, requests.request_id, requests.plan_id
        ) as request_number,
        sum(requests.cost_usd) over (
            partition by changes.change_id, requests.usage_month, requests.customer_id
            order by requests.requested_at, requests.request_source, requests.request_id, requests.plan_id
            rows between unbounded preceding and current row
        ) - requests.cost_usd as cost_before_usd
    from changes
    inner join requests on coalesce(changes.plan_id, requests.plan_id, '~') = coalesce(requests.plan_id, '~')

),

refusals as (

    select
        change_id,
        usage_month,
        customer_id,
        count(*) as requests,
        sum(case when is_refused then 1 else 0 end) as refused_requests,
        cast(sum(case when is_refused then cost_usd else 0 end) as {{ money_type() }}) as refused_usd
    from (
        select
            *,
            coalesce(request_number > max_requests, false)
            or coalesce(cost_before_usd >= max_cost_usd, false) as is_refused
        from numbered
    ) as judged
    group by change_id, usage_month, customer_id

),

changed as (

    select
        customers.*,
        changes.change_id,
        coalesce(refusals.requests, 0) as requests,
        coalesce(refusals.refused_requests, 0) as refused_requests,
        cast(customers.net_revenue_usd + coalesce(rises.rise_usd, 0) as {{ money_type() }}) as revenue_after_usd,
        cast(customers.cost_to_serve_usd - coalesce(refusals.refused_usd, 0) as {{ money_type() }}) as cost_after_usd,
        rises.subscription_usd
    from customers
    inner join changes on coalesce(changes.plan_id, customers.plan_id, '~') = coalesce(customers.plan_id, '~')
    left join rises
        on changes.change_id = rises.change_id
        and customers.usage_month = rises.usage_month
        and customers.customer_id = rises.customer_id
    left join refusals
        on changes.change_id = refusals.change_id
        and customers.usage_month = refusals.usage_month
        and customers.customer_id = refusals.customer_id

),

judged as (

    select
        *,
        cast(revenue_after_usd - cost_after_usd as {{ money_type() }}) as changed_margin_usd,
        -- What is left to be paid by the subscription.
        cast(cost_after_usd - (net_revenue_usd - subscription_usd) as {{ money_type() }}) as needed_usd
    from changed

),

final as (

    select
        usage_month,
        change_id,
        customer_id,
        plan_id,
        cast(requests as bigint) as requests,
        cast(refused_requests as bigint) as refused_requests,
        net_revenue_usd as net_revenue_before_usd,
        revenue_after_usd as net_revenue_after_usd,
        cost_to_serve_usd as cost_before_usd,
        cost_after_usd,
        margin_after_ai_usd as margin_before_usd,
        changed_margin_usd as margin_after_usd,
        {{ ai_share_ratio('needed_usd', 'subscription_usd') }} as break_even_price_ratio,
        is_underwater as is_underwater_before,
        changed_margin_usd < 0 as is_underwater_after
    from judged
    where is_underwater or changed_margin_usd < 0

)

select * from final
order by usage_month desc, change_id, is_underwater_after desc, margin_after_usd, customer_id
