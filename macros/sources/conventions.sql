{#- What each request log's input count holds, the one place that says so: `inclusive` of cache reads
    and writes (OpenAI's way), `exclusive` of them (Anthropic's way), or by the maker of the model.
    {log: {maker or platform, '' for all others: convention}}. The var ai_input_conventions, of the same
    shape, corrects it for a log that behaves otherwise.
    Output counts include reasoning and audio in every log once its staging model has added what the log
    splits off (Gemini's thoughts, Langfuse's output parts). -#}
{% macro ai_input_conventions() -%}
    {%- set by_maker = {'anthropic': 'exclusive', 'aws_bedrock': 'exclusive', '': 'inclusive'} -%}
    {%- set conventions = {
        'app': by_maker,
        'otel': {'': 'inclusive'},
        'litellm': {'': 'inclusive'},
        'langfuse': {'': 'exclusive'},
        'helicone': {'': 'exclusive'},
        'openrouter': {'': 'inclusive'},
        'portkey': by_maker,
        'vercel': {'': 'inclusive'},
        'bedrock': {'': 'exclusive'},
        'vertex': by_maker,
        'apim': {'': 'inclusive'}
    } -%}
    {%- for log, corrections in var('ai_input_conventions', {}).items() -%}
        {%- set corrected = {} -%}
        {%- do corrected.update(conventions.get(log, by_maker)) -%}
        {%- do corrected.update(corrections) -%}
        {%- do conventions.update({log: corrected}) -%}
    {%- endfor -%}
    {%- for log, makers in conventions.items() -%}
        {%- for maker, convention in makers.items() if convention not in ('inclusive', 'exclusive') -%}
            {{ exceptions.raise_compiler_error(
                "ai_input_conventions: '" ~ convention ~ "' of " ~ log ~ " is neither inclusive nor exclusive"
            ) }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(conventions) }}
{%- endmacro %}

{#- SQL of the convention of a row: by the maker of the model, then by the platform, else the log's. -#}
{% macro ai_input_convention(log, maker, platform) -%}
{%- set makers = ai_unit_economics.ai_input_conventions().get(
    log, {'anthropic': 'exclusive', 'aws_bedrock': 'exclusive', '': 'inclusive'}
) -%}
{%- if makers | length == 1 and '' in makers -%}
'{{ makers[''] }}'
{%- else -%}
case
    {%- for name, convention in makers.items() if name %}
    when coalesce({{ maker }}, {{ platform }}) = '{{ name }}' or {{ platform }} = '{{ name }}' then '{{ convention }}'
    {%- endfor %}
    else '{{ makers.get('', 'inclusive') }}'
end
{%- endif -%}
{%- endmacro %}
