{#- Grain: one row per subscription item and part of time: before and after the end of its trial, and per
    version where the loader keeps history. Purpose: the columns of `subscriptions` from Stripe.
    The main item of a subscription carries its id and is_primary: no add-on, licensed before metered, the
    dearest, the oldest. The others are <subscription>/<item>.
    Limits: without history a change of plan shows from the item's beginning on; what was paid for which
    plan comes from the lines. A removed item ends at its load. A future cancellation ends the row. -#}
{{ config(enabled='stripe' in var('ai_business_sources', {}).values()) }}

with subscriptions as (

    select * from {{ ref('base_ai_stripe__subscriptions') }}

),

landed_items as (

    select * from {{ ref('base_ai_stripe__subscription_items') }}

),

customers as (

    select * from {{ ref('base_ai_stripe__customers') }}

),

prices as (

    select * from {{ ref('base_ai_stripe__monthly_prices') }}

),

plan_prices as (

    select * from {{ ref('base_ai_stripe__plan_prices') }}

),

subscriptions_with_items as (

    select distinct subscription_id from landed_items

),

items as (

    select
        item_id,
        subscription_id,
        price_id,
        quantity,
        coalesce(is_deleted, false) as is_deleted,
        created_at,
        period_end_at,
        version_from,
        version_to,
        loaded_at
    from landed_items

    union all

    select
        subscriptions.item_id,
        subscriptions.subscription_id,
        subscriptions.price_id,
        subscriptions.quantity,
        false as is_deleted,
        subscriptions.created_at,
        subscriptions.period_end_at,
        subscriptions.version_from,
        subscriptions.version_to,
        subscriptions.loaded_at
    from subscriptions
    left join subscriptions_with_items
        on subscriptions.subscription_id = subscriptions_with_items.subscription_id
    where subscriptions_with_items.subscription_id is null

),

-- The first version is as old as the subscription; each holds until the next, the last while it is active.
subscription_versions as (

    select
        *,
        lag(version_from) over (partition by subscription_id order by version_from) as previous_from,
        coalesce(
            lead(version_from) over (partition by subscription_id order by version_from), version_to
        ) as next_from
    from subscriptions

),

item_versions as (

    select
        *,
        lag(version_from) over (partition by subscription_id, item_id order by version_from) as previous_from,
        coalesce(
            lead(version_from) over (partition by subscription_id, item_id order by version_from), version_to
        ) as next_from
    from items

),

combined as (

    select
        subscriptions.subscription_id,
        subscriptions.stripe_customer_id,
        item_versions.item_id,
        item_versions.price_id,
        subscriptions.status,
        item_versions.quantity,
        subscriptions.trial_end_at,
        item_versions.created_at as item_created_at,
        item_versions.loaded_at,
        case
            when item_versions.created_at > subscriptions.created_at then item_versions.created_at
            else coalesce(subscriptions.started_at, subscriptions.created_at, item_versions.created_at)
        end as started_at,
        greatest(
            case
                when subscriptions.previous_from is null then cast('0001-01-01' as timestamp)
                else subscriptions.version_from
            end,
            case
                when item_versions.previous_from is null then cast('0001-01-01' as timestamp)
                else item_versions.version_from
            end
        ) as version_start_at,
        least(
            coalesce(
                subscriptions.ended_at,
                case when subscriptions.status = 'canceled' then subscriptions.canceled_at end,
                subscriptions.cancel_at,
                case
                    when subscriptions.is_ending_with_period
                        then coalesce(subscriptions.period_end_at, item_versions.period_end_at)
                end,
                cast('9999-12-31' as timestamp)
            ),
            coalesce(subscriptions.next_from, cast('9999-12-31' as timestamp)),
            coalesce(item_versions.next_from, cast('9999-12-31' as timestamp)),
            case
                when item_versions.is_deleted and item_versions.next_from is null
                    then coalesce(item_versions.loaded_at, cast('9999-12-31' as timestamp))
                else cast('9999-12-31' as timestamp)
            end
        ) as valid_to
    from subscription_versions as subscriptions
    left join item_versions on subscriptions.subscription_id = item_versions.subscription_id

),

dated as (

    select
        *,
        -- NULL without a start.
        case when started_at < version_start_at then version_start_at else started_at end as valid_from
    from combined

),

parts as (

    select
        *,
        false as is_trial,
        case when trial_end_at > valid_from then trial_end_at else valid_from end as part_from,
        valid_to as part_to
    from dated

    union all

    select
        *,
        true as is_trial,
        valid_from as part_from,
        case when trial_end_at < valid_to then trial_end_at else valid_to end as part_to
    from dated
    where trial_end_at > valid_from

),

priced as (

    select
        parts.*,
        coalesce(plan_prices.plan_id, parts.price_id) as plan_id,
        cast(prices.monthly_price * parts.quantity as numeric(18, 6)) as mrr,
        row_number() over (
            partition by parts.subscription_id
            order by
                coalesce(plan_prices.is_addon, false), coalesce(prices.is_metered, false),
                prices.monthly_price * parts.quantity desc nulls last, parts.item_created_at nulls last,
                parts.item_id, parts.part_from
        ) as item_rank
    from parts
    left join prices on parts.price_id = prices.price_id
    left join plan_prices
        on parts.price_id = plan_prices.price_id
        and {{ ai_day('parts.part_from') }} >= plan_prices.valid_from
        and {{ ai_day('parts.part_from') }} < plan_prices.valid_to
    -- Versions and items that never met; one without dates stays, and is rejected.
    where parts.part_from is null or parts.part_from < parts.part_to

),

main_items as (

    select subscription_id, item_id from priced
    where item_rank = 1

),

final as (

    select
        cast(case
            when main_items.item_id is not null or priced.item_id is null then priced.subscription_id
            else priced.subscription_id || '/' || priced.item_id
        end as varchar) as subscription_id,
        coalesce(customers.app_customer_id, priced.stripe_customer_id) as customer_id,
        priced.plan_id,
        priced.status,
        priced.quantity as seats,
        priced.mrr,
        main_items.item_id is not null or priced.item_id is null as is_primary,
        priced.is_trial,
        priced.part_from as valid_from,
        case when priced.part_to < cast('9999-01-01' as timestamp) then priced.part_to end as valid_to,
        cast(null as varchar) as defect,
        priced.loaded_at
    from priced
    left join main_items
        on priced.subscription_id = main_items.subscription_id
        and priced.item_id = main_items.item_id
    left join customers on priced.stripe_customer_id = customers.stripe_customer_id

)

select * from final
