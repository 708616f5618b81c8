{#- Question: which evidence have we seen that names no owner, and which rule should be written next?
    How to read it: one row per dimension, platform and value that no rule and no id gives an owner: API
    keys, projects, gateway keys and users of requests, usage reports and bills that have spend without an
    owner of that dimension, and every tag that names nothing known. Copy next_rule of the first row into
    ai_attribution_rules, fill in the target, run, and look again. Where spend with the same value has one
    owner, next_rule proposes that one. A key, project or user whose spend has several (owners_seen) must
    not be given to one of them: it has no rule, comes after the others, and wants tags on its calls. A
    value with a rule for other days gets one for the days that it leaves open. Leave the platform of a
    rule empty where a user, tag or gateway key means the same on all.
    The same spend stands under each evidence that could give it an owner, so shares do not sum to 1; they
    are shares of all cost without an owner, with any evidence or none. Unlogged spend is in it, and
    charges that no request causes where they have a key, a project or a tag. An invalid tag with an owner
    by other evidence has no cost without one.
    `trace_conflict`: members of the trace name several owners, so those that name none inherit none; tag
    them. Of environments only invalid tags are listed. Values are written as rules compare them (trimmed,
    lower case), traces as logged. Amounts in USD; NULL = no price. -#}
{%- set evidence = {
    'user_map': 'user_id', 'gateway_key': 'gateway_key', 'api_key_map': 'api_key_id', 'project_map': 'project_id'
} -%}
{%- set ranks = ['request_tag'] + evidence.keys() | list + ['trace_conflict'] -%}

with requests as (

    select
        requests.*,
        {%- for dimension in ai_dimensions() %}
        facts.{{ dimension }}_tag,
        {%- endfor %}
        facts.gateway_key
    from {{ ref('cost_per_request' if ai_scenario_needs('requests') else 'int_ai_requests__costed') }} as requests
    inner join {{ ref('int_ai_requests') }} as facts on requests.request_key = facts.request_key

),

owners as (

    select * from {{ ref('int_ai_evidence_owners') }}

),

-- Keys and projects of the usage report that no request names; their spend is in the ledger.
reported as (

    select distinct
        usages.platform,
        usages.usage_date,
        usages.api_key_id,
        usages.project_id
    from {{ ref('int_ai_usage') }} as usages
    left join (select distinct platform, api_key_id from requests) as logged_keys
        on usages.platform = logged_keys.platform
        and usages.api_key_id = logged_keys.api_key_id
    left join (select distinct platform, project_id from requests) as logged_projects
        on usages.platform = logged_projects.platform
        and usages.project_id = logged_projects.project_id
    where (usages.api_key_id is not null and logged_keys.api_key_id is null)
        or (usages.project_id is not null and logged_projects.project_id is null)

),

spend as (

    select
        platform,
        usage_date,
        {%- for dimension, id in ai_dimensions().items() %}
        {{ id }},
        {{ dimension }}_tag,
        {{ dimension }}_method,
        {%- endfor %}
        {%- for column in evidence.values() %}
        {{ column }},
        {%- endfor %}
        1 as attempts,
        effective_cost_usd,
        false as is_shared
    from requests

    union all

    select
        ledger.platform,
        ledger.usage_date,
        {%- for dimension, id in ai_dimensions().items() %}
        ledger.{{ id }},
        lines.{{ dimension }}_tag,
        ledger.{{ dimension }}_method,
        {%- endfor %}
        cast(null as varchar) as user_id,
        cast(null as varchar) as gateway_key,
        ledger.api_key_id,
        ledger.project_id,
        0 as attempts,
        ledger.effective_cost_usd,
        {{ ai_is_shared('ledger.ledger_row_type') }} as is_shared
    from {{ ref('int_ai_ledger__other') }} as ledger
    left join {{ ref('int_ai_billing') }} as lines on ledger.source_key = lines.bill_line_key
    where ledger.ledger_row_type not in ('tax', 'credit', 'purchase')

    union all

    select
        reported.platform,
        reported.usage_date,
        {%- for dimension in ai_dimensions() %}
        coalesce(
            by_api_key.{{ dimension }}_id, by_project.{{ dimension }}_id, by_default.{{ dimension }}_id
        ) as {{ ai_dimensions()[dimension] }},
        cast(null as varchar) as {{ dimension }}_tag,
        cast(null as varchar) as {{ dimension }}_method,
        {%- endfor %}
        cast(null as varchar) as user_id,
        cast(null as varchar) as gateway_key,
        reported.api_key_id,
        reported.project_id,
        0 as attempts,
        cast(null as {{ money_type() }}) as effective_cost_usd,
        false as is_shared
    from reported
    {{ ai_join_owners(
        'by_api_key', 'api_key_map', 'reported.platform', ai_match_text('reported.api_key_id'), 'reported.usage_date'
    ) | indent(4) }}
    {{ ai_join_owners(
        'by_project', 'project_map', 'reported.platform', ai_match_text('reported.project_id'), 'reported.usage_date'
    ) | indent(4) }}
    {{ ai_join_owners('by_default', 'default_rule', 'reported.platform', "''", 'reported.usage_date') | indent(4) }}

),

seen as (

    {%- for dimension, id in ai_dimensions().items() %}
    {%- for kind, column in ({'request_tag': dimension ~ '_tag'} | dictsort) + (
        evidence.items() | list if dimension != 'environment' else []
    ) %}
    select
        '{{ dimension }}' as dimension,
        '{{ kind }}' as evidence,
        platform,
        {{ ai_match_text(column) }} as match_value,
        min(usage_date) as first_used_date,
        max(usage_date) as last_used_date,
        min(case when {{ id }} is null then usage_date end) as first_open_date,
        sum(attempts) as attempts,
        sum(case when {{ id }} is null then attempts else 0 end) as attempts_without_owner,
        {{ ai_sum('case when ' ~ id ~ ' is null then effective_cost_usd end') }} as cost_without_owner_usd,
        count(*) - count({{ id }}) as open_rows,
        count(distinct {{ id }}) as owners_seen,
        min({{ id }}) as owner_seen
    from spend
    where {{ ai_match_text(column) }} is not null
        {%- if kind == 'request_tag' %}
        and {{ dimension }}_method <> 'request_tag'
        {%- endif %}
    group by platform, {{ ai_match_text(column) }}
    {%- if kind != 'request_tag' %}
    having count(*) > count({{ id }})
    {%- endif %}

    union all
    {% endfor %}
    {%- endfor %}

    {%- for dimension, id in ai_dimensions().items() if dimension != 'environment' %}
    select
        '{{ dimension }}' as dimension,
        'trace_conflict' as evidence,
        members.platform,
        members.trace_id as match_value,
        min(members.usage_date) as first_used_date,
        max(members.usage_date) as last_used_date,
        min(members.usage_date) as first_open_date,
        sum(members.attempts) as attempts,
        sum(members.attempts) as attempts_without_owner,
        {{ ai_sum('members.cost_usd') }} as cost_without_owner_usd,
        sum(members.attempts) as open_rows,
        max(conflicts.owners) as owners_seen,
        cast(null as varchar) as owner_seen
    from (
        select platform, trace_id, usage_date, count(*) as attempts, {{ ai_sum('effective_cost_usd') }} as cost_usd
        from requests
        where trace_id is not null and {{ id }} is null
        group by platform, trace_id, usage_date
    ) as members
    inner join (
        select days.trace_id, days.usage_date, count(distinct named.{{ id }}) as owners
        from (
            select distinct trace_id, usage_date from requests where trace_id is not null and {{ id }} is null
        ) as days
        inner join requests as named
            on days.trace_id = named.trace_id
            and named.{{ dimension }}_method in ('request_tag', 'user_map')
            and abs({{ ai_days_between('days.usage_date', 'named.usage_date') }}) <= 1
        group by days.trace_id, days.usage_date
        having count(distinct named.{{ id }}) > 1
    ) as conflicts
        on members.trace_id = conflicts.trace_id
        and members.usage_date = conflicts.usage_date
    group by members.platform, members.trace_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- All cost without an owner, with evidence or without; shared charges only where a rule could reach them.
totals as (

    {%- for dimension, id in ai_dimensions().items() %}
    select
        '{{ dimension }}' as dimension,
        {{ ai_sum('effective_cost_usd') }} as cost_usd
    from spend
    where {{ id }} is null
        and (not is_shared or coalesce(api_key_id, project_id, {{ dimension }}_tag) is not null)
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- Values that have a rule on other days, and where the next one begins.
ruled as (

    select
        seen.dimension,
        seen.evidence,
        seen.platform,
        seen.match_value,
        min(case when owners.valid_from > seen.first_open_date then owners.valid_from end) as next_from_date
    from seen
    inner join owners
        on owners.evidence = case
            when seen.evidence = 'request_tag' then 'request_tag:' || seen.dimension
            else seen.evidence
        end
        and seen.platform = owners.platform
        and seen.match_value = owners.match_text
    where
        case seen.dimension
            {%- for dimension in ai_dimensions() %}
            when '{{ dimension }}' then owners.{{ dimension }}_id
            {%- endfor %}
        end is not null
    group by seen.dimension, seen.evidence, seen.platform, seen.match_value

),

final as (

    select
        seen.dimension,
        seen.evidence,
        seen.platform,
        seen.match_value,
        seen.first_used_date,
        seen.last_used_date,
        cast(seen.attempts as bigint) as attempts,
        cast(seen.attempts_without_owner as bigint) as attempts_without_owner,
        cast(seen.owners_seen as bigint) as owners_seen,
        cast(case when seen.open_rows = 0 then 0 else seen.cost_without_owner_usd end as {{ money_type() }})
            as cost_without_owner_usd,
        {{ ai_share_ratio('coalesce(seen.cost_without_owner_usd, 0)', 'totals.cost_usd') }}
            as share_of_cost_without_owner_ratio,
        case
            when seen.evidence = 'request_tag' or (seen.owners_seen <= 1 and seen.evidence <> 'trace_conflict')
                then
                    seen.dimension || ',' || seen.evidence || ',' || seen.platform || ',equals,'
                    || case
                        when seen.match_value like '%,%' or seen.match_value like '%"%'
                            then '"' || replace(seen.match_value, '"', '""') || '"'
                        else seen.match_value
                    end
                    || ','
                    || case
                        -- Where an unknown environment's calls went so far is no hint.
                        when seen.owners_seen = 1 and seen.dimension <> 'environment' then seen.owner_seen
                        else '<' || seen.dimension || '>'
                    end
                    || ','
                    || case when ruled.dimension is null then '' else cast(seen.first_open_date as varchar) end
                    || ','
                    || coalesce(cast(ruled.next_from_date as varchar), '')
                    || ',,'
        end as next_rule
    from seen
    inner join totals on seen.dimension = totals.dimension
    left join ruled
        on seen.dimension = ruled.dimension
        and seen.evidence = ruled.evidence
        and seen.platform = ruled.platform
        and seen.match_value = ruled.match_value

)

select * from final
order by
    case when next_rule is null then 1 else 0 end,
    coalesce(cost_without_owner_usd, 0) desc,
    case evidence
        {%- for kind in ranks %}
        when '{{ kind }}' then {{ loop.index }}
        {%- endfor %}
    end,
    dimension,
    platform,
    match_value
