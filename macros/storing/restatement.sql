{#- Why a published month can move, in the order of the inputs in restatement_log. -#}
{% macro ai_restatement_causes() -%}
    {{ return([
        'late_rows', 'price', 'alias', 'map', 'plan', 'usage_report', 'bill', 'fx', 'commitment', 'revenue'
    ]) }}
{%- endmacro %}

{#- What restatement_log publishes of the marts that the chosen scenarios build:
    {mart: (key column, [amounts])}; keys that no run names are sentinels or totals. -#}
{% macro ai_published_marts() -%}
    {%- set marts = {'cost_ledger': ('platform', ['billed_cost_usd', 'effective_cost_usd'])} -%}
    {%- if ai_unit_economics.ai_scenario_needs('customers') -%}
        {%- do marts.update({
            'cost_per_customer': ('customer_id', ['fully_loaded_cost_usd', 'net_revenue_usd']),
            'margin_by_plan': ('plan_id', ['total_cost_usd', 'net_revenue_usd'])
        }) -%}
    {%- endif -%}
    {%- if ai_unit_economics.ai_scenario_needs('requests') -%}
        {%- do marts.update({'cost_per_feature': ('feature_id', ['total_cost_usd'])}) -%}
    {%- endif -%}
    {%- if ai_unit_economics.ai_scenario_needs('teams') -%}
        {%- do marts.update({'spend_by_team': ('team_id', ['total_cost_usd'])}) -%}
    {%- endif -%}
    {{ return(marts) }}
{%- endmacro %}
