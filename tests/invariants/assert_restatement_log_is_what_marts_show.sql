{#- Proves: the differences that the log keeps sum to what each mart shows of every published month, so that no
    published number moves without a row that says why.
    Broken by: a mart that was rebuilt without the log, a log row lost or doubled. Each row is an amount that
    fails. -#}
{%- set marts = ai_published_marts() -%}

with published_months as (

    select distinct usage_month from {{ ref('restatement_log') }}

),

shown as (

    {%- for mart, parts in marts.items() %}
    {%- for amount in parts[1] %}
    select
        {{ ai_month('usage_date') if mart == 'cost_ledger' else 'usage_month' }} as usage_month,
        '{{ mart }}' as mart,
        {{ parts[0] }} as mart_key,
        '{{ amount }}' as amount_name,
        {{ amount }} as shown_usd,
        cast(0 as {{ money_type() }}) as logged_usd
    from {{ ref(mart) }}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        usage_month,
        mart,
        mart_key,
        amount_name,
        cast(0 as {{ money_type() }}) as shown_usd,
        difference_usd as logged_usd
    from {{ ref('restatement_log') }}
    where mart in ('{{ marts.keys() | join("', '") }}')

),

summed as (

    select
        usage_month,
        mart,
        mart_key,
        amount_name,
        coalesce(sum(shown_usd), 0) as shown_usd,
        sum(logged_usd) as logged_usd
    from shown
    group by usage_month, mart, mart_key, amount_name

)

select summed.*
from summed
inner join published_months on summed.usage_month = published_months.usage_month
where summed.shown_usd <> summed.logged_usd
