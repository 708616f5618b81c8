{#- A number of up to 20 digits that stands for the values of a row. The sum of it over rows stands for
    the rows in any order. Both engines call it hash(), and neither promises the same number in another
    version: it may only decide what is built again. -#}
{% macro ai_row_hash(columns) -%}
cast(hash(
    {%- for column in columns %}{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
) as numeric(38, 0))
{%- endmacro %}

{#- One text for a set of rows: their number, and the sum of their hashes. -#}
{% macro ai_rows_fingerprint(columns) -%}
cast(count(*) as varchar) || ':'
|| cast(cast(sum({{ ai_unit_economics.ai_row_hash(columns) }}) as numeric(38, 0)) as varchar)
{%- endmacro %}
