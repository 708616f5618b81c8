{#- Amount in USD at the rate of the day. USD is 1; a missing rate gives NULL, never 1. -#}
{% macro ai_to_usd(amount, currency, usd_per_unit) -%}
case when {{ currency }} = 'USD' then {{ amount }} else {{ ai_scale(amount, usd_per_unit) }} end
{%- endmacro %}
