{#- Grain: one row per invoice line, credit note line (or credit note without lines) and refund.
    Purpose: the columns of `revenue_lines` from Stripe, in major units.
        invoice line   amount = subtotal (else amount) less inclusive taxes less billing credits used
                       (ai_stripe_billing_credits); the line's own period
        credit note    negative, net of discount and tax; the credited line's period and plan, else its day
        refund         negative, the part of it that is no tax, at the ratio of its invoice, in whole minor
                       units; only succeeded ones count, and not beside the credit note that names it
    Statuses are those of revenue_lines: a voided credit note and a failed refund are `void`, a pending
    refund is `draft`.
    Limits: payments without an invoice and disputes are no lines. A discount that is known of the invoice
    alone goes to its largest line. A negative discount (of a proration) is part of the amount. -#}
{{ config(
    enabled='stripe' in var('ai_business_sources', {}).values() and ai_scenario_needs('customers')
) }}
{%- set credits = 'coalesce(credit_amount, 0)' if ai_stripe_credits_are_prepaid() else '0' %}

with invoices as (

    select * from {{ ref('base_ai_stripe__invoices') }}

),

customers as (

    select * from {{ ref('base_ai_stripe__customers') }}

),

prices as (

    select * from {{ ref('base_ai_stripe__prices') }}

),

plan_prices as (

    select * from {{ ref('base_ai_stripe__plan_prices') }}

),

exponents as (

    select upper(currency) as currency, exponent from {{ ai_seed('ai_currency_exponents') }}

),

landed_lines as (

    select * from {{ ref('base_ai_stripe__invoice_lines') }}

),

line_discounts as (

    select * from {{ ref('base_ai_stripe__line_discounts') }}

),

line_taxes as (

    select * from {{ ref('base_ai_stripe__line_taxes') }}

),

line_credits as (

    select * from {{ ref('base_ai_stripe__line_credits') }}
    where entry_type = 'credit_balance_transaction'

),

discounts_of_lines as (

    select line_key, {{ ai_sum('amount') }} as discount_amount
    from line_discounts
    where line_key is not null
    group by line_key

),

discounts_of_invoices as (

    select invoice_id, {{ ai_sum('amount') }} as discount_amount
    from line_discounts
    where line_key is null
    group by invoice_id

),

taxes_of_lines as (

    select
        line_key,
        {{ ai_sum('amount') }} as tax_amount,
        {{ ai_sum('case when is_inclusive then amount end') }} as inclusive_tax_amount
    from line_taxes
    group by line_key

),

credits_of_lines as (

    select line_key, {{ ai_sum('amount') }} as credit_amount
    from line_credits
    group by line_key

),

-- A child table of a loader knows the invoice by the loader's key of it.
invoiced as (

    select
        lines.*,
        coalesce(lines.line_key, lines.line_id) as entry_key,
        coalesce(by_id.invoice_id, by_key.invoice_id) as known_invoice_id,
        coalesce(by_id.stripe_customer_id, by_key.stripe_customer_id) as stripe_customer_id,
        case
            -- A single sale may stand on the invoice of a subscription.
            when lines.line_type in ('subscription', 'subscription_item_details')
                then coalesce(lines.subscription_id, by_id.subscription_id, by_key.subscription_id)
            else lines.subscription_id
        end as known_subscription_id,
        coalesce(by_id.status, by_key.status) as invoice_status,
        coalesce(by_id.invoiced_at, by_key.invoiced_at) as invoiced_at
    from landed_lines as lines
    left join invoices as by_id on lines.invoice_id = by_id.invoice_id
    left join invoices as by_key on lines.parent_key = by_key.parent_key

),

ranked as (

    select
        *,
        row_number() over (
            partition by known_invoice_id order by amount desc nulls last, line_id
        ) as amount_rank
    from invoiced

),

minor_lines as (

    select
        lines.line_id,
        lines.known_invoice_id as invoice_id,
        lines.stripe_customer_id,
        lines.known_subscription_id as subscription_id,
        lines.price_id,
        lines.line_type,
        coalesce(lines.usage_type = 'metered', prices.is_metered, false) as is_metered,
        lines.invoice_status as status,
        lines.currency,
        lines.quantity,
        lines.amount,
        case
            when lines.discount_amount is not null or discounts_of_lines.discount_amount is not null
                then coalesce(lines.discount_amount, discounts_of_lines.discount_amount)
            else discounts_of_invoices.discount_amount
        end as discount_amount,
        coalesce(lines.tax_amount, taxes_of_lines.tax_amount) as tax_amount,
        case
            when lines.tax_amount is not null then lines.inclusive_tax_amount
            else taxes_of_lines.inclusive_tax_amount
        end as inclusive_tax_amount,
        coalesce(lines.credit_amount, credits_of_lines.credit_amount) as credit_amount,
        lines.is_proration,
        lines.period_start_at,
        lines.period_end_at,
        lines.invoiced_at,
        lines.loaded_at,
        case
            when lines.defect is not null then lines.defect
            -- Whose it is, and whether it counts, is not known.
            when lines.known_invoice_id is null then 'missing_invoice invoice_id'
        end as defect
    from ranked as lines
    left join prices on lines.price_id = prices.price_id
    left join discounts_of_lines on lines.entry_key = discounts_of_lines.line_key
    left join discounts_of_invoices
        on lines.known_invoice_id = discounts_of_invoices.invoice_id
        and lines.amount_rank = 1
    left join taxes_of_lines on lines.entry_key = taxes_of_lines.line_key
    left join credits_of_lines on lines.entry_key = credits_of_lines.line_key

),

planned_lines as (

    select
        lines.line_id,
        lines.invoice_id,
        lines.stripe_customer_id,
        lines.subscription_id,
        case
            when plan_prices.price_id is not null then coalesce(plan_prices.plan_id, lines.price_id)
            -- What a price of usage or a single sale stands for is the plan in force.
            when not lines.is_metered and lines.subscription_id is not null then lines.price_id
        end as plan_id,
        case
            when plan_prices.line_kind is not null then plan_prices.line_kind
            when lines.is_metered then 'usage'
            when lines.subscription_id is not null or lines.line_type in ('subscription', 'subscription_item_details')
                then 'subscription'
            else 'one_off'
        end as line_kind,
        lines.status,
        lines.currency,
        lines.quantity,
        cast(
            lines.amount - coalesce(lines.inclusive_tax_amount, 0) - {{ credits }}
            - case when lines.discount_amount < 0 then lines.discount_amount else 0 end
            as {{ money_type() }}
        ) as amount,
        case when lines.discount_amount < 0 then 0 else lines.discount_amount end as discount_amount,
        lines.tax_amount,
        lines.is_proration,
        lines.period_start_at,
        lines.period_end_at,
        lines.invoiced_at,
        lines.loaded_at,
        lines.defect
    from minor_lines as lines
    left join plan_prices
        on lines.price_id = plan_prices.price_id
        and {{ ai_day('coalesce(lines.period_start_at, lines.invoiced_at)') }} >= plan_prices.valid_from
        and {{ ai_day('coalesce(lines.period_start_at, lines.invoiced_at)') }} < plan_prices.valid_to

),

credit_notes as (

    select * from {{ ref('base_ai_stripe__credit_notes') }}

),

credit_note_lines as (

    select * from {{ ref('base_ai_stripe__credit_note_lines') }}

),

noted_lines as (

    select
        lines.*,
        coalesce(by_id.credit_note_id, by_key.credit_note_id) as known_note_id
    from credit_note_lines as lines
    left join credit_notes as by_id on lines.credit_note_id = by_id.credit_note_id
    left join credit_notes as by_key on lines.parent_key = by_key.parent_key

),

note_parts as (

    select
        credit_note_line_id as part_id,
        known_note_id as credit_note_id,
        line_id,
        quantity,
        cast(
            amount - coalesce(discount_amount, 0) - coalesce(inclusive_tax_amount, 0) - {{ credits }}
            as {{ money_type() }}
        ) as amount,
        loaded_at,
        case
            when defect is not null then defect
            when known_note_id is null then 'missing_invoice invoice_id'
        end as defect
    from noted_lines

    union all

    select
        credit_notes.credit_note_id as part_id,
        credit_notes.credit_note_id,
        cast(null as varchar) as line_id,
        cast(null as numeric(38, 9)) as quantity,
        credit_notes.amount,
        credit_notes.loaded_at,
        credit_notes.defect
    from credit_notes
    left join (select distinct known_note_id from noted_lines) as notes_with_lines
        on credit_notes.credit_note_id = notes_with_lines.known_note_id
    where notes_with_lines.known_note_id is null

),

planned_notes as (

    select
        parts.part_id as line_id,
        credit_notes.invoice_id,
        coalesce(credit_notes.stripe_customer_id, invoices.stripe_customer_id) as stripe_customer_id,
        credited.subscription_id,
        credited.plan_id,
        'credit_note' as line_kind,
        case when coalesce(credit_notes.status, 'issued') = 'issued' then 'paid' else 'void' end as status,
        credit_notes.currency,
        parts.quantity,
        cast(-parts.amount as {{ money_type() }}) as amount,
        cast(null as {{ money_type() }}) as discount_amount,
        cast(null as {{ money_type() }}) as tax_amount,
        cast(null as boolean) as is_proration,
        credited.period_start_at,
        credited.period_end_at,
        credit_notes.created_at as invoiced_at,
        parts.loaded_at,
        parts.defect
    from note_parts as parts
    left join credit_notes on parts.credit_note_id = credit_notes.credit_note_id
    left join invoices on credit_notes.invoice_id = invoices.invoice_id
    left join planned_lines as credited on parts.line_id = credited.line_id

),

refunds as (

    select * from {{ ref('base_ai_stripe__refunds') }}

),

refund_invoices as (

    select * from {{ ref('base_ai_stripe__refund_invoices') }}

),

planned_refunds as (

    select
        refunds.refund_id as line_id,
        case when not refund_invoices.is_beside_credit_notes then refund_invoices.invoice_id end as invoice_id,
        coalesce(invoices.stripe_customer_id, refund_invoices.stripe_customer_id) as stripe_customer_id,
        invoices.subscription_id,
        cast(null as varchar) as plan_id,
        'refund' as line_kind,
        case
            when refund_invoices.is_credit_note_payout or refunds.status in ('failed', 'canceled') then 'void'
            when coalesce(refunds.status, 'succeeded') = 'succeeded' then 'paid'
            else 'draft'
        end as status,
        refunds.currency,
        cast(null as numeric(38, 9)) as quantity,
        cast(-case
            when invoices.total > 0 and invoices.total_excluding_tax between 0 and invoices.total
                then round({{ ai_straight_line(
                    'refunds.amount', 'cast(invoices.total_excluding_tax as bigint)', 'cast(invoices.total as bigint)'
                ) }}, 0)
            else refunds.amount
        end as {{ money_type() }}) as amount,
        cast(null as {{ money_type() }}) as discount_amount,
        cast(null as {{ money_type() }}) as tax_amount,
        cast(null as boolean) as is_proration,
        cast(null as timestamp) as period_start_at,
        cast(null as timestamp) as period_end_at,
        refunds.created_at as invoiced_at,
        refunds.loaded_at,
        refunds.defect
    from refunds
    left join refund_invoices on refunds.refund_id = refund_invoices.refund_id
    left join invoices on refund_invoices.invoice_id = invoices.invoice_id

),

unioned as (

    select * from planned_lines
    union all
    select * from planned_notes
    union all
    select * from planned_refunds

),

final as (

    select
        unioned.line_id,
        unioned.invoice_id,
        coalesce(customers.app_customer_id, unioned.stripe_customer_id) as customer_id,
        unioned.subscription_id,
        unioned.plan_id,
        cast(unioned.line_kind as varchar) as line_kind,
        cast(unioned.status as varchar) as status,
        unioned.currency,
        unioned.quantity,
        {{ ai_major_units('unioned.amount', 'exponents.exponent') }} as amount,
        {{ ai_major_units('unioned.discount_amount', 'exponents.exponent') }} as discount_amount,
        {{ ai_major_units('unioned.tax_amount', 'exponents.exponent') }} as tax_amount,
        unioned.is_proration,
        unioned.period_start_at as service_period_start,
        unioned.period_end_at as service_period_end,
        unioned.invoiced_at as invoice_date,
        unioned.defect,
        unioned.loaded_at
    from unioned
    left join customers on unioned.stripe_customer_id = customers.stripe_customer_id
    left join exponents on unioned.currency = exponents.currency

)

select * from final
