{#- Google Cloud's billing export: which of its rows are AI spend, what its credits are, and what the
    text of a SKU says. The rows hold every service of the account, AI or not. -#}

{#- The platform of a row by its service (var ai_google_services: ids or names); NULL = no AI spend. -#}
{% macro ai_google_platform(raw) -%}
{%- set id = 'lower(' ~ ai_unit_economics.ai_raw_text(raw, ['service', 'id']) ~ ')' -%}
{%- set name = 'lower(' ~ ai_unit_economics.ai_raw_text(raw, ['service', 'description']) ~ ')' -%}
case
    {%- for platform, services in ai_unit_economics.ai_google_services().items() %}
    {%- set words = "('" ~ services | map('lower') | join("', '") ~ "')" %}
    when {{ id }} in {{ words }} or {{ name }} in {{ words }} then '{{ platform }}'
    {%- endfor %}
end
{%- endmacro %}

{#- The var ai_google_services over the defaults: {platform: [id or name of a service]}. -#}
{% macro ai_google_services() -%}
    {%- set services = {
        'google_vertex': ['C7E2-9256-1C43', 'Vertex AI'],
        'google_ai': ['AEFD-7695-64FA', 'Gemini API', 'Generative Language API']
    } -%}
    {%- do services.update(var('ai_google_services', {})) -%}
    {{ return(services) }}
{%- endmacro %}

{#- Credits that are the price of the usage: a negotiated, committed or sustained-use discount. All others
    (PROMOTION, FREE_TIER, unknown ones) are gifts: what the usage cost is unchanged by them. -#}
{% macro ai_google_discounts() -%}
    {{ return([
        'DISCOUNT', 'COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE',
        'SUSTAINED_USAGE_DISCOUNT', 'RESELLER_MARGIN', 'SUBSCRIPTION_BENEFIT'
    ]) }}
{%- endmacro %}

{#- The sum of a row's discounts, or of its other credits. NULL where the credits cannot be read. -#}
{% macro ai_google_credits(raw, is_discount) -%}
{%- set credits = ai_unit_economics.ai_raw_json(raw, 'credits') -%}
case
    when coalesce({{ ai_unit_economics.ai_raw_text(raw, 'credits') }}, 'null') in ('null', '[]')
        then cast(0 as {{ ai_unit_economics.money_type() }})
    else {{ ai_unit_economics.ai_json_list_sum(
        credits, 'amount', ai_unit_economics.money_type(), 'type', ai_unit_economics.ai_google_discounts(), is_discount
    ) | indent(4) }}
end
{%- endmacro %}

{#- What makes a row of the export itself: all that Google writes in it. The export only grows, a row is
    never changed; so equal rows of two loads are one row, and rows that differ in anything add up, the
    time of their export included. -#}
{% macro ai_google_row_id(raw) -%}
{%- set parts = [] -%}
{%- for name in [
    'billing_account_id', 'service', 'sku', 'usage_start_time', 'usage_end_time', 'project', 'labels',
    'system_labels', 'tags', 'location', 'resource', 'price', 'subscription', 'export_time', 'cost', 'currency',
    'usage', 'credits', 'invoice', 'cost_type', 'adjustment_info', 'transaction_type', 'seller_name',
    'consumption_model'
] -%}
    {%- for column in raw | sort if column == name or column.startswith(name ~ '__') -%}
        {%- do parts.append(raw.get('@' ~ column, column)) -%}
    {%- endfor -%}
{%- endfor -%}
{{ ai_unit_economics.ai_hash(parts or ['export_time']) }}
{%- endmacro %}

{#- The description of a SKU as it is compared: lower case, single spaces, none around it; the Gemini API
    writes some of them with underscores. -#}
{% macro ai_google_sku_text(description) -%}
trim(replace(replace(replace(lower({{ description }}), '_', ' '), '  ', ' '), '  ', ' '))
{%- endmacro %}

{#- Words of the two grammars beside the model: "Gemini 2.5 Pro Text Input (Long) - Batch Predictions"
    and "Generate content input token count gemini 2.5 flash short input text". -#}
{% macro ai_google_sku_words() -%}
    {{ return([
        'generate', 'content', 'token', 'count', 'for', 'predictions', 'online', 'ga', 'preview',
        'text', 'image', 'audio', 'video', 'input', 'output', 'thinking', 'non-thinking', 'on', 'off',
        'caching', 'cached', 'storage', 'short', 'long', 'batch', 'flex', 'priority', 'offpeak', 'global', 'regional'
    ]) }}
{%- endmacro %}

{#- Steps that read a SKU by its words, from ai_sku (ai_google_sku_text) to ai_read_<attribute>, all NULL
    unless every word is understood: `gemini`, a version, the family (`flash lite` before `flash`), and
    nothing outside ai_google_sku_words. Left to the seed, because the words do not tell: images that
    come out (a model of their own), two kinds of content in one SKU, families such as Live or TTS.
    The end of the text says nothing: most SKUs end in "predictions". -#}
{% macro ai_google_sku_steps() -%}
{%- set has = ai_unit_economics.ai_google_has_word -%}
{#- In steps of a few words: a parser follows only so many calls inside each other. -#}
{%- set left = [] -%}
{%- for words in ai_unit_economics.ai_google_sku_words() | batch(8) -%}
    {%- set sql = namespace(text='ai_words' if loop.first else 'ai_left_' ~ loop.index0) -%}
    {%- for word in words -%}
        {%- set sql.text = "replace(" ~ sql.text ~ ", ' " ~ word ~ " ', '')" -%}
    {%- endfor -%}
    {%- do left.append({'ai_left_' ~ loop.index: sql.text}) -%}
{%- endfor -%}
{%- set understood -%}
trim(ai_left_{{ left | length }}) = '' and ai_version is not null and ai_family in ('pro', 'flash')
    and case when {{ has(['output']) }} then 1 else 0 end
    + case when {{ has(['input', 'caching', 'cached']) }} then 1 else 0 end = 1
    and case when {{ has(['text']) }} then 1 else 0 end + case when {{ has(['image']) }} then 1 else 0 end
    + case when {{ has(['audio']) }} then 1 else 0 end + case when {{ has(['video']) }} then 1 else 0 end <= 1
    and not ({{ has(['image']) }} and {{ has(['output']) }})
{%- endset -%}
{{ return([
    {
        'ai_plain': "replace(replace(replace(ai_sku, '(', ''), ')', ''), ' - ', ' ')"
    },
    {
        'ai_before': "case when position('gemini ' in ai_plain) > 0
            then left(ai_plain, position('gemini ' in ai_plain) - 1) end",
        'ai_after': "case when position('gemini ' in ai_plain) > 0
            then substring(ai_plain, position('gemini ' in ai_plain) + 7) || ' ' end"
    },
    {
        'ai_version': "case when " ~ ai_unit_economics.ai_try_cast("split_part(ai_after, ' ', 1)", 'numeric(6,2)')
            ~ " is not null then split_part(ai_after, ' ', 1) end",
        'ai_family': "split_part(ai_after, ' ', 2)",
        'ai_is_lite': "split_part(ai_after, ' ', 3) = 'lite'"
    },
    {
        'ai_tail': "ai_before || substring(
            ai_after, length(ai_version) + length(ai_family) + case when ai_is_lite then 7 else 2 end
        )"
    },
    {
        'ai_words': "' ' || replace(case
            when position(' token count ' in ai_sku) > 0 then replace(replace(replace(replace(
                ai_tail, 'short input', 'short'), 'short output', 'short'),
                'long input', 'long'), 'long output', 'long')
            else ai_tail
        end, ' ', '  ') || ' '"
    }
] + left + [
    {
        'ai_is_read': 'coalesce(' ~ understood ~ ', false)'
    },
    {
        'ai_read_model': "case when ai_is_read then 'gemini-' || ai_version || '-' || ai_family
            || case when ai_is_lite then '-lite' else '' end
            || case
                when " ~ has(['preview']) ~ " then '-preview'
                when ai_version = '2.5' and ai_family = 'flash' and not ai_is_lite and not " ~ has(['ga'])
                    ~ " and position(' token count ' in ai_sku) = 0 then '-preview'
                else ''
            end
        end",
        'ai_read_price_class': "case
            when not ai_is_read or " ~ has(['storage']) ~ " then null
            when " ~ has(['caching', 'cached']) ~ " then 'input_cached'
            when " ~ has(['output']) ~ " and " ~ has(['audio']) ~ " then 'output_audio'
            when " ~ has(['output']) ~ " then 'output'
            when " ~ has(['audio']) ~ " then 'input_audio'
            when " ~ has(['image']) ~ " then 'input_image'
            else 'input_uncached'
        end",
        'ai_read_service_tier': "case
            when not ai_is_read then null
            when " ~ has(['priority']) ~ " then 'priority'
            when " ~ has(['flex']) ~ " then 'flex'
            when " ~ has(['offpeak']) ~ " then 'offpeak'
            else 'standard'
        end",
        'ai_read_processing': "case
            when ai_is_read then case when " ~ has(['batch']) ~ " then 'batch' else 'sync' end
        end",
        'ai_read_context_window': "case
            when not ai_is_read then null
            when " ~ has(['long']) ~ " then 200000
            when " ~ has(['short']) ~ " then 0
        end",
        'ai_read_region_scope': "case
            when not ai_is_read then null
            when " ~ has(['global']) ~ " then 'global'
            when " ~ has(['regional']) ~ " then 'regional'
        end",
        'ai_read_unit': "case
            when ai_is_read then case when " ~ has(['storage']) ~ " then 'token_hours' else 'tokens' end
        end"
    }
]) }}
{%- endmacro %}

{#- Does a SKU have one of the words, as a word? -#}
{% macro ai_google_has_word(words) -%}
(
    {%- for word in words -%}
    position(' {{ word }} ' in ai_words) > 0{{ ' or ' if not loop.last }}
    {%- endfor -%}
)
{%- endmacro %}

{#- Lookups of a SKU in the seed: by its id, and by its text. -#}
{% macro ai_google_sku_lookups() -%}
{%- set lookups = [] -%}
{%- for name, pair in {
    'sku_by_id': 'sku_by_id.sku_id = ai_sku_id',
    'sku_by_text': ai_unit_economics.ai_google_sku_text('sku_by_text.sku_description') ~ ' = ai_sku'
}.items() -%}
    {%- set columns = {} -%}
    {%- for column in ai_unit_economics.ai_google_sku_columns() -%}
        {%- do columns.update({'ai_' ~ name ~ '_' ~ column: name ~ '.' ~ column}) -%}
    {%- endfor -%}
    {%- do lookups.append({
        'alias': name, 'relation': ai_unit_economics.ai_seed('ai_google_skus'), 'on': pair, 'columns': columns
    }) -%}
{%- endfor -%}
{{ return(lookups) }}
{%- endmacro %}

{#- What a SKU tells; `unit` is filled in every row, so it tells whether there is one. -#}
{% macro ai_google_sku_columns() -%}
    {{ return([
        'model', 'price_class', 'service_tier', 'processing', 'context_window', 'region_scope', 'unit'
    ]) }}
{%- endmacro %}

{#- An attribute of a row's SKU: by its id, else by its text, else by its words, never mixed. -#}
{% macro ai_google_sku(column) -%}
case
    when ai_sku_by_id_unit is not null then ai_sku_by_id_{{ column }}
    when ai_sku_by_text_unit is not null then ai_sku_by_text_{{ column }}
    else ai_read_{{ column }}
end
{%- endmacro %}
