{#- numerator / denominator with exactly `scale` digits, half away from zero; NULL when either is
    NULL or the denominator is 0. Both sides may be money, counts or ratios. For bucket and mart
    grain only: a request never needs a division. -#}
{% macro ai_ratio(numerator, denominator, scale) -%}
    {{ return(adapter.dispatch('ai_ratio', 'ai_unit_economics')(numerator, denominator, scale)) }}
{%- endmacro %}

{#- Decimal division rounds at 15 digits there, so up to 12 digits are safe. -#}
{% macro default__ai_ratio(numerator, denominator, scale) -%}
cast(round(
    cast({{ numerator }} as {{ money_type() }}) / nullif(cast({{ denominator }} as {{ money_type() }}), 0),
    {{ scale }}
) as numeric(38, {{ scale }}))
{%- endmacro %}

{#- DuckDB divides decimals as DOUBLE; whole femto-units divide exactly. -#}
{% macro duckdb__ai_ratio(numerator, denominator, scale) -%}
{%- set n = ai_femto(numerator) -%}
{%- set d = ai_femto(denominator) -%}
case
    when {{ d }} = 0 then null
    else cast(
        sign({{ n }}) * sign({{ d }})
        * cast(
            (2 * abs({{ n }}) * cast(1{{ '0' * scale }} as hugeint) + abs({{ d }})) // (2 * abs({{ d }}))
            as numeric(38, 0)
        )
        * cast(0.{{ '0' * (scale - 1) }}1 as numeric({{ scale }}, {{ scale }}))
        as numeric(38, {{ scale }})
    )
end
{%- endmacro %}

{#- ai_ratio of a numerator that is a product of large sums: divided in whole units first, so that only the
    remainder is scaled up. Neither side may be negative. -#}
{% macro ai_long_ratio(numerator, denominator, scale) -%}
    {{ return(adapter.dispatch('ai_long_ratio', 'ai_unit_economics')(numerator, denominator, scale)) }}
{%- endmacro %}

{% macro default__ai_long_ratio(numerator, denominator, scale) -%}
{{ ai_ratio(numerator, denominator, scale) }}
{%- endmacro %}

{#- (2 n 10^scale + d) // 2d, with n = whole x d + rest. -#}
{% macro duckdb__ai_long_ratio(numerator, denominator, scale) -%}
{%- set n = ai_femto(numerator) -%}
{%- set d = ai_femto(denominator) -%}
case
    when {{ d }} = 0 then null
    else cast({{ n }} // {{ d }} as numeric(38, {{ scale }}))
        + cast(
            cast(
                (2 * ({{ n }} % {{ d }}) * cast(1{{ '0' * scale }} as hugeint) + {{ d }}) // (2 * {{ d }})
                as numeric(38, 0)
            )
            * cast(0.{{ '0' * (scale - 1) }}1 as numeric({{ scale }}, {{ scale }}))
            as numeric(38, {{ scale }})
        )
end
{%- endmacro %}

{#- Quotient of two whole numbers with 12 digits, half away from zero, as ai_ratio: for counts, of which a
    femto-unit would leave the digits above 8e10 there. NULL when the denominator is 0. -#}
{% macro ai_count_ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ai_count_ratio', 'ai_unit_economics')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__ai_count_ratio(numerator, denominator) -%}
{{ ai_ratio(numerator, denominator, 12) }}
{%- endmacro %}

{% macro duckdb__ai_count_ratio(numerator, denominator) -%}
{%- set n = 'cast(' ~ numerator ~ ' as hugeint)' -%}
{%- set d = 'cast(' ~ denominator ~ ' as hugeint)' -%}
case
    when {{ d }} = 0 then null
    else cast(
        sign({{ n }}) * sign({{ d }})
        * cast(
            (2 * abs({{ n }}) * cast(1000000000000 as hugeint) + abs({{ d }})) // (2 * abs({{ d }}))
            as numeric(38, 0)
        )
        * cast(0.000000000001 as numeric(12, 12))
        as numeric(38, 12)
    )
end
{%- endmacro %}

{#- A quotient that is money per something: 12 exact digits at money scale. -#}
{% macro ai_unit_cost(numerator, denominator) -%}
cast({{ ai_ratio(numerator, denominator, 12) }} as {{ money_type() }})
{%- endmacro %}

{#- A ratio of a mart: 6 digits, NULL unless the denominator is positive. -#}
{% macro ai_share_ratio(numerator, denominator) -%}
case when {{ denominator }} > 0 then cast({{ ai_ratio(numerator, denominator, 6) }} as {{ ratio_type() }}) end
{%- endmacro %}
