{#- Grain: one row per accepted line of manual_costs but other COGS, which no AI bill carries.
    Purpose: cost without a connector, as lines of the canonical bill. They have no token unit, so they
    are never taken for the price of requests. Self-hosted GPUs are on nobody's bill.
    Limits: rejected and repeated lines are listed by stg_ai_manual_costs and do not come here. -#}
{{ config(enabled='manual' in var('ai_billing_platforms', [])) }}

{%- set values = {
    'platform': 'platform',
    'billing_account_id': "coalesce(billing_account_id, 'default')",
    'project_id': 'project_id',
    'unit': "case when cost_kind = 'seats' then 'seats' end",
    'line_id': 'line_id',
    'description': 'cost_kind',
    'billing_currency': 'currency',
    'customer_tag': 'customer_id',
    'feature_tag': 'feature',
    'team_tag': 'team',
    'environment_tag': 'environment',
    'amount_billing_currency': 'amount',
    'is_correction': 'amount < 0',
    'is_off_bill': "coalesce(cost_kind, '') = 'self_hosted_gpu'",
    'charge_start_at': 'period_start',
    'charge_end_at': 'case when period_end > period_start then period_end
        else cast(' ~ ai_add_days('period_start', 1) ~ ' as timestamp) end',
    'loaded_at': 'loaded_at'
} %}

{{ ai_billing_staging(
    ref('stg_ai_manual_costs'), values, where="rejected_reason is null and coalesce(cost_kind, '') <> 'other_cogs'"
) }}
