{#- What the warehouse holds of the sources that are switched on, one line of JSON a fact, for
    scripts/doctor.py sources: tables and how often each column is filled, raw tables that nothing reads,
    bills and usage reports that overlap, logs that cannot be matched, rejected rows. Reads only. -#}
{% macro ai_source_facts() -%}
    {%- set seen = {} -%}
    {%- for node in graph.sources.values() | sort(attribute='name') if node.source_name == 'ai_raw' -%}
        {%- set relation = adapter.get_relation(
            database=node.database, schema=node.schema, identifier=node.identifier
        ) -%}
        {%- do ai_unit_economics.ai_say_fact(ai_unit_economics.ai_table_facts(node.name, relation, node)) -%}
        {%- do seen.update({node.database ~ '|' ~ node.schema: [node.database, node.schema]}) -%}
    {%- endfor -%}
    {%- for database, schema in seen.values() -%}
        {%- set place = api.Relation.create(database=database, schema=schema) -%}
        {%- for row in dbt.list_relations_without_caching(place).rows -%}
            {%- do ai_unit_economics.ai_say_fact({'kind': 'unused', 'table': row['name'] | lower}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for list in ['usage', 'billing'] -%}
        {%- do ai_unit_economics.ai_overlap_facts(list) -%}
    {%- endfor -%}
    {%- do ai_unit_economics.ai_unmatched_facts() -%}
    {%- do ai_unit_economics.ai_rejected_facts() -%}
{%- endmacro %}

{% macro ai_say_fact(fact) -%}
    {%- do log('AI_SOURCE_FACT ' ~ tojson(fact), info=true) -%}
{%- endmacro %}

{#- A raw table: rows, last load, and per column the number of rows that fill it. -#}
{% macro ai_table_facts(table, relation, node) -%}
    {%- set fact = {
        'kind': 'table', 'table': table, 'relation': node.schema ~ '.' ~ node.identifier,
        'exists': relation is not none, 'rows': none, 'last_loaded_at': none, 'columns': {}
    } -%}
    {%- if relation is not none -%}
        {%- set columns = adapter.get_columns_in_relation(relation) -%}
        {%- set names = columns | map(attribute='name') | list -%}
        {%- set loaded = names | select('in', ['loaded_at', 'LOADED_AT']) | first -%}
        {%- set counted = [] -%}
        {%- for name in names -%}
            {%- do counted.append('count(' ~ adapter.quote(name) ~ ')') -%}
        {%- endfor -%}
        {%- set row = run_query(
            'select count(*), ' ~ ('max(cast(' ~ adapter.quote(loaded) ~ ' as varchar))' if loaded else 'null')
            ~ ', ' ~ counted | join(', ') ~ ' from ' ~ relation
        ).rows[0] -%}
        {%- do fact.update({'rows': row[0] | int, 'last_loaded_at': row[1] | string if row[1] else none}) -%}
        {%- for name in names -%}
            {%- do fact['columns'].update({name | lower: row[loop.index0 + 2] | int}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(fact) }}
{%- endmacro %}

{#- Staging models of a kind that are built: {word: relation}. -#}
{% macro ai_built_staging(kind, words) -%}
    {%- set built = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- for word in words if node.name == 'stg_ai_' ~ kind ~ '__' ~ word -%}
            {%- set relation = adapter.get_relation(
                database=node.database, schema=node.schema, identifier=node.alias
            ) -%}
            {%- if relation is not none -%}
                {%- do built.update({word: relation}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(built) }}
{%- endmacro %}

{#- Platform, account and days that two bills, or two usage reports, both hold. Costs that are entered by
    hand may stand beside a bill. -#}
{% macro ai_overlap_facts(kind) -%}
    {%- set variable = {'usage': 'ai_usage_platforms', 'billing': 'ai_billing_platforms'}[kind] -%}
    {%- set time = {'usage': 'usage_start_at', 'billing': 'charge_start_at'}[kind] -%}
    {%- set words = var(variable, []) | reject('equalto', 'manual') | list -%}
    {%- set built = ai_unit_economics.ai_built_staging(kind, words) -%}
    {%- if built | length > 1 -%}
        {%- set days = [] -%}
        {%- for word, relation in built.items() -%}
            {%- do days.append(
                "select distinct '" ~ word ~ "' as word, platform, coalesce(billing_account_id, 'default') as account, "
                ~ ai_unit_economics.ai_day(time) ~ ' as day from ' ~ relation ~ ' where defect is null'
            ) -%}
        {%- endfor -%}
        {%- set found = run_query(
            'select first_word, second_word, platform, account, count(*) from ('
            ~ 'select a.word as first_word, b.word as second_word, a.platform, a.account, a.day from ('
            ~ days | join(' union all ') ~ ') as a inner join (' ~ days | join(' union all ')
            ~ ') as b on a.platform = b.platform and a.account = b.account and a.day = b.day and a.word < b.word'
            ~ ') as pairs group by first_word, second_word, platform, account order by 1, 2, 3, 4'
        ) -%}
        {%- for row in found.rows -%}
            {%- do ai_unit_economics.ai_say_fact({
                'kind': 'overlap', 'list': kind, 'words': [row[0], row[1]], 'platform': row[2],
                'account': row[3], 'days': row[4] | int
            }) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Calls without the provider's id in a log, on platforms and days that another log holds as well. -#}
{% macro ai_unmatched_facts() -%}
    {%- set built = ai_unit_economics.ai_built_staging('requests', var('ai_request_sources', [])) -%}
    {%- if built | length > 1 -%}
        {%- set days = [] -%}
        {%- for word, relation in built.items() -%}
            {%- do days.append(
                "select '" ~ word ~ "' as word, platform, " ~ ai_unit_economics.ai_day('requested_at')
                ~ ' as day, count(*) as calls, '
                ~ 'sum(case when provider_request_id is null then 1 else 0 end) as without_id from ' ~ relation
                ~ ' where defect is null group by platform, ' ~ ai_unit_economics.ai_day('requested_at')
            ) -%}
        {%- endfor -%}
        {%- set found = run_query(
            'select word, platform, sum(without_id), sum(calls) from (select logs.*, '
            ~ 'count(*) over (partition by platform, day) as logs_of_day from (' ~ days | join(' union all ')
            ~ ') as logs) as shared where logs_of_day > 1 group by word, platform '
            ~ 'having sum(without_id) > 0 order by 1, 2'
        ) -%}
        {%- for row in found.rows -%}
            {%- do ai_unit_economics.ai_say_fact({
                'kind': 'unmatched', 'word': row[0], 'platform': row[1], 'rows': row[2] | int, 'all_rows': row[3] | int
            }) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Rejected rows by source and reason, as the last build listed them. -#}
{% macro ai_rejected_facts() -%}
    {%- for node in graph.nodes.values() if node.name == 'int_ai_rejected_rows' -%}
        {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- if relation is not none -%}
            {%- set found = run_query(
                'select source_name, rejected_reason, coalesce(rejected_column, \'\'), count(*) from ' ~ relation
                ~ ' group by source_name, rejected_reason, coalesce(rejected_column, \'\') order by 4 desc, 1, 2, 3'
            ) -%}
            {%- for row in found.rows -%}
                {%- do ai_unit_economics.ai_say_fact({
                    'kind': 'rejected', 'source_name': row[0], 'reason': row[1], 'column': row[2], 'rows': row[3] | int
                }) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
