{#- Grain: one row per price key (platform, model, class, region, tier, processing, context band) and
    period of validity. Purpose: the price book as half-open periods, priced per single unit. A period
    ends where the next row of its key begins, so periods cannot overlap; an empty price ends the offer. -#}
with book as (

    select * from {{ ref('ai_model_prices') }}

),

periods as (

    select
        platform,
        provider,
        model,
        price_class,
        region_scope,
        service_tier,
        processing,
        context_over_tokens,
        {{ ai_price_per_unit('price_usd', 'unit') }} as price_usd,
        price_usd is null as is_end_of_offer,
        valid_from,
        lead(valid_from) over (
            partition by platform, model, price_class, region_scope, service_tier, processing, context_over_tokens
            order by valid_from
        ) as next_from
    from book

),

final as (

    select
        platform,
        provider,
        model,
        price_class,
        region_scope,
        service_tier,
        processing,
        cast(context_over_tokens as bigint) as context_over_tokens,
        price_usd,
        valid_from,
        coalesce(next_from, cast('9999-12-31' as date)) as valid_to
    from periods
    where not is_end_of_offer

)

select * from final
