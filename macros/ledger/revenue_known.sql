{#- Is there anything to know revenue from? Without it revenue is unknown (NULL), not 0. -#}
{% macro ai_revenue_is_known() -%}
    {{ return(ai_has_business_table('revenue_lines')
        or (ai_has_business_table('plans') and ai_has_business_table('subscriptions'))) }}
{%- endmacro %}
