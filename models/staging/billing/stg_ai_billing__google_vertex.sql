{#- Grain: one row per row of Google Cloud's billing export for Vertex AI or the Gemini API (var
    ai_google_services), and one more per row that holds promotional credits.
    Purpose: the bill as charged, in its currency. A usage line is cost plus discounts; promotional,
    free-tier and unknown credits are lines of their own, so that the lines sum to cost plus all credits.
    The export only grows: late usage and corrections are new rows, which add to the earlier ones; the
    same row in two loads counts once (line_id).
    SKUs are read through the seed ai_google_skus, by id, then by text; else by their words, and then the
    description says so. The unit on a row is no evidence: it says `requests` or `count` of tokens.
    Limits: nested columns are lists, structs or JSON text, or structs flattened with `__`; lists in tables
    of their own are not read. Tax and support of the whole account belong to other services and are
    out of scope, as are third-party models that a reseller's service bills, until ai_google_services
    names it. -#}
{{ config(enabled='google_vertex' in var('ai_billing_platforms', [])) }}

{%- set raw = ai_raw_columns('gcp_billing_export') %}
{%- set tags = ai_pair_tags(raw, ['labels', ['project', 'labels'], 'tags']) %}
{%- set first_step = {
    'ai_platform': ai_google_platform(raw),
    'ai_sku_id': ai_raw_text(raw, ['sku', 'id']),
    'ai_sku': ai_google_sku_text(ai_raw_text(raw, ['sku', 'description'])),
    'ai_cost_type': 'coalesce(lower(' ~ ai_raw_text(raw, 'cost_type') ~ "), 'regular')",
    'ai_discounts': ai_google_credits(raw, true),
    'ai_gifts': ai_google_credits(raw, false),
    'ai_net_cost': ai_raw_money(raw, 'cost'),
    'ai_row_id': ai_google_row_id(raw)
} %}
{%- do first_step.update(tags.steps) %}
{%- set is_unknown = ai_google_sku('unit') ~ " is null and ai_cost_type = 'regular'" %}
{%- set sku = ai_raw_text(raw, ['sku', 'description']) %}
{%- set values = {
    'platform': 'ai_platform',
    'billing_account_id': 'coalesce(' ~ ai_raw_text(raw, 'billing_account_id') ~ ", 'default')",
    'project_id': ai_raw_text(raw, ['project', 'id']),
    'line_item': 'case when ' ~ is_unknown ~ " then replace(ai_sku, ', ', ' ') end",
    'model_raw': ai_google_sku('model'),
    'price_class': ai_google_sku('price_class'),
    'region_scope': ai_google_sku('region_scope'),
    'service_tier': ai_google_sku('service_tier'),
    'processing': ai_google_sku('processing'),
    'context_window': 'cast(' ~ ai_google_sku('context_window') ~ ' as bigint)',
    'unit': 'coalesce(' ~ ai_google_sku('unit') ~ ', lower(' ~ ai_raw_text(raw, ['usage', 'unit']) ~ '))',
    'charge_category': "case
            when ai_cost_type = 'tax' then 'tax'
            when ai_cost_type in ('adjustment', 'rounding_error') then 'adjustment'
            else 'usage'
        end",
    'is_correction': "ai_cost_type = 'adjustment' or (" ~ is_unknown ~ ' and ai_net_cost < 0)',
    'invoice_id': ai_raw_text(raw, ['invoice', 'month']),
    'line_id': 'ai_row_id',
    'description': "case
            when ai_is_read and ai_sku_by_id_unit is null and ai_sku_by_text_unit is null then 'parsed: '
            else ''
        end || " ~ sku,
    'billing_currency': 'upper(' ~ ai_raw_text(raw, 'currency') ~ ')',
    'quantity': ai_raw_column(raw, ['usage', 'amount'], 'numeric(38,9)'),
    'amount_billing_currency': 'ai_net_cost + ai_discounts',
    'charge_start_at': ai_raw_time(raw, 'usage_start_time'),
    'charge_end_at': ai_raw_time(raw, 'usage_end_time'),
    'loaded_at': ai_raw_first(raw, ['loaded_at', 'export_time'], 'timestamp'),
    'defect': 'coalesce(' ~ ai_defect(
        raw,
        times=['usage_start_time', 'usage_end_time', 'export_time', 'loaded_at'],
        amounts=['cost'], quantities=[['usage', 'amount']]
    ) ~ ", case when ai_discounts is null or ai_gifts is null then 'unparsable_amount credits' end)"
} %}
{%- do values.update(ai_tag_columns(tags.columns, tags.places)) %}

{{ ai_billing_staging(
    'gcp_billing_export', values,
    where='ai_platform is not null',
    derived=[first_step] + ai_google_sku_steps(),
    lookups=ai_google_sku_lookups(),
    more_lines=[{
        'where': 'ai_gifts <> 0',
        'values': {
            'line_item': 'cast(null as varchar)',
            'unit': 'cast(null as varchar)',
            'charge_category': "'credit'",
            'is_correction': 'false',
            'line_id': "ai_row_id || ' credits'",
            'description': "'credits: ' || " ~ sku,
            'quantity': 'cast(null as numeric(38,9))',
            'amount_billing_currency': 'ai_gifts'
        }
    }]
) }}
