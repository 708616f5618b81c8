{#- Is this business table listed in ai_business_tables? Where not, its staging model is empty and
    nothing refers to the raw table. -#}
{% macro ai_has_business_table(table) -%}
    {{ return(table in var('ai_business_tables', [])) }}
{%- endmacro %}

{#- Where a business table comes from: `table` (its own raw table), or the word of ai_business_sources,
    for which a model stg_ai_<word>__<table> gives the columns of the table. -#}
{% macro ai_business_source(table) -%}
    {{ return(var('ai_business_sources', {}).get(table, 'table')) }}
{%- endmacro %}

{#- The columns of a business table that a model gives, typed: nothing is left to parse. -#}
{% macro ai_business_typed(columns) -%}
    {%- set typed = {} -%}
    {%- for column in columns -%}
        {%- set type = {'word': 'varchar', 'currency': 'varchar', 'date': 'timestamp'}.get(column[1], column[1]) -%}
        {%- do typed.update({column[0]: type}) -%}
    {%- endfor -%}
    {{ return(typed) }}
{%- endmacro %}

{#- A staging model over a business table, or over the model that stands for it (ai_business_sources):
    that one gives every column with its type, `loaded_at`, and `defect` ('<reason> <column>') for a row
    that it could not read.
    columns   [(column, type)] or [(column, type, other name of it)]. Types: varchar, bigint, boolean,
              timestamp, numeric(p, s); `date` is the UTC day of a point in time, `word` text in lower
              case, `currency` text in upper case.
    key       columns that tell one row from another; the first of them must be there.
    required  {column: reason} of a row that lacks it.
    checks    {reason: condition on the columns} of a row that is unusable otherwise.
    Adds raw_key, loaded_at, rejected_reason and rejected_column. A row that cannot be used keeps its
    place with a reason. Of the usable rows of a key the latest load counts, the others are
    `duplicate`; so `where rejected_reason is null` gives one good row per key. A table that is not
    listed gives the same columns and no rows. -#}
{% macro ai_business_staging(table, columns, key, required={}, checks={}) -%}
{%- if ai_unit_economics.ai_has_business_table(table) -%}
{%- set columns = columns + [('loaded_at', 'timestamp')] -%}
{%- set word = ai_unit_economics.ai_business_source(table) -%}
{%- set raw = ai_unit_economics.ai_raw_columns(table) if word == 'table'
    else ai_unit_economics.ai_business_typed(columns) -%}
{%- set names = columns | map('first') | list -%}
with source as (

    select * from {{ source('ai_raw', table) if word == 'table' else ref('stg_ai_' ~ word ~ '__' ~ table) }}

),

renamed as (

    select
        {%- for column in columns %}
        {%- set value = ai_unit_economics.ai_business_column(raw, column) %}
        {%- if column[0] in ('customer_id', 'parent_customer_id', 'merged_into') %}
            {%- set value = ai_unit_economics.ai_erased(value, 'customer') %}
        {%- elif table == 'customers' and column[0] == 'name' %}
            {%- set id = ai_unit_economics.ai_business_column(raw, columns[0]) %}
            {%- set value = ai_unit_economics.ai_erased(value, 'customer', id=id, instead='null') %}
        {%- endif %}
        {{ value }} as {{ column[0] }},
        {%- endfor %}
        {{ ai_unit_economics.ai_business_unparsable(raw, columns) | indent(8) if word == 'table' else 'defect' }}
            as unparsable
    from source

),

judged as (

    select
        {{ names | join(',\n        ') }},
        case
            when {{ key[0] }} is null then 'missing_key {{ key[0] }}'
            when unparsable is not null then unparsable
            {%- for column, reason in required.items() %}
            when {{ column }} is null then '{{ reason }} {{ column }}'
            {%- endfor %}
            {%- for reason, condition in checks.items() %}
            when {{ condition }} then '{{ reason }}'
            {%- endfor %}
        end as defect
    from renamed

),

ranked as (

    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}, case when defect is null then 1 else 0 end
            order by loaded_at desc nulls last, {{ names | reject('in', key + ['loaded_at']) | join(', ') }}
        ) as key_rank
    from judged

),

final as (

    select
        cast(
            {%- for column in key %}
            coalesce(cast({{ column }} as varchar), ''){{ " || '|' ||" if not loop.last }}
            {%- endfor %} as varchar
        ) as raw_key,
        {{ names | join(',\n        ') }},
        cast(case
            when defect is not null then split_part(defect, ' ', 1)
            when key_rank > 1 then 'duplicate'
        end as varchar) as rejected_reason,
        cast(nullif(split_part(defect, ' ', 2), '') as varchar) as rejected_column
    from ranked

)

select * from final
{%- else -%}
{%- set typed = [('raw_key', 'varchar')] -%}
{%- for column in columns -%}
    {%- do typed.append((column[0], 'varchar' if column[1] in ('word', 'currency') else column[1])) -%}
{%- endfor -%}
{{ ai_unit_economics.ai_empty(
    typed + [('loaded_at', 'timestamp'), ('rejected_reason', 'varchar'), ('rejected_column', 'varchar')]
) }}
{%- endif -%}
{%- endmacro %}

{#- One column of a business table, by the name that the raw table has. -#}
{% macro ai_business_column(raw, column) -%}
{%- set type = column[1] -%}
{%- set name = column[2] if column | length > 2 and column[0] not in raw and column[2] in raw else column[0] -%}
{%- if type == 'word' -%}
lower({{ ai_unit_economics.ai_raw_text(raw, name) }})
{%- elif type == 'currency' -%}
upper({{ ai_unit_economics.ai_raw_text(raw, name) }})
{%- elif type == 'date' -%}
{{ ai_unit_economics.ai_day(ai_unit_economics.ai_raw_time(raw, name)) }}
{%- else -%}
{{ ai_unit_economics.ai_raw_column(raw, name, type) }}
{%- endif -%}
{%- endmacro %}

{#- '<reason> <column>' of the first column whose value is there but is not of its type. Only columns
    whose raw type could fail are looked at, so a typed table pays nothing. -#}
{% macro ai_business_unparsable(raw, columns) -%}
{%- set tests = [] -%}
{%- for column in columns -%}
    {%- set name = column[0] -%}
    {%- set type = 'timestamp' if column[1] == 'date' else column[1] -%}
    {%- set family = ai_unit_economics.ai_type_family(type) -%}
    {%- set typed = {
        'timestamp': ['timestamp', 'timestamp_tz', 'date'], 'boolean': ['boolean'], 'number': ['number']
    } -%}
    {%- if family in typed and name in raw and ai_unit_economics.ai_type_family(raw[name]) not in typed[family]
        or family == 'number' and name in raw and raw[name] not in ('bigint', 'integer', 'smallint', 'number(38,0)') -%}
        {%- set reason = {
            'timestamp': 'unparsable_time', 'boolean': 'unparsable_flag',
            'number': 'unparsable_quantity' if type == 'bigint' or name in ('credits', 'quantity')
                else 'unparsable_amount'
        }[family] -%}
        {%- do tests.append((reason, name, ai_unit_economics.ai_not_parsed(raw, name, type))) -%}
    {%- endif -%}
{%- endfor -%}
{%- if tests -%}
case
    {%- for reason, name, condition in tests %}
    when {{ condition }} then '{{ reason }} {{ name }}'
    {%- endfor %}
end
{%- else -%}
cast(null as varchar)
{%- endif -%}
{%- endmacro %}
