{#- What Amazon's bills write, read once for every export of them (CUR, FOCUS): a usage type names the
    region, the model, the kind of token, the tier and the route in words without a fixed order.

    native, in 1K tokens       USE1-Claude4.6Sonnet-cache-read-input-token-count-cross-region-global
    by model id, mostly 1K     USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard
    Marketplace, 1M tokens     USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units   (no model:
                               USW2-MP:USW2_cache_write_tokens_1h_standard-Units       it is the product)

    Words that nothing here knows leave their attribute NULL and the line listed; nothing is guessed. -#}

{#- Amazon's region codes as they begin a usage type: {code: geography of its inference profiles}. None
    where the code alone does not tell: in Tokyo, Osaka, Sydney and Melbourne a model has a profile of
    the country (jp, au) or of the continent (apac), in Canada and elsewhere some have none. -#}
{% macro ai_aws_regions() -%}
    {{ return({
        'use1': 'us', 'use2': 'us', 'usw1': 'us', 'usw2': 'us', 'ugw1': 'us_gov', 'uge1': 'us_gov',
        'eu': 'eu', 'euw1': 'eu', 'euw2': 'eu', 'euw3': 'eu', 'euc1': 'eu', 'euc2': 'eu', 'eun1': 'eu',
        'eus1': 'eu', 'eus2': 'eu',
        'apn2': 'apac', 'aps1': 'apac', 'aps3': 'apac', 'aps4': 'apac', 'aps5': 'apac', 'aps7': 'apac',
        'aps8': 'apac', 'aps9': 'apac', 'ape1': 'apac', 'ape2': 'apac',
        'apn1': none, 'apn3': none, 'aps2': none, 'aps6': none, 'can1': none, 'can2': none, 'sae1': none,
        'mes1': none, 'mec1': none, 'afs1': none, 'ilc1': none, 'mxc1': none
    }) }}
{%- endmacro %}

{#- An account id as text. They have twelve digits: zeros that a numeric column lost come back. -#}
{% macro ai_aws_account_id(id) -%}
case when length({{ id }}) < 12 then lpad({{ id }}, 12, '0') else {{ id }} end
{%- endmacro %}

{#- SQL: is this row of a bill Bedrock? Its own product codes begin with AmazonBedrock (AmazonBedrockService,
    AmazonBedrockAgentCore …); on the Marketplace the code is random and the product's name tells. -#}
{% macro ai_is_bedrock(product_code, product_name) -%}
(left(lower(coalesce({{ product_code }}, '')), 13) = 'amazonbedrock'
    or position('(amazon bedrock edition)' in lower(coalesce({{ product_name }}, ''))) > 0)
{%- endmacro %}

{#- Steps that read a usage type (SQL of it, of the product's name and of the pricing unit). They give
    ai_billing_name (what the bill calls the model, as it stands), ai_price_class, ai_service_tier,
    ai_processing, ai_region_scope, ai_block (tokens per unit) and ai_unit (tokens, hours, else as it stands).
    A plain suffix says neither "in the region" nor "in the geography": both are billed under it at one
    rate, so the region scope is told by `global`, `geo` and GovCloud alone. A long context is in the
    words too, its bound is not, so that band is told by no column. -#}
{% macro ai_bedrock_usage_steps(usage_type, product_name, pricing_unit) -%}
{%- set regions = ai_unit_economics.ai_aws_regions() -%}
{%- set words = [] -%}
{#- Not tokens of requests: reserved and provisioned capacity, training, search. -#}
{%- for word in ['perminute', 'tpm', 'reserved', 'provisioned', 'customization', 'training', 'search', 'storage'] -%}
    {%- do words.append("ai_compact like '%" ~ word ~ "%'") -%}
{%- endfor -%}
{%- set geographies = [] -%}
{%- for code, geography in regions.items() if geography -%}
    {%- do geographies.append("when '" ~ code ~ "' then '" ~ geography ~ "'") -%}
{%- endfor -%}
{{ return([
    {
        'ai_usage_type': "coalesce(" ~ usage_type ~ ", '')",
        'ai_product': "coalesce(" ~ product_name ~ ", '')",
        'ai_pricing_unit': 'lower(' ~ pricing_unit ~ ')',
        'ai_words':
            "'-' || replace(replace(lower(coalesce(" ~ usage_type ~ ", '')), '_', '-'), ':', '-') || '-'"
    },
    {
        'ai_compact': "replace(ai_words, '-', '')",
        'ai_region': "case when split_part(replace(ai_words, '-mp-', '-'), '-', 2) in ('"
            ~ regions | join("', '") ~ "') then split_part(replace(ai_words, '-mp-', '-'), '-', 2) end",
        'ai_is_edition': "position('(amazon bedrock edition)' in lower(ai_product)) > 0",
        'ai_token_block': 'case when ' ~ ai_unit_economics.ai_is_token_unit('ai_pricing_unit') ~ ' then '
            ~ ai_unit_economics.ai_unit_block('ai_pricing_unit') ~ ' end'
    },
    {
        'ai_body': "case\n    when left(ai_usage_type, length(ai_region) + 1) = upper(ai_region) || '-'"
            ~ "\n        then substring(ai_usage_type, length(ai_region) + 2)\n    else ai_usage_type\nend",
        'ai_is_tokens': "(ai_token_block is not null or (ai_compact like '%token%'"
            ~ " and coalesce(ai_pricing_unit, 'units') not in ('hrs', 'hours', 'hour')))"
            ~ "\nand not (" ~ words | join(' or ') ~ ")"
    },
    {
        'ai_named': "regexp_replace(ai_body,"
            ~ " '(-mantle)?-(input|output|cache-|reserved|search|Provisioned|Customization|T2I|T2V|I2I|I2V).*$', '')"
    },
    {
        'ai_billing_name': "case\n    when ai_is_edition then ai_product"
            ~ "\n    when ai_named in ('', ai_body) then null"
            ~ "\n    when ai_compact like '%custommodel%' then ai_named || '-custom-model'"
            ~ "\n    else ai_named\nend",
        'ai_is_claude': "position('claude' in lower(ai_usage_type || ai_product)) > 0"
    },
    {
        'ai_price_class': "case"
            ~ "\n    when not ai_is_tokens then null"
            ~ "\n    when ai_compact like '%cachewrite%1h%' then 'cache_write_1h'"
            ~ "\n    when ai_compact like '%cachewrite%30m%' then 'cache_write_other'"
            ~ "\n    when ai_compact like '%cachewrite%' and ai_is_claude then 'cache_write_5m'"
            ~ "\n    when ai_compact like '%cachewrite%' then 'cache_write_other'"
            ~ "\n    when ai_compact like '%cacheread%' then 'input_cached'"
            ~ "\n    when ai_compact like '%putvideo%' then null"
            ~ "\n    when ai_compact like '%outputimage%' then 'output_image'"
            ~ "\n    when ai_compact like '%outputaudio%' or ai_compact like '%speech%output%' then 'output_audio'"
            ~ "\n    when ai_compact like '%output%' then 'output'"
            ~ "\n    when ai_compact like '%inputimage%' then 'input_image'"
            ~ "\n    when ai_compact like '%inputaudio%' or ai_compact like '%speech%input%' then 'input_audio'"
            ~ "\n    when ai_compact like '%input%' then 'input_uncached'\nend",
        'ai_service_tier': "case"
            ~ "\n    when not ai_is_tokens then null"
            ~ "\n    when ai_compact like '%latencyoptimized%' then 'fast'"
            ~ "\n    when ai_words like '%-flex-%' then 'flex'"
            ~ "\n    when ai_words like '%-priority-%' then 'priority'"
            ~ "\n    else 'standard'\nend",
        'ai_processing': "case when ai_is_tokens and ai_compact like '%batch%' then 'batch'"
            ~ " when ai_is_tokens then 'sync' end",
        'ai_region_scope': "case"
            ~ "\n    when not ai_is_tokens then null"
            ~ "\n    when ai_region in ('ugw1', 'uge1') then 'us_gov'"
            ~ "\n    when ai_words like '%-global-%' then 'global'"
            ~ "\n    when ai_words like '%-geo-%' or ai_words like '%-cross-region-%'"
            ~ " then case ai_region " ~ geographies | join(' ') ~ " end\nend",
        'ai_block': 'case when ai_is_tokens then ai_token_block else 1 end',
        'ai_unit': "case when ai_is_tokens then 'tokens'"
            ~ " when ai_pricing_unit in ('hrs', 'hours', 'hour') then 'hours' else ai_pricing_unit end"
    }
]) }}
{%- endmacro %}

{#- The book's model for ai_billing_name: exact names of the seed ai_bedrock_billing_names alone. -#}
{% macro ai_bedrock_name_lookup() -%}
    {{ return({
        'alias': 'billing_names',
        'relation': '(\n    select\n        lower(trim(billing_name)) as billing_name,'
            ~ '\n        min(lower(trim(model))) as model\n    from '
            ~ ai_unit_economics.ai_seed('ai_bedrock_billing_names') ~ '\n    group by lower(trim(billing_name))\n)',
        'on': 'lower(trim(ai_billing_name)) = billing_names.billing_name',
        'columns': {'ai_model': 'billing_names.model'}
    }) }}
{%- endmacro %}

{#- Steps that read the type of a line: ai_line_type, ai_is_discount, ai_category.
    A discount (Enterprise, private rate, bundled) is a lower price: on tokens it belongs to the usage that
    it lowers, elsewhere it is a credit. A credit is a grant against the bill, a refund corrects an
    earlier charge. Fees are purchases. A savings plan covers usage at its price, the negation takes
    that off the bill again as a credit, and its fee is a purchase. -#}
{% macro ai_aws_line_type_steps(line_type) -%}
{{ return([
    {'ai_line_type': "lower(coalesce(" ~ line_type ~ ", 'usage'))"},
    {
        'ai_is_discount': "ai_line_type like '%discount'",
        'ai_category': "case"
            ~ "\n    when ai_line_type in ('usage', 'discountedusage', 'savingsplancoveredusage') then 'usage'"
            ~ "\n    when ai_line_type = 'tax' then 'tax'"
            ~ "\n    when ai_line_type like '%discount' and ai_price_class is not null then 'usage'"
            ~ "\n    when ai_line_type like '%discount' or ai_line_type in ('credit', 'savingsplannegation')"
            ~ " then 'credit'"
            ~ "\n    when ai_line_type like '%fee' then 'purchase'"
            ~ "\n    else 'adjustment'\nend"
    }
]) }}
{%- endmacro %}
