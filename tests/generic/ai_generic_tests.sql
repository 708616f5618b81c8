{% test ai_unique_combination(model, columns) %}
{#- Fails with each combination of `columns` that more than one row has. -#}
select {{ columns | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{% test ai_expression_is_true(model, expression, column_name=none) %}
{#- Fails with each row for which `expression` is not true; NULL passes, as in a check constraint. -#}
select * from {{ model }} where not ({{ expression }})
{% endtest %}
