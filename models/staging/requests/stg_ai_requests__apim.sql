{#- Grain: one row per row of the API Management log of model calls that carries the call, not a part of
    its messages.
    Purpose: Azure's only request log with token counts, in the canonical names.
    The log writes a call as several rows of one CorrelationId: the first has model and tokens, the
    others hold parts of long messages. Rows after the first without any token are left out; rows that
    repeat the counts are copies of one request and never added up. A row with no token at all has no
    counts (NULL, not 0), so that a copy that has them wins.
    Limits: the log splits off neither cached nor reasoning tokens, so its price is an upper bound where
    calls are cached (split_unknown). Messages are never read. Customers come from
    ApiManagementGatewayLogs, joined by the loader on CorrelationId. -#}
{{ config(enabled='apim' in var('ai_request_sources', [])) }}

{%- set raw = ai_raw_columns('apim_gateway_llm_log') %}
{%- set counts = ['prompttokens', 'completiontokens', 'totaltokens'] %}
{%- set some = [] %}
{%- for count in counts %}
    {%- do some.append(
        'coalesce(' ~ ai_raw_count(raw, count) ~ ', 0) <> 0 or (' ~ ai_not_parsed(raw, count, 'bigint') ~ ')'
    ) %}
{%- endfor %}
{%- set values = {
    'request_id': ai_raw_text(raw, 'correlationid'),
    'attempt': 'cast(1 as bigint)',
    'provider_request_id': ai_raw_text(raw, 'requestid'),
    'platform': "'azure_openai'",
    'billing_account_id': 'lower(' ~ ai_raw_first(raw, ['billing_account_id', '_subscriptionid']) ~ ')',
    'api_key_id': ai_raw_text(raw, 'deploymentname'),
    'gateway_key': ai_raw_first(raw, ['apimsubscriptionid', 'productid']),
    'user_id': ai_raw_text(raw, 'userid'),
    'model_requested': ai_raw_text(raw, 'deploymentname'),
    'model_served': ai_raw_text(raw, 'modelname'),
    'operation': ai_raw_text(raw, 'operationname'),
    'region': 'ai_deployment_scope',
    'input_count': 'case when ai_has_tokens then ' ~ ai_raw_count(raw, 'prompttokens') ~ ' end',
    'output_count': 'case when ai_has_tokens then ' ~ ai_raw_count(raw, 'completiontokens') ~ ' end',
    'requested_at': ai_raw_time(raw, 'timegenerated'),
    'loaded_at': ai_raw_time(raw, 'loaded_at'),
    'defect': ai_defect(raw, times=['timegenerated', 'loaded_at'], counts=counts)
} %}
{%- do values.update(ai_tag_columns(raw, ['tags'])) %}

{{ ai_request_staging(
    'apim', 'apim_gateway_llm_log', values,
    where='ai_has_tokens or ai_sequence_number = 0',
    derived=[{
        'ai_has_tokens': '(' ~ some | join(' or ') ~ ')',
        'ai_sequence_number': 'coalesce(' ~ ai_raw_count(raw, 'sequencenumber') ~ ', 0)',
        'ai_deployment': 'lower(' ~ ai_raw_text(raw, 'deploymentname') ~ ')'
    }],
    lookups=[{
        'alias': 'deployments',
        'relation': ai_seed('ai_azure_deployments'),
        'on': 'ai_deployment = lower(trim(deployments.deployment))',
        'columns': {'ai_deployment_scope': "nullif(trim(deployments.region_scope), '')"}
    }]
) }}
