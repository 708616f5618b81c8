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
