{#- Grain: one row per cell (cell_key): a distinct combination of what requests and usage buckets say
    about who was called, how, under which key. Purpose: resolves the model, and the account and
    project that a log left out, once per combination.
    A missing project or account is taken from the usage report by the API key where that is unique;
    the account also where the platform has only one. What stays unknown stays NULL. -#}
{%- set attributes = ai_cell_columns() -%}

with seen as (

    select distinct cell_key, {{ attributes | join(', ') }} from {{ ref('int_ai_request_cells') }}
    union
    select distinct cell_key, {{ attributes | join(', ') }} from {{ ref('int_ai_usage') }}

),

models as (

    select * from {{ ref('int_ai_models') }}

),

api_keys as (

    select
        platform,
        api_key_id,
        case when count(distinct billing_account_id) = 1 then max(billing_account_id) end as billing_account_id,
        case when count(distinct project_id) = 1 then max(project_id) end as project_id
    from {{ ref('int_ai_usage') }}
    where api_key_id is not null
    group by platform, api_key_id

),

accounts as (

    select platform, billing_account_id from {{ ref('int_ai_usage') }}
    union
    select platform, billing_account_id from {{ ref('int_ai_billing') }} where not is_off_bill

),

sole_accounts as (

    select
        platform,
        count(*) as number_of_accounts,
        max(billing_account_id) as billing_account_id
    from accounts
    group by platform

),

final as (

    select
        seen.cell_key,
        seen.platform,
        coalesce(
            seen.billing_account_id,
            api_keys.billing_account_id,
            case
                when sole_accounts.number_of_accounts = 1 then sole_accounts.billing_account_id
                when sole_accounts.number_of_accounts is null then 'default'
            end
        ) as billing_account_id,
        coalesce(seen.project_id, api_keys.project_id) as project_id,
        seen.api_key_id,
        seen.model_raw,
        models.model,
        coalesce(models.provider, seen.provider_reported) as provider,
        coalesce(models.resolution, 'unresolved') as model_resolution,
        -- A Bedrock id without a prefix says "in its own region"; GovCloud's has prices of its own.
        case
            when models.region_scope = 'regional' and seen.region_scope = 'us_gov' then 'us_gov'
            else coalesce(models.region_scope, seen.region_scope)
        end as region_scope,
        seen.service_tier,
        seen.processing,
        seen.context_window
    from seen
    left join models
        on seen.platform = models.platform
        and seen.model_raw = models.model_raw
    left join api_keys
        on seen.platform = api_keys.platform
        and seen.api_key_id = api_keys.api_key_id
    left join sole_accounts on seen.platform = sole_accounts.platform

)

select * from final
