{#- Warns of each model with requests or usage that has no price, with its share of all tokens, so that
    a missing price is seen and never read as 0.
    Broken by: a model that neither the price book nor an override names. Each row is a platform and
    model. -#}
{{ config(severity='warn') }}

with requests as (

    select
        platform,
        model_raw,
        model,
        pricing_status,
        cast(count(*) as bigint) as attempts,
        cast(coalesce(sum(
            {%- for class in ai_token_classes() %}
            coalesce({{ class }}_tokens, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ), 0) as bigint) as tokens
    from {{ ref('int_ai_requests__costed') }}
    group by platform, model_raw, model, pricing_status

),

shares as (

    select
        *,
        sum(tokens) over () as all_tokens
    from requests

)

select
    platform,
    model_raw,
    model,
    pricing_status,
    attempts,
    tokens,
    {{ ai_share_ratio('tokens', 'all_tokens') }} as token_share_ratio
from shares
where pricing_status in ('unpriced_model', 'unpriced_class')
