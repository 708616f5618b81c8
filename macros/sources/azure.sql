{#- Azure bills by meter. A meter names no model id, only words in a dialect of its own
    ("gpt 4o 1120 cached Inp glbl Tokens", "5.6 sol LongCo Cd Wr PP DZ 1M Tokens"). What the seed
    ai_azure_meters says of a meter id counts; else the words are read here. The words tell class, tier,
    region and context; the model only where the rest of the words is in ai_azure_meter_names. -#}

{#- The words of the dialect: {meaning: words}. A word of no meaning belongs to the model's name. -#}
{% macro ai_azure_meter_vocabulary() -%}
    {{ return({
        'input': ['inp', 'inpt', 'input', 'in', 'batchinp'],
        'output': ['outp', 'outpt', 'opt', 'out', 'output', 'batchoutp'],
        'cached': ['cached', 'cchd', 'ccchd', 'cd'],
        'write': ['wr', 'write'],
        'global': ['glbl', 'gl', 'global'],
        'data_zone': ['dz', 'dzone', 'datazone'],
        'regional': ['regnl', 'regional'],
        'short_context': ['shortco', 'shco'],
        'long_context': ['longco'],
        'standard': ['std'],
        'priority': ['pp'],
        'flex': ['fl'],
        'batch': ['batch', 'batchinp', 'batchoutp'],
        'unit': ['tokens', '1m', '1k']
    }) }}
{%- endmacro %}

{#- SQL condition: does the text hold a word of this meaning? `words` is text as ai_azure_words makes it. -#}
{% macro ai_azure_has_word(words, meaning) -%}
(
    {%- for word in ai_unit_economics.ai_azure_meter_vocabulary()[meaning] -%}
    {{ ' or ' if not loop.first }}position(' {{ word }} ' in {{ words }}) > 0
    {%- endfor -%}
)
{%- endmacro %}

{#- A meter's name as words, each with a blank of its own on either side: ` gpt  4o  1120  inp `. -#}
{% macro ai_azure_words(name) -%}
' ' || replace(trim(
    replace(replace(replace(replace(replace(
        lower({{ name }}), '-', ' '), '_', ' '), '  ', ' '), '  ', ' '), 'data zone', 'datazone')
), ' ', '  ') || ' '
{%- endmacro %}

{#- The words that have no meaning in the dialect: the model's, and what nobody knows yet. -#}
{% macro ai_azure_model_words(words) -%}
    {%- set known = [] -%}
    {%- for some in ai_unit_economics.ai_azure_meter_vocabulary().values() -%}
        {%- do known.extend(some) -%}
    {%- endfor -%}
trim(replace({{ ai_unit_economics.ai_without_pattern(words, ' (' ~ known | unique | join('|') ~ ') ') }}, '  ', ' '))
{%- endmacro %}

{#- The data zone of a location ("eastus2", "US East 2", "swedencentral"); NULL where it is in none. -#}
{% macro ai_azure_data_zone(location) -%}
case
    when position('gov' in {{ location }}) > 0 then 'us_gov'
    when left({{ location }}, 3) = 'us ' or {{ location }} in (
        'eastus', 'eastus2', 'westus', 'westus2', 'westus3', 'centralus', 'northcentralus', 'southcentralus',
        'westcentralus'
    ) then 'data_zone_us'
    when left({{ location }}, 3) in ('eu ', 'se ', 'de ', 'fr ', 'it ', 'pl ', 'es ') or {{ location }} in (
        'westeurope', 'northeurope', 'swedencentral', 'germanywestcentral', 'francecentral', 'italynorth',
        'polandcentral', 'spaincentral'
    ) then 'data_zone_eu'
end
{%- endmacro %}

{#- Steps over a bill of Azure meters: what the words of a meter say. The steps before give
    ai_meter_id, ai_meter_name, ai_meter_product and ai_meter_location as text.
    A class needs the word "tokens" and one direction. Of audio and image tokens the words must say so
    as words of their own; a name with both and without "text" tells no class. -#}
{% macro ai_azure_meter_steps() -%}
    {%- set words = 'ai_meter_words' -%}
    {%- set meanings = {} -%}
    {%- for meaning in ai_unit_economics.ai_azure_meter_vocabulary() if meaning != 'unit' -%}
        {%- do meanings.update(
            {'ai_has_' ~ meaning: ai_unit_economics.ai_azure_has_word(words, meaning)}
        ) -%}
    {%- endfor -%}
    {%- do meanings.update({
        'ai_model_words': ai_unit_economics.ai_azure_model_words(words),
        'ai_has_tokens': "position(' tokens ' in " ~ words ~ ") > 0",
        'ai_has_audio': "position(' aud' in " ~ words ~ ") > 0",
        'ai_has_image': "position(' image' in " ~ words ~ ") > 0 or position(' img' in " ~ words ~ ") > 0",
        'ai_has_text': "position(' text' in " ~ words ~ ") > 0 or position(' txt' in " ~ words ~ ") > 0",
        'ai_has_training': "position(' trng ' in " ~ words ~ ") > 0 or position(' training ' in " ~ words ~ ") > 0"
    }) -%}
    {{ return([
        {'ai_meter_words': ai_unit_economics.ai_azure_words('ai_meter_name')},
        meanings,
        {'ai_parsed_class': "case
            when not ai_has_tokens or ai_has_training then null
            when ai_has_output and (ai_has_input or ai_has_cached) then null
            when ai_has_write and not ai_has_cached then null
            when ai_has_write then 'cache_write_other'
            when ai_has_cached then 'input_cached'
            when not ai_has_text and ai_has_audio and ai_has_image then null
            when ai_has_input and not ai_has_text and ai_has_audio then 'input_audio'
            when ai_has_input and not ai_has_text and ai_has_image then 'input_image'
            when ai_has_input or position(' embedding ' in ai_meter_words) > 0 then 'input_uncached'
            when ai_has_output and not ai_has_text and ai_has_audio then 'output_audio'
            when ai_has_output and not ai_has_text and ai_has_image then 'output_image'
            when ai_has_output then 'output'
        end"},
        {
            'ai_parsed_tier': "case
                when ai_parsed_class is null then null
                when ai_has_priority then 'priority'
                when ai_has_flex then 'flex'
                else 'standard'
            end",
            'ai_parsed_processing': "case
                when ai_parsed_class is null then null when ai_has_batch then 'batch' else 'sync'
            end",
            'ai_parsed_context': "cast(case
                when ai_parsed_class is null then null
                when ai_has_short_context then 0
                when ai_has_long_context and position('openai' in ai_meter_product) > 0 then 272000
            end as bigint)",
            'ai_parsed_region': "case
                when ai_parsed_class is null then null
                when ai_has_global then 'global'
                when ai_has_data_zone then " ~ ai_unit_economics.ai_azure_data_zone('ai_meter_location') ~ "
                when ai_has_regional and position('gov' in ai_meter_location) > 0 then 'us_gov'
                when ai_has_regional then 'regional'
            end"
        }
    ]) }}
{%- endmacro %}

{#- The two seeds over those steps. -#}
{% macro ai_azure_meter_lookups() -%}
    {{ return([
        {
            'alias': 'meters',
            'relation': ai_unit_economics.ai_seed('ai_azure_meters'),
            'on': 'ai_meter_id = lower(trim(meters.meter_id))',
            'columns': {
                'ai_meter_key': 'meters.meter_id',
                'ai_meter_model': "nullif(trim(meters.model), '')",
                'ai_meter_class': "nullif(trim(meters.price_class), '')",
                'ai_meter_tier': "nullif(trim(meters.service_tier), '')",
                'ai_meter_processing': "nullif(trim(meters.processing), '')",
                'ai_meter_context': 'meters.context_window',
                'ai_meter_region': "nullif(trim(meters.region_scope), '')",
                'ai_meter_unit': "nullif(trim(meters.unit), '')"
            }
        },
        {
            'alias': 'names',
            'relation': ref('ai_azure_meter_names'),
            'on': 'ai_model_words = names.model_words '
                ~ 'and left(ai_meter_product, length(names.product)) = names.product',
            'columns': {'ai_parsed_model': 'names.model'}
        }
    ]) }}
{%- endmacro %}

{#- What the seed says of the meter, all of it, else what the words say: model, class, tier, processing,
    context or region. -#}
{% macro ai_azure_meter_value(attribute) -%}
case when ai_meter_key is not null then ai_meter_{{ attribute }} else ai_parsed_{{ attribute }} end
{%- endmacro %}

{#- SQL condition: is a row of an Azure export, which holds all of Azure, about a model? All of Foundry
    Models; of the older categories what their subcategory or product calls Azure OpenAI. -#}
{% macro ai_azure_is_model_row(category, subcategory, product) -%}
(
    lower({{ category }}) = 'foundry models'
    or (
        (lower({{ category }}) = 'cognitive services' or left(lower({{ category }}), 8) = 'azure ai')
        and left(lower({{ subcategory }}), 12) = 'azure openai'
    )
    or left(lower({{ category }}), 12) = 'azure openai'
    or left(lower({{ product }}), 12) = 'azure openai'
)
{%- endmacro %}

{#- Azure's charge types in the package's words; an unknown one passes in lower case and is listed. -#}
{% macro ai_azure_charge_category(charge_type) -%}
case
    when {{ charge_type }} is null
        or lower({{ charge_type }}) in ('usage', 'unusedreservation', 'unusedsavingsplan') then 'usage'
    when lower({{ charge_type }}) in ('refund', 'roundingadjustment', 'adjustment') then 'adjustment'
    else lower({{ charge_type }})
end
{%- endmacro %}

{#- Tags of an Azure bill as JSON text: an EA export leaves the braces out. -#}
{% macro ai_azure_tags(tags) -%}
case when left({{ tags }}, 1) = '{' then {{ tags }} else '{' || {{ tags }} || '}' end
{%- endmacro %}
