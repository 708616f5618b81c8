{#- Question: do we need unit economics at all, which scenario fits our data, what is missing, what comes first?
    How to read it: one table, from the verdict down. `verdict` says what to write into ai_scenarios today.
    `scenario`: `fits` = the company looks like that and all inputs hold rows; `inputs_missing` = it looks like
    that, and the named input is not there yet; `does_not_fit` otherwise. `input`: `there`, `empty` (switched on,
    no rows), `off` (no var names it), `partly`. `dimension`: `captured` from ai_min_customer_coverage (0.8) of
    the cost up, `partly`, `missing`; of plan, user and run the cost is that of the logged requests, of the
    others that of the ledger, whatever the evidence. `next_step_rank` 1 is what to do first; a row without a
    step needs none, or nothing that fits needs it.
    What a company looks like, in the months of the last three that have begun: revenue makes it usage_based
    (a fifth of it or more is by use or from credits) or bundled (a fifth or more is not), or both. A tenth of
    the customers with a plan on a free one makes it freemium. Without any of these: a fifth of the cost with a
    team and less than a fifth with an outside customer is internal_tooling, all else is pre_revenue. Thresholds
    are rules of thumb, not findings. Where nothing fits with its inputs, the verdict is what can be built now.
    internal_tooling and pre_revenue read no revenue: ask with ai_scenarios: [] where customers pay.
    Ratios are shares of logged attempts and of cost. Reads what is built, and changes nothing. -#}
{%- set minimum = var('ai_min_customer_coverage', 0.8) -%}
{%- set lists = {
    'usage': var('ai_usage_platforms', []), 'billing': var('ai_billing_platforms', []),
    'requests': var('ai_request_sources', [])
} -%}
{%- set reads_revenue = ai_scenario_needs('customers') and ai_revenue_is_known() -%}
{%- set has_plans = ai_has_business_table('plans') and ai_has_business_table('subscriptions') -%}
{#- Dimensions of the ledger: who needs it, its place in the order of steps, the step. -#}
{%- set dimensions = {
    'customer': [
        'serves_customers', 2,
        'Tag requests with customer_id, or map keys and users in ai_attribution_rules: see unmapped_evidence.'
    ],
    'feature': [
        'serves_customers', 9, 'Tag requests with feature, one word per place in the product that calls a model.'
    ],
    'team': ['not is_unknown', 10, 'Give keys and projects a team in ai_attribution_rules: see unmapped_evidence.'],
    'environment': [
        'serves_customers', 13, 'Tag requests with environment, so that tests are no cost of customers.'
    ]
} -%}
{#- Dimensions that only the request itself can tell; the first word is its column. -#}
{%- set logged = {
    'plan': [
        'plan_id', 'pays or has_free', 12,
        'List every customer in subscriptions, free ones too: cost without a plan has no margin.'
    ],
    'user': [
        'user_id', 'is_bundled', 15, 'Log user_id (ai_hash_user_ids stores a hash): it tells seats that nobody uses.'
    ],
    'run': ['coalesce(run_id, trace_id)', 'false', 16, '']
} -%}

with as_of as (

    select max(as_of_date) as as_of_date from {{ ref('int_ai_as_of') }}

),

recent as (

    select cast({{ dbt.dateadd('month', -2, ai_month('as_of_date')) }} as date) as first_date, as_of_date
    from as_of

),

requests as (

    select
        count(*) as attempts,
        sum(case when pricing_status in ('unpriced_model', 'unpriced_class', 'missing_tokens') then 1 else 0 end)
            as unpriced_attempts,
        min(usage_date) as first_date,
        max(usage_date) as last_date,
        {%- for name, words in logged.items() %}
        count({{ words[0] }}) as {{ name }}_attempts,
        {{ ai_sum('case when ' ~ words[0] ~ ' is not null then effective_cost_usd else 0 end') }}
            as {{ name }}_cost_usd,
        {%- endfor %}
        count(distinct case when not is_internal then customer_id end) as active_customers,
        {{ ai_sum('effective_cost_usd') }} as cost_usd
    from {{ ref('int_ai_requests__costed') }}
    where usage_date >= (select first_date from recent)

),

coverage as (

    select
        dimension,
        sum(attempts) as attempts,
        sum(case when is_attributed then attempts else 0 end) as owned_attempts,
        {{ ai_sum('effective_cost_usd') }} as cost_usd,
        {{ ai_sum('case when is_attributed then effective_cost_usd else 0 end') }} as owned_cost_usd
    from {{ ref('attribution_coverage') }}
    where usage_month >= (select first_date from recent)
    group by dimension

),

spend as (

    select
        {{ ai_sum('effective_cost_usd') }} as cost_usd,
        {{ ai_sum('case when customer_id is not null and not is_internal then effective_cost_usd else 0 end') }}
            as outside_cost_usd
    from {{ ref('int_ai_ledger__customers') }}
    where usage_date >= (select first_date from recent)

),

team_spend as (

    select max(owned_cost_usd) as owned_cost_usd, max(cost_usd) as cost_usd
    from coverage
    where dimension = 'team'

),

usage_rows as (

    select count(*) as row_count, min(usage_date) as first_date, max(usage_date) as last_date
    from {{ ref('int_ai_usage') }}
    where usage_date >= (select first_date from recent)

),

bill_lines as (

    select count(*) as row_count, min(usage_date) as first_date, max(usage_date) as last_date
    from {{ ref('int_ai_billing') }}
    where usage_date >= (select first_date from recent)

),

customers as (

    select count(*) as row_count
    from {{ ref('int_ai_customers') }}
    where not is_internal and deleted_at is null

),

-- One plan per customer: the last of these months.
plan_periods as (

    select
        customer_id,
        plan_type,
        seats,
        row_number() over (partition by customer_id order by valid_from desc) as recency_rank
    from {{ ref('int_ai_plan_periods') }}
    where valid_from <= (select as_of_date from recent)
        and (valid_to is null or valid_to > (select first_date from recent))

),

plans as (

    select
        count(*) as row_count,
        sum(case when plan_type = 'free' then 1 else 0 end) as free_customers,
        count(seats) as customers_with_seats
    from plan_periods
    where recency_rank = 1

),

revenue as (

    {% if reads_revenue -%}
    select
        count(*) as row_count,
        {{ ai_sum('net_revenue_usd') }} as revenue_usd,
        {{ ai_sum("case when line_kind in ('usage', 'credit_purchase') then net_revenue_usd else 0 end") }}
            as revenue_by_use_usd
    from {{ ref('int_ai_revenue__daily') }}
    where revenue_date >= (select first_date from recent)
        and revenue_date <= (select as_of_date from recent)
    {%- else -%}
    select
        0 as row_count,
        cast(null as {{ money_type() }}) as revenue_usd,
        cast(null as {{ money_type() }}) as revenue_by_use_usd
    {%- endif %}

),

rules as (

    select count(*) as row_count from {{ ai_seed('ai_attribution_rules') }}

),

facts as (

    select
        requests.attempts,
        requests.unpriced_attempts,
        requests.first_date as log_first_date,
        requests.last_date as log_last_date,
        requests.active_customers,
        {%- for name in logged %}
        requests.{{ name }}_attempts,
        requests.{{ name }}_cost_usd,
        {%- endfor %}
        requests.cost_usd as logged_cost_usd,
        usage_rows.row_count as usage_rows,
        usage_rows.first_date as usage_first_date,
        usage_rows.last_date as usage_last_date,
        bill_lines.row_count as bill_lines,
        bill_lines.first_date as bill_first_date,
        bill_lines.last_date as bill_last_date,
        customers.row_count as known_customers,
        plans.row_count as customers_on_plans,
        coalesce(plans.free_customers, 0) as free_customers,
        coalesce(plans.customers_with_seats, 0) as customers_with_seats,
        revenue.row_count as revenue_rows,
        coalesce(revenue.revenue_usd, 0) as revenue_usd,
        coalesce(revenue.revenue_by_use_usd, 0) as revenue_by_use_usd,
        rules.row_count as rule_rows,
        coalesce(spend.cost_usd, 0) as cost_usd,
        coalesce(spend.outside_cost_usd, 0) as outside_cost_usd,
        coalesce(team_spend.owned_cost_usd, 0) as team_cost_usd,
        coalesce(team_spend.cost_usd, 0) as team_total_usd
    from requests
    cross join usage_rows
    cross join bill_lines
    cross join customers
    cross join plans
    cross join revenue
    cross join rules
    cross join spend
    cross join team_spend

),

signs as (

    select
        *,
        attempts = 0 and usage_rows = 0 and bill_lines = 0 as is_unknown,
        revenue_usd > 0 as pays,
        revenue_usd > 0 and revenue_by_use_usd * 5 >= revenue_usd as is_usage_based,
        revenue_usd > 0 and (revenue_usd - revenue_by_use_usd) * 5 >= revenue_usd as is_bundled,
        free_customers > 0 and free_customers * 10 >= customers_on_plans as has_free,
        outside_cost_usd > 0 and outside_cost_usd * 5 >= cost_usd as is_used_outside,
        team_cost_usd > 0 and team_cost_usd * 5 >= team_total_usd as has_teams
    from facts

),

shapes as (

    select
        *,
        pays or has_free or is_used_outside as serves_customers,
        has_teams and not (pays or has_free or is_used_outside) as is_internal_tooling,
        not (pays or has_free or is_unknown) and (is_used_outside or not has_teams) as is_pre_revenue,
        attempts > 0 and known_customers + active_customers > 0 as has_logs_of_customers
    from signs

),

fits as (

    select
        *,
        is_usage_based and has_logs_of_customers as usage_based_fits,
        is_bundled and has_logs_of_customers and customers_on_plans > 0 as bundled_fits,
        has_free and has_logs_of_customers as freemium_fits,
        is_internal_tooling as internal_tooling_fits,
        is_pre_revenue as pre_revenue_fits
    from shapes

),

chosen as (

    select
        *,
        case
            when is_unknown then '[]'
            when not (usage_based_fits or bundled_fits or freemium_fits or internal_tooling_fits or pre_revenue_fits)
                then case when has_teams then '[internal_tooling]' else '[pre_revenue]' end
            else
                '['
                || substring(
                    case when usage_based_fits then ', usage_based' else '' end
                    || case when bundled_fits then ', bundled' else '' end
                    || case when freemium_fits then ', freemium' else '' end
                    || case when internal_tooling_fits then ', internal_tooling' else '' end
                    || case when pre_revenue_fits then ', pre_revenue' else '' end,
                    3
                )
                || ']'
        end as scenarios
    from fits

),

-- `importance`: the order in which steps are taken, 1 first.
table_lines as (

    select
        1 as position,
        'verdict' as section,
        'ai_scenarios' as subject,
        scenarios as status,
        cast(null as {{ ratio_type() }}) as share_of_requests_ratio,
        cast(null as {{ ratio_type() }}) as share_of_cost_ratio,
        case
            when is_unknown then 'Neither usage, bills nor requests hold a row.'
            when is_internal_tooling
                then 'Total spend by team and project is what you need; look again when it is a product.'
            when is_pre_revenue and is_used_outside
                then 'Customers use it and no revenue is known: totals until there is, then what each of them costs.'
            when is_pre_revenue then 'Totals by provider and model are what you need; look again when AI earns money.'
            when not (usage_based_fits or bundled_fits or freemium_fits)
                then 'Unit economics would pay, and an input is missing: totals until it is there.'
            else 'Unit economics pay: cost per request, feature and customer beside what they earn.'
        end as finding,
        cast(null as integer) as importance,
        cast(null as varchar) as step
    from chosen
    {%- for name, words in {
        'usage_based': [
            'is_usage_based', 'usage_based_fits',
            "cast(cast(revenue_by_use_usd as numeric(38, 2)) as varchar) || ' of '"
            ~ " || cast(cast(revenue_usd as numeric(38, 2)) as varchar) || ' USD of revenue are by use'"
        ],
        'bundled': [
            'is_bundled', 'bundled_fits',
            "cast(cast(revenue_usd - revenue_by_use_usd as numeric(38, 2)) as varchar) || ' of '"
            ~ " || cast(cast(revenue_usd as numeric(38, 2)) as varchar) || ' USD of revenue are not by use'"
        ],
        'freemium': [
            'has_free', 'freemium_fits',
            "cast(free_customers as varchar) || ' of ' || cast(customers_on_plans as varchar)"
            ~ " || ' customers with a plan are on a free one'"
        ],
        'internal_tooling': [
            'is_internal_tooling', 'internal_tooling_fits',
            "cast(cast(outside_cost_usd as numeric(38, 2)) as varchar) || ' of '"
            ~ " || cast(cast(cost_usd as numeric(38, 2)) as varchar) || ' USD of cost are of outside customers, '"
            ~ " || cast(cast(team_cost_usd as numeric(38, 2)) as varchar) || ' have a team'"
        ],
        'pre_revenue': [
            'is_pre_revenue', 'pre_revenue_fits',
            "case when pays then 'there is revenue' else 'no revenue is known' end"
        ]
    }.items() %}

    union all

    select
        {{ loop.index + 1 }} as position,
        'scenario' as section,
        '{{ name }}' as subject,
        case
            when {{ words[1] }} then 'fits'
            when {{ words[0] }} then 'inputs_missing'
            else 'does_not_fit'
        end as status,
        cast(null as {{ ratio_type() }}) as share_of_requests_ratio,
        cast(null as {{ ratio_type() }}) as share_of_cost_ratio,
        {{ words[2] }}
        {%- if name in ('usage_based', 'bundled', 'freemium') %}
        || case
            when {{ words[1] }} or not {{ words[0] }} then ''
            when attempts = 0 then '; no request is logged'
            when known_customers + active_customers = 0 then '; no customer is known'
            else '; nobody has a subscription'
        end
        {%- endif %} as finding,
        cast(null as integer) as importance,
        cast(null as varchar) as step
    from chosen
    {%- endfor %}
    {%- for name, words in {
        'usage_report': [
            lists['usage'], 'usage_rows', 'usage', 'true', 11,
            'Land the usage report of your provider (ai_usage_platforms): it tells volume that nobody logged.'
        ],
        'bill': [
            lists['billing'], 'bill_lines', 'bill', 'true', 5,
            'Land the bill (ai_billing_platforms): until then every amount is an estimate at our prices.'
        ],
        'request_log': [
            lists['requests'], 'attempts', 'log', 'serves_customers or known_customers > 0 or is_unknown', 1,
            'Log each request with tokens, model and customer_id (ai_request_sources): nothing else tells whose it is.'
        ],
        'customers': [
            ai_has_business_table('customers'), 'known_customers', '', 'serves_customers', 4,
            'Land the table customers (ai_business_tables): it tells your own staff and tests from customers.'
        ],
        'plans': [
            has_plans, 'customers_on_plans', '', 'serves_customers', 7,
            'Land plans and subscriptions (ai_business_tables): without them nobody is free and no plan has a margin.'
        ],
        'revenue': [
            reads_revenue, 'revenue_rows', '', 'serves_customers', 6 if ai_scenario_needs('customers') else 0,
            'Land revenue_lines or Stripe (ai_business_tables, ai_business_sources) if customers pay.'
            if ai_scenario_needs('customers')
            else 'Build once with ai_scenarios: [], then ask again: the present ones read no revenue.'
        ],
        'seats': [
            has_plans, 'customers_with_seats', '', 'is_bundled', 14,
            'Fill seats in subscriptions: without them there is no cost per billed seat.'
        ],
        'attribution_rules': [
            true, 'rule_rows', '', 'not is_unknown', 8,
            'Say whose each API key and project is (ai_attribution_rules): it also reaches what nobody logged.'
        ]
    }.items() %}

    union all

    select
        {{ loop.index + 10 }} as position,
        'input' as section,
        '{{ name }}' as subject,
        case when {{ words[1] }} > 0 then 'there' else {{ "'empty'" if words[0] else "'off'" }} end as status,
        cast(null as {{ ratio_type() }}) as share_of_requests_ratio,
        cast(null as {{ ratio_type() }}) as share_of_cost_ratio,
        cast({{ words[1] }} as varchar) || ' {{ 'customers' if name in ('customers', 'plans', 'seats') else 'rows' }}'
        {%- if words[2] %}
        || coalesce(
            ' from ' || cast({{ words[2] }}_first_date as varchar)
            || ' to ' || cast({{ words[2] }}_last_date as varchar),
            ''
        )
        {%- endif %} as finding,
        {{ words[4] }} as importance,
        case when {{ words[1] }} = 0 and ({{ words[3] }}) then '{{ words[5] }}' end as step
    from chosen
    {%- endfor %}

    union all

    select
        20 as position,
        'input' as section,
        'prices' as subject,
        case
            when attempts = 0 then 'empty'
            when unpriced_attempts = 0 then 'there'
            else 'partly'
        end as status,
        {{ ai_share_ratio('attempts - unpriced_attempts', 'attempts') }} as share_of_requests_ratio,
        cast(null as {{ ratio_type() }}) as share_of_cost_ratio,
        cast(coalesce(unpriced_attempts, 0) as varchar) || ' attempts have no price' as finding,
        3 as importance,
        case
            when unpriced_attempts > 0 then 'Add the price, alias or token count that is missing: see unpriced_models.'
        end as step
    from chosen
    {%- for name, words in dimensions.items() %}

    union all

    select
        {{ loop.index + 30 }} as position,
        'dimension' as section,
        '{{ name }}' as subject,
        case
            when coalesce(coverage.cost_usd, 0) <= 0 then 'missing'
            when {{ ai_share_ratio('coverage.owned_cost_usd', 'coverage.cost_usd') }} >= {{ minimum }} then 'captured'
            when coverage.owned_cost_usd > 0 then 'partly'
            else 'missing'
        end as status,
        {{ ai_share_ratio('coverage.owned_attempts', 'coverage.attempts') }} as share_of_requests_ratio,
        {{ ai_share_ratio('coverage.owned_cost_usd', 'coverage.cost_usd') }} as share_of_cost_ratio,
        cast(cast(coalesce(coverage.owned_cost_usd, 0) as numeric(38, 2)) as varchar) || ' of '
        || cast(cast(coalesce(coverage.cost_usd, 0) as numeric(38, 2)) as varchar) || ' USD have one' as finding,
        {{ words[1] }} as importance,
        case
            when {{ words[0] }}
                and coalesce({{ ai_share_ratio('coverage.owned_cost_usd', 'coverage.cost_usd') }}, 0) < {{ minimum }}
                then '{{ words[2] }}'
        end as step
    from chosen
    left join coverage on coverage.dimension = '{{ name }}'
    {%- endfor %}
    {%- for name, words in logged.items() %}

    union all

    select
        {{ loop.index + 40 }} as position,
        'dimension' as section,
        '{{ name }}' as subject,
        case
            when coalesce(logged_cost_usd, 0) <= 0 then 'missing'
            when {{ ai_share_ratio(name ~ '_cost_usd', 'logged_cost_usd') }} >= {{ minimum }} then 'captured'
            when {{ name }}_cost_usd > 0 then 'partly'
            else 'missing'
        end as status,
        {{ ai_share_ratio(name ~ '_attempts', 'attempts') }} as share_of_requests_ratio,
        {{ ai_share_ratio(name ~ '_cost_usd', 'logged_cost_usd') }} as share_of_cost_ratio,
        cast(cast(coalesce({{ name }}_cost_usd, 0) as numeric(38, 2)) as varchar) || ' of '
        || cast(cast(coalesce(logged_cost_usd, 0) as numeric(38, 2)) as varchar)
        || ' USD of logged cost have one' as finding,
        {{ words[2] }} as importance,
        case
            when attempts > 0
                and ({{ words[1] }})
                and coalesce({{ ai_share_ratio(name ~ '_cost_usd', 'logged_cost_usd') }}, 0) < {{ minimum }}
                then '{{ words[3] }}'
        end as step
    from chosen
    {%- endfor %}

),

final as (

    select
        position,
        section,
        subject,
        status,
        share_of_requests_ratio,
        share_of_cost_ratio,
        finding,
        case
            when step is not null
                then
                    row_number() over (
                        partition by case when step is null then 1 else 0 end order by importance, position
                    )
        end as next_step_rank,
        nullif(step, '') as next_step
    from table_lines

)

select * from final
order by position
