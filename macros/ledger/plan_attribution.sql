{#- Which plan cost and revenue report under: `as_of_request` (the plan in force when it arose) or
    `month_end` (the plan that the customer ends the month on). Another word is a compile error. -#}
{% macro ai_plan_attribution() -%}
    {%- set policy = var('ai_plan_attribution', 'as_of_request') -%}
    {%- if policy not in ('as_of_request', 'month_end') -%}
        {{ exceptions.raise_compiler_error(
            "ai_plan_attribution: '" ~ policy ~ "' is neither as_of_request nor month_end"
        ) }}
    {%- endif -%}
    {{ return(policy) }}
{%- endmacro %}
