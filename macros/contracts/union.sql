{#- All staging models of a kind, as one: prefix ~ name for each name of the list var. An empty list
    is a valid, empty union with the same typed columns. -#}
{% macro ai_union(prefix, names, columns) -%}
{%- for name in names %}
select
    {%- for column, type in columns %}
    {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref(prefix ~ name) }}
{{ 'union all' if not loop.last }}
{%- else %}
{{ ai_unit_economics.ai_empty(columns) }}
{%- endfor %}
{%- endmacro %}

{#- No rows, typed columns. -#}
{% macro ai_empty(columns) -%}
select
    {%- for column, type in columns %}
    cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
where 1 = 0
{%- endmacro %}
