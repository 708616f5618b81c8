{#- Warns of bill lines whose text the seed ai_bill_line_items does not know: their money is kept, but
    on fewer attributes, as `non_request` or as `credit`. Add a row to the seed (or to the table of
    ai_bill_line_items_relation).
    Broken by: a line item in a new wording. Each row is a platform and text. -#}
{{ config(severity='warn') }}

select
    platform,
    line_item,
    line_kind,
    count(*) as number_of_lines,
    sum(amount_usd) as amount_usd
from {{ ref('int_ai_billing') }}
where not is_parsed
group by platform, line_item, line_kind
