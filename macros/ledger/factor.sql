{#- How a difference to the bill is booked: `decompose` (rate on the requests, volume on rows of its own) or
    `scale` (all of it on the requests). Another word is a compile error. -#}
{% macro ai_variance_policy() -%}
    {%- set policy = var('ai_variance_policy', 'decompose') -%}
    {%- if policy not in ('decompose', 'scale') -%}
        {{ exceptions.raise_compiler_error(
            "ai_variance_policy: '" ~ policy ~ "' is neither decompose nor scale"
        ) }}
    {%- endif -%}
    {{ return(policy) }}
{%- endmacro %}

{#- May a quotient of billed and reported money act on prices? Inside ai_factor_bounds; when all is scaled
    onto the requests, up to a thousandfold. Never 0: what was billed 0 is told apart. -#}
{% macro ai_is_factor(quotient) -%}
{%- if ai_unit_economics.ai_variance_policy() == 'scale' -%}
{{ quotient }} > 0 and {{ quotient }} <= 1000
{%- else -%}
{%- set bounds = var('ai_factor_bounds', [0.4, 2.5]) -%}
{{ quotient }} <> 0 and {{ quotient }} between {{ bounds[0] }} and {{ bounds[1] }}
{%- endif -%}
{%- endmacro %}

{#- Billed cost per unit as a price. NULL from 1,000 USD on, where price_type() ends: so much money beside so few
    units is not their price, but a bill whose usage is mostly missing. -#}
{% macro ai_rate_of_units(cost_per_unit) -%}
case when abs({{ cost_per_unit }}) < 1000 then cast({{ cost_per_unit }} as {{ ai_unit_economics.price_type() }}) end
{%- endmacro %}
