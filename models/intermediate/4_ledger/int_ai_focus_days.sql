{#- Grain: one row per UTC day of the ledger. Purpose: what focus_cost_and_usage is made from on the day, in one
    fingerprint, so that days that changed alone are written again. Requests count as they are stored in
    int_ai_class_costs, where a closed day stays as it was published. -#}
{%- set closed = ai_closed_through() -%}
{#- Words that the stored rows hold. -#}
{%- set words = [
    ai_platform_name('p', 'company'), ai_platform_name('p', 'service'), ai_maker_name('p'), ai_sub_account_type('p'),
    ai_focus_meters() | string
] | join -%}
{%- set other_columns = [
    'source_key', 'platform', 'billing_account_id', 'project_id', 'provider', 'model', 'price_class', 'service_tier',
    'processing', 'region_scope', 'context_over_tokens', 'commitment_id', 'customer_id', 'feature_id', 'team_id',
    'environment'
] + ai_extra_dimensions().values() | list + [
    'pnl_class', 'ledger_row_type', 'cost_status', 'variance_class', 'description', 'is_correction',
    'is_cost_known', 'quantity', 'unit', 'effective_cost_usd', 'billed_cost_usd', 'invoice_id'
] -%}

with requests as (

    select
        usage_date,
        max(day_fingerprint) as fingerprint
    from {{ ref('int_ai_class_costs') }}
    group by usage_date

),

other as (

    select
        usage_date,
        {{ ai_rows_fingerprint(other_columns) }} as fingerprint
    from {{ ref('int_ai_focus__other') }}
    group by usage_date

),

invoices as (

    select
        usage_date,
        {{ ai_rows_fingerprint(['platform', 'billing_account_id', 'model', 'invoice_id', 'billed_cost_usd']) }}
            as fingerprint
    from {{ ref('int_ai_focus__invoices') }}
    group by usage_date

),

commitments as (

    select {{ ai_rows_fingerprint(['commitment_id', 'kind', 'note']) }} as fingerprint
    from {{ ref('int_ai_commitments') }}

),

days as (

    select usage_date from requests
    union
    select usage_date from other
    union
    select usage_date from invoices

)

select
    days.usage_date,
    md5(
        coalesce(requests.fingerprint, '-') || '|' || coalesce(other.fingerprint, '-')
        || '|' || coalesce(invoices.fingerprint, '-') || '|' || coalesce(commitments.fingerprint, '-')
        {%- if closed %}
        || case when days.usage_date <= cast('{{ closed }}' as date) then '|closed' else '' end
        {%- endif %}
        || '|{{ local_md5(words) }}|{{ ai_logic_fingerprint() }}'
    ) as focus_fingerprint
from days
cross join commitments
left join requests on days.usage_date = requests.usage_date
left join other on days.usage_date = other.usage_date
left join invoices on days.usage_date = invoices.usage_date
