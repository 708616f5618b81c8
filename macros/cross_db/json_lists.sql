{#- Lists inside a JSON value, read without a join: each of these is one value per row, whatever the
    length of the list. `json` is SQL of a JSON value (ai_json_value, ai_raw_json). On Snowflake a scalar
    subquery over the row's own list, which aggregates to one row. -#}

{#- The JSON value at a path of keys in JSON text (`is_text`) or in a nested column. -#}
{% macro ai_json_value(column, keys, is_text) -%}
    {{ return(adapter.dispatch('ai_json_value', 'ai_unit_economics')(column, keys, is_text)) }}
{%- endmacro %}

{% macro default__ai_json_value(column, keys, is_text) -%}
{{ 'try_parse_json(' ~ column ~ ')' if is_text else column }}
{%- for key in keys %}['{{ key }}']{% endfor %}
{%- endmacro %}

{% macro duckdb__ai_json_value(column, keys, is_text) -%}
{%- set json = 'try_cast(' ~ column ~ ' as json)' if is_text else 'to_json(' ~ column ~ ')' -%}
{%- if keys -%}
json_extract({{ json }}, '${% for key in keys %}."{{ key }}"{% endfor %}')
{%- else -%}
{{ json }}
{%- endif -%}
{%- endmacro %}

{#- Type of a JSON value. -#}
{% macro ai_json_type() %}{{ return(adapter.dispatch('ai_json_type', 'ai_unit_economics')()) }}{% endmacro %}

{% macro default__ai_json_type() %}variant{% endmacro %}

{% macro duckdb__ai_json_type() %}json{% endmacro %}

{#- The sum of one field over the elements of a list, as `type`. 0 over no element; NULL where `json` is
    no list or an element's field is no such number.
    key, values   only elements whose `key` is (`is_in`) one of the values, or is none of them or missing -#}
{% macro ai_json_list_sum(json, field, type, key=none, values=[], is_in=true) -%}
    {{ return(adapter.dispatch('ai_json_list_sum', 'ai_unit_economics')(json, field, type, key, values, is_in)) }}
{%- endmacro %}

{% macro default__ai_json_list_sum(json, field, type, key, values, is_in) -%}
{%- set number = "try_cast(cast(element.value['" ~ field ~ "'] as varchar) as " ~ type ~ ')' -%}
case
    when is_array({{ json }}) then (
        select case when count(*) = count({{ number }}) then cast(coalesce(sum({{ number }}), 0) as {{ type }}) end
        from table(flatten(input => {{ json }})) as element
        {%- if key %}
        where {{ ai_unit_economics.ai_is_one_of("cast(element.value['" ~ key ~ "'] as varchar)", values, is_in) }}
        {%- endif %}
    )
end
{%- endmacro %}

{% macro duckdb__ai_json_list_sum(json, field, type, key, values, is_in) -%}
{%- set number = "try_cast(json_extract_string(element, '$.\"" ~ field ~ "\"') as " ~ type ~ ')' -%}
case
    when json_type({{ json }}) = 'ARRAY' then (
        select case when count(*) = count({{ number }}) then cast(coalesce(sum({{ number }}), 0) as {{ type }}) end
        from (select unnest(cast(json_extract({{ json }}, '$[*]') as json[])) as element) as elements
        {%- if key %}
        where {{ ai_unit_economics.ai_is_one_of("json_extract_string(element, '$.\"" ~ key ~ "\"')", values, is_in) }}
        {%- endif %}
    )
end
{%- endmacro %}

{% macro ai_is_one_of(expression, values, is_in) -%}
coalesce({{ expression }} in ('{{ values | join("', '") }}'), false){{ '' if is_in else ' = false' }}
{%- endmacro %}

{#- The value at a path of keys in the last element of a list that has it, or in the value itself where
    it is no list: the end of a stream of chunks, which repeats or completes what went before. A JSON null
    counts as none. `as_text`: a text or number as text, else a JSON value. -#}
{% macro ai_json_last(json, keys, as_text=false) -%}
    {{ return(adapter.dispatch('ai_json_last', 'ai_unit_economics')(json, keys, as_text)) }}
{%- endmacro %}

{#- Casting a JSON null to text gives NULL. -#}
{% macro default__ai_json_last(json, keys, as_text) -%}
{%- set path -%}{% for key in keys %}['{{ key }}']{% endfor %}{%- endset -%}
{%- set in_element = 'element.value' ~ path -%}
case
    when is_array({{ json }}) then (
        select max_by({{ 'cast(' ~ in_element ~ ' as varchar)' if as_text else in_element }}, element.index)
        from table(flatten(input => {{ json }})) as element
        where cast({{ in_element }} as varchar) is not null
    )
    when cast({{ json ~ path }} as varchar) is not null
        then {{ 'cast(' ~ json ~ path ~ ' as varchar)' if as_text else json ~ path }}
end
{%- endmacro %}

{% macro duckdb__ai_json_last(json, keys, as_text) -%}
{%- set path -%}{% for key in keys %}."{{ key }}"{% endfor %}{%- endset -%}
{%- set values = "cast(json_extract(" ~ json ~ ", '$[*]" ~ path ~ "') as json[])" -%}
{%- set at_path = "json_extract(" ~ json ~ ", '$" ~ path ~ "')" -%}
case
    when json_type({{ json }}) = 'ARRAY' then (
        select arg_max({{ "json_extract_string(found, '$')" if as_text else 'found' }}, place)
        from (select unnest({{ values }}) as found, generate_subscripts({{ values }}, 1) as place) as elements
        where json_type(found) <> 'NULL'
    )
    when json_type({{ at_path }}) <> 'NULL'
        then {{ "json_extract_string(" ~ json ~ ", '$" ~ path ~ "')" if as_text else at_path }}
end
{%- endmacro %}

{#- A list of pairs ({key: …, value: …}) as one text, from which ai_pair_value reads the value of a key:
    marks that no label holds stand before a key, before a value and at the end. A key that occurs twice
    has its first value in the order of the alphabet. -#}
{% macro ai_json_pairs(json) -%}
    {{ return(adapter.dispatch('ai_json_pairs', 'ai_unit_economics')(json)) }}
{%- endmacro %}

{% macro default__ai_json_pairs(json) -%}
{%- set pair = ai_unit_economics.ai_pair_text(
    "cast(element.value['key'] as varchar)", "cast(element.value['value'] as varchar)"
) -%}
(
    select listagg({{ pair }}, '') within group (order by {{ pair }})
    from table(flatten(input => {{ json }})) as element
)
{%- endmacro %}

{% macro duckdb__ai_json_pairs(json) -%}
{%- set pair = ai_unit_economics.ai_pair_text(
    "json_extract_string(element, '$.key')", "json_extract_string(element, '$.value')"
) -%}
(
    select string_agg({{ pair }}, '' order by {{ pair }})
    from (select unnest(cast(json_extract({{ json }}, '$[*]') as json[])) as element) as elements
)
{%- endmacro %}

{% macro ai_pair_text(key, value) -%}
chr(30) || {{ key }} || chr(31) || {{ value }} || chr(30)
{%- endmacro %}

{% macro ai_pair_value(pairs, key) -%}
split_part(split_part({{ pairs }}, chr(30) || '{{ key }}' || chr(31), 2), chr(30), 1)
{%- endmacro %}
