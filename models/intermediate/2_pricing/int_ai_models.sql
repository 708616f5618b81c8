{#- Grain: one row per platform and raw model string seen in logs, usage or bills.
    Purpose: exactly one model of the price book, or a stated `unresolved` with the normalised string
    as the name. The kind of match ranks before its length: the user's own deployment or profile, the
    book's own name, equals, prefix, contains. Never a near miss: a string that nothing names is
    unresolved. On AWS Bedrock the geography prefix of an id becomes its region scope. -#}
with seen as (

    select platform, provider_reported, model_raw from {{ ref('int_ai_request_cells') }}
    union
    select platform, provider_reported, model_raw from {{ ref('int_ai_usage') }}
    union
    select platform, cast(null as varchar) as provider_reported, model_raw from {{ ref('int_ai_billing') }}

),

strings as (

    select
        platform,
        model_raw,
        max(provider_reported) as provider_reported,
        {{ ai_normalise_model('model_raw') }} as model_normalised
    from seen
    where model_raw is not null
    group by platform, model_raw

),

-- The whole string first (some platforms sell `maker/model`), then without gateway, ARN or publisher.
parts as (

    select platform, model_raw, model_normalised as part, 0 as form_rank
    from strings
    where left(model_normalised, 4) <> 'arn:'
    union all
    select platform, model_raw, {{ ai_last_part('model_normalised') }} as part, 1 as form_rank
    from strings
    where position('/' in model_normalised) > 0

),

forms as (

    select
        platform,
        model_raw,
        part,
        case when platform = 'aws_bedrock' then {{ ai_without_geo('part') }} else part end as form,
        case
            when platform <> 'aws_bedrock' then null
            when left(model_raw, 15) = 'arn:aws-us-gov:' or position('us-gov-' in model_raw) > 0 then 'us_gov'
            else {{ ai_geo_scope('part') }}
        end as region_scope,
        form_rank
    from parts

),

-- Names that hide the model: only the user knows what is behind them.
hidden_names as (

    select
        'azure_openai' as platform,
        lower(trim(deployment)) as name,
        lower(trim(model)) as model,
        nullif(trim(region_scope), '') as region_scope
    from {{ ai_seed('ai_azure_deployments') }}

    union all

    select
        'aws_bedrock' as platform,
        lower(trim(profile)) as name,
        lower(trim(model)) as model,
        nullif(trim(region_scope), '') as region_scope
    from {{ ai_seed('ai_bedrock_profiles') }}

),

book as (

    select platform, model, min(provider) as provider
    from {{ ref('ai_model_prices') }}
    group by platform, model

),

aliases as (

    select * from {{ ref('ai_model_aliases') }}

),

candidates as (

    select
        forms.platform,
        forms.model_raw,
        forms.form_rank,
        hidden_names.model,
        book.provider,
        coalesce(hidden_names.region_scope, forms.region_scope) as region_scope,
        'deployment' as resolution,
        -1 as kind_rank,
        length(hidden_names.name) as match_length,
        0 as priority
    from forms
    inner join strings
        on forms.platform = strings.platform
        and forms.model_raw = strings.model_raw
    inner join hidden_names
        on forms.platform = hidden_names.platform
        and (forms.part = hidden_names.name or strings.model_normalised = hidden_names.name)
    left join book
        on hidden_names.platform = book.platform
        and hidden_names.model = book.model

    union all

    select
        forms.platform,
        forms.model_raw,
        forms.form_rank,
        book.model,
        book.provider,
        forms.region_scope,
        'book' as resolution,
        0 as kind_rank,
        length(book.model) as match_length,
        0 as priority
    from forms
    inner join book
        on forms.platform = book.platform
        and forms.form = book.model

    union all

    select
        forms.platform,
        forms.model_raw,
        forms.form_rank,
        aliases.model,
        aliases.provider,
        forms.region_scope,
        aliases.match_type as resolution,
        case aliases.match_type when 'equals' then 1 when 'prefix' then 2 else 3 end as kind_rank,
        length(aliases.pattern) as match_length,
        coalesce(aliases.priority, 0) as priority
    from forms
    inner join aliases
        on forms.platform = aliases.platform
        and case aliases.match_type
            when 'equals' then forms.form = aliases.pattern
            when 'prefix' then left(forms.form, length(aliases.pattern)) = aliases.pattern
            when 'contains' then position(aliases.pattern in forms.form) > 0
        end

),

ranked as (

    select
        *,
        row_number() over (
            partition by platform, model_raw
            order by kind_rank, form_rank, priority, match_length desc, model
        ) as candidate_rank
    from candidates

),

final as (

    select
        strings.platform,
        strings.model_raw,
        coalesce(ranked.model, strings.model_normalised) as model,
        coalesce(ranked.provider, strings.provider_reported) as provider,
        ranked.region_scope,
        coalesce(ranked.resolution, 'unresolved') as resolution
    from strings
    left join ranked
        on strings.platform = ranked.platform
        and strings.model_raw = ranked.model_raw
        and ranked.candidate_rank = 1

)

select * from final
