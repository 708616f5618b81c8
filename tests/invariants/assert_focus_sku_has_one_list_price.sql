{#- Proves: a SkuPriceId has one SkuId and, on a UTC day, one list price, so that a reader can look prices up by it.
    Broken by: an attribute that sets the price and is not in the id. Each row is an id and day that
    fails. -#}
select
    {{ ai_focus_name('sku_price_id') }} as sku_price_id,
    {{ ai_focus_name('charge_period_start') }} as charge_period_start
from {{ ref('focus_cost_and_usage') }}
where {{ ai_focus_name('sku_price_id') }} is not null
group by {{ ai_focus_name('sku_price_id') }}, {{ ai_focus_name('charge_period_start') }}
having count(distinct {{ ai_focus_name('list_unit_price') }}) > 1
    or count(distinct {{ ai_focus_name('sku_id') }}) > 1
