{#- Grain: one row per price_key, UTC day in use, context band and price class.
    Purpose: the list price and the metered (negotiated) price of one unit; in use are also the models
    to which ai_price_scenarios moves the traffic of the day. Overrides: the one with
    most filled cells wins, then the latest valid_from; a multiplier acts on the list price, a fixed
    price also prices what the book lacks. Tool fees do not depend on tier, processing or region:
    without a row of their own they take the standard one. -#}
{%- set fees = ['web_search'] -%}

with cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

scenarios as (

    {{ ai_price_scenario_rows() | indent(4) }}

),

swaps as (

    select distinct platform, model, to_platform, to_model
    from scenarios
    where kind = 'model_swap'

),

-- What a scenario would call in the place of a cell. An account's overrides go with it on its platform.
swapped as (

    select distinct
        swaps.to_platform as platform,
        case when swaps.to_platform = cell_days.platform then cell_days.billing_account_id end as billing_account_id,
        swaps.to_model as model,
        cell_days.region_scope,
        cell_days.service_tier,
        cell_days.processing,
        cell_days.usage_date
    from cell_days
    inner join swaps
        on cell_days.platform = swaps.platform
        and cell_days.model = swaps.model

),

key_days as (

    select price_key, platform, billing_account_id, model, region_scope, service_tier, processing, usage_date
    from cell_days
    {%- for region in ['region_scope', "'global'", "'regional'"] %}
    union
    select
        {{ ai_hash(['platform', 'billing_account_id', 'model', region, 'service_tier', 'processing']) }} as price_key,
        platform,
        billing_account_id,
        model,
        {{ region }} as region_scope,
        service_tier,
        processing,
        usage_date
    from swapped
    {%- endfor %}

),

periods as (

    select * from {{ ref('int_ai_prices__periods') }}

),

overrides as (

    select
        {{ ai_hash([
            'platform', 'billing_account_id', 'model', 'price_class', 'service_tier', 'processing', 'valid_from'
        ]) }} as override_key,
        lower(nullif(trim(platform), '')) as platform,
        nullif(trim(billing_account_id), '') as billing_account_id,
        lower(nullif(trim(model), '')) as model,
        nullif(trim(price_class), '') as price_class,
        nullif(trim(service_tier), '') as service_tier,
        nullif(trim(processing), '') as processing,
        {{ ai_price_per_unit('price_usd', 'unit') }} as price_usd,
        cast(multiplier as {{ factor_type() }}) as multiplier,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ai_seed('ai_price_overrides') }}

),

listed as (

    select
        key_days.price_key,
        key_days.usage_date,
        periods.context_over_tokens,
        periods.price_class,
        periods.price_usd as list_price_usd
    from key_days
    inner join periods
        on key_days.platform = periods.platform
        and key_days.model = periods.model
        and key_days.region_scope = periods.region_scope
        and key_days.service_tier = periods.service_tier
        and key_days.processing = periods.processing
        and key_days.usage_date >= periods.valid_from
        and key_days.usage_date < periods.valid_to

),

fees as (

    select
        key_days.price_key,
        key_days.usage_date,
        cast(0 as bigint) as context_over_tokens,
        periods.price_class,
        periods.price_usd as list_price_usd
    from key_days
    inner join periods
        on key_days.platform = periods.platform
        and key_days.model = periods.model
        and periods.region_scope = 'global'
        and periods.service_tier = 'standard'
        and periods.processing = 'sync'
        and periods.context_over_tokens = 0
        and key_days.usage_date >= periods.valid_from
        and key_days.usage_date < periods.valid_to
    where periods.price_class in ('{{ fees | join("', '") }}')

),

bands as (

    select distinct price_key, usage_date, context_over_tokens from listed

),

-- A fee is the same in every context band.
fees_in_bands as (

    select
        fees.price_key,
        fees.usage_date,
        coalesce(bands.context_over_tokens, fees.context_over_tokens) as context_over_tokens,
        fees.price_class,
        fees.list_price_usd
    from fees
    left join bands
        on fees.price_key = bands.price_key
        and fees.usage_date = bands.usage_date

),

matched_overrides as (

    select
        key_days.price_key,
        key_days.usage_date,
        overrides.*,
        case when overrides.platform is not null then 1 else 0 end
        + case when overrides.billing_account_id is not null then 1 else 0 end
        + case when overrides.model is not null then 1 else 0 end
        + case when overrides.price_class is not null then 1 else 0 end
        + case when overrides.service_tier is not null then 1 else 0 end
        + case when overrides.processing is not null then 1 else 0 end as filled_cells
    from key_days
    inner join overrides
        on coalesce(overrides.platform, key_days.platform) = key_days.platform
        and coalesce(overrides.billing_account_id, key_days.billing_account_id, '~')
        = coalesce(key_days.billing_account_id, '~')
        and coalesce(overrides.model, key_days.model) = key_days.model
        and coalesce(overrides.service_tier, key_days.service_tier) = key_days.service_tier
        and coalesce(overrides.processing, key_days.processing) = key_days.processing
        and key_days.usage_date >= overrides.valid_from
        and key_days.usage_date < overrides.valid_to

),

prices as (

    select price_key, usage_date, context_over_tokens, price_class, list_price_usd from listed

    union all

    select
        fees_in_bands.price_key,
        fees_in_bands.usage_date,
        fees_in_bands.context_over_tokens,
        fees_in_bands.price_class,
        fees_in_bands.list_price_usd
    from fees_in_bands
    left join listed
        on fees_in_bands.price_key = listed.price_key
        and fees_in_bands.usage_date = listed.usage_date
        and fees_in_bands.context_over_tokens = listed.context_over_tokens
        and fees_in_bands.price_class = listed.price_class
    where listed.price_key is null

),

-- Fixed prices of classes that the book does not have.
unlisted as (

    select distinct
        matched_overrides.price_key,
        matched_overrides.usage_date,
        coalesce(bands.context_over_tokens, 0) as context_over_tokens,
        matched_overrides.price_class,
        cast(null as {{ price_type() }}) as list_price_usd
    from matched_overrides
    left join bands
        on matched_overrides.price_key = bands.price_key
        and matched_overrides.usage_date = bands.usage_date
    left join prices
        on matched_overrides.price_key = prices.price_key
        and matched_overrides.usage_date = prices.usage_date
        and matched_overrides.price_class = prices.price_class
    where matched_overrides.price_usd is not null
        and matched_overrides.price_class is not null
        and prices.price_key is null

),

grid as (

    select * from prices
    union all
    select * from unlisted

),

ranked as (

    select
        grid.price_key,
        grid.usage_date,
        grid.context_over_tokens,
        grid.price_class,
        grid.list_price_usd,
        matched_overrides.price_usd as override_price_usd,
        matched_overrides.multiplier,
        row_number() over (
            partition by grid.price_key, grid.usage_date, grid.context_over_tokens, grid.price_class
            order by
                matched_overrides.filled_cells desc, matched_overrides.valid_from desc,
                matched_overrides.override_key
        ) as override_rank
    from grid
    left join matched_overrides
        on grid.price_key = matched_overrides.price_key
        and grid.usage_date = matched_overrides.usage_date
        and coalesce(matched_overrides.price_class, grid.price_class) = grid.price_class

),

final as (

    select
        price_key,
        usage_date,
        context_over_tokens,
        price_class,
        list_price_usd,
        case
            when override_price_usd is not null then override_price_usd
            when multiplier is not null then {{ ai_scale_price('list_price_usd', 'multiplier') }}
            else list_price_usd
        end as metered_price_usd
    from ranked
    where override_rank = 1

)

select * from final
