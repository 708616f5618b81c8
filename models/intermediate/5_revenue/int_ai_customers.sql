{#- Grain: one row per customer of the customers table.
    Purpose: whom a customer id reports under. `merged_into` is followed hop by hop to the last known
    customer; is_internal is the survivor's, so that a merged customer has one class.
    Limits: 10 hops. A longer chain, or one that runs in a circle, merges nothing (`unresolved`). -#}
{%- set hops = 10 %}

with customers as (

    select * from {{ ref('stg_ai_customers') }}
    where rejected_reason is null

),

known_targets as (

    select
        customers.customer_id,
        targets.customer_id as merged_into
    from customers
    -- Inner: an id that is not in the table, and a customer merged into itself, merge nothing.
    inner join customers as targets on customers.merged_into = targets.customer_id
    where customers.customer_id <> targets.customer_id

),

hop_1 as (

    select customer_id, merged_into as reached_id from known_targets

),

{%- for hop in range(2, hops + 1) %}

hop_{{ hop }} as (

    select
        hop_{{ hop - 1 }}.customer_id,
        coalesce(known_targets.merged_into, hop_{{ hop - 1 }}.reached_id) as reached_id
    from hop_{{ hop - 1 }}
    left join known_targets on hop_{{ hop - 1 }}.reached_id = known_targets.customer_id

),
{%- endfor %}

survivors as (

    select
        hop_{{ hops }}.customer_id,
        case
            when known_targets.customer_id is null then hop_{{ hops }}.reached_id
        end as survivor_customer_id
    from hop_{{ hops }}
    left join known_targets on hop_{{ hops }}.reached_id = known_targets.customer_id

),

resolved as (

    select
        customers.customer_id,
        coalesce(survivors.survivor_customer_id, customers.customer_id) as survivor_customer_id,
        case
            when survivors.survivor_customer_id is not null then 'merged'
            when customers.merged_into is not null then 'unresolved'
            else 'own'
        end as merge_status,
        customers.parent_customer_id,
        customers.name,
        customers.created_at,
        customers.deleted_at
    from customers
    left join survivors on customers.customer_id = survivors.customer_id

),

final as (

    select
        resolved.customer_id,
        resolved.survivor_customer_id,
        resolved.parent_customer_id,
        resolved.name,
        resolved.merge_status,
        coalesce(kept.is_internal, false) as is_internal,
        resolved.created_at,
        resolved.deleted_at
    from resolved
    inner join customers as kept on resolved.survivor_customer_id = kept.customer_id

)

select * from final
