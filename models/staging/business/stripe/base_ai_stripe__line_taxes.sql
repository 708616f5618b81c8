{#- Grain: one row per entry. Purpose: the taxes of a line, from loaders that land them as a table of their
    own and not as an array on the line (ai_stripe_line_parts). In minor units. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}

{{ ai_stripe_line_parts('line_taxes') }}
