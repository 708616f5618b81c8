{#- Which parts of the package each scenario keeps; the one place that says so. What belongs to no part (spend
    by model, the ledger, coverage, the match with the bill, forecast and anomalies) is always built. -#}
{% macro ai_scenario_matrix() -%}
    {{ return({
        'usage_based': ['teams', 'requests', 'customers'],
        'bundled': ['teams', 'requests', 'customers', 'seats'],
        'internal_tooling': ['teams'],
        'pre_revenue': [],
        'freemium': ['teams', 'requests', 'customers']
    }) }}
{%- endmacro %}

{#- What each scenario cannot do without. -#}
{% macro ai_scenario_inputs() -%}
    {{ return({
        'usage_based': ['logs', 'customers', 'revenue'],
        'bundled': ['logs', 'customers', 'revenue', 'seats'],
        'internal_tooling': ['spend', 'rules'],
        'pre_revenue': ['spend'],
        'freemium': ['logs', 'customers', 'plans']
    }) }}
{%- endmacro %}

{#- What is missing of an input, with the var that would give it; nothing where it is there. -#}
{% macro ai_missing_input(input) -%}
    {%- set logs = var('ai_request_sources', []) or [] -%}
    {%- if input == 'logs' and not logs -%}
        {{ return('a request log: name one in ai_request_sources, such as [app]') }}
    {%- elif input == 'customers' and not ai_unit_economics.ai_has_business_table('customers') -%}
        {{ return('customers: add customers to ai_business_tables') }}
    {%- elif input == 'revenue' and not ai_unit_economics.ai_revenue_is_known() -%}
        {{ return('revenue: add revenue_lines, or plans and subscriptions, to ai_business_tables') }}
    {%- elif input == 'seats' and not ai_unit_economics.ai_has_business_table('subscriptions') -%}
        {{ return('seats: add subscriptions to ai_business_tables') }}
    {%- elif input == 'plans' and not (
        ai_unit_economics.ai_has_business_table('plans')
        and ai_unit_economics.ai_has_business_table('subscriptions')
    ) -%}
        {{ return('plans, to know who is free: add plans and subscriptions to ai_business_tables') }}
    {%- elif input == 'spend' and not (
        logs or var('ai_usage_platforms', []) or var('ai_billing_platforms', [])
    ) -%}
        {{ return(
            'a usage report, a bill or a request log: name one in ai_usage_platforms, ai_billing_platforms or '
            ~ 'ai_request_sources'
        ) }}
    {#- Tags of a log name the team as well; without a log only rules on keys and projects can. -#}
    {%- elif input == 'rules' and not (
        logs or var('ai_attribution_rules_relation', none) or project_name == 'ai_unit_economics'
    ) -%}
        {{ return('rules that say whose a key or project is: name your table in ai_attribution_rules_relation') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- The scenarios of the var ai_scenarios; [] = no choice. A wrong name and a missing input are compile errors
    that tell all of them at once. -#}
{% macro ai_scenarios() -%}
    {%- set chosen = var('ai_scenarios', []) or [] -%}
    {%- set inputs = ai_unit_economics.ai_scenario_inputs() -%}
    {%- if chosen is string or chosen is mapping or chosen is not sequence -%}
        {%- do exceptions.raise_compiler_error(
            "ai_scenarios is '" ~ chosen ~ "'; it must be a list, such as [usage_based]."
        ) -%}
    {%- endif -%}
    {%- set problems = [] -%}
    {%- for scenario in chosen -%}
        {%- if scenario not in inputs -%}
            {%- do problems.append(
                "'" ~ scenario ~ "' is no scenario; there are " ~ inputs.keys() | join(', ') ~ '.'
            ) -%}
        {%- endif -%}
        {%- for input in inputs.get(scenario, []) -%}
            {%- set missing = ai_unit_economics.ai_missing_input(input) -%}
            {%- if missing -%}
                {%- do problems.append(
                    "'" ~ scenario ~ "' needs " ~ missing ~ ', or take ' ~ scenario ~ ' out of ai_scenarios.'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if problems -%}
        {%- do exceptions.raise_compiler_error('ai_scenarios: ' ~ problems | join('\n  ai_scenarios: ')) -%}
    {%- endif -%}
    {{ return(chosen) }}
{%- endmacro %}

{#- Is a part of the package built: `teams`, `requests`, `customers` (their marts with plans and revenue) or
    `seats`? Where no scenario is chosen, all are; else the parts of any chosen one. -#}
{% macro ai_scenario_needs(part) -%}
    {%- set matrix = ai_unit_economics.ai_scenario_matrix() -%}
    {%- if part not in matrix.values() | sum(start=[]) -%}
        {%- do exceptions.raise_compiler_error("ai_scenario_needs: '" ~ part ~ "' is no part of the package.") -%}
    {%- endif -%}
    {%- set chosen = ai_unit_economics.ai_scenarios() -%}
    {%- set needed = [] -%}
    {%- for scenario in chosen if part in matrix[scenario] -%}
        {%- do needed.append(scenario) -%}
    {%- endfor -%}
    {{ return(needed != [] or chosen == []) }}
{%- endmacro %}
