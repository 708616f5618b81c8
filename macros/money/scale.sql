{#- Money times a 12-digit factor, rounded once to 1e-15, half away from zero. Never `a * b` on two
    decimals: engines disagree on the digits that survive. -#}
{% macro ai_scale(amount, factor) -%}
{{ ai_unit_economics.ai_from_femto(
    'round(cast(' ~ ai_unit_economics.ai_femto(amount) ~ ' as numeric(38, 0)) * cast('
    ~ factor ~ ' as ' ~ ai_unit_economics.factor_type() ~ '), 0)'
) }}
{%- endmacro %}

{#- The part of an amount that goes with `part` out of `whole`, by a 12-digit ratio. -#}
{% macro ai_share_of(amount, part, whole) -%}
{{ ai_scale(amount, ai_ratio(part, whole, 12)) }}
{%- endmacro %}

{#- The part of an amount that goes with `part` out of `whole`, both whole numbers. -#}
{% macro ai_share_by_count(amount, part, whole) -%}
{{ ai_scale(amount, ai_count_ratio(part, whole)) }}
{%- endmacro %}

{#- A whole number times a 12-digit ratio, rounded once to a whole number, half away from zero. -#}
{% macro ai_scale_count(count, ratio) -%}
cast(round(cast({{ count }} as numeric(18, 0)) * cast({{ ratio }} as {{ factor_type() }}), 0) as bigint)
{%- endmacro %}

{#- A price per unit times a factor, rounded to 1e-15 (whole femto-dollars times 12 digits). -#}
{% macro ai_scale_price(price, factor) -%}
cast(
    cast(round(
        cast({{ price }} * 1000000000000000 as numeric(18, 0)) * cast({{ factor }} as {{ factor_type() }}), 0
    ) as numeric(18, 0))
    * cast(0.000000000000001 as numeric(16, 15)) as {{ price_type() }}
)
{%- endmacro %}

{#- amount x k / n for whole numbers k and n > 0, rounded once to 1e-15, half away from zero: the
    cumulative value of a straight line after k of n days. -#}
{% macro ai_straight_line(amount, k, n) -%}
    {{ return(adapter.dispatch('ai_straight_line', 'ai_unit_economics')(amount, k, n)) }}
{%- endmacro %}

{% macro default__ai_straight_line(amount, k, n) -%}
{%- set n = '(' ~ n ~ ')' -%}
{%- set p = '(abs(' ~ ai_femto(amount) ~ ') * (' ~ k ~ '))' -%}
{{ ai_from_femto(
    'sign(' ~ amount ~ ') * ((' ~ p ~ ' - mod(' ~ p ~ ', ' ~ n ~ ')) / ' ~ n
    ~ ' + case when 2 * mod(' ~ p ~ ', ' ~ n ~ ') >= ' ~ n ~ ' then 1 else 0 end)'
) }}
{%- endmacro %}

{#- k and n as hugeint: a decimal times a hugeint would be DOUBLE there. -#}
{% macro duckdb__ai_straight_line(amount, k, n) -%}
{%- set k = 'cast(' ~ k ~ ' as hugeint)' -%}
{%- set n = 'cast(' ~ n ~ ' as hugeint)' -%}
{{ ai_from_femto(
    'sign(' ~ amount ~ ') * ((2 * abs(' ~ ai_femto(amount) ~ ') * ' ~ k ~ ' + ' ~ n ~ ') // (2 * ' ~ n ~ '))'
) }}
{%- endmacro %}
