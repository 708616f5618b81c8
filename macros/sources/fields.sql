{#- Fields of a log that writes a value in one of several places: each is read once, as text, in a step
    of its own; what follows sees columns.
    fields  {name: [raw column or path, …]}, the best place first -#}

{#- The step: {name: SQL}, for `derived` of the staging macros. -#}
{% macro ai_field_step(columns, fields) -%}
    {%- set step = {} -%}
    {%- for name, places in fields.items() -%}
        {%- do step.update({name: ai_unit_economics.ai_raw_first(columns, places)}) -%}
    {%- endfor -%}
    {{ return(step) }}
{%- endmacro %}

{#- The columns that the step gives, for ai_raw_column and its like: {name: 'varchar'}. -#}
{% macro ai_field_columns(fields) -%}
    {%- set columns = {} -%}
    {%- for name in fields -%}
        {%- do columns.update({name: 'varchar'}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- Where a span attribute may be: in a map of attributes, in a column that a loader made of it under
    that map's name, or in a column of its own; with the dots of its name or with underscores. -#}
{% macro ai_attribute_paths(names, maps=['attributes', 'span_attributes']) -%}
    {%- set paths = [] -%}
    {%- for name in names -%}
        {%- set plain = name | replace('.', '_') -%}
        {%- for map in maps -%}
            {%- do paths.append([map, name]) -%}
        {%- endfor -%}
        {%- for map in maps -%}
            {%- do paths.append(map ~ '__' ~ plain) -%}
        {%- endfor -%}
        {%- do paths.append(name) -%}
        {%- if plain != name -%}
            {%- do paths.append(plain) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(paths) }}
{%- endmacro %}

{#- The columns of a table that may be landed in camelCase, by their names in snake_case. -#}
{% macro ai_snake_case_columns(columns, names) -%}
    {%- set landed = {} -%}
    {%- for name in names if '_' in name and name not in columns -%}
        {%- do landed.update({name: name | replace('_', '')}) -%}
    {%- endfor -%}
    {{ return(ai_unit_economics.ai_renamed_columns(columns, landed)) }}
{%- endmacro %}

{#- What a list of tags (JSON text or a list) says about a dimension: the first entry `key:value` or
    `key=value` whose key is one of ai_tag_keys. -#}
{% macro ai_list_tag(columns, name, dimension) -%}
{%- set keys = ai_unit_economics.ai_tag_keys(dimension) | join('|') | replace('.', '[.]') -%}
{{ ai_unit_economics.ai_in_list(columns, name, '"(' ~ keys ~ ')[:=] *([^"]+)"', 2) }}
{%- endmacro %}

{#- The only entry of a list of tags, where it is a plain word. -#}
{% macro ai_list_word(columns, name) -%}
{{ ai_unit_economics.ai_in_list(columns, name, '^ *[[] *"([^":=]+)" *[]] *$', 1) }}
{%- endmacro %}

{% macro ai_in_list(columns, name, pattern, group) -%}
{%- if ai_unit_economics.ai_has_raw(columns, name) -%}
{%- set place = ai_unit_economics.ai_raw_place(columns, name) -%}
{%- set is_text = ai_unit_economics.ai_type_family(place.type or 'varchar') == 'text' -%}
nullif(trim({{ ai_unit_economics.ai_regexp_group(
    place.sql if is_text else ai_unit_economics.ai_to_json_text(place.sql), pattern, group
) }}), '')
{%- else -%}
cast(null as varchar)
{%- endif -%}
{%- endmacro %}

{#- ai_tag_columns of a log that has maps of tags and a list of tags: the maps come first. A list of one
    plain word names the feature. -#}
{% macro ai_logged_tags(columns, places, list, prefixes=['']) -%}
    {%- set dimensions = {
        'customer': 'customer_tag', 'feature': 'feature_tag', 'team': 'team_tag', 'environment': 'environment_tag'
    } -%}
    {%- do dimensions.update(ai_unit_economics.ai_extra_dimensions()) -%}
    {%- set tags = {} -%}
    {%- for dimension, column in dimensions.items() -%}
        {%- set found = [
            ai_unit_economics.ai_tag(columns, dimension, places, prefixes),
            ai_unit_economics.ai_list_tag(columns, list, dimension)
        ] + ([ai_unit_economics.ai_list_word(columns, list)] if dimension == 'feature' else []) -%}
        {%- do tags.update({column: 'coalesce(' ~ found | join(', ') ~ ')'}) -%}
    {%- endfor -%}
    {{ return(tags) }}
{%- endmacro %}
