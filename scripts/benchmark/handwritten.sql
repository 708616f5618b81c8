-- The main tables of the package's DAG from the same raw tables, by hand and for DuckDB alone: what
-- somebody would write who knows this one company (two platforms, one log, no overrides, no FX, no
-- commitments), with the same money rules to the last digit. {seeds} is the folder of the price book.
-- Statements end with a semicolon at the end of a line; scripts/benchmark/worker.py runs them in turn.
create schema hand;

-- Price of one token by model, day, processing and context band, the classes side by side.
create table hand.prices as
with periods as (
    select
        platform, model, price_class, processing = 'batch' as is_batch, context_over_tokens as band,
        cast(cast(price_usd as decimal(18, 9)) * 0.000001 as decimal(18, 15)) as price,
        valid_from,
        coalesce(lead(valid_from) over (
            partition by platform, model, price_class, processing, context_over_tokens order by valid_from
        ), date '9999-12-31') as valid_to
    from read_csv('{seeds}/prices/ai_model_prices.csv', types = {'price_usd': 'decimal(18, 9)'})
    where platform in ('openai', 'anthropic') and region_scope = 'global' and service_tier = 'standard'
        and price_class in ('input_uncached', 'input_cached', 'cache_write_5m', 'output')
),
days as (
    select distinct platform, model_requested as model, cast(occurred_at as date) as day from raw.app_requests
    union
    select 'openai', left(model, length(model) - 11), cast(make_timestamp(start_time * 1000000) as date)
    from raw.openai_usage_completions where model like '%-20%'
),
bands as (
    select
        days.platform, days.model, days.day, periods.is_batch, periods.band,
        max(case when price_class = 'input_uncached' then price end) as p_uncached,
        max(case when price_class = 'input_cached' then price end) as p_cached,
        max(case when price_class = 'cache_write_5m' then price end) as p_write,
        max(case when price_class = 'output' then price end) as p_output
    from days
    inner join periods
        on days.platform = periods.platform and days.model = periods.model
        and days.day >= periods.valid_from and days.day < periods.valid_to
    where price is not null
    group by all
)
select
    *,
    case when band > 0 then band + 1 else 0 end as tokens_from,
    coalesce(lead(band) over (
        partition by platform, model, day, is_batch order by band
    ), 9223372036854775807) as tokens_to
from bands;

create table hand.usage as
select
    'openai' as platform, cast(make_timestamp(start_time * 1000000) as date) as day, project_id, api_key_id,
    model as raw, batch as is_batch, 0 as is_long,
    cast(sum(input_tokens - input_cached_tokens) as bigint) as uncached,
    cast(sum(input_cached_tokens) as bigint) as cached, cast(0 as bigint) as written,
    cast(sum(output_tokens) as bigint) as answer
from raw.openai_usage_completions
group by all
union all
select
    'anthropic', cast(left(starting_at, 10) as date), workspace_id, api_key_id, model, false,
    case when context_window = '0-200k' then 0 else 1 end,
    cast(sum(uncached_input_tokens) as bigint), cast(sum(cache_read_input_tokens) as bigint),
    cast(sum(cache_creation__ephemeral_5m_input_tokens) as bigint), cast(sum(output_tokens) as bigint)
from raw.anthropic_usage_messages
group by all;

create table hand.bills as
select
    'openai' as platform, cast(make_timestamp(start_time * 1000000) as date) as day, project_id,
    split_part(line_item, ', ', 1) as raw,
    case split_part(line_item, ', ', 2)
        when 'input' then 'uncached' when 'cached input' then 'cached' when 'output' then 'answer'
    end as class,
    0 as is_long,
    sum(cast(amount__value as decimal(38, 15))) as billed
from raw.openai_costs
group by all
union all
select
    'anthropic', cast(left(starting_at, 10) as date), workspace_id, model,
    case token_type
        when 'uncached_input_tokens' then 'uncached' when 'cache_read_input_tokens' then 'cached'
        when 'output_tokens' then 'answer' else 'written'
    end,
    case when context_window = '0-200k' then 0 else 1 end,
    sum(cast(amount as decimal(38, 13)) * 0.01)
from raw.anthropic_cost_report
group by all;

create table hand.models as
select distinct platform, model_served as raw, model_requested as model from raw.app_requests
union
select distinct 'openai', model, case when model like '%-20%' then left(model, length(model) - 11) else model end
from raw.openai_usage_completions;

-- Reported usage at our prices by line of the bill, and the factor: 12 digits, half away from zero.
create table hand.lines as
with priced as (
    select
        usage.platform, usage.day, usage.project_id, usage.raw, usage.is_long,
        class.name as class,
        sum(class.tokens * class.price) as reported
    from hand.usage
    inner join hand.models on usage.platform = models.platform and usage.raw = models.raw
    inner join hand.prices
        on usage.platform = prices.platform and models.model = prices.model and usage.day = prices.day
        and usage.is_batch = prices.is_batch
        and usage.is_long * 200001 >= prices.tokens_from and usage.is_long * 200001 <= prices.tokens_to,
    unnest([
        {name: 'uncached', tokens: uncached, price: p_uncached}, {name: 'cached', tokens: cached, price: p_cached},
        {name: 'written', tokens: written, price: p_write}, {name: 'answer', tokens: answer, price: p_output}
    ]) as classes (class)
    where class.tokens > 0
    group by all
)
select
    priced.*,
    bills.billed,
    coalesce(cast(
        cast(
            (2 * cast(bills.billed * 1000000000000 as hugeint) * 1000000000000000
                + cast(reported * 1000000000000000 as hugeint))
            // (2 * cast(reported * 1000000000000000 as hugeint))
            as decimal(38, 0)
        ) * 0.000000000001 as decimal(24, 12)
    ), 1) as factor
from priced
left join hand.bills using (platform, day, project_id, raw, class, is_long);

create table hand.rates as
with factors as (
    select
        platform, day, project_id, raw, is_long,
        coalesce(max(case when class = 'uncached' then factor end), 1) as f_uncached,
        coalesce(max(case when class = 'cached' then factor end), 1) as f_cached,
        coalesce(max(case when class = 'written' then factor end), 1) as f_write,
        coalesce(max(case when class = 'answer' then factor end), 1) as f_output,
        count(billed) > 0 as is_billed
    from hand.lines
    group by all
)
select
    factors.platform, factors.day, factors.project_id, factors.raw, models.model, prices.is_batch,
    prices.tokens_from, prices.tokens_to, prices.p_uncached, prices.p_cached, prices.p_write, prices.p_output,
    factors.is_billed,
    cast(round(cast(p_uncached * 1000000000000000 as decimal(18, 0)) * f_uncached, 0) * 0.000000000000001
        as decimal(18, 15)) as e_uncached,
    cast(round(cast(p_cached * 1000000000000000 as decimal(18, 0)) * f_cached, 0) * 0.000000000000001
        as decimal(18, 15)) as e_cached,
    cast(round(cast(p_write * 1000000000000000 as decimal(18, 0)) * f_write, 0) * 0.000000000000001
        as decimal(18, 15)) as e_write,
    cast(round(cast(p_output * 1000000000000000 as decimal(18, 0)) * f_output, 0) * 0.000000000000001
        as decimal(18, 15)) as e_output
from factors
inner join hand.models using (platform, raw)
inner join hand.prices
    on factors.platform = prices.platform and models.model = prices.model and factors.day = prices.day
    and factors.is_long = case when prices.tokens_from > 0 then 1 else 0 end;

-- Facts of the log: one row per attempt, copies taken out, retries judged.
create table hand.requests as
with copies as (
    select
        md5('app|' || request_id || '|' || attempt) as request_key, 'app' as request_source, * exclude (logged_at),
        cast(occurred_at as date) as usage_date
    from (select *, loaded_at as logged_at from raw.app_requests)
),
twice as (
    select request_key from copies group by request_key having count(*) > 1
),
accepted as (
    select copies.*, 1 as copies from copies anti join twice using (request_key)
    union all
    select copies.*, count(*) over (partition by request_key) as copies from copies semi join twice using (request_key)
    qualify row_number() over (partition by request_key order by input_tokens is null, loaded_at desc) = 1
),
retried as (
    select request_id, max(case when status = 'ok' then attempt end) as last_success
    from accepted group by request_id having count(*) > 1
)
select
    accepted.request_key, accepted.request_source, accepted.request_id, accepted.attempt, accepted.provider_request_id,
    accepted.trace_id, accepted.run_id, accepted.platform, accepted.provider,
    coalesce(accepted.project_id, accepted.workspace_id) as project_id, accepted.api_key_id, accepted.model_requested,
    accepted.model_served, accepted.operation, accepted.service_tier, accepted.is_batch, accepted.customer_id as customer_tag,
    accepted.user_id, accepted.feature as feature_tag, accepted.team as team_tag,
    accepted.environment as environment_tag, accepted.release, accepted.status, accepted.error_code,
    accepted.input_tokens - case when accepted.input_convention = 'inclusive' then accepted.cached_read_tokens else 0 end
        as input_uncached_tokens,
    accepted.cached_read_tokens as input_cached_tokens, accepted.cache_write_5m_tokens, accepted.cache_write_1h_tokens,
    accepted.output_tokens,
    accepted.input_tokens + case
        when accepted.input_convention = 'exclusive' then accepted.cached_read_tokens + accepted.cache_write_tokens else 0
    end as input_tokens,
    accepted.reasoning_tokens, accepted.status = 'ok' as is_success,
    accepted.status <> 'ok' or coalesce(accepted.attempt < retried.last_success, false) as is_waste,
    accepted.copies, accepted.usage_date, accepted.occurred_at as requested_at, accepted.completed_at, accepted.loaded_at
from accepted
left join retried using (request_id);

-- Owners: tag, else the one value of the trace around the day, else key, else project.
create temp table traces as
with members as (
    select distinct
        trace_id, usage_date, customers.customer_id, features.feature_id, teams.team_id, environment_tag as environment
    from hand.requests
    left join raw.customers on requests.customer_tag = customers.customer_id
    left join raw.features on requests.feature_tag = features.feature_id
    left join raw.teams on requests.team_tag = teams.team_id
    where trace_id is not null
),
mixed as (select trace_id from members group by trace_id having count(*) > 1),
around as (
    select trace_id, usage_date + shift.days as usage_date, customer_id, feature_id, team_id, environment
    from members semi join mixed using (trace_id), (values (-1), (0), (1)) as shift (days)
)
select
    trace_id, usage_date,
    case when count(distinct customer_id) = 1 then max(customer_id) end as customer_id,
    case when count(distinct feature_id) = 1 then max(feature_id) end as feature_id,
    case when count(distinct team_id) = 1 then max(team_id) end as team_id
from around
group by all;

create temp table costed as
with keys as (
    select platform, api_key_id, max(project_id) as project_id
    from hand.usage group by all having count(distinct project_id) = 1
),
rules as (select * from raw.bench_attribution_rules),
owned as (
    select
        requests.request_key, requests.request_id, requests.trace_id, requests.platform, requests.api_key_id,
        requests.user_id, requests.is_batch, requests.usage_date, requests.is_waste, requests.environment_tag as environment,
        requests.input_uncached_tokens, requests.input_cached_tokens, requests.cache_write_5m_tokens,
        requests.output_tokens, requests.input_tokens, requests.model_served as raw,
        coalesce(requests.project_id, keys.project_id) as project_id,
        coalesce(customers.customer_id, traces.customer_id) as customer_id,
        coalesce(features.feature_id, traces.feature_id, project_rules.target_id) as feature_id,
        coalesce(teams.team_id, traces.team_id, key_rules.target_id) as team_id,
        case when customers.customer_id is not null then 'request_tag' when traces.customer_id is not null
            then 'trace_inherited' else 'unattributed' end as customer_method,
        case when features.feature_id is not null then 'request_tag' when traces.feature_id is not null
            then 'trace_inherited' when project_rules.target_id is not null then 'project_map'
            else 'unattributed' end as feature_method,
        case when teams.team_id is not null then 'request_tag' when traces.team_id is not null
            then 'trace_inherited' when key_rules.target_id is not null then 'api_key_map'
            else 'unattributed' end as team_method
    from hand.requests
    left join keys using (platform, api_key_id)
    left join traces on requests.trace_id = traces.trace_id and requests.usage_date = traces.usage_date
    left join raw.customers on requests.customer_tag = customers.customer_id
    left join raw.features on requests.feature_tag = features.feature_id
    left join raw.teams on requests.team_tag = teams.team_id
    left join rules as key_rules
        on key_rules.evidence = 'api_key_map' and requests.platform = key_rules.platform
        and requests.api_key_id = key_rules.match_value
    left join rules as project_rules
        on project_rules.evidence = 'project_map' and requests.platform = project_rules.platform
        and coalesce(requests.project_id, keys.project_id) = project_rules.match_value
)
select
    owned.*,
    subscriptions.plan_id,
    rates.model, coalesce(rates.is_billed, false) as is_billed,
    case
        when customers.is_internal then 'internal_opex' when environment <> 'production' then 'rnd'
        when subscriptions.plan_id = 'free' then 'free_tier' else 'cogs'
    end as pnl_class,
    case when input_tokens is not null then cast(
        input_uncached_tokens * p_uncached + input_cached_tokens * p_cached
        + cache_write_5m_tokens * coalesce(p_write, 0) + output_tokens * p_output as decimal(38, 15)
    ) end as metered,
    case when input_tokens is not null then cast(
        input_uncached_tokens * e_uncached + input_cached_tokens * e_cached
        + cache_write_5m_tokens * coalesce(e_write, 0) + output_tokens * e_output as decimal(38, 15)
    ) end as effective
from owned
left join raw.customers on owned.customer_id = customers.customer_id
left join raw.subscriptions on owned.customer_id = subscriptions.customer_id
left join hand.rates
    on owned.platform = rates.platform and owned.usage_date = rates.day and owned.project_id = rates.project_id
    and owned.raw = rates.raw and owned.is_batch = rates.is_batch
    and coalesce(owned.input_tokens, 0) >= rates.tokens_from and coalesce(owned.input_tokens, 0) <= rates.tokens_to;

create table hand.ledger_requests as
select
    usage_date, platform, project_id, model, is_batch, feature_id, team_id, environment, pnl_class, is_billed,
    customer_method, feature_method, team_method, count(*) as attempts,
    cast(sum(case when is_waste then 1 else 0 end) as bigint) as wasted_attempts,
    cast(sum(input_uncached_tokens) as bigint) as input_uncached_tokens,
    cast(sum(input_cached_tokens) as bigint) as input_cached_tokens,
    cast(sum(cache_write_5m_tokens) as bigint) as cache_write_5m_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens, cast(sum(input_tokens) as bigint) as input_tokens,
    sum(metered) as metered_cost_usd, sum(effective) as effective_cost_usd,
    sum(case when is_waste then effective end) as waste_cost_usd
from costed
group by all;

create table hand.ledger_customers as
select
    usage_date, platform, customer_id, plan_id, feature_id, pnl_class, customer_method, count(*) as attempts,
    cast(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) as bigint) as tokens,
    sum(effective) as effective_cost_usd
from costed
group by all;

-- What the bill (or, without one, the provider's usage) has beyond the requests.
create table hand.unlogged as
with requests as (
    select usage_date as day, platform, project_id, model, sum(effective_cost_usd) as effective
    from hand.ledger_requests group by all
),
spent as (
    select lines.day, lines.platform, lines.project_id, models.model, sum(coalesce(billed, reported)) as spent
    from hand.lines inner join hand.models using (platform, raw) group by all
)
select
    day as usage_date, platform, project_id, model, coalesce(spent, 0) - coalesce(effective, 0) as effective_cost_usd
from spent full join requests using (day, platform, project_id, model)
where coalesce(spent, 0) <> coalesce(effective, 0);

create table hand.cost_ledger as
select
    md5(concat_ws('|', usage_date, platform, project_id, model, feature_id, team_id, environment, pnl_class))
        as ledger_key,
    'request' as ledger_row_type, *
from (
    select
        * exclude (is_batch, customer_method, feature_method, team_method) replace (
            sum(attempts) as attempts, sum(wasted_attempts) as wasted_attempts,
            cast(sum(input_uncached_tokens) as bigint) as input_uncached_tokens,
            cast(sum(input_cached_tokens) as bigint) as input_cached_tokens,
            cast(sum(cache_write_5m_tokens) as bigint) as cache_write_5m_tokens,
            cast(sum(output_tokens) as bigint) as output_tokens, cast(sum(input_tokens) as bigint) as input_tokens,
            sum(metered_cost_usd) as metered_cost_usd, sum(effective_cost_usd) as effective_cost_usd,
            sum(waste_cost_usd) as waste_cost_usd
        )
    from hand.ledger_requests
    group by all
)
union all by name
select
    md5(concat_ws('|', 'unlogged', usage_date, platform, project_id, model)) as ledger_key,
    'unlogged' as ledger_row_type, *, 'cogs' as pnl_class
from hand.unlogged;

create table hand.cost_per_customer as
with spend as (
    select
        date_trunc('month', usage_date)::date as usage_month, coalesce(customer_id, '__unattributed__') as customer_id,
        plan_id, pnl_class, feature_id, effective_cost_usd
    from hand.ledger_customers
    union all
    select date_trunc('month', usage_date)::date, '__unattributed__', null, 'cogs', null, effective_cost_usd
    from hand.unlogged
),
costs as (
    select
        usage_month, customer_id, max(plan_id) as plan_id, sum(effective_cost_usd) as direct_cost_usd,
        sum(case when pnl_class in ('cogs', 'free_tier') then effective_cost_usd else 0 end) as cost_to_serve_usd
    from spend group by all
),
top_features as (
    select usage_month, customer_id, feature_id from (
        select usage_month, customer_id, feature_id, sum(effective_cost_usd) as usd
        from spend where feature_id is not null group by all
    )
    qualify row_number() over (partition by usage_month, customer_id order by usd desc, feature_id) = 1
),
counts as (
    select
        date_trunc('month', usage_date)::date as usage_month, coalesce(customer_id, '__unattributed__') as customer_id,
        count(distinct request_id) as requests, count(distinct user_id) as active_users
    from costed group by all
),
revenue as (
    select date_trunc('month', invoice_date)::date as usage_month, customer_id, sum(amount - discount_amount) as usd
    from raw.revenue_lines group by all
)
select
    usage_month, customer_id, plan_id, feature_id as top_feature_id, requests, active_users, direct_cost_usd,
    cost_to_serve_usd, coalesce(usd, 0) as net_revenue_usd, coalesce(usd, 0) - cost_to_serve_usd as margin_after_ai_usd,
    row_number() over (partition by usage_month order by direct_cost_usd desc, customer_id) as cost_rank
from costs
left join top_features using (usage_month, customer_id)
left join counts using (usage_month, customer_id)
full join revenue using (usage_month, customer_id);

create table hand.cost_per_feature as
with spend as (
    select
        date_trunc('month', usage_date)::date as usage_month, coalesce(feature_id, '__unattributed__') as feature_id,
        attempts, pnl_class, effective_cost_usd, waste_cost_usd
    from hand.ledger_requests
    union all
    select date_trunc('month', usage_date)::date, '__unattributed__', 0, 'cogs', effective_cost_usd, 0
    from hand.unlogged
),
totals as (
    select
        usage_month, feature_id, cast(sum(attempts) as bigint) as attempts, sum(effective_cost_usd) as total_cost_usd,
        sum(case when pnl_class in ('cogs', 'free_tier') then effective_cost_usd end) as production_cost_usd,
        sum(waste_cost_usd) as waste_cost_usd
    from spend group by all
),
logical as (
    select
        date_trunc('month', usage_date)::date as usage_month, coalesce(feature_id, '__unattributed__') as feature_id,
        request_id, max(case when pnl_class in ('cogs', 'free_tier') then customer_id end) as customer_id,
        sum(case when pnl_class in ('cogs', 'free_tier') then effective end) as usd
    from costed group by all
),
units as (
    select
        usage_month, feature_id, count(*) as requests, count(distinct customer_id) as active_customers,
        sum(usd) as requests_cost_usd, percentile_disc([0.5, 0.95, 0.99]) within group (order by usd) as percentiles
    from logical group by all
)
select totals.*, units.* exclude (usage_month, feature_id)
from totals left join units using (usage_month, feature_id);

create table hand.margin_by_plan as
with members as (
    select
        date_trunc('month', usage_date)::date as usage_month,
        case when customer_id is null then '__unattributed__' when plan_id is null then '__no_plan__' else plan_id end
            as plan_id,
        customer_id, sum(effective_cost_usd) as usd
    from hand.ledger_customers group by all
),
revenue as (
    select date_trunc('month', invoice_date)::date as usage_month, plan_id, sum(amount - discount_amount) as usd
    from raw.revenue_lines group by all
)
select
    members.usage_month, members.plan_id, count(distinct customer_id) as customers, sum(members.usd) as total_cost_usd,
    max(revenue.usd) as net_revenue_usd, percentile_disc([0.5, 0.95, 0.99]) within group (order by members.usd) as percentiles
from members left join revenue using (usage_month, plan_id)
group by all;

create table hand.spend_by_provider_model as
select
    date_trunc('month', usage_date)::date as usage_month, platform, model, cast(sum(attempts) as bigint) as attempts,
    cast(sum(input_uncached_tokens) as bigint) as input_uncached_tokens,
    cast(sum(input_cached_tokens) as bigint) as input_cached_tokens, cast(sum(output_tokens) as bigint) as output_tokens,
    sum(metered_cost_usd) as metered_cost_usd, sum(effective_cost_usd) as effective_cost_usd
from hand.ledger_requests
group by all;
