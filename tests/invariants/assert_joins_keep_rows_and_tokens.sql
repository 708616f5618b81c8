{#- Proves: no join on the way to cost drops or doubles a request, or changes a token count: the stored
    requests, the costed ones, the public mart, the daily sums and the ledger hold the same attempts
    and tokens per platform and UTC day that is not closed.
    Broken by: an owner, plan or price that matches twice, an inner join to prices. Each row is a
    relation, platform and day that fails. -#}
{%- set relations = {
    'int_ai_requests__costed': 'count(*)', 'int_ai_ledger__requests': 'sum(attempts)', 'cost_ledger': 'sum(attempts)'
} -%}
{%- do relations.update({'cost_per_request': 'count(*)'} if ai_scenario_needs('requests') else {}) -%}

with requests as (

    select
        platform,
        usage_date,
        count(*) as attempts,
        {%- for class in ai_token_classes() %}
        coalesce(sum({{ class }}_tokens), 0){{ ' +' if not loop.last else ' as tokens' }}
        {%- endfor %}
    from {{ ref('int_ai_requests') }}
    where {{ ai_is_open('usage_date') }}
    group by platform, usage_date

),

relations as (

    {%- for relation, attempts in relations.items() %}
    select
        '{{ relation }}' as relation,
        platform,
        usage_date,
        {{ attempts }} as attempts,
        {%- for class in ai_token_classes() %}
        coalesce(sum({{ class }}_tokens), 0){{ ' +' if not loop.last else ' as tokens' }}
        {%- endfor %}
    from {{ ref(relation) }}
    where {{ ai_is_open('usage_date') }}
        {%- if relation == 'cost_ledger' %}
        and ledger_row_type in ('request', 'commitment_used')
        {%- endif %}
    group by platform, usage_date
    union all
    {%- endfor %}
    select
        'int_ai_metered__daily' as relation,
        cells.platform,
        metered.usage_date,
        sum(metered.attempts) as attempts,
        {%- for class in ai_token_classes() %}
        coalesce(sum(metered.{{ class }}_tokens), 0){{ ' +' if not loop.last else ' as tokens' }}
        {%- endfor %}
    from {{ ref('int_ai_metered__daily') }} as metered
    inner join {{ ref('int_ai_cells') }} as cells on metered.cell_key = cells.cell_key
    where {{ ai_is_open('metered.usage_date') }}
    group by cells.platform, metered.usage_date

),

names as (

    {%- for relation in relations.keys() | list + ['int_ai_metered__daily'] %}
    select '{{ relation }}' as relation{{ ' union all' if not loop.last }}
    {%- endfor %}

),

both_sides as (

    select names.relation, requests.platform, requests.usage_date, requests.attempts, requests.tokens
    from names
    cross join requests
    union all
    select relation, platform, usage_date, -attempts as attempts, -tokens as tokens
    from relations

)

select
    relation,
    platform,
    usage_date,
    sum(attempts) as missing_attempts,
    sum(tokens) as missing_tokens
from both_sides
group by relation, platform, usage_date
having sum(attempts) <> 0 or sum(tokens) <> 0
