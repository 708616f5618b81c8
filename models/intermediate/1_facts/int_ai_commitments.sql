{#- Grain: one row per commitment and term (commitment_id). Purpose: ai_commitments as the models compare it.
    Commitments of the same platform, account, model and tier are one pool: their capacities add up, and a
    token of an hour costs the same whichever of them served it. -#}
with commitments as (

    select
        trim(commitment_id) as commitment_id,
        {{ ai_match_text('platform') }} as platform,
        nullif(trim(billing_account_id), '') as billing_account_id,
        {{ ai_match_text('kind') }} as kind,
        {{ ai_match_text('model') }} as model,
        {{ ai_match_text('service_tier') }} as service_tier,
        cast(fee_amount as {{ money_type() }}) as fee_amount,
        {{ ai_match_text('fee_per') }} as fee_per,
        coalesce(upper(nullif(trim(currency), '')), 'USD') as currency,
        cast(capacity_tokens_per_hour as bigint) as capacity_tokens_per_hour,
        cast(coalesce(output_token_weight, 1) as numeric(9, 3)) as output_token_weight,
        cast(coalesce(cached_token_weight, 1) as numeric(9, 3)) as cached_token_weight,
        {{ ai_match_text('bill_line_match') }} as bill_line_match,
        nullif(trim(project_id), '') as project_id,
        {{ ai_erased("nullif(trim(customer), '')", 'customer') }} as customer_tag,
        nullif(trim(feature), '') as feature_tag,
        nullif(trim(team), '') as team_tag,
        nullif(trim(environment), '') as environment_tag,
        nullif(trim(note), '') as note,
        cast(valid_from as timestamp) as valid_from,
        cast(valid_to as timestamp) as valid_to
    from {{ ai_seed('ai_commitments') }}

),

final as (

    select
        commitment_id,
        {{ ai_hash(['platform', 'billing_account_id', 'model', 'service_tier']) }} as pool_key,
        platform,
        billing_account_id,
        kind,
        model,
        service_tier,
        fee_amount,
        fee_per,
        currency,
        capacity_tokens_per_hour,
        output_token_weight,
        cached_token_weight,
        bill_line_match,
        project_id,
        customer_tag,
        feature_tag,
        team_tag,
        environment_tag,
        note,
        valid_from,
        valid_to,
        cast({{ dbt.datediff('valid_from', 'valid_to', 'hour') }} as bigint) as hours_in_term
    from commitments

)

select * from final
