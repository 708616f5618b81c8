{#- A raw point in time whose whole numbers, also as text, are Unix nanoseconds (OpenTelemetry); all
    else is read as ai_utc_timestamp reads it. NULL where the value is no time. -#}
{% macro ai_nanosecond_timestamp(expression, data_type) -%}
{%- set family = ai_unit_economics.ai_type_family(data_type) -%}
{%- if family == 'number' -%}
{{ ai_unit_economics.ai_from_nanoseconds(ai_unit_economics.ai_try_cast(expression, 'numeric(19,0)')) }}
{%- elif family == 'text' -%}
coalesce(
    {{ ai_unit_economics.ai_from_nanoseconds(
        ai_unit_economics.ai_try_cast("nullif(trim(" ~ expression ~ "), '')", 'numeric(19,0)')
    ) | indent(4) }},
    {{ ai_unit_economics.ai_utc_timestamp(expression, data_type) | indent(4) }}
)
{%- else -%}
{{ ai_unit_economics.ai_utc_timestamp(expression, data_type) }}
{%- endif -%}
{%- endmacro %}

{#- Unix nanoseconds as a UTC timestamp, in microseconds; from 1970 to 2262. -#}
{% macro ai_from_nanoseconds(nanoseconds) -%}
    {{ return(adapter.dispatch('ai_from_nanoseconds', 'ai_unit_economics')(nanoseconds)) }}
{%- endmacro %}

{% macro default__ai_from_nanoseconds(nanoseconds) -%}
case
    when {{ nanoseconds }} between 0 and 9223372036854775807
        then dateadd(
            'microsecond', cast(({{ nanoseconds }} - mod({{ nanoseconds }}, 1000)) / 1000 as bigint),
            cast('1970-01-01' as timestamp)
        )
end
{%- endmacro %}

{% macro duckdb__ai_from_nanoseconds(nanoseconds) -%}
case
    when {{ nanoseconds }} between 0 and 9223372036854775807
        then make_timestamp(cast({{ nanoseconds }} as bigint) // 1000)
end
{%- endmacro %}
