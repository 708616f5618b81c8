{#- Stripe's objects as landed by any loader. A column is looked for under every name that an API version
    or a loader gives it (nested JSON, `a__b`, Fivetran's `a_b`), so nobody has to say which it is. -#}

{#- One raw table of Stripe objects: the latest load of each id, in the columns of `values`.
    object    its word in ai_stripe_tables; the raw table is stripe_<object>. One that is not listed
              gives the same columns and no rows.
    columns   raw columns, as ai_raw_columns gives them
    values    [(column, type, SQL over the raw table)], the key first
    key       columns of which the latest load counts
    where     SQL condition on raw rows
    derived   {ai_<name>: SQL}: columns on the way, for `arrays`
    arrays    [(CTE name, column of `derived`, sums for ai_array_sums)]; `values` may name
              <CTE name>.<sum>. -#}
{% macro ai_stripe_object(object, columns, values, key, where=none, derived={}, arrays=[]) -%}
{%- if object not in var('ai_stripe_tables', []) -%}
    {%- set typed = [] -%}
    {%- for name, type, sql in values -%}
        {%- do typed.append((name, type)) -%}
    {%- endfor -%}
    {{ ai_unit_economics.ai_empty(typed + [('loaded_at', 'timestamp')]) }}
{%- else -%}
with source as (

    select * from {{ source('ai_raw', 'stripe_' ~ object) }}

),

live as (

    select
        *,
        {%- for name, sql in derived.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        {{ ai_unit_economics.ai_stripe_loaded_at(columns) }} as ai_loaded_at
    from source
    -- Test mode makes no money.
    where coalesce({{ ai_unit_economics.ai_raw_bool(columns, 'livemode') }}, true)
    {%- if where %}
        and {{ where }}
    {%- endif %}

),
{%- for name, column, sums in arrays %}

{{ name }} as (

    {{ ai_unit_economics.ai_array_sums('live', column, sums) | indent(4) }}

),
{%- endfor %}

renamed as (

    select
        {%- for name, type, sql in values %}
        cast({{ sql | indent(8) }} as {{ type }}) as {{ name }},
        {%- endfor %}
        live.ai_loaded_at as loaded_at
    from live
    {%- for name, column, sums in arrays %}
    left join {{ name }} on live.{{ column }} = {{ name }}.array_text
    {%- endfor %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                loaded_at desc nulls last
                {%- for name, type, sql in values if name not in key %}, {{ name }}{% endfor %}
        ) as load_rank
    from renamed

),

final as (

    select
        {%- for name, type, sql in values %}
        {{ name }},
        {%- endfor %}
        loaded_at
    from ranked
    where load_rank = 1

)

select * from final
{%- endif -%}
{%- endmacro %}

{#- When the loader wrote the row, by the column that each loader has for it. -#}
{% macro ai_stripe_loaded_at(columns) -%}
{{ ai_unit_economics.ai_raw_first(
    columns, ['loaded_at', '_fivetran_synced', '_airbyte_extracted_at', '_airbyte_emitted_at'], 'timestamp'
) }}
{%- endmacro %}

{#- The first of several places that holds a point in time: a timestamp, ISO text, or Unix seconds as a
    number or as text (which is what nested JSON gives). -#}
{% macro ai_raw_instant(columns, names) -%}
{%- set found = [] -%}
{%- for name in names if ai_unit_economics.ai_has_raw(columns, name) -%}
    {%- do found.append(ai_unit_economics.ai_raw_time(columns, name)) -%}
    {%- set type = ai_unit_economics.ai_raw_place(columns, name).type if columns else none -%}
    {%- if ai_unit_economics.ai_type_family(type) == 'text' -%}
        {%- do found.append(ai_unit_economics.ai_utc_timestamp(
            ai_unit_economics.ai_raw_count(columns, name), 'bigint'
        )) -%}
    {%- endif -%}
{%- endfor -%}
{{ 'coalesce(' ~ found | join(', ') ~ ')' if found | length > 1 else found[0] if found else 'cast(null as timestamp)' }}
{%- endmacro %}

{#- The first of several raw columns that is there, as JSON text of an array. -#}
{% macro ai_raw_array(columns, names) -%}
{%- set found = [] -%}
{%- for name in names if name in columns -%}
    {%- do found.append(ai_unit_economics.ai_json_array(
        columns.get('@' ~ name, name), ai_unit_economics.ai_type_family(columns[name]) == 'text'
    )) -%}
{%- endfor -%}
{{ 'coalesce(' ~ found | join(', ') ~ ')' if found | length > 1 else found[0] if found else 'cast(null as varchar)' }}
{%- endmacro %}

{#- Minor units to major units of a currency: amount x 10^-exponent, exact; the exponent is 2 where
    ai_currency_exponents does not know the currency. -#}
{% macro ai_major_units(amount, exponent) -%}
{{ ai_unit_economics.ai_scale(amount, 'case coalesce(' ~ exponent ~ ', 2)'
    ~ ' when 0 then 1 when 1 then 0.1 when 2 then 0.01 when 3 then 0.001 when 4 then 0.0001 end') }}
{%- endmacro %}

{#- What the use of billing credits is: `prepaid` = no revenue, the credits were sold before and come
    from credit_ledger; `revenue` = revenue of the line. -#}
{% macro ai_stripe_credits_are_prepaid() -%}
    {%- set policy = var('ai_stripe_billing_credits', 'prepaid') -%}
    {%- if policy not in ('prepaid', 'revenue') -%}
        {{ exceptions.raise_compiler_error(
            "ai_stripe_billing_credits is '" ~ policy ~ "'; it can be prepaid or revenue."
        ) }}
    {%- endif -%}
    {{ return(policy == 'prepaid') }}
{%- endmacro %}

{#- What loaders land of a line as a table of its own and not as an array on it (dlt's child tables,
    Fivetran's discount): one row per entry, in minor units. -#}
{% macro ai_stripe_line_parts(object) -%}
{%- set raw = ai_unit_economics.ai_raw_columns('stripe_' ~ object)
    if object in var('ai_stripe_tables', []) else {} -%}
{{ ai_unit_economics.ai_stripe_object(
    object,
    raw,
    values=[
        ('entry_id', 'varchar', ai_unit_economics.ai_raw_first(raw, ['_dlt_id', 'id'])),
        ('line_key', 'varchar', ai_unit_economics.ai_raw_first(
            raw, ['_dlt_parent_id', 'invoice_line_item_id', 'line_item_id', 'line_id']
        )),
        ('invoice_id', 'varchar', ai_unit_economics.ai_raw_text(raw, 'invoice_id')),
        ('amount', ai_unit_economics.money_type(), ai_unit_economics.ai_raw_money(raw, 'amount')),
        ('is_inclusive', 'boolean', 'coalesce(' ~ ai_unit_economics.ai_raw_bool(raw, 'inclusive') ~ ', '
            ~ ai_unit_economics.ai_raw_text(raw, 'tax_behavior') ~ " = 'inclusive')"),
        ('entry_type', 'varchar', ai_unit_economics.ai_raw_text(raw, 'type'))
    ],
    key=['entry_id', 'line_key', 'invoice_id']
) }}
{%- endmacro %}
