{#- Kind of call in one word for the words of several logs; an unknown one passes in lower case. -#}
{% macro ai_operation(word) -%}
{%- set words = {
    'chat': [
        'chat', 'completion', 'acompletion', 'responses', 'aresponses', 'generate_content', 'agenerate_content',
        'generate_content_stream', 'agenerate_content_stream', 'anthropic_messages', 'generation'
    ],
    'text_completion': ['text_completion', 'atext_completion'],
    'embedding': ['embeddings', 'embedding', 'aembedding'],
    'image': ['image_generation', 'aimage_generation', 'image_edit', 'aimage_edit'],
    'tts': ['speech', 'aspeech'],
    'stt': ['transcription', 'atranscription'],
    'rerank': ['rerank', 'arerank']
} -%}
case
    {%- for operation, names in words.items() %}
    when lower({{ word }}) in ('{{ names | join("', '") }}') then '{{ operation }}'
    {%- endfor %}
    else lower({{ word }})
end
{%- endmacro %}
