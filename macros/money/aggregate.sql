{#- Sums with a type of their own: a bare sum has another width on each engine. -#}
{% macro ai_sum(expression) %}cast(sum({{ expression }}) as {{ money_type() }}){% endmacro %}

{% macro ai_sum_count(expression) %}cast(sum({{ expression }}) as bigint){% endmacro %}
