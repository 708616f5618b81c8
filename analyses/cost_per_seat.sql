{#- Question: what does a seat cost, the billed one and the active one, by plan?
    How to read it: one row per month and plan, of customers that are not internal. Billed seats are
    seat-days by days of the month; active seats are distinct users with a request. Many billed
    and few active seats is shelf-ware: the cost per active seat is what comes when they are used.
    Customers, their users and their cost count on their last plan of the month. The customers that
    ai_collapse_free_tier makes one row are left out. Amounts in USD. -#}
{{ config(enabled=ai_scenario_needs('seats')) }}

with customers as (

    select * from {{ ref('cost_per_customer') }}
    where customer_id not in ('__unattributed__', '__shared__', '__free_tier__')
        and not is_internal
        and plan_id is not null

),

plan_months as (

    select * from {{ ref('int_ai_plan_months') }}

),

-- Seat-days and days of the month; an open month has the days so far.
seats as (

    select
        usage_month,
        customer_id,
        sum(coalesce(seats, 1) * days) as seat_days
    from plan_months
    group by usage_month, customer_id

),

month_days as (

    select
        usage_month,
        days_so_far as days
    from {{ ref('int_ai_months') }}

),

summed as (

    select
        customers.usage_month,
        customers.plan_id,
        month_days.days,
        customers.is_period_complete,
        count(*) as customers,
        sum(seats.seat_days) as seat_days,
        sum(customers.active_users) as active_seats,
        {{ ai_sum('customers.cost_to_serve_usd') }} as cost_to_serve_usd,
        {{ ai_sum('customers.net_revenue_usd') }} as net_revenue_usd
    from customers
    inner join seats
        on customers.usage_month = seats.usage_month
        and customers.customer_id = seats.customer_id
    inner join month_days on customers.usage_month = month_days.usage_month
    group by
        customers.usage_month, customers.plan_id, month_days.days, customers.is_period_complete

),

rated as (

    select
        *,
        cast({{ ai_ratio('seat_days', 'days', 6) }} as {{ ratio_type() }}) as billed_seats
    from summed

),

final as (

    select
        usage_month,
        plan_id,
        cast(customers as bigint) as customers,
        billed_seats,
        cast(active_seats as bigint) as active_seats,
        cost_to_serve_usd,
        {{ ai_unit_cost('cost_to_serve_usd', 'billed_seats') }} as cost_per_billed_seat_usd,
        {{ ai_unit_cost('cost_to_serve_usd', 'active_seats') }} as cost_per_active_seat_usd,
        {{ ai_unit_cost('net_revenue_usd', 'billed_seats') }} as revenue_per_billed_seat_usd,
        {{ ai_share_ratio('active_seats', 'billed_seats') }} as active_seats_ratio,
        is_period_complete
    from rated

)

select * from final
order by usage_month desc, plan_id
