{#- When a row's delivery was loaded: rows that arrived together count as one load. A loader that stamps
    its files one by one tells what arrived together in a column `delivery_id`; without one the rows of
    a delivery have one loaded_at. -#}
{% macro ai_delivered_at(columns) -%}
{%- set loaded_at = ai_unit_economics.ai_raw_time(columns, 'loaded_at') -%}
{%- if columns and ai_unit_economics.ai_has_raw(columns, 'delivery_id') -%}
{%- set id = ai_unit_economics.ai_raw_text(columns, 'delivery_id') -%}
case when {{ id }} is null then {{ loaded_at }} else max({{ loaded_at }}) over (partition by {{ id }}) end
{%- else -%}
{{ loaded_at }}
{%- endif -%}
{%- endmacro %}
