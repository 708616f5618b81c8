{#- What makes a raw row unusable, as '<reason> <column>'; NULL for a good row. A column that the raw
    table types itself costs next to nothing: only text and wider numbers can fail to parse, and a count
    above fifteen digits is none. A name may be a path into a nested column (ai_raw_place).
    amounts     money: above 1e11 it is none
    quantities  other numbers with decimals
    names   {column: what the defect calls it}, where not by its own name
    others  [(reason, column, SQL condition)] of further tests -#}
{% macro ai_defect(columns, times=[], counts=[], amounts=[], quantities=[], names={}, others=[]) -%}
{%- set tests = others | list -%}
{%- for name in times -%}
    {%- if ai_unit_economics.ai_can_fail(columns, name, 'timestamp') -%}
        {%- do tests.append(('unparsable_time', name, ai_unit_economics.ai_not_parsed(columns, name, 'timestamp'))) -%}
    {%- endif -%}
{%- endfor -%}
{%- for name in counts -%}
    {%- if ai_unit_economics.ai_can_fail(columns, name, 'bigint') -%}
        {%- do tests.append(('unparsable_quantity', name, ai_unit_economics.ai_not_parsed(columns, name, 'bigint'))) -%}
    {%- endif -%}
{%- endfor -%}
{%- for names_of_type, type in [
    (amounts, ai_unit_economics.raw_money_type()), (quantities, ai_unit_economics.money_type())
] -%}
    {%- for name in names_of_type if ai_unit_economics.ai_can_fail(columns, name, type) -%}
        {%- do tests.append(('unparsable_amount', name, ai_unit_economics.ai_not_parsed(columns, name, type))) -%}
    {%- endfor -%}
{%- endfor -%}
{%- for name in counts if ai_unit_economics.ai_has_raw(columns, name) -%}
    {%- do tests.append(('negative_quantity', name, ai_unit_economics.ai_raw_count(columns, name) ~ ' < 0')) -%}
{%- endfor -%}
{%- if tests -%}
case
    {%- for reason, name, condition in tests %}
    {%- set shown = names.get(name, name) if name is string else name | join('.') %}
    when {{ condition }} then '{{ reason }} {{ shown }}'
    {%- endfor %}
end
{%- else -%}
cast(null as varchar)
{%- endif -%}
{%- endmacro %}

{#- Can a value of this raw column be no `type`? -#}
{% macro ai_can_fail(columns, name, type) -%}
    {%- set raw = ai_unit_economics.ai_raw_place(columns, name).type if columns else none -%}
    {%- set family = ai_unit_economics.ai_type_family(type) -%}
    {%- set families = [family] + (['timestamp_tz'] if family == 'timestamp' else []) -%}
    {{ return(raw is not none and (ai_unit_economics.ai_type_family(raw) not in families
        or (type in ('bigint', ai_unit_economics.raw_money_type())
            and raw not in ('integer', 'smallint', 'tinyint')))) }}
{%- endmacro %}

{#- The value is there and is not of the type. Of a typed column the value itself is looked at. -#}
{% macro ai_not_parsed(columns, name, type) -%}
{%- set place = ai_unit_economics.ai_raw_place(columns, name) -%}
{%- set is_text = ai_unit_economics.ai_type_family(place.type or 'varchar') in ('text', 'other') -%}
{{ ai_unit_economics.ai_raw_text(columns, name) if is_text else place.sql }} is not null
        and {{ ai_unit_economics.ai_raw_column(columns, name, type) }} is null
{%- endmacro %}
