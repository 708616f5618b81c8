{#- Words of gateways and tracing tools for who serves a model, as {word: platform that sends the invoice},
    the one place that says so; the var ai_platform_words, of the same shape, adds to it and corrects it.
    Case, spaces, dots, hyphens, underscores and slashes make no difference (ai_word_key). `log: word` is
    the word in one log only: it goes before the word alone. -#}
{% macro ai_platform_words() -%}
    {%- set words = {} -%}
    {%- for platform, spellings in {
        'openai': ['openai', 'text-completion-openai', 'openai.chat', 'openai.responses'],
        'anthropic': ['anthropic', 'claude', 'anthropic_text', 'anthropic.messages'],
        'aws_bedrock': ['aws.bedrock', 'bedrock', 'amazon bedrock', 'aws', 'bedrock_converse', 'bedrock_mantle'],
        'google_vertex': [
            'gcp.vertex_ai', 'vertex_ai', 'vertex', 'google vertex', 'google vertex ai', 'vertexai', 'vertex_ai_beta',
            'vertex anthropic', 'google_vertexai', 'google anthropic vertex',
            'vertex_ai-anthropic_models', 'openrouter: google'
        ],
        'google_ai': [
            'gcp.gemini', 'gcp.gen_ai', 'gemini', 'google', 'google ai studio', 'google_genai', 'google ai',
            'google generative ai', 'palm'
        ],
        'azure_openai': [
            'azure.ai.openai', 'azure.ai.inference', 'az.ai.openai', 'az.ai.inference', 'azure', 'azure openai',
            'azure_ai', 'azure ai foundry', 'microsoft azure', 'azure_text', 'microsoft foundry'
        ],
        'openrouter': ['openrouter'],
        'vercel': ['vercel', 'vercel_ai_gateway', 'ai_gateway', 'vercel gateway'],
        'mistral': ['mistral', 'mistral_ai', 'mistralai', 'codestral', 'text-completion-codestral'],
        'xai': ['xai', 'x_ai', 'grok'],
        'deepseek': ['deepseek', 'deep seek'],
        'fireworks_ai': ['fireworks_ai', 'fireworks'],
        'together_ai': ['together_ai', 'together'],
        'cohere': ['cohere', 'cohere_chat'],
        'groq': ['groq'],
        'perplexity': ['perplexity', 'perplexity ai'],
        'deepinfra': ['deepinfra'],
        'moonshot': ['moonshot', 'moonshot ai', 'moonshotai'],
        'watsonx': ['ibm.watsonx.ai', 'watsonx', 'watsonx_text']
    }.items() -%}
        {%- for word in spellings -%}
            {%- do words.update({ai_unit_economics.ai_word_key(word): platform}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for word, platform in var('ai_platform_words', {}).items() -%}
        {%- do words.update({ai_unit_economics.ai_word_key(word): platform}) -%}
    {%- endfor -%}
    {{ return(words) }}
{%- endmacro %}

{#- A word without what its spellings differ in. -#}
{% macro ai_word_key(word) -%}
    {{ return(modules.re.sub('[ ._/-]', '', word | lower)) }}
{%- endmacro %}

{#- SQL of the same. -#}
{% macro ai_word_key_sql(word) -%}
{%- set nested = namespace(sql='lower(' ~ word ~ ')') -%}
{%- for character in [' ', '.', '_', '/', '-'] -%}
    {%- set nested.sql = 'replace(' ~ nested.sql ~ ", '" ~ character ~ "', '')" -%}
{%- endfor -%}
{{ nested.sql }}
{%- endmacro %}

{#- SQL of the platform that a gateway's or tracing tool's word names. A word that the dictionary lacks
    passes in lower case: it then has no price and is listed, never guessed.
    word        SQL of the log's word
    known_only  NULL instead, where the dictionary lacks the word
    log         the log's word in ai_request_sources, for words that mean something else there -#}
{% macro ai_platform(word, known_only=false, log='') -%}
{%- set words = ai_unit_economics.ai_platform_words() -%}
{%- set own = {} -%}
{%- for key, platform in words.items() if ':' in key and key.split(':')[0] == log -%}
    {%- do own.update({key.split(':')[1]: platform}) -%}
{%- endfor -%}
{%- for key, platform in words.items() if ':' not in key and key not in own -%}
    {%- do own.update({key: platform}) -%}
{%- endfor -%}
case {{ ai_unit_economics.ai_word_key_sql(word) }}
    {%- for key, platform in own.items() %}
    when '{{ key }}' then '{{ platform }}'
    {%- endfor %}
    {%- if not known_only %}
    else lower(trim({{ word }}))
    {%- endif %}
end
{%- endmacro %}

{#- SQL of the maker of a model, as the price book names makers: from a slug `maker/model`, else the
    platform where that sells its own models only. NULL = neither tells; the price book then does. -#}
{% macro ai_maker(model, platform) -%}
case
    when position('/' in {{ model }}) > 0 then
        case {{ ai_unit_economics.ai_word_key_sql("split_part(" ~ model ~ ", '/', 1)") }}
            {%- for slug, maker in {
                'xai': 'xai', 'metallama': 'meta', 'mistralai': 'mistral', 'moonshotai': 'moonshot', 'zai': 'zai',
                'deepseekai': 'deepseek', 'stabilityai': 'stability'
            }.items() %}
            when '{{ slug }}' then '{{ maker }}'
            {%- endfor %}
            else lower(split_part({{ model }}, '/', 1))
        end
    when {{ platform }} = 'google_ai' then 'google'
    when {{ platform }} in ('openai', 'anthropic', 'mistral', 'xai', 'deepseek', 'cohere', 'moonshot')
        then {{ platform }}
end
{%- endmacro %}

{#- The platform of a row of a log, else what ai_default_platforms says of rows that name none:
    {langfuse: openai}. Without either the row is rejected as `missing_platform`: a guess from the name
    of the model would put the spend of one platform on the bill of another. -#}
{% macro ai_log_platform(log, platform) -%}
{%- set fallback = var('ai_default_platforms', {}).get(log) -%}
{%- if fallback -%}
coalesce({{ platform }}, '{{ fallback }}')
{%- else -%}
{{ platform }}
{%- endif -%}
{%- endmacro %}

{#- SQL of who made the model, where the platform's word tells it; NULL on platforms that resell. -#}
{% macro ai_platform_maker(word) -%}
case
    when lower({{ word }}) in ('azure.ai.openai', 'az.ai.openai') then 'openai'
    when {{ ai_unit_economics.ai_platform(word) }} = 'google_ai' then 'google'
    when {{ ai_unit_economics.ai_platform(word) }} in (
        'openai', 'anthropic', 'xai', 'mistral', 'deepseek', 'cohere', 'perplexity'
    ) then {{ ai_unit_economics.ai_platform(word) }}
end
{%- endmacro %}
