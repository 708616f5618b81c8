{#- Grain: one row per attempt that ran on a commitment (request_key): provisioned requests in an hour of its
    term. Purpose: which pool served it, and how much of the capacity it took. Of several pools the one that
    names most of account, model and tier serves it, the log's own name of the model before the book's. -#}
with commitments as (

    select * from {{ ref('int_ai_commitments') }}
    where kind <> 'committed_spend'

),

-- The account of a request that nobody knows is any account.
cell_commitments as (

    select
        cells.cell_key,
        commitments.*,
        case when commitments.billing_account_id is null then 0 else 1 end
        + case when commitments.model is null then 0 else 1 end
        + case when commitments.service_tier is null then 0 else 1 end as named_attributes,
        case when commitments.model = {{ ai_match_text('cells.model_raw') }} then 1 else 0 end as names_raw_model
    from {{ ref('int_ai_cells') }} as cells
    inner join commitments
        on cells.platform = commitments.platform
        and coalesce(cells.billing_account_id, commitments.billing_account_id, '~')
        = coalesce(commitments.billing_account_id, cells.billing_account_id, '~')
        and cells.service_tier = coalesce(commitments.service_tier, cells.service_tier)
        and (
            commitments.model is null
            or commitments.model = lower(cells.model)
            or commitments.model = {{ ai_match_text('cells.model_raw') }}
        )
    where cells.service_tier in ('scale', 'reserved')

),

served_cells as (

    select distinct cell_key from cell_commitments

),

requests as (

    select
        requests.request_key,
        requests.cell_key,
        {%- for class in ai_token_classes() %}
        coalesce(requests.{{ class }}_tokens, 0) as {{ class }}_tokens,
        {%- endfor %}
        requests.usage_date,
        requests.requested_at,
        cast({{ dbt.date_trunc('hour', 'requests.requested_at') }} as timestamp) as hour_at
    from {{ ref('int_ai_requests') }} as requests
    inner join served_cells on requests.cell_key = served_cells.cell_key
    cross join {{ ref('int_ai_as_of') }} as as_of
    where not coalesce(requests.is_gateway_cache_hit, false)
        and requests.usage_date <= as_of.as_of_date

),

cell_hours as (

    select distinct cell_key, hour_at from requests

),

ranked as (

    select
        cell_hours.cell_key,
        cell_hours.hour_at,
        cell_commitments.commitment_id,
        cell_commitments.pool_key,
        cell_commitments.output_token_weight,
        cell_commitments.cached_token_weight,
        row_number() over (
            partition by cell_hours.cell_key, cell_hours.hour_at
            order by
                cell_commitments.named_attributes desc,
                case when cell_commitments.billing_account_id is null then 0 else 1 end desc,
                case when cell_commitments.model is null then 0 else 1 end desc,
                cell_commitments.names_raw_model desc,
                cell_commitments.pool_key,
                cell_commitments.commitment_id
        ) as commitment_rank
    from cell_hours
    inner join cell_commitments
        on cell_hours.cell_key = cell_commitments.cell_key
        and cell_hours.hour_at >= cell_commitments.valid_from
        and cell_hours.hour_at < coalesce(cell_commitments.valid_to, cast('9999-12-31' as timestamp))

),

final as (

    select
        requests.request_key,
        requests.cell_key,
        ranked.commitment_id,
        ranked.pool_key,
        -- In thousandths of a token, so that weights of three digits keep it whole.
        cast(
            1000 * (
                {%- for class in ai_input_classes() if class != 'input_cached' %}
                requests.{{ class }}_tokens{{ ' +' if not loop.last }}
                {%- endfor %}
            )
            + cast(1000 * ranked.cached_token_weight as bigint) * requests.input_cached_tokens
            + cast(1000 * ranked.output_token_weight as bigint) * (
                requests.output_tokens + requests.output_audio_tokens + requests.output_image_tokens
            )
            as bigint
        ) as millitokens,
        requests.usage_date,
        requests.requested_at,
        requests.hour_at
    from requests
    inner join ranked
        on requests.cell_key = ranked.cell_key
        and requests.hour_at = ranked.hour_at
    where ranked.commitment_rank = 1

)

select * from final
