{#- What makes a line the same line on another day: all that it carries but the day. -#}
{% macro ai_line_identity() -%}
platform, billing_account_id, line_status, {{ ai_line_columns() | join(', ') }}
{%- endmacro %}

{#- Do two amounts of opposite sign take each other back, within 2 % of the larger? -#}
{% macro ai_cancels_out(first, second) -%}
sign({{ first }}) * sign({{ second }}) < 0
        and abs({{ first }} + {{ second }}) * 50 <= greatest(abs({{ first }}), abs({{ second }}))
{%- endmacro %}

{#- Is a ratio near the half that batch costs? -#}
{% macro ai_is_about_half(ratio) %}{{ ratio }} between 0.48 and 0.52{% endmacro %}

{#- Where calls are compared: a model's day on the platform, in the account or in the project. -#}
{% macro ai_cause_scope(level, alias) -%}
{{ ai_hash([
    level, alias ~ '.platform', alias ~ '.usage_date', alias ~ '.model',
    'case when ' ~ level ~ " <> 'platform' then " ~ alias ~ '.billing_account_id end',
    'case when ' ~ level ~ " = 'project' then " ~ alias ~ '.project_id end'
]) }}
{%- endmacro %}

{#- The rate that a quantity has: batch, whatever its tier, else the tier. -#}
{% macro ai_rate_name(alias) -%}
case when {{ alias }}.processing = 'batch' then 'batch' else coalesce({{ alias }}.service_tier, 'standard') end
{%- endmacro %}

{#- How much of `size` a pool still has after the rows before it in `order_by`; each unit goes once. -#}
{% macro ai_claim(size, pool, partition_by, order_by) -%}
least({{ size }}, greatest({{ pool }} - coalesce(sum({{ size }}) over (
    partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and 1 preceding
), 0), 0))
{%- endmacro %}

{#- Input tokens that went through a cache. -#}
{% macro ai_cache_classes() -%}
    {{ return(['input_cached', 'cache_write_5m', 'cache_write_1h', 'cache_write_other']) }}
{%- endmacro %}
