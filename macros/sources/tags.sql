{#- A tag of a raw row: what the row's maps of tags say about a dimension (customer, feature, team,
    environment, user, project, an extra dimension). Looked for under every key that ai_tag_keys gives
    the dimension, in every place, in that order; the first value counts.
    places    raw columns, or paths, that hold the maps: ['metadata', ['metadata', 'spend_logs_metadata']]
    prefixes  what a source puts before a key: ['app.', ''] -#}
{% macro ai_tag(columns, dimension, places, prefixes=['']) -%}
{%- set names = [] -%}
{%- for place in places -%}
    {%- for key in ai_unit_economics.ai_tag_keys(dimension) -%}
        {%- for prefix in prefixes -%}
            {%- do names.append(([place] if place is string else place) + [prefix ~ key]) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endfor -%}
{{ ai_unit_economics.ai_raw_first(columns, names) }}
{%- endmacro %}

{#- The keys under which users tag a dimension; one that the var does not name is its own key. -#}
{% macro ai_tag_keys(dimension) -%}
    {%- set keys = {
        'customer': ['customer_id', 'customer', 'tenant_id', 'tenant'],
        'feature': ['feature', 'feature_id'],
        'team': ['team', 'team_id'],
        'environment': ['environment', 'env'],
        'user': ['user_id', 'user'],
        'project': ['project_id', 'project']
    } -%}
    {%- do keys.update(var('ai_tag_keys', {})) -%}
    {{ return(keys.get(dimension, [dimension])) }}
{%- endmacro %}

{#- The user's own dimensions, carried from log and bill to the ledger: {name: column}. -#}
{% macro ai_extra_dimensions() -%}
    {%- set columns = {} -%}
    {%- for name in var('ai_extra_dimensions', []) -%}
        {%- do columns.update({name: 'x_' ~ name}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- The four dimensions and the extra ones as {canonical column: SQL}, read from maps of tags. -#}
{% macro ai_tag_columns(columns, places, prefixes=['']) -%}
    {%- set tags = {} -%}
    {%- for dimension in ['customer', 'feature', 'team', 'environment'] -%}
        {%- do tags.update({dimension ~ '_tag': ai_unit_economics.ai_tag(columns, dimension, places, prefixes)}) -%}
    {%- endfor -%}
    {%- for name, column in ai_unit_economics.ai_extra_dimensions().items() -%}
        {%- do tags.update({column: ai_unit_economics.ai_tag(columns, name, places, prefixes)}) -%}
    {%- endfor -%}
    {{ return(tags) }}
{%- endmacro %}
