{#- Who sells and hosts what a platform bills, as {platform: (company, service)}; the var ai_platform_names,
    {my_reseller: {company: My Reseller, service: Model hosting}}, adds to it and corrects it. -#}
{% macro ai_platform_names() -%}
    {%- set names = {
        'openai': ('OpenAI', 'OpenAI API'), 'anthropic': ('Anthropic', 'Claude API'),
        'aws_bedrock': ('AWS', 'Amazon Bedrock'), 'google_vertex': ('Google Cloud', 'Vertex AI'),
        'google_ai': ('Google', 'Gemini API'), 'azure_openai': ('Microsoft', 'Azure OpenAI Service'),
        'openrouter': ('OpenRouter', 'OpenRouter'), 'vercel': ('Vercel', 'AI Gateway'),
        'mistral': ('Mistral AI', 'Mistral API'), 'xai': ('xAI', 'xAI API'), 'deepseek': ('DeepSeek', 'DeepSeek API'),
        'fireworks_ai': ('Fireworks AI', 'Fireworks AI'), 'together_ai': ('Together AI', 'Together AI'),
        'cohere': ('Cohere', 'Cohere API'), 'groq': ('Groq', 'GroqCloud'), 'perplexity': ('Perplexity', 'Sonar API'),
        'deepinfra': ('DeepInfra', 'DeepInfra'), 'moonshot': ('Moonshot AI', 'Kimi API'),
        'watsonx': ('IBM', 'watsonx.ai')
    } -%}
    {%- for platform, name in var('ai_platform_names', {}).items() -%}
        {%- do names.update({platform: (name['company'], name['service'])}) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- SQL of a platform's company or service; a platform that nobody named is its own word. -#}
{% macro ai_platform_name(platform, part) -%}
case {{ platform }}
    {%- for word, names in ai_unit_economics.ai_platform_names().items() %}
    when '{{ word }}' then '{{ names[0 if part == "company" else 1] | replace("'", "''") }}'
    {%- endfor %}
    else {{ platform }}
end
{%- endmacro %}

{#- SQL of who made a model, in words; the price book's own word where it has none here. -#}
{% macro ai_maker_name(provider) -%}
case {{ provider }}
    {%- for word, name in {
        'openai': 'OpenAI', 'anthropic': 'Anthropic', 'google': 'Google', 'amazon': 'Amazon', 'meta': 'Meta',
        'microsoft': 'Microsoft', 'mistral': 'Mistral AI', 'xai': 'xAI', 'deepseek': 'DeepSeek', 'cohere': 'Cohere',
        'alibaba': 'Alibaba', 'qwen': 'Alibaba', 'moonshot': 'Moonshot AI', 'minimax': 'MiniMax', 'nvidia': 'NVIDIA',
        'ai21': 'AI21 Labs', 'stability': 'Stability AI', 'writer': 'Writer', 'zai': 'Z.ai'
    }.items() %}
    when '{{ word }}' then '{{ name }}'
    {%- endfor %}
    else {{ provider }}
end
{%- endmacro %}

{#- SQL of what a platform calls a project. -#}
{% macro ai_sub_account_type(platform) -%}
case {{ platform }}
    when 'anthropic' then 'Workspace'
    when 'aws_bedrock' then 'Account'
    when 'azure_openai' then 'Subscription'
    else 'Project'
end
{%- endmacro %}

{#- SQL of a JSON object of text, from {key: SQL of its value}; a key whose value is NULL is left out, and an
    object without a key is NULL. -#}
{% macro ai_json_object(values) -%}
nullif(
    '{' || substr(
        {%- for key, value in values.items() %}
        case
            when {{ value }} is not null then ',"{{ key }}":"' || {{ ai_unit_economics.ai_json_escaped(value) }} || '"'
            else ''
        end{{ ' ||' if not loop.last }}
        {%- endfor %},
        2
    ) || '}',
    '{}'
)
{%- endmacro %}

{#- SQL of a text as it stands between the quotes of JSON; control characters become spaces. Characters by code:
    engines read a backslash in a string in their own ways. -#}
{% macro ai_json_escaped(text) -%}
{%- set controls = [] -%}
{%- for code in range(1, 32) -%}{%- do controls.append('chr(' ~ code ~ ')') -%}{%- endfor -%}
replace(
    replace(
        translate({{ text }}, {{ controls | join(' || ') }}, '{{ ' ' * 31 }}'),
        chr(92), chr(92) || chr(92)
    ),
    chr(34), chr(92) || chr(34)
)
{%- endmacro %}

{#- SQL of a bill's unit in FOCUS's Unit Format (`gb_days` → `GB-Days`); NULL where it cannot be said so. -#}
{% macro ai_focus_unit(unit) -%}
case {{ unit }}
    {%- for word, name in {
        'token': 'Tokens', 'gb_days': 'GB-Days', 'gb-month': 'GB-Months', 'gb-mo': 'GB-Months',
        'token_hours': 'Token-Hours', 'training_tokens': 'Training Tokens', 'calls': 'Requests', 'call': 'Requests'
    }.items() %}
    when '{{ word }}' then '{{ name }}'
    {%- endfor %}
    else
        case
            when {{ ai_unit_economics.ai_without_pattern(unit, '^[A-Za-z][A-Za-z0-9 ]*$') }} = ''
                then upper(left({{ unit }}, 1)) || substring({{ unit }}, 2)
        end
end
{%- endmacro %}
