{#- A SELECT of the rows of ai_price_scenarios as every model reads them: words trimmed and in lower case, empty cells
    NULL, the price per single unit, open ends as dates. scenario_row_key stands for all cells of a row. -#}
{% macro ai_price_scenario_rows() -%}
select
    trim(scenario_id) as scenario_id,
    {{ ai_unit_economics.ai_hash([
        'scenario_id', 'kind', 'platform', 'model', 'price_class', 'feature_id', 'plan_id', 'valid_from',
        'valid_to', 'to_platform', 'to_model', 'price_usd', 'unit', 'multiplier', 'input_token_ratio',
        'output_token_ratio'
    ]) }} as scenario_row_key,
    lower(trim(kind)) as kind,
    lower(trim(platform)) as platform,
    lower(trim(model)) as model,
    nullif(trim(price_class), '') as price_class,
    nullif(trim(feature_id), '') as feature_id,
    nullif(trim(plan_id), '') as plan_id,
    {{ ai_unit_economics.ai_price_per_unit('price_usd', 'unit') }} as price_usd,
    cast(multiplier as {{ ai_unit_economics.factor_type() }}) as multiplier,
    lower(coalesce(nullif(trim(to_platform), ''), trim(platform))) as to_platform,
    lower(nullif(trim(to_model), '')) as to_model,
    cast(coalesce(input_token_ratio, 1) as numeric(12, 6)) as input_token_ratio,
    cast(coalesce(output_token_ratio, 1) as numeric(12, 6)) as output_token_ratio,
    coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
from {{ ai_unit_economics.ai_seed('ai_price_scenarios') }}
{%- endmacro %}
