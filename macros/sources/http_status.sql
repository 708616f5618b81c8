{#- How an attempt ended by its HTTP status, in the package's words: 2xx ok, 499 cancelled by the caller,
    408, 504 and 524 timeout, every other number an error; a gateway's own negative numbers are errors too.
    NULL and 0 (a log that has no status) tell nothing. -#}
{% macro ai_http_status(code) -%}
case
    when {{ code }} between 200 and 299 then 'ok'
    when {{ code }} = 499 then 'cancelled'
    when {{ code }} in (408, 504, 524) then 'timeout'
    when {{ code }} <> 0 then 'error'
end
{%- endmacro %}
