{#- Nested raw columns as JSON values, for lists and streams (ai_json_list_sum, ai_json_last): where one
    value at a path is wanted, ai_raw_column reads it. -#}

{#- A raw column, or a path into one, as a JSON value: from JSON text, a struct, a list or a variant, also
    where a loader has flattened the path. NULL where the table lacks it or the text is no JSON. -#}
{% macro ai_raw_json(columns, name) -%}
{%- set path = [name] if name is string else name -%}
{%- set flat = path | join('__') | lower -%}
{%- set first = path[0] | lower -%}
{%- set column = flat if flat in columns else first -%}
{%- if columns and column not in columns -%}
cast(null as {{ ai_unit_economics.ai_json_type() }})
{%- else -%}
{{ ai_unit_economics.ai_json_value(
    columns.get('@' ~ column, column), [] if column == flat else path[1:],
    ai_unit_economics.ai_type_family(columns.get(column, 'varchar')) == 'text'
) }}
{%- endif -%}
{%- endmacro %}

{#- Tags that a source lists as pairs, [{key: team, value: search}], made readable for ai_tag_columns:
    {'steps': {ai_pairs_<n>: SQL} for `derived`, 'columns': the raw columns and the tags in the lists,
    'places': the names to give ai_tag_columns}.
    places   raw columns, or paths, that hold the lists -#}
{% macro ai_pair_tags(columns, places) -%}
{%- set steps = {} -%}
{%- set found = {} -%}
{%- do found.update(columns) -%}
{%- for place in places if ai_unit_economics.ai_has_raw(columns, place) -%}
    {%- set name = 'ai_pairs_' ~ loop.index -%}
    {%- do steps.update({name: ai_unit_economics.ai_json_pairs(ai_unit_economics.ai_raw_json(columns, place))}) -%}
    {%- for dimension in ['customer', 'feature', 'team', 'environment'] + var('ai_extra_dimensions', []) -%}
        {%- for key in ai_unit_economics.ai_tag_keys(dimension) -%}
            {%- set flat = (name ~ '__' ~ key) | lower -%}
            {%- do found.update({
                flat: 'varchar', '@' ~ flat: ai_unit_economics.ai_pair_value(name, key)
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endfor -%}
{{ return({'steps': steps, 'columns': found, 'places': steps.keys() | list}) }}
{%- endmacro %}
