{#- What a raw table has: {column: type}, in lower case, read once per source and build. Empty while
    parsing, and where the table is not there yet: then every column counts as present. A column that
    must be quoted (`user`, startTime on Snowflake) has its quoted name under '@column'. -#}
{% macro ai_raw_columns(table) -%}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(source('ai_raw', table)) -%}
            {%- set name = column.name | lower -%}
            {%- do found.update({name: column.data_type | lower}) -%}
            {%- if column.name not in (name, name | upper) or name in ai_unit_economics.ai_reserved_words()
                or not modules.re.match('^[a-z_][a-z0-9_]*$', name) -%}
                {%- do found.update({'@' ~ name: adapter.quote(column.name)}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- Column names of known sources that SQL reads as something else. -#}
{% macro ai_reserved_words() -%}
    {{ return(['user', 'group', 'order', 'end', 'date', 'timestamp', 'interval']) }}
{%- endmacro %}

{#- The columns of a raw table whose loader names them in its own way, by the names that the API has.
    names: {name in the API: name as landed}. A column that the loader lacks keeps its own name. -#}
{% macro ai_renamed_columns(columns, names) -%}
    {%- set renamed = {} -%}
    {%- do renamed.update(columns) -%}
    {%- for name, landed in names.items() if landed in columns -%}
        {%- do renamed.update({name: columns[landed], '@' ~ name: columns.get('@' ~ landed, landed)}) -%}
    {%- endfor -%}
    {{ return(renamed) }}
{%- endmacro %}

{#- Text columns of a raw table that a derived step puts right before anything reads them: `steps`, each
    ai_<name>, and `columns` as ai_raw_columns gives them, read from those steps. A column that is absent
    or no text is left alone. corrections: {column: SQL of its text put right}. -#}
{% macro ai_text_steps(columns, corrections) -%}
    {%- set steps = {} -%}
    {%- set read = {} -%}
    {%- do read.update(columns) -%}
    {%- for name, sql in corrections.items()
        if ai_unit_economics.ai_has_raw(columns, name)
        and ai_unit_economics.ai_type_family(columns.get(name, 'varchar')) == 'text' -%}
        {%- do steps.update({'ai_' ~ name: sql}) -%}
        {%- if columns -%}
            {%- do read.update({name: 'varchar', '@' ~ name: 'ai_' ~ name}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'steps': steps, 'columns': read}) }}
{%- endmacro %}

{#- How the raw tables of a source were landed: the word of ai_source_shapes, else the first allowed
    one. A word that the source does not know is a compile error. -#}
{% macro ai_source_shape(source_word, allowed) -%}
    {%- set shape = var('ai_source_shapes', {}).get(source_word, allowed[0]) -%}
    {%- if shape not in allowed -%}
        {{ exceptions.raise_compiler_error(
            "ai_source_shapes: '" ~ source_word ~ "' cannot be '" ~ shape ~ "'. It is one of: " ~ allowed | join(', ')
        ) }}
    {%- endif -%}
    {{ return(shape) }}
{%- endmacro %}

{#- text, number, boolean, date, timestamp, timestamp_tz or other. -#}
{% macro ai_type_family(data_type) -%}
    {%- set t = (data_type or '') | lower -%}
    {%- if t.endswith(']') -%}
        {{ return('other') }}
    {%- elif 'time zone' in t or 'timestamptz' in t or 'timestamp_tz' in t or 'timestamp_ltz' in t -%}
        {{ return('timestamp_tz') }}
    {%- elif t.startswith('timestamp') or t.startswith('datetime') -%}
        {{ return('timestamp') }}
    {%- elif t.startswith('date') -%}
        {{ return('date') }}
    {%- elif t.startswith('bool') -%}
        {{ return('boolean') }}
    {%- elif t.startswith(('varchar', 'text', 'string', 'char')) -%}
        {{ return('text') }}
    {%- elif t.startswith(('num', 'dec', 'fixed')) or 'int' in t or t.startswith(('float', 'double', 'real')) -%}
        {{ return('number') }}
    {%- else -%}
        {{ return('other') }}
    {%- endif -%}
{%- endmacro %}

{#- Where a raw value is: {type, sql} of a column, or of a path into a nested column as a list
    [column, key, key …]. A loader may have flattened the path (`column__key__key`); otherwise it is
    read out of JSON text, a struct, a map or a variant, and its type is text. The type is none where the
    table lacks the column. -#}
{% macro ai_raw_place(columns, name) -%}
    {%- if name is string -%}
        {{ return({'type': columns.get(name), 'sql': columns.get('@' ~ name, name)}) }}
    {%- endif -%}
    {%- set flat = name | join('__') | lower -%}
    {%- set first = name[0] | lower -%}
    {%- if flat in columns -%}
        {{ return({'type': columns[flat], 'sql': columns.get('@' ~ flat, flat)}) }}
    {%- elif columns and first not in columns -%}
        {{ return({'type': none, 'sql': flat}) }}
    {%- endif -%}
    {%- set column = columns.get('@' ~ first, first) -%}
    {%- set is_text = ai_unit_economics.ai_type_family(columns.get(first, 'varchar')) == 'text' -%}
    {{ return({'type': 'varchar', 'sql': ai_unit_economics.ai_json_text(column, name[1:], is_text)}) }}
{%- endmacro %}

{#- One raw column (or path into one, see ai_raw_place) as `type`; a typed NULL where the table lacks
    it; text that does not parse and the empty string are NULL (ai_defect names the former). A float
    becomes a number by its text: cast directly, 31537.628834 would be 31537.628833999998976. -#}
{% macro ai_raw_column(columns, name, type) -%}
{%- set place = ai_unit_economics.ai_raw_place(columns, name) -%}
{%- set raw = place.type -%}
{%- set to = ai_unit_economics.ai_type_family(type) -%}
{%- if columns and raw is none -%}
cast(null as {{ type }})
{%- elif to == 'text' -%}
nullif(trim(cast({{ place.sql }} as varchar)), '')
{%- elif to == 'timestamp' -%}
{{ ai_unit_economics.ai_utc_timestamp(place.sql, raw or 'timestamp') }}
{%- elif type == 'bigint' -%}
{{ ai_unit_economics.ai_whole_number(place.sql, raw) }}
{%- elif ai_unit_economics.ai_type_family(raw) == 'text' -%}
{{ ai_unit_economics.ai_try_cast("nullif(trim(" ~ place.sql ~ "), '')", type) }}
{%- elif ai_unit_economics.ai_type_family(raw) == to and to in ('boolean', 'date') or (raw or '') == type -%}
{{ place.sql }}
{%- elif to == 'number' and raw and raw.startswith(('float', 'double', 'real')) -%}
{{ ai_unit_economics.ai_try_cast('cast(' ~ place.sql ~ ' as varchar)', type) }}
{%- else -%}
{{ ai_unit_economics.ai_try_cast(place.sql, type) }}
{%- endif -%}
{%- endmacro %}

{#- A raw value as a count: bigint of up to fifteen digits, so that a sum of them stays one; NULL where
    the value is none. -#}
{% macro ai_whole_number(expression, data_type) -%}
{%- set type = data_type or 'varchar' -%}
{%- if type in ('integer', 'smallint', 'tinyint') -%}
cast({{ expression }} as bigint)
{%- elif type in ('bigint', 'number(38,0)') -%}
case when {{ expression }} between -999999999999999 and 999999999999999 then {{ expression }} end
{%- else -%}
{%- set is_text = ai_unit_economics.ai_type_family(type) == 'text' -%}
cast({{ ai_unit_economics.ai_try_cast(
    "nullif(trim(" ~ expression ~ "), '')" if is_text else expression, 'numeric(15,0)'
) }} as bigint)
{%- endif -%}
{%- endmacro %}

{#- The first of several raw columns or paths that holds a value, as `type`. -#}
{% macro ai_raw_first(columns, names, type='varchar') -%}
{%- set found = [] -%}
{%- for name in names if ai_unit_economics.ai_has_raw(columns, name) -%}
    {%- do found.append(ai_unit_economics.ai_raw_column(columns, name, type)) -%}
{%- endfor -%}
{%- if found | length > 1 -%}
coalesce({{ found | join(', ') }})
{%- else -%}
{{ found[0] if found else 'cast(null as ' ~ type ~ ')' }}
{%- endif -%}
{%- endmacro %}

{#- Does the raw table have this column, or the nested column that a path begins in? -#}
{% macro ai_has_raw(columns, name) -%}
    {{ return(not columns or ai_unit_economics.ai_raw_place(columns, name).type is not none) }}
{%- endmacro %}

{% macro ai_raw_text(columns, name) %}{{ ai_unit_economics.ai_raw_column(columns, name, 'varchar') }}{% endmacro %}

{% macro ai_raw_count(columns, name) %}{{ ai_unit_economics.ai_raw_column(columns, name, 'bigint') }}{% endmacro %}

{#- Exact from text or a decimal; of a float column the shortest decimal that names it. NULL above 1e11, which
    no line of a bill is. -#}
{% macro ai_raw_money(columns, name) -%}
{%- set amount = ai_unit_economics.ai_raw_column(columns, name, ai_unit_economics.raw_money_type()) -%}
cast({{ amount }} as {{ ai_unit_economics.money_type() }})
{%- endmacro %}

{% macro ai_raw_bool(columns, name) %}{{ ai_unit_economics.ai_raw_column(columns, name, 'boolean') }}{% endmacro %}

{% macro ai_raw_time(columns, name) %}{{ ai_unit_economics.ai_raw_column(columns, name, 'timestamp') }}{% endmacro %}

