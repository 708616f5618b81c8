{#- What an application's words for the outcome of a run mean, as {word: success or failure}, the one place
    that says so; the var ai_outcome_words, of the same shape, adds to it and corrects it. Case, spaces, dots,
    hyphens, underscores and slashes make no difference (ai_word_key). -#}
{% macro ai_outcome_words() -%}
    {%- set words = {} -%}
    {%- for meaning, spellings in {
        'success': [
            'success', 'succeeded', 'successful', 'ok', 'pass', 'passed', 'done', 'complete', 'completed',
            'resolved', 'solved', 'accepted', 'true'
        ],
        'failure': [
            'failure', 'failed', 'fail', 'unsuccessful', 'error', 'not ok', 'incomplete', 'unresolved', 'unsolved',
            'rejected', 'abandoned', 'aborted', 'cancelled', 'canceled', 'timeout', 'timed out', 'false'
        ]
    }.items() -%}
        {%- for word in spellings -%}
            {%- do words.update({ai_unit_economics.ai_word_key(word): meaning}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for word, meaning in var('ai_outcome_words', {}).items() -%}
        {%- if meaning not in ('success', 'failure') -%}
            {%- do exceptions.raise_compiler_error(
                "ai_outcome_words says that '" ~ word ~ "' is '" ~ meaning ~ "'; it can be success or failure."
            ) -%}
        {%- endif -%}
        {%- do words.update({ai_unit_economics.ai_word_key(word): meaning}) -%}
    {%- endfor -%}
    {{ return(words) }}
{%- endmacro %}

{#- true where a logged outcome is a success, false where it is a failure, NULL where it is neither: a word
    that nobody explained is no failure. -#}
{% macro ai_is_successful(outcome) -%}
{%- set words = ai_unit_economics.ai_outcome_words() -%}
case
    {%- for meaning, result in {'success': 'true', 'failure': 'false'}.items() %}
    {%- set spellings = [] %}
    {%- for word, its_meaning in words.items() if its_meaning == meaning %}
        {%- do spellings.append(word | replace("'", "''")) %}
    {%- endfor %}
    when {{ ai_unit_economics.ai_word_key_sql('trim(' ~ outcome ~ ')') }} in ('{{ spellings | join("', '") }}')
        then {{ result }}
    {%- endfor %}
end
{%- endmacro %}
