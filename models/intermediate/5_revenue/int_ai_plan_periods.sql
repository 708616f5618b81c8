{#- Grain: one row per customer (survivor) and part of time with one plan, [valid_from, valid_to).
    Purpose: which plan a customer is on at an instant. The periods are cut wherever a subscription of
    the customer, or a version of its plan, begins or ends; the best subscription of each part wins:
    is_primary, then mrr, then the latest start, then subscription_id. Neighbours are not merged.
    Status: exports give today's, so a past period counts whatever became of it, except the statuses
    below, and canceled without an end.
    Limits: mrr is compared as a number, in whatever currency. -#}
with subscriptions as (

    select * from {{ ref('stg_ai_subscriptions') }}
    where rejected_reason is null

),

customers as (

    select * from {{ ref('int_ai_customers') }}

),

plan_versions as (

    select * from {{ ref('int_ai_plan_versions') }}

),

counted as (

    select
        coalesce(customers.survivor_customer_id, subscriptions.customer_id) as customer_id,
        subscriptions.subscription_id,
        subscriptions.plan_id,
        subscriptions.seats,
        subscriptions.mrr,
        coalesce(subscriptions.is_primary, false) as is_primary,
        coalesce(subscriptions.is_trial, subscriptions.status = 'trialing', false) as is_trial,
        subscriptions.valid_from,
        coalesce(subscriptions.valid_to, cast('9999-12-31' as timestamp)) as valid_to
    from subscriptions
    left join customers on subscriptions.customer_id = customers.customer_id
    where coalesce(subscriptions.status, '')
        not in ('incomplete', 'incomplete_expired', 'paused', 'unpaid')
        and not (
            coalesce(subscriptions.status, '') in ('canceled', 'cancelled')
            and subscriptions.valid_to is null
        )

),

versioned as (

    select
        counted.customer_id,
        counted.subscription_id,
        counted.plan_id,
        counted.seats,
        counted.mrr,
        counted.is_primary,
        counted.is_trial,
        coalesce(plan_versions.is_free, false) as is_free,
        counted.valid_from as subscription_valid_from,
        greatest(
            counted.valid_from,
            coalesce(cast(plan_versions.valid_from as timestamp), counted.valid_from)
        ) as valid_from,
        least(
            counted.valid_to,
            coalesce(cast(plan_versions.valid_to as timestamp), counted.valid_to)
        ) as valid_to
    from counted
    left join plan_versions
        on counted.plan_id = plan_versions.plan_id
        and counted.valid_from < cast(plan_versions.valid_to as timestamp)
        and counted.valid_to > cast(plan_versions.valid_from as timestamp)

),

bounds as (

    select customer_id, valid_from as bound_at from versioned
    union
    select customer_id, valid_to as bound_at from versioned

),

parts as (

    select
        customer_id,
        bound_at as valid_from,
        lead(bound_at) over (partition by customer_id order by bound_at) as valid_to
    from bounds

),

ranked as (

    select
        parts.customer_id,
        versioned.subscription_id,
        versioned.plan_id,
        versioned.seats,
        versioned.mrr,
        versioned.is_free,
        versioned.is_trial,
        parts.valid_from,
        parts.valid_to,
        row_number() over (
            partition by parts.customer_id, parts.valid_from
            order by
                versioned.is_primary desc, versioned.mrr desc nulls last,
                versioned.subscription_valid_from desc, versioned.subscription_id
        ) as plan_rank
    from parts
    -- Inner: a part that no subscription covers is a time without a plan.
    inner join versioned
        on parts.customer_id = versioned.customer_id
        and parts.valid_from >= versioned.valid_from
        and parts.valid_from < versioned.valid_to

),

final as (

    select
        customer_id,
        plan_id,
        subscription_id,
        case when is_trial then 'trial' when is_free then 'free' else 'paid' end as plan_type,
        seats,
        mrr,
        is_free,
        is_trial,
        valid_from,
        valid_to
    from ranked
    where plan_rank = 1

)

select * from final
