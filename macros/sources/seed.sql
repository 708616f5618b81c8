{#- The user's own table where `<seed>_relation` names one, else the package's seed. The demo
    company's rows, which ship in three seeds, never reach a project that installs the package. -#}
{% macro ai_seed(name) -%}
{%- if var(name ~ '_relation', none) -%}
{{ var(name ~ '_relation') }}
{%- elif name in ['ai_attribution_rules', 'ai_budgets', 'ai_price_scenarios']
    and project_name != 'ai_unit_economics' -%}
(select * from {{ ref(name) }} where 1 = 0)
{%- else -%}
{{ ref(name) }}
{%- endif -%}
{%- endmacro %}
