{#- Grain: one row per line of a bill (bill_line_key), as charged, in its own currency and in USD.
    Purpose: the bill, deduplicated by load, with the ledger's row type. A later load of a line replaces
    the earlier one, a later delivery all of its earlier lines (delivery_key); rows of the same line in
    the same load are summed. Text lines are read through
    ai_bill_line_items: cut at the last comma-space, equals before prefix. What the seed does not know
    keeps its money: it covers on the attributes that it carries, or is `non_request` or `credit`. A line for a
    fee that ai_commitments amortises is a `purchase`: cash, whose cost is the amortised fee. -#}
{%- set keys = ai_billing_key_columns() -%}

with loads as (

    select
        *,
        rank() over (partition by bill_line_key order by loaded_at desc) as load_rank
    from {{ ref('int_ai_billing__unioned') }}
    where rejected_reason is null
        and not coalesce(is_superseded, false)

),

lines as (

    select
        bill_line_key,
        {{ keys | join(',\n        ') }},
        max(unit) as unit,
        max(charge_category) as charge_category,
        cast(sum(quantity) as numeric(38, 9)) as quantity,
        {{ ai_sum('amount_billing_currency') }} as amount_billing_currency,
        cast(count(*) as bigint) as raw_rows,
        usage_date,
        loaded_at
    from loads
    where load_rank = 1
    group by bill_line_key, {{ keys | join(', ') }}, usage_date, loaded_at

),

items as (

    select
        platform,
        line_item,
        position(' ,' in reverse(line_item)) as cut
    from lines
    where line_item is not null
    group by platform, line_item

),

parts as (

    select
        platform,
        line_item,
        case when cut > 0 then left(line_item, length(line_item) - cut - 1) end as model_part,
        lower(trim(case when cut > 0 then right(line_item, cut - 1) else line_item end)) as unit_part
    from items

),

rules as (

    select * from {{ ai_seed('ai_bill_line_items') }}

),

matches as (

    select
        parts.platform,
        parts.line_item,
        parts.model_part,
        rules.price_class,
        rules.unit,
        rules.charge_category,
        rules.match_type is not null as is_parsed,
        row_number() over (
            partition by parts.platform, parts.line_item
            order by
                case rules.match_type when 'equals' then 0 else 1 end,
                length(rules.match_value) desc, rules.match_value
        ) as match_rank
    from parts
    left join rules
        on parts.platform = rules.platform
        and case rules.match_type
            when 'equals' then parts.unit_part = lower(rules.match_value)
            when 'prefix' then left(parts.unit_part, length(rules.match_value)) = lower(rules.match_value)
            else false
        end

),

-- The bill's own lines for a commitment: the longest text that begins the line wins, then the later term.
commitment_lines as (

    select
        lines.bill_line_key,
        commitments.commitment_id,
        row_number() over (
            partition by lines.bill_line_key
            order by
                length(commitments.bill_line_match) desc, commitments.valid_from desc, commitments.commitment_id
        ) as match_rank
    from lines
    inner join {{ ref('int_ai_commitments') }} as commitments
        on lines.platform = commitments.platform
        and coalesce(commitments.billing_account_id, lines.billing_account_id) = lines.billing_account_id
        and coalesce(lines.charge_category, '') not in ('tax', 'credit')
        and lines.usage_date >= {{ ai_day('commitments.valid_from') }}
        and lines.usage_date < coalesce(commitments.valid_to, cast('9999-12-31' as timestamp))
        and (
            left({{ ai_match_text('lines.line_item') }}, length(commitments.bill_line_match))
            = commitments.bill_line_match
            or left({{ ai_match_text('lines.description') }}, length(commitments.bill_line_match))
            = commitments.bill_line_match
        )

),

rates as (

    select * from {{ ref('int_ai_fx_rates__daily') }}

),

read_lines as (

    select
        lines.bill_line_key,
        lines.platform,
        lines.billing_account_id,
        lines.project_id,
        lines.api_key_id,
        lines.line_item,
        coalesce(lines.model_raw, matches.model_part) as model_raw,
        coalesce(lines.price_class, matches.price_class) as price_class,
        lines.region_scope,
        lines.service_tier,
        lines.processing,
        lines.context_window,
        coalesce(matches.unit, lines.unit) as unit,
        lines.charge_category as category_reported,
        matches.charge_category as category_by_rule,
        coalesce(matches.is_parsed, true) or commitment_lines.commitment_id is not null as is_parsed,
        commitment_lines.commitment_id,
        lines.invoice_id,
        lines.line_id,
        lines.description,
        lines.customer_tag,
        lines.feature_tag,
        lines.team_tag,
        lines.environment_tag,
        {%- for column in ai_extra_dimensions().values() %}
        lines.{{ column }},
        {%- endfor %}
        lines.billing_currency,
        lines.quantity,
        lines.amount_billing_currency,
        cast(
            {{ ai_to_usd('lines.amount_billing_currency', 'lines.billing_currency', 'rates.usd_per_unit') }}
            as {{ money_type() }}
        ) as amount_usd,
        lines.is_correction,
        lines.is_off_bill,
        lines.raw_rows,
        lines.usage_date,
        lines.charge_start_at,
        lines.charge_end_at,
        lines.loaded_at
    from lines
    left join matches
        on lines.platform = matches.platform
        and lines.line_item = matches.line_item
        and matches.match_rank = 1
    left join commitment_lines
        on lines.bill_line_key = commitment_lines.bill_line_key
        and commitment_lines.match_rank = 1
    left join rates
        on lines.billing_currency = rates.currency
        and lines.usage_date = rates.rate_date

),

final as (

    select
        *,
        case
            when category_reported in ('tax', 'credit') then category_reported
            when commitment_id is not null and coalesce(category_by_rule, '') not in ('tax', 'credit') then 'purchase'
            when is_correction or category_reported = 'adjustment' then 'adjustment'
            when category_reported = 'purchase' then category_reported
            when category_by_rule in ('tax', 'credit', 'purchase', 'adjustment') then category_by_rule
            when not is_parsed and amount_billing_currency < 0 then 'credit'
            when is_off_bill then 'non_request'
            when price_class in ('{{ ai_price_classes().keys() | join("', '") }}') then 'usage'
            when price_class is null and unit in ('tokens', 'token', '1000000 tokens', '1000 tokens') then 'usage'
            else 'non_request'
        end as line_kind
    from read_lines

)

select * from final
