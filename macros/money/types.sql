{#- Money in USD or in a billing currency: 15 decimals, because a price per token has up to 15. -#}
{% macro money_type() %}numeric(38, 15){% endmacro %}

{#- An amount of one raw row, in its major or minor unit: below 1e11, so that conversions keep their digits. -#}
{% macro raw_money_type() %}numeric(26, 15){% endmacro %}

{#- Price of one token (or one call, image, second): below 1,000 per unit, 15 decimals. -#}
{% macro price_type() %}numeric(18, 15){% endmacro %}

{#- Ratios in marts: 6 decimals. -#}
{% macro ratio_type() %}numeric(18, 6){% endmacro %}

{#- Reconciliation factors: 12 decimals. -#}
{% macro factor_type() %}numeric(20, 12){% endmacro %}
