{#- Grain: one row per Stripe customer. Purpose: the columns of `customers` from Stripe.
    Limits: Stripe knows no internal, merged or parent customers, and no day of deletion. Two Stripe
    customers of one customer of yours are one row there, the later load. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}

with customers as (

    select * from {{ ref('base_ai_stripe__customers') }}

),

final as (

    select
        coalesce(app_customer_id, stripe_customer_id) as customer_id,
        name,
        cast(null as varchar) as parent_customer_id,
        cast(null as varchar) as merged_into,
        cast(null as boolean) as is_internal,
        created_at,
        cast(null as timestamp) as deleted_at,
        cast(null as varchar) as defect,
        loaded_at
    from customers

)

select * from final
