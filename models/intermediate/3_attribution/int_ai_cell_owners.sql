{#- Grain: one row per cell and UTC day. Purpose: whom API key, project and default rule name (ranks 5
    to 7), once per cell: they also speak for usage and for spend that nobody logged. -#}
{%- set evidence = {'api_key': 'api_key_map', 'project': 'project_map', 'default': 'default_rule'} -%}

with cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

owners as (

    select * from {{ ref('int_ai_evidence_owners') }}

),

final as (

    select
        cell_days.cell_key,
        cell_days.usage_date,
        {%- for name in evidence %}
        {%- for dimension in ai_dimensions().keys() | list + ['pnl_class'] %}
        by_{{ name }}.{{ dimension }}_id as {{ name }}_{{ dimension }}_id,
        {%- endfor %}
        {%- endfor %}
        cell_days.platform,
        cell_days.billing_account_id,
        cell_days.project_id,
        cell_days.model
    from cell_days
    {{ ai_join_owners(
        'by_api_key', 'api_key_map', 'cell_days.platform', ai_match_text('cell_days.api_key_id'), 'cell_days.usage_date'
    ) | indent(4) }}
    {{ ai_join_owners(
        'by_project', 'project_map', 'cell_days.platform', ai_match_text('cell_days.project_id'), 'cell_days.usage_date'
    ) | indent(4) }}
    {{ ai_join_owners('by_default', 'default_rule', 'cell_days.platform', "''", 'cell_days.usage_date') | indent(4) }}

)

select * from final
