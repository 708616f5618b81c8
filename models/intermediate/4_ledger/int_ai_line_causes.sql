{#- Grain: one row per line with unlogged money and cause (line_key, variance_class).
    Purpose: why the bill (or, without one, the provider's usage) and the requests differ, an amount each.
    The causes of a line sum to its residual exactly. Found in this order; what is left is the last:
    free_or_promo_tokens  used, and billed at 0
    time_bucket           the line's difference of one day is taken back on the next, each day once
    batch_discount, service_tier  quantities missing in one rate and too many in another, on this line or
                          on another of the same model and day
    cache_class           cache tokens counted as input, or in both
    retry_or_fallback     failed attempts that the log counted and the provider did not
    sampled               a log that says it holds a part
    cancelled_stream      attempts that were broken off without any count
    missing_logs          the provider saw more requests, or tokens, than the log
    The remainder: unpriced_model, batch_discount (billed near half of metered), price_book (the rate of the
    bill is another than ours, or than that of the lines among which the log cannot choose), unexplained.
    What explains a difference explains it once: lines of the same model and day draw on one pool of cache
    tokens, wasted tokens and calls. Calls are compared in the project where the log knows it and the line
    carries it, else in the account, else on the platform.
    Limits: where the provider reports no number of requests, streams without counts are taken at the mean
    size of the others. -#}
{%- set classes = ai_price_classes() -%}
{%- set cache_classes = "('" ~ ai_cache_classes() | join("', '") ~ "')" -%}
{%- set named = [
    'batch_discount', 'service_tier', 'cache_class', 'retry_or_fallback', 'sampled', 'cancelled_stream',
    'missing_logs'
] -%}
{%- set place = ['platform', 'billing_account_id', 'project_id', 'model', 'usage_date'] -%}
{%- set cause_quantities = {
    'cache_class': 'cache_quantity', 'retry_or_fallback': 'retry_quantity',
    'sampled': 'case when sampled_attempts > 0 then unseen_quantity else 0 end',
    'cancelled_stream': 'cancelled_quantity',
    'missing_logs': 'case
        when sampled_attempts > 0 or unseen_calls <= silent_attempts then 0
        else unseen_quantity - cancelled_quantity
    end'
} %}
{%- set billed_to_metered = ai_ratio('billed_cost_usd', 'metered_cost_usd', 6) %}

with residuals as (

    select
        *,
        priced_reported_quantity + unpriced_reported_quantity > 0 as has_usage_report
    from {{ ref('int_ai_line_residuals') }}
    where residual_kind = 'unlogged'

),

-- Days of a line on end that each take back the day before; they pair off from the first.
line_days as (

    select
        line_key,
        {{ ai_line_identity() }},
        usage_date,
        residual_usd,
        lag(residual_usd) over (partition by {{ ai_line_identity() }} order by usage_date) as previous_residual_usd,
        lag(usage_date) over (partition by {{ ai_line_identity() }} order by usage_date) as previous_date
    from residuals
    where line_status <> 'implicit'

),

runs as (

    select
        *,
        sum(case
            when previous_date = {{ ai_add_days('usage_date', -1) }}
                and {{ ai_cancels_out('residual_usd', 'previous_residual_usd') }} then 0
            else 1
        end) over (
            partition by {{ ai_line_identity() }} order by usage_date
            rows between unbounded preceding and current row
        ) as run_number
    from line_days

),

run_days as (

    select
        line_key,
        row_number() over (partition by {{ ai_line_identity() }}, run_number order by usage_date) as day_number,
        count(*) over (partition by {{ ai_line_identity() }}, run_number) as number_of_days
    from runs

),

shifted as (

    select line_key
    from run_days
    where number_of_days > 1
        and (mod(number_of_days, 2) = 0 or day_number < number_of_days)

),

-- Calls, as the log and as the provider counted them, and cache tokens as the log did.
cell_days as (

    select * from {{ ref('int_ai_cells__daily') }}

),

metered as (

    select * from {{ ref('int_ai_metered__daily') }}
    where pricing_status not in ('gateway_cache_hit', 'provisioned')

),

calls as (

    select
        {%- for column in place %}
        cell_days.{{ column }},
        {%- endfor %}
        metered.attempts - metered.failed_attempts as answered_attempts,
        metered.silent_attempts,
        metered.sampled_attempts,
        metered.doubtful_attempts,
        {% for class in ai_cache_classes() -%}
        metered.{{ classes[class] }}{{ ' + ' if not loop.last }}
        {%- endfor %} as cache_tokens,
        cast(0 as bigint) as reported_calls,
        cast(1 as bigint) as log_rows,
        cast(0 as bigint) as report_rows,
        cast(0 as bigint) as uncounted_report_rows
    from metered
    inner join cell_days
        on metered.cell_key = cell_days.cell_key
        and metered.usage_date = cell_days.usage_date

    union all

    select
        {%- for column in place %}
        cell_days.{{ column }},
        {%- endfor %}
        cast(0 as bigint) as answered_attempts,
        cast(0 as bigint) as silent_attempts,
        cast(0 as bigint) as sampled_attempts,
        cast(0 as bigint) as doubtful_attempts,
        cast(0 as bigint) as cache_tokens,
        coalesce(usages.requests, 0) as reported_calls,
        cast(0 as bigint) as log_rows,
        cast(1 as bigint) as report_rows,
        cast(case when usages.requests is null then 1 else 0 end as bigint) as uncounted_report_rows
    from {{ ref('int_ai_usage') }} as usages
    inner join cell_days
        on usages.cell_key = cell_days.cell_key
        and usages.usage_date = cell_days.usage_date

),

levels as (

    select 'platform' as level
    union all
    select 'account' as level
    union all
    select 'project' as level

),

scopes as (

    select
        {{ ai_cause_scope('levels.level', 'calls') }} as scope_key,
        {%- for name in [
            'answered_attempts', 'silent_attempts', 'sampled_attempts', 'doubtful_attempts', 'cache_tokens'
        ] %}
        {{ ai_sum_count('calls.' ~ name) }} as {{ name }},
        {%- endfor %}
        case
            when sum(calls.report_rows) > 0 and sum(calls.uncounted_report_rows) = 0
                then {{ ai_sum_count('calls.reported_calls') }}
        end as reported_calls
    from calls
    cross join levels
    group by {{ ai_cause_scope('levels.level', 'calls') }}

),

-- The finest level at which the log knows its requests.
account_levels as (

    select
        platform,
        model,
        usage_date,
        max(case when billing_account_id is null then 1 else 0 end) as is_account_unknown
    from calls
    where log_rows > 0
    group by platform, model, usage_date

),

project_levels as (

    select
        platform,
        billing_account_id,
        model,
        usage_date,
        max(case when project_id is null then 1 else 0 end) as is_project_unknown
    from calls
    where log_rows > 0
    group by platform, billing_account_id, model, usage_date

),

wasted_places as (

    {%- for class, column in classes.items() %}
    select
        {%- for name in place %}
        cell_days.{{ name }},
        {%- endfor %}
        '{{ class }}' as price_class,
        metered.wasted_{{ column }} as quantity
    from metered
    inner join cell_days
        on metered.cell_key = cell_days.cell_key
        and metered.usage_date = cell_days.usage_date
    where metered.wasted_{{ column }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

wasted as (

    select
        {{ ai_cause_scope('levels.level', 'wasted_places') }} as scope_key,
        wasted_places.price_class,
        {{ ai_sum_count('wasted_places.quantity') }} as quantity
    from wasted_places
    cross join levels
    group by {{ ai_cause_scope('levels.level', 'wasted_places') }}, wasted_places.price_class

),

-- Reported, and less logged, by rate, both at the line's own factor.
reported_parts as (

    select
        residuals.line_key,
        buckets.model,
        buckets.price_class,
        {{ ai_rate_name('buckets') }} as rate,
        cast(0 as bigint) as logged_quantity,
        buckets.priced_reported_quantity + buckets.unpriced_reported_quantity as gap_quantity,
        cast(
            {{ ai_scale('buckets.reported_cost_usd', 'residuals.factor') }}
            + coalesce(buckets.unpriced_reported_quantity * residuals.billed_rate_usd, 0) as {{ money_type() }}
        ) as gap_usd
    from {{ ref('int_ai_buckets') }} as buckets
    inner join {{ ref('int_ai_bucket_lines') }} as bucket_lines on buckets.bucket_key = bucket_lines.bucket_key
    inner join residuals on bucket_lines.line_key = residuals.line_key
    where bucket_lines.variant = 'known'
        and buckets.priced_reported_quantity + buckets.unpriced_reported_quantity > 0

),

logged_parts as (

    select
        residuals.line_key,
        requests.model,
        requests.price_class,
        {{ ai_rate_name('requests') }} as rate,
        requests.metered_quantity + requests.unpriced_quantity as logged_quantity,
        -(requests.metered_quantity + requests.unpriced_quantity) as gap_quantity,
        cast(
            -{{ ai_scale('requests.metered_cost_usd', 'residuals.factor') }}
            - coalesce(requests.unpriced_quantity * residuals.billed_rate_usd, 0) as {{ money_type() }}
        ) as gap_usd
    from {{ ref('int_ai_line_requests') }} as requests
    inner join residuals on requests.line_key = residuals.line_key
    where residuals.has_usage_report or residuals.line_status = 'implicit'

),

-- Without a usage report, the bill's own quantity tells volume from rate.
billed_parts as (

    select
        line_key,
        model,
        price_class,
        {{ ai_rate_name('residuals') }} as rate,
        logged_quantity,
        cast(round(billed_quantity, 0) as bigint) - logged_quantity as gap_quantity,
        cast(
            (cast(round(billed_quantity, 0) as bigint) - logged_quantity) * billed_rate_usd as {{ money_type() }}
        ) as gap_usd
    from residuals
    where billed_rate_usd is not null
        and billed_quantity is not null
        and not has_usage_report

),

gaps as (

    select
        line_key,
        model,
        price_class,
        rate,
        {{ ai_sum_count('logged_quantity') }} as logged_quantity,
        {{ ai_sum_count('gap_quantity') }} as gap_quantity,
        {{ ai_sum('gap_usd') }} as gap_usd
    from (
        select * from reported_parts
        union all
        select * from logged_parts
        union all
        select * from billed_parts
    ) as parts
    group by line_key, model, price_class, rate

),

gap_places as (

    select
        gaps.*,
        residuals.platform,
        residuals.billing_account_id,
        residuals.project_id,
        residuals.usage_date,
        case
            when account_levels.is_account_unknown = 1 then 'platform'
            when project_levels.is_project_unknown = 1 or residuals.project_id is null then 'account'
            else 'project'
        end as level
    from gaps
    inner join residuals on gaps.line_key = residuals.line_key
    left join account_levels
        on residuals.platform = account_levels.platform
        and coalesce(gaps.model, '~') = coalesce(account_levels.model, '~')
        and residuals.usage_date = account_levels.usage_date
    left join project_levels
        on residuals.platform = project_levels.platform
        and residuals.billing_account_id = project_levels.billing_account_id
        and coalesce(gaps.model, '~') = coalesce(project_levels.model, '~')
        and residuals.usage_date = project_levels.usage_date

),

scoped as (

    select
        line_key,
        {{ ai_cause_scope('gap_places.level', 'gap_places') }} as scope_key,
        price_class,
        rate,
        case when rate = 'batch' then 'batch' else 'sync' end as side,
        logged_quantity,
        gap_quantity,
        gap_usd
    from gap_places

),

-- What one side has too much and the other too little: first batch and sync, then the tiers.
sides as (

    select
        *,
        sum(case when side = 'batch' then gap_quantity else 0 end) over (partition by scope_key, price_class)
            as batch_net,
        sum(case when side = 'sync' then gap_quantity else 0 end) over (partition by scope_key, price_class)
            as sync_net
    from scoped

),

batch_sizes as (

    select
        *,
        case when sign(batch_net) * sign(sync_net) < 0 then least(abs(batch_net), abs(sync_net)) else 0 end
            as batch_pool,
        case
            when sign(gap_quantity) = sign(case when side = 'batch' then batch_net else sync_net end)
                then abs(gap_quantity)
            else 0
        end as batch_size
    from sides

),

batch_claims as (

    select
        *,
        cast({{ ai_claim('batch_size', 'batch_pool', 'scope_key, price_class, side', 'rate, line_key') }} as bigint)
            as batch_quantity
    from batch_sizes

),

batch_matched as (

    select
        line_key,
        scope_key,
        price_class,
        rate,
        side,
        logged_quantity,
        cast(case
            when batch_quantity > 0 then {{ ai_share_by_count('gap_usd', 'batch_quantity', 'abs(gap_quantity)') }}
            else 0
        end as {{ money_type() }}) as batch_discount_usd,
        gap_quantity - sign(gap_quantity) * batch_quantity as gap_quantity,
        cast(
            gap_usd - case
                when batch_quantity > 0 then {{ ai_share_by_count('gap_usd', 'batch_quantity', 'abs(gap_quantity)') }}
                else 0
            end as {{ money_type() }}
        ) as gap_usd
    from batch_claims

),

tiers as (

    select
        scope_key,
        price_class,
        rate,
        {{ ai_sum_count('gap_quantity') }} as tier_net
    from batch_matched
    where side = 'sync'
    group by scope_key, price_class, rate

),

tier_pools as (

    select
        *,
        least(
            sum(case when tier_net > 0 then tier_net else 0 end) over (partition by scope_key, price_class),
            sum(case when tier_net < 0 then -tier_net else 0 end) over (partition by scope_key, price_class)
        ) as tier_pool,
        abs(tier_net) as tier_size,
        sign(tier_net) as tier_sign
    from tiers

),

tier_claims as (

    select
        *,
        {{ ai_claim('tier_size', 'tier_pool', 'scope_key, price_class, tier_sign', 'rate') }} as rate_pool
    from tier_pools

),

tier_sizes as (

    select
        batch_matched.*,
        coalesce(tier_claims.rate_pool, 0) as rate_pool,
        case
            when sign(batch_matched.gap_quantity) = tier_claims.tier_sign then abs(batch_matched.gap_quantity)
            else 0
        end as tier_size
    from batch_matched
    left join tier_claims
        on batch_matched.scope_key = tier_claims.scope_key
        and batch_matched.price_class = tier_claims.price_class
        and batch_matched.rate = tier_claims.rate

),

tier_matched as (

    select
        *,
        cast({{ ai_claim('tier_size', 'rate_pool', 'scope_key, price_class, rate', 'line_key') }} as bigint)
            as tier_quantity
    from tier_sizes

),

rated as (

    select
        line_key,
        scope_key,
        price_class,
        {{ ai_sum_count('logged_quantity') }} as logged_quantity,
        {{ ai_sum_count('gap_quantity - sign(gap_quantity) * tier_quantity') }} as left_quantity,
        {{ ai_sum('batch_discount_usd') }} as batch_discount_usd,
        cast(sum(case
            when tier_quantity > 0 then {{ ai_share_by_count('gap_usd', 'tier_quantity', 'abs(gap_quantity)') }}
            else 0
        end) as {{ money_type() }}) as service_tier_usd,
        {{ ai_sum('gap_usd') }} as untiered_usd
    from tier_matched
    group by line_key, scope_key, price_class

),

-- Input that the log has too much and cache tokens that it lacks, of the model on the day.
caches as (

    select
        *,
        cast(untiered_usd - service_tier_usd as {{ money_type() }}) as left_usd,
        price_class in {{ cache_classes }} as is_cache,
        sum(case when price_class = 'input_uncached' and left_quantity < 0 then -left_quantity else 0 end)
            over (partition by scope_key) as surplus_input,
        sum(case when price_class in {{ cache_classes }} and left_quantity > 0 then left_quantity else 0 end)
            over (partition by scope_key) as lacking_cache
    from rated

),

cache_pools as (

    select
        caches.*,
        scopes.answered_attempts,
        coalesce(scopes.silent_attempts, 0) as silent_attempts,
        coalesce(scopes.sampled_attempts, 0) as sampled_attempts,
        scopes.reported_calls - (scopes.answered_attempts - scopes.silent_attempts) as unseen_calls,
        case
            when caches.is_cache then caches.surplus_input
            when caches.lacking_cache > 0 then caches.lacking_cache
            when coalesce(scopes.doubtful_attempts, 0) > 0
                or abs(caches.surplus_input - scopes.cache_tokens) * 20 <= scopes.cache_tokens
                then scopes.cache_tokens
            else 0
        end as cache_pool,
        case
            when caches.price_class = 'input_uncached' and caches.left_quantity < 0 then -caches.left_quantity
            when caches.is_cache and caches.left_quantity > 0 then caches.left_quantity
            else 0
        end as cache_size
    from caches
    left join scopes on caches.scope_key = scopes.scope_key

),

cache_claims as (

    select
        *,
        cast({{ ai_claim('cache_size', 'cache_pool', 'scope_key, is_cache', 'price_class, line_key') }} as bigint)
            as cache_quantity
    from cache_pools

),

retry_sizes as (

    select
        cache_claims.*,
        coalesce(wasted.quantity, 0) as wasted_quantity,
        case
            when cache_claims.left_quantity < 0 then -cache_claims.left_quantity - cache_claims.cache_quantity
            else 0
        end as retry_size,
        case
            when cache_claims.left_quantity > 0 then cache_claims.left_quantity - cache_claims.cache_quantity
            else 0
        end as unseen_quantity
    from cache_claims
    left join wasted
        on cache_claims.scope_key = wasted.scope_key
        and cache_claims.price_class = wasted.price_class

),

retry_claims as (

    select
        *,
        cast({{ ai_claim('retry_size', 'wasted_quantity', 'scope_key, price_class', 'line_key') }} as bigint)
            as retry_quantity
    from retry_sizes

),

-- unseen_calls: those without a count in the log. What nobody counted goes to those that the log knows, and
-- to the rest.
unseen as (

    select
        *,
        cast(case
            when sampled_attempts > 0 or silent_attempts = 0 then 0
            when unseen_calls is not null and unseen_calls <= silent_attempts then unseen_quantity
            when unseen_calls is not null
                then {{ ai_scale_count('unseen_quantity', ai_count_ratio('silent_attempts', 'unseen_calls')) }}
            when answered_attempts > silent_attempts
                then
                    least(unseen_quantity, {{ ai_scale_count(
                        'logged_quantity',
                        ai_count_ratio('silent_attempts', '(answered_attempts - silent_attempts)')
                    ) }})
            else 0
        end as bigint) as cancelled_quantity
    from retry_claims

),

valued as (

    select
        {%- for cause, quantity in cause_quantities.items() %}
        case
            when left_quantity <> 0
                then {{ ai_share_by_count('left_usd', '(' ~ quantity ~ ')', 'abs(left_quantity)') }}
            else 0
        end as {{ cause }}_usd,
        {%- endfor %}
        line_key,
        batch_discount_usd,
        service_tier_usd
    from unseen

),

on_lines as (

    select
        line_key,
        {%- for cause in named %}
        {{ ai_sum(cause ~ '_usd') }} as {{ cause }}_usd,
        {%- endfor %}
        cast(sum({{ named | join('_usd + ') }}_usd) as {{ money_type() }}) as named_usd
    from valued
    group by line_key

),

-- A cause of the whole line leaves nothing for others.
whole as (

    select
        residuals.*,
        coalesce(on_lines.named_usd, 0) as named_usd,
        case
            when residuals.line_status <> 'estimated' and residuals.billed_cost_usd = 0
                and residuals.reported_cost_usd > 0 then 'free_or_promo_tokens'
            when shifted.line_key is not null then 'time_bucket'
        end as whole_class
    from residuals
    left join on_lines on residuals.line_key = on_lines.line_key
    left join shifted on residuals.line_key = shifted.line_key

),

causes as (

    select line_key, whole_class as variance_class, residual_usd as amount_usd
    from whole
    where whole_class is not null
    {%- for cause in named %}

    union all

    select on_lines.line_key, '{{ cause }}' as variance_class, on_lines.{{ cause }}_usd as amount_usd
    from on_lines
    inner join whole on on_lines.line_key = whole.line_key
    where whole.whole_class is null
    {%- endfor %}

    union all

    select
        line_key,
        case
            when (unpriced_reported_quantity > 0 or unrated_quantity > 0) and billed_rate_usd is null
                then 'unpriced_model'
            when line_status = 'billed' and billed_cost_usd > 0 and {{ ai_is_about_half('quotient') }}
                then 'batch_discount'
            when line_status = 'billed' and billed_cost_usd > 0 and reported_cost_usd = 0
                and {{ ai_is_about_half(billed_to_metered) }}
                then 'batch_discount'
            when quotient is not null and not is_factor_applied then 'price_book'
            when shared_effective_cost_usd > 0 then 'price_book'
            when reported_cost_usd = 0 and billed_quantity is not null
                and logged_quantity > 0 and billed_rate_usd is not null then 'price_book'
            else 'unexplained'
        end as variance_class,
        cast(residual_usd - named_usd as {{ money_type() }}) as amount_usd
    from whole
    where whole_class is null

),

summed as (

    select
        line_key,
        variance_class,
        {{ ai_sum('amount_usd') }} as amount_usd
    from causes
    where amount_usd <> 0
    group by line_key, variance_class

),

ranked as (

    select
        *,
        row_number() over (partition by line_key order by abs(amount_usd) desc, variance_class) as cause_rank
    from summed

),

-- What is too small to have a cause of its own goes to the largest.
dust as (

    select line_key, {{ ai_sum('amount_usd') }} as amount_usd
    from ranked
    where cause_rank > 1 and abs(amount_usd) < 0.000001
    group by line_key

),

final as (

    select
        ranked.line_key,
        ranked.variance_class,
        ranked.cause_rank = 1 as is_main_cause,
        cast(
            ranked.amount_usd + case when ranked.cause_rank = 1 then coalesce(dust.amount_usd, 0) else 0 end
            as {{ money_type() }}
        ) as amount_usd
    from ranked
    left join dust on ranked.line_key = dust.line_key
    where ranked.cause_rank = 1 or abs(ranked.amount_usd) >= 0.000001

)

select * from final
