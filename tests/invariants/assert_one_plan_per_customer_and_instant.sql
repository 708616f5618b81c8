{#- Proves: a customer is on at most one plan at any instant, in force and to report under, and no period is
    empty or runs backwards. Sorted by their beginning, two periods overlap only if two neighbours do.
    Each row is a period that fails. -#}
with periods as (

    {%- for model in ['int_ai_plan_periods', 'int_ai_plan_attribution'] %}
    select
        '{{ model }}' as model,
        customer_id,
        plan_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by customer_id order by valid_from, valid_to
        ) as next_valid_from
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from periods
where valid_to <= valid_from
    or next_valid_from < valid_to
