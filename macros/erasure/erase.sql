{#- Which ids have been erased: [{kind, id_hash, alias}] of the table ai_erasures, which ai_erase makes beside
    int_ai_requests. It holds hashes, so that rows which still lie in a raw table are known again without
    keeping whom they were. Empty while parsing and where nobody was ever erased: then nothing costs more. -#}
{% macro ai_erasures() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- set relation = ai_unit_economics.ai_erasures_relation() -%}
        {%- if relation is not none and load_relation(relation) is not none -%}
            {%- for row in run_query('select kind, id_hash, alias from ' ~ relation ~ ' order by 1, 2').rows -%}
                {%- do found.append({'kind': row[0], 'id_hash': row[1], 'alias': row[2]}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{% macro ai_erasures_relation() -%}
    {%- set found = [] -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.name == 'int_ai_requests' and node.package_name == 'ai_unit_economics' -%}
        {%- do found.append(
            api.Relation.create(database=node.database, schema=node.schema, identifier='ai_erasures', type='table')
        ) -%}
    {%- endfor -%}
    {{ return(found | first if found else none) }}
{%- endmacro %}

{#- An id (kind: customer or user) as it is kept: of an erased one its alias. `instead` is what another column
    of its row says then: erased_as('name', 'customer', 'customer_id', 'null'). -#}
{% macro ai_erased(column, kind, id=none, instead=none) -%}
{%- set erased = ai_unit_economics.ai_erasures() | selectattr('kind', 'equalto', kind) | list -%}
{%- if not erased -%}
{{ column }}
{%- else -%}
case {{ ai_unit_economics.ai_sha256('lower(trim(' ~ (id or column) ~ '))') }}
    {%- for one in erased %}
    when '{{ one.id_hash }}' then {{ instead or "'" ~ one.alias ~ "'" }}
    {%- endfor %}
    else {{ column }}
end
{%- endif -%}
{%- endmacro %}

{#- Erase a customer or a user from everything that this package stores:
        dbt run-operation ai_erase --args '{customer_id: C-17}'     or '{user_id: u-4}'
    Its rows keep their amounts under an alias, so no total moves, and later runs read rows that still lie in the
    raw tables under the same alias. Names are emptied. Done again it changes nothing.
    Not erased: raw tables, the user's own seeds, ids of requests, traces and runs. -#}
{% macro ai_erase(customer_id=none, user_id=none) -%}
    {%- if (customer_id is none) == (user_id is none) -%}
        {{ exceptions.raise_compiler_error(
            "ai_erase takes one of customer_id and user_id: dbt run-operation ai_erase --args '{customer_id: C-17}'"
        ) }}
    {%- endif -%}
    {%- if execute -%}
        {%- set kind = 'user' if customer_id is none else 'customer' -%}
        {%- set id = (user_id if customer_id is none else customer_id) | string | trim | lower -%}
        {%- set text = "'" ~ id.replace("'", "''") ~ "'" -%}
        {%- if kind == 'user' and var('ai_hash_user_ids', false) -%}
            {%- set given = "'" ~ (user_id | string | trim).replace("'", "''") ~ "'" -%}
            {%- set text = "'" ~ run_query('select ' ~ ai_unit_economics.ai_sha256(given)).rows[0][0] ~ "'" -%}
        {%- endif -%}
        {%- set erasures = ai_unit_economics.ai_erasures_relation() -%}
        {%- do run_query(
            'create table if not exists ' ~ erasures ~ ' (kind varchar, id_hash varchar, alias varchar)'
        ) -%}
        {%- set id_hash = run_query('select ' ~ ai_unit_economics.ai_sha256(text)).rows[0][0] -%}
        {%- set known = run_query(
            'select alias from ' ~ erasures ~ " where kind = '" ~ kind ~ "' and id_hash = '" ~ id_hash ~ "'"
        ).rows -%}
        {%- set alias = known[0][0] if known | length > 0 else 'erased-' ~ local_md5(invocation_id ~ kind)[:12] -%}
        {%- do ai_unit_economics.ai_begin() -%}
        {%- if known | length == 0 -%}
            {%- do run_query(
                'insert into ' ~ erasures ~ " values ('" ~ kind ~ "', '" ~ id_hash ~ "', '" ~ alias ~ "')"
            ) -%}
        {%- endif -%}
        {%- for node in graph.get('nodes', {}).values()
            if node.package_name == 'ai_unit_economics' and node.resource_type == 'model'
            and node.config.materialized in ('table', 'incremental') -%}
            {%- set relation = adapter.get_relation(
                database=node.database, schema=node.schema, identifier=node.alias
            ) -%}
            {%- if relation is not none and relation.type == 'table' -%}
                {%- do ai_unit_economics.ai_erase_in(relation, node.name, kind, text, alias) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do ai_unit_economics.ai_commit() -%}
        {%- do log('Erased one ' ~ kind ~ ' as ' ~ alias ~ '. Run dbt now: the days that it had are built again. '
            ~ 'Raw tables and your own seeds are yours to erase.', info=true) -%}
    {%- endif -%}
{%- endmacro %}

{#- The columns of one stored table that can hold the id, and its rows. -#}
{% macro ai_erase_in(relation, name, kind, text, alias) -%}
    {%- set ids = {
        'customer': [
            'customer_id', 'customer_tag', 'survivor_customer_id', 'parent_customer_id', 'merged_into',
            'tag_customer_id', 'user_customer_id', 'api_key_customer_id', 'project_customer_id',
            'default_customer_id', 'x_customer_id'
        ],
        'user': ['user_id']
    }[kind] -%}
    {#- Where an id stands in a column that holds others too: {model: [(column, condition)]}. -#}
    {%- set mixed = {
        'customer': {
            'int_ai_request_evidence': [('match_text', "evidence = 'request_tag:customer'")],
            'int_ai_evidence': [('match_text', "evidence = 'request_tag:customer'")],
            'int_ai_evidence_owners': [('match_text', "evidence = 'request_tag:customer'")],
            'int_ai_known_ids': [('match_text', "dimension = 'customer'"), ('id', "dimension = 'customer'")],
            'int_ai_request_units': [('dimension_value', "dimension = 'customer'")],
            'int_ai_spend__daily': [('dimension_value', "dimension = 'customer'")],
            'cost_anomalies': [('dimension_value', "dimension = 'customer'")],
            'restatement_log': [('mart_key', "mart = 'cost_per_customer'")]
        },
        'user': {
            'int_ai_request_evidence': [('match_text', "evidence = 'user_map'")],
            'int_ai_evidence': [('match_text', "evidence = 'user_map'")],
            'int_ai_evidence_owners': [('match_text', "evidence = 'user_map'")]
        }
    }[kind].get(name, []) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- if name == 'int_ai_requests' -%}
        {%- set column = 'customer_tag' if kind == 'customer' else 'user_id' -%}
        {%- do run_query(
            'update ' ~ relation ~ " set stored_by = '" ~ invocation_id ~ "' where usage_date in ("
            ~ 'select usage_date from ' ~ relation ~ ' where lower(trim(' ~ column ~ ')) = ' ~ text ~ ')'
        ) -%}
    {%- endif -%}
    {%- if name == 'int_ai_customers' and kind == 'customer' -%}
        {%- do run_query(
            'update ' ~ relation ~ ' set name = null where lower(trim(customer_id)) = ' ~ text
        ) -%}
    {%- endif -%}
    {#- FOCUS repeats the customer in its tags; its days are made again, closed ones too. -#}
    {%- if name == 'int_ai_focus_costs' and kind == 'customer' -%}
        {%- do run_query(
            'update ' ~ relation ~ " set tags = null, day_fingerprint = 'erased' where lower(trim(x_customer_id)) = "
            ~ text
        ) -%}
    {%- endif -%}
    {%- for column in ids if column in columns -%}
        {%- do run_query(
            'update ' ~ relation ~ ' set ' ~ column ~ " = '" ~ alias ~ "' where lower(trim(" ~ column ~ ')) = ' ~ text
        ) -%}
    {%- endfor -%}
    {%- for column, condition in mixed if column in columns -%}
        {%- do run_query(
            'update ' ~ relation ~ ' set ' ~ column ~ " = '" ~ alias ~ "' where lower(trim(" ~ column ~ ')) = ' ~ text
            ~ ' and ' ~ condition
        ) -%}
    {%- endfor -%}
{%- endmacro %}
