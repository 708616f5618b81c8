{#- A raw point in time as a UTC timestamp without zone. `data_type` is the raw column's type: a
    timestamp passes unwrapped, because a cast in a filter would end file pruning. Text may carry
    `Z` or an offset; text without either is UTC. It begins with the four digits of a year, because
    engines also read `infinity`, `epoch` or the year 290000 as a time. Whole numbers are Unix
    seconds. NULL where the value is no time. -#}
{% macro ai_utc_timestamp(expression, data_type) -%}
    {{ return(adapter.dispatch('ai_utc_timestamp', 'ai_unit_economics')(expression, data_type)) }}
{%- endmacro %}

{% macro default__ai_utc_timestamp(expression, data_type) -%}
{%- set family = ai_unit_economics.ai_type_family(data_type) -%}
{%- if family == 'timestamp' -%}
{{ expression }}
{%- elif family == 'timestamp_tz' -%}
cast(convert_timezone('UTC', {{ expression }}) as timestamp)
{%- elif family == 'date' -%}
cast({{ expression }} as timestamp)
{%- elif family == 'number' -%}
case
    when {{ ai_unit_economics.ai_is_epoch(expression) }}
        then dateadd('second', {{ expression }}, cast('1970-01-01' as timestamp))
end
{%- else -%}
case
    when ltrim({{ expression }}) not like '____-%' then null
    when length({{ expression }}) > 16 and regexp_like({{ expression }}, '.*([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)')
        then cast(convert_timezone('UTC', try_cast({{ expression }} as timestamp_tz)) as timestamp)
    else try_cast({{ expression }} as timestamp)
end
{%- endif -%}
{%- endmacro %}

{#- DuckDB drops the offset when it casts text to TIMESTAMP, and reads text without one in the
    session's zone when it casts to TIMESTAMPTZ: so each form has its own cast. -#}
{% macro duckdb__ai_utc_timestamp(expression, data_type) -%}
{%- set family = ai_unit_economics.ai_type_family(data_type) -%}
{%- if family == 'timestamp' -%}
{{ expression }}
{%- elif family == 'timestamp_tz' -%}
({{ expression }} at time zone 'UTC')
{%- elif family == 'date' -%}
cast({{ expression }} as timestamp)
{%- elif family == 'number' -%}
case
    when {{ ai_unit_economics.ai_is_epoch(expression) }}
        then make_timestamp(cast({{ expression }} as bigint) * 1000000)
end
{%- else -%}
case
    when ltrim({{ expression }}) not like '____-%' then null
    when length({{ expression }}) > 16 and regexp_full_match({{ expression }}, '.*([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)')
        then (try_cast({{ expression }} as timestamptz) at time zone 'UTC')
    else try_cast({{ expression }} as timestamp)
end
{%- endif -%}
{%- endmacro %}

{#- Unix seconds between the years 1 and 9999; anything else is no time (milliseconds neither). -#}
{% macro ai_is_epoch(expression) %}{{ expression }} between -62135596800 and 253402300799{% endmacro %}

{#- The UTC day and the first day of the UTC month, as DATE on every engine. -#}
{% macro ai_day(expression) %}cast({{ expression }} as date){% endmacro %}

{% macro ai_month(expression) %}cast({{ dbt.date_trunc('month', expression) }} as date){% endmacro %}

{% macro ai_add_days(expression, days) %}cast({{ dbt.dateadd('day', days, expression) }} as date){% endmacro %}

{% macro ai_days_between(first, second) %}{{ dbt.datediff(first, second, 'day') }}{% endmacro %}

{#- Text of a day written MM/DD/YYYY, as YYYY-MM-DD; any other text unchanged. Plain text functions, so
    that no engine's own date format decides which number is the month. -#}
{% macro ai_iso_date_text(expression) -%}
case
    when {{ expression }} like '%/%/%'
        then left(split_part({{ expression }}, '/', 3), 4)
            || '-' || lpad(split_part({{ expression }}, '/', 1), 2, '0')
            || '-' || lpad(split_part({{ expression }}, '/', 2), 2, '0')
    else {{ expression }}
end
{%- endmacro %}
