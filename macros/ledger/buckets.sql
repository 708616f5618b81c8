{#- What a bill line can carry, in the order in which matches are judged; tier and processing are one. -#}
{% macro ai_line_attributes() -%}
    {{ return({
        'project': ['project_id'], 'model': ['model'], 'price_class': ['price_class'],
        'tier': ['service_tier', 'processing'], 'context': ['context_window'], 'region': ['region_scope']
    }) }}
{%- endmacro %}

{% macro ai_line_columns() -%}
    {{ return(['project_id', 'model', 'price_class', 'service_tier', 'processing', 'context_window', 'region_scope']) }}
{%- endmacro %}

{#- A bucket: one price class of a platform, account and UTC day at the finest key a bill can have. -#}
{% macro ai_bucket_key() -%}
{{ ai_hash(['platform', 'billing_account_id', 'usage_date'] + ai_line_columns()) }}
{%- endmacro %}

{#- The text on which buckets and lines meet: the values of the attributes that `mask` names, a star for
    the others; account and project only where they are known. -#}
{% macro ai_line_match_key(mask, unknown, alias='') -%}
{{ "'*'" if 'account' in unknown else 'coalesce(' ~ alias ~ "billing_account_id, '~')" }}
{%- for name, parts in ai_line_attributes().items() %}
|| '|' || {% if name in unknown %}'*'{% else -%}
case when substring({{ mask }}, {{ loop.index }}, 1) = '1' then {% for part in parts -%}
coalesce(cast({{ alias }}{{ part }} as varchar), '~'){{ " || '/' || " if not loop.last }}
{%- endfor %} else '*' end
{%- endif -%}
{%- endfor %}
{%- endmacro %}

{#- A bucket's place: the bucket without its day and price class. -#}
{% macro ai_place_key() -%}
{{ ai_hash(['platform', 'billing_account_id'] + (ai_line_columns() | reject('equalto', 'price_class') | list)) }}
{%- endmacro %}
