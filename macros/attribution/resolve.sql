{#- Join of the owners that one piece of evidence names on a day: an equi-join on platform and text,
    of which at most one period holds. -#}
{% macro ai_join_owners(alias, evidence, platform, value, usage_date) -%}
left join owners as {{ alias }}
    on {{ alias }}.evidence = '{{ evidence }}'
    and {{ platform }} = {{ alias }}.platform
    and {{ value }} = {{ alias }}.match_text
    and {{ usage_date }} >= {{ alias }}.valid_from
    and {{ usage_date }} < {{ alias }}.valid_to
{%- endmacro %}

{#- First valid evidence wins: `ladder` is [(method, column)] in the order of the ranks. -#}
{% macro ai_first_owner(ladder) -%}
coalesce({% for method, column in ladder %}{{ column }}{{ ', ' if not loop.last }}{% endfor %}, null)
{%- endmacro %}

{#- The evidence that answered; `invalid_tag` where a tag names nothing known and nothing lower answers. -#}
{% macro ai_method(ladder, tag='null') -%}
case
    {%- for method, column in ladder %}
    when {{ column }} is not null then '{{ method }}'
    {%- endfor %}
    when {{ tag }} is not null then 'invalid_tag'
    else 'unattributed'
end
{%- endmacro %}

{#- P&L class, first match: internal customer, environment other than production, free plan or trial,
    else COGS. A rule of dimension pnl_class has been tried before. -#}
{% macro ai_pnl_class(is_internal, environment, plan_type) -%}
case
    when {{ is_internal }} then 'internal_opex'
    when coalesce({{ environment }}, '{{ var("ai_default_environment", "production") }}') <> 'production' then 'rnd'
    when {{ plan_type }} in ('free', 'trial') then 'free_tier'
    else 'cogs'
end
{%- endmacro %}
