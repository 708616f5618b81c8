{% test ai_seed_dates_are_plain(model, columns) %}
{#- Fails with each cell of the seed's file that is not a date as in 2026-11-23. DuckDB loads
    `2026-11-23 12:00` into a date column and drops the rest, so the file is read once more, as text.
    Other warehouses load through dbt and have no file to read: there it finds nothing. -#}
{%- set seeds = graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed')
    | selectattr('package_name', 'equalto', 'ai_unit_economics')
    | selectattr('alias', 'equalto', model.identifier) | list if execute else [] -%}
{%- if target.type == 'duckdb' and seeds -%}
{%- set path = adapter.get_seed_file_path(seeds[0]) | replace("'", "''") -%}
{%- for column in columns %}
select '{{ column }}' as column_name, {{ column }} as cell
from read_csv('{{ path }}', header = true, delim = ',', all_varchar = true)
where {{ column }} is not null and not regexp_full_match({{ column }}, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- else -%}
select 1 as cell where 1 = 0
{%- endif %}
{% endtest %}
