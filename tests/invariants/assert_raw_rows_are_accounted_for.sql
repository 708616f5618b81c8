{#- Proves: raw = accepted + duplicates + rejected, per source and load day, and that the raw rows are
    those of the raw tables themselves. Load days of requests on a UTC day that has fewer raw rows than
    were stored (retention) are left out: there the raw rows are gone on purpose, and
    assert_no_day_has_shrunk lists them.
    Broken by: a row that a filter or a join drops before it is judged, a rejected row that is also
    accepted. Each row is a source and load day that fails. -#}
{#- Staging models that take every row of their raw tables: {kind: {word: [raw tables]}}. The others have a
    scope (a cloud's whole bill, spans that are no model call): their rows are counted from staging on. -#}
{%- set openai_tables = [] -%}
{%- for endpoint in var('ai_openai_usage_endpoints', ['completions']) -%}
{%- do openai_tables.append('openai_usage_' ~ endpoint) -%}
{%- endfor -%}
{%- set whole = {
    'usage': {'openai': openai_tables, 'anthropic': ['anthropic_usage_messages']},
    'billing': {'openai': ['openai_costs'], 'anthropic': ['anthropic_cost_report']},
    'requests': {
        'app': ['app_requests'], 'litellm': ['litellm_spend_logs'], 'helicone': ['helicone_requests'],
        'openrouter': ['openrouter_generations'], 'portkey': ['portkey_logs'], 'vercel': ['vercel_generations'],
        'vertex': ['vertex_request_log']
    }
} -%}
{%- set lists = {
    'usage': 'ai_usage_platforms', 'billing': 'ai_billing_platforms', 'requests': 'ai_request_sources'
} -%}

with row_counts as (

    select * from {{ ref('int_ai_row_counts') }}

),

raw_keys as (

    select
        call_key,
        count(*) as copies
    from {{ ref('int_ai_requests__unioned') }}
    where rejected_reason is null
    group by call_key

),

-- A stored request of which a copy is gone from the raw log.
shrunken_days as (

    select distinct stored.first_source as request_source, stored.usage_date
    from {{ ref('int_ai_requests') }} as stored
    left join raw_keys on stored.call_key = raw_keys.call_key
    where coalesce(raw_keys.copies, 0) < stored.copies

),

loads as (

    select distinct
        request_source,
        usage_date,
        {{ ai_day('loaded_at') }} as load_date
    from {{ ref('int_ai_requests__unioned') }}
    where rejected_reason is null
    union
    select distinct
        first_source as request_source,
        usage_date,
        {{ ai_day('first_loaded_at') }} as load_date
    from {{ ref('int_ai_requests') }}

),

pruned_loads as (

    select distinct 'requests:' || loads.request_source as source_name, loads.load_date
    from loads
    inner join shrunken_days
        on loads.request_source = shrunken_days.request_source
        and abs({{ ai_days_between('loads.usage_date', 'shrunken_days.usage_date') }}) <= 1

),

unequal as (

    select
        row_counts.source_name,
        row_counts.load_date,
        row_counts.raw_rows,
        row_counts.accepted_rows + row_counts.duplicate_rows + row_counts.rejected_rows as judged_rows
    from row_counts
    left join pruned_loads
        on row_counts.source_name = pruned_loads.source_name
        and row_counts.load_date = pruned_loads.load_date
    where pruned_loads.source_name is null
        and row_counts.raw_rows <> row_counts.accepted_rows + row_counts.duplicate_rows + row_counts.rejected_rows

),

-- Rows of the raw table beside rows of its staging model; a loader's deletions are left out by both.
tables as (

    {%- for kind, words in whole.items() %}
    {%- for word, raw_tables in words.items() if word in var(lists[kind], []) %}
    {%- set counted = ['0'] -%}
    {%- for table in raw_tables -%}
    {%- set kept = ' where not coalesce(_fivetran_deleted, false)' if '_fivetran_deleted' in ai_raw_columns(table) -%}
    {%- do counted.append('(select count(*) from ' ~ source('ai_raw', table) ~ (kept or '') ~ ')') -%}
    {%- endfor %}
    select
        '{{ kind }}:{{ word }}' as source_name,
        {{ counted | join(' + ') }} as raw_rows,
        (select count(*) from {{ ref('stg_ai_' ~ kind ~ '__' ~ word) }}) as judged_rows
    union all
    {%- endfor %}
    {%- endfor %}
    {%- for kind, list in lists.items() %}
    select
        'all {{ kind }}' as source_name,
        {%- for word in var(list, []) %}
        (select count(*) from {{ ref('stg_ai_' ~ kind ~ '__' ~ word) }}) +
        {%- endfor %} 0 as raw_rows,
        (select coalesce(sum(raw_rows), 0) from row_counts where source_name like '{{ kind }}:%') as judged_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

uncounted as (

    select
        source_name,
        cast(null as date) as load_date,
        raw_rows,
        judged_rows
    from tables
    where raw_rows <> judged_rows
    {%- if var('ai_start_date', none) %}
        -- What lies before ai_start_date is staged and not judged.
        and source_name not like 'all %'
        {%- endif %}

)

select * from unequal
union all
select * from uncounted
