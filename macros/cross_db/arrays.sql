{#- An array as JSON text: JSON text as it is, a list of structs or a variant written out. -#}
{% macro ai_json_array(column, is_text) -%}
    {{ return(adapter.dispatch('ai_json_array', 'ai_unit_economics')(column, is_text)) }}
{%- endmacro %}

{% macro default__ai_json_array(column, is_text) -%}
{{ column if is_text else 'to_json(to_variant(' ~ column ~ '))' }}
{%- endmacro %}

{% macro duckdb__ai_json_array(column, is_text) -%}
{{ column if is_text else 'cast(to_json(' ~ column ~ ') as varchar)' }}
{%- endmacro %}

{#- Query: one row per distinct array of a column that holds arrays as JSON text, with sums over its
    entries as money. Join it on the text itself: what an array sums to depends on nothing else, so rows
    need no key, and a row that was loaded twice is not added to itself.
    relation  CTE or table
    column    its column, JSON text of an array of objects
    sums      {name: {'field': field summed, 'only': {field: [values, as text]}}}
    Columns: array_text and each name; NULL where no entry counts. Text that is no JSON has no row.
    A query of its own, because Snowflake evaluates no correlated subquery over flatten(). -#}
{% macro ai_array_sums(relation, column, sums) -%}
select
    arrays.array_text
    {%- for name, sum in sums.items() %},
    {%- set amount = ai_unit_economics.ai_json_text('entry.value', [sum.field], false) %}
    {{ ai_unit_economics.ai_sum(
        ('case when ' ~ ai_unit_economics.ai_entry_is(sum.only) ~ ' then ' if sum.only else '')
        ~ ai_unit_economics.ai_try_cast(amount, ai_unit_economics.money_type())
        ~ (' end' if sum.only else '')
    ) }} as {{ name }}
    {%- endfor %}
from (select distinct {{ column }} as array_text from {{ relation }} where {{ column }} is not null) as arrays,
    {{ ai_unit_economics.ai_array_entries('arrays.array_text') }} as entry
group by arrays.array_text
{%- endmacro %}

{#- Condition on an entry: each field has one of its values. -#}
{% macro ai_entry_is(only) -%}
{%- for field, values in only.items() -%}
{{ ' and ' if not loop.first }}
{{- ai_unit_economics.ai_json_text('entry.value', [field], false) }} in ('{{ values | join("', '") }}')
{%- endfor -%}
{%- endmacro %}

{#- Table function over the entries of an array in JSON text, lateral to what stands before it; its
    column `value` is an entry. -#}
{% macro ai_array_entries(text) -%}
    {{ return(adapter.dispatch('ai_array_entries', 'ai_unit_economics')(text)) }}
{%- endmacro %}

{% macro default__ai_array_entries(text) -%}
lateral flatten(input => try_parse_json({{ text }}))
{%- endmacro %}

{% macro duckdb__ai_array_entries(text) -%}
json_each(try_cast({{ text }} as json))
{%- endmacro %}
