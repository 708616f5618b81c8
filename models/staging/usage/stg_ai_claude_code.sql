{#- Grain: one row per UTC day, organisation, actor, customer type, terminal and model of Anthropic's
    usage_report/claude_code, of the latest load.
    Purpose: what the company's own developers do with Claude Code, for information. No cost is read from
    it: what API customers spend is in the usage and cost reports already, and a subscription is billed by
    the seat (manual_costs). Nothing below the marts refers to this model.
    Limits: the amount is Anthropic's estimate. Sessions, lines, commits and pull requests belong to the
    actor and terminal, not to a model: they are on the first model's row alone, so that sums are right. -#}
{{ config(enabled='claude_code' in var('ai_internal_tools', [])) }}

{%- set raw = ai_raw_columns('anthropic_claude_code') %}
{%- set key = [
    'usage_date', 'organization_id', 'actor_type', 'actor_id', 'customer_type', 'subscription_type',
    'terminal_type', 'model_raw'
] %}
{%- set measures = {
    'input_tokens': 'input', 'cache_read_tokens': 'cache_read', 'cache_write_tokens': 'cache_creation',
    'output_tokens': 'output'
} %}
{%- set activities = {
    'sessions': 'core_metrics__num_sessions',
    'lines_added': 'core_metrics__lines_of_code__added',
    'lines_removed': 'core_metrics__lines_of_code__removed',
    'commits': 'core_metrics__commits_by_claude_code',
    'pull_requests': 'core_metrics__pull_requests_by_claude_code'
} %}
{%- set counts = activities.values() | list %}
{%- for field in measures.values() %}
{%- do counts.extend(['tokens__' ~ field, 'model_breakdown__tokens__' ~ field]) %}
{%- endfor %}
{%- set amounts = ['estimated_cost__amount', 'model_breakdown__estimated_cost__amount'] %}
{%- set email = 'lower(' ~ ai_raw_text(raw, 'actor__email_address') ~ ')' %}
{%- set currency =
    'upper(' ~ ai_raw_first(raw, ['estimated_cost__currency', 'model_breakdown__estimated_cost__currency']) ~ ')' %}

with source as (

    select * from {{ source('ai_raw', 'anthropic_claude_code') }}

),

renamed as (

    select
        -- ids
        coalesce({{ ai_raw_text(raw, 'organization_id') }}, 'default') as organization_id,
        coalesce(
            {{ ai_sha256(email) if var('ai_hash_user_ids', false) else email }},
            {{ ai_raw_text(raw, 'actor__api_key_name') }}
        ) as actor_id,

        -- strings
        lower({{ ai_raw_text(raw, 'actor__type') }}) as actor_type,
        lower({{ ai_raw_text(raw, 'customer_type') }}) as customer_type,
        lower({{ ai_raw_text(raw, 'subscription_type') }}) as subscription_type,
        {{ ai_raw_text(raw, 'terminal_type') }} as terminal_type,
        {{ ai_raw_first(raw, ['model', 'model_breakdown__model']) }} as model_raw,
        {{ currency }} as estimated_cost_currency,
        {{ ai_defect(raw, times=['date', 'loaded_at'], counts=counts, amounts=amounts) | indent(8) }} as defect,

        -- quantities
        {%- for column, name in activities.items() %}
        {{ ai_raw_count(raw, name) }} as {{ column }},
        {%- endfor %}
        {%- for column, field in measures.items() %}
        {{ ai_raw_first(raw, ['tokens__' ~ field, 'model_breakdown__tokens__' ~ field], 'bigint') }} as {{ column }},
        {%- endfor %}

        -- money, in cents
        {{ ai_raw_first(raw, amounts, money_type()) }} as estimated_cents,

        -- dates
        {{ ai_day(ai_raw_time(raw, 'date')) }} as usage_date,
        {{ ai_raw_time(raw, 'loaded_at') }} as loaded_at
    from source

),

loads as (

    select
        *,
        rank() over (partition by {{ key | join(', ') }} order by loaded_at desc nulls last) as load_rank
    from renamed

),

latest as (

    select
        *,
        row_number() over (
            partition by {{ key | reject('equalto', 'model_raw') | join(', ') }}
            order by model_raw nulls first, input_tokens, output_tokens
        ) as model_rank
    from loads
    where load_rank = 1

),

final as (

    select
        organization_id,
        actor_id,
        actor_type,
        customer_type,
        subscription_type,
        terminal_type,
        model_raw,
        estimated_cost_currency,
        defect,
        {%- for column in activities %}
        case when model_rank = 1 then {{ column }} else 0 end as {{ column }},
        {%- endfor %}
        {%- for column in measures %}
        {{ column }},
        {%- endfor %}
        case
            when coalesce(estimated_cost_currency, 'USD') = 'USD' then {{ ai_scale('estimated_cents', '0.01') }}
        end as estimated_cost_usd,
        customer_type = 'api' as is_also_api_usage,
        usage_date,
        loaded_at
    from latest

)

select * from final
