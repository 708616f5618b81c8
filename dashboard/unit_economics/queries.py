"""Every SQL of the dashboard, the same on DuckDB and Snowflake.

Each function takes the marts and filters and returns a Table. Sums only: a ratio is made of two
sums by `figures.ratio`, percentiles are the marts' own or `percentile_disc` of single requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from unit_economics import figures
from unit_economics.marts import Marts, MissingMartError, Table

# Marts with a row per month that every scenario has, in the order in which they are asked.
MONTHLY = (
    "spend_by_provider_model",
    "ai_cogs_summary",
    "cost_per_feature",
    "cost_per_customer",
    "margin_by_plan",
    "spend_by_team",
)
PAYING = "plan_id not in ('__unattributed__', '__shared__', '__internal__')"
NOBODY = "customer_id in ('__unattributed__', '__shared__')"
INPUT_CLASSES = (
    "input_uncached_tokens",
    "input_cached_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_write_other_tokens",
    "input_audio_tokens",
    "input_image_tokens",
)
PRICE_CLASSES = (
    "input_uncached",
    "input_cached",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_other",
    "input_audio",
    "input_image",
    "output",
    "output_audio",
    "output_image",
    "web_search",
    "code_execution",
    "image",
    "audio_second",
    "character",
)


def next_month(month: date) -> date:
    """First day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def previous_month(month: date) -> date:
    """First day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _within(column: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """A condition that an empty choice leaves out."""
    if not values:
        return "", []
    return f" and {column} in ({', '.join('?' * len(values))})", list(values)


# --- what there is ------------------------------------------------------------------------------


def months(marts: Marts) -> Table:
    """Months with cost, newest first, and whether each is complete."""
    for name in MONTHLY:
        if marts.has(name):
            return marts.query(
                "select usage_month, min(case when is_period_complete then 1 else 0 end) as "
                "complete "
                f"from {{{name}}} group by usage_month order by usage_month desc"
            )
    raise MissingMartError(MONTHLY[0])


def values(marts: Marts, mart: str, column: str, month: date) -> list[str]:
    """Values of a column of a monthly mart in one month, as choices of a filter."""
    found = marts.query(
        f"select distinct {column} from {{{mart}}} "
        f"where usage_month = ? and {column} is not null order by 1",
        [month],
    )
    return [str(row[0]) for row in found.rows]


# --- how far to trust it ------------------------------------------------------------------------


@dataclass(frozen=True)
class Trust:
    """How far the month's figures can be trusted; None = not known, or the mart is off."""

    total_cost_usd: Decimal | None = None
    estimated_cost_usd: Decimal | None = None
    billed_usage_usd: Decimal | None = None
    covered_usage_usd: Decimal | None = None
    unexplained_days: int | None = None
    open_days: int | None = None
    attributable_cost_usd: Decimal | None = None
    attributed_cost_usd: Decimal | None = None
    unpriced_attempts: int | None = None
    attempts: int | None = None

    @property
    def estimated_ratio(self) -> Decimal | None:
        """Share of cost that no bill has confirmed yet."""
        return figures.ratio(self.estimated_cost_usd, self.total_cost_usd)

    @property
    def metering_ratio(self) -> Decimal | None:
        """Share of the billed usage that is seen as requests."""
        return figures.ratio(self.covered_usage_usd, self.billed_usage_usd)

    @property
    def attribution_ratio(self) -> Decimal | None:
        """Share of cost that has a customer."""
        return figures.ratio(self.attributed_cost_usd, self.attributable_cost_usd)

    @property
    def unpriced_ratio(self) -> Decimal | None:
        """Share of attempts without a price."""
        return figures.ratio(self.unpriced_attempts, self.attempts)


def trust(marts: Marts, month: date) -> Trust:
    """The measures of trust of one month; what cannot be asked stays None."""
    found: dict[str, Any] = {}
    period = [month, next_month(month)]
    if marts.has("cost_ledger"):
        found |= marts.query(
            "select sum(effective_cost_usd) as total_cost_usd, "
            "sum(case when cost_status = 'estimated' then effective_cost_usd else 0 end) "
            "as estimated_cost_usd from {cost_ledger} where usage_date >= ? and usage_date < ?",
            period,
        ).first()
    if marts.has("billing_reconciliation"):
        found |= marts.query(
            "select sum(billed_usage_usd) as billed_usage_usd, "
            "sum(covered_usage_usd) as covered_usage_usd, "
            "sum(case when reconciliation_status = 'unexplained' then 1 else 0 end) "
            "as unexplained_days, "
            "sum(case when reconciliation_status = 'estimated' then 1 else 0 end) as open_days "
            "from {billing_reconciliation} where usage_date >= ? and usage_date < ?",
            period,
        ).first()
    if marts.has("attribution_coverage"):
        found |= marts.query(
            "select sum(effective_cost_usd) as attributable_cost_usd, "
            "sum(case when is_attributed then effective_cost_usd else 0 end) "
            "as attributed_cost_usd from {attribution_coverage} "
            "where usage_month = ? and dimension = 'customer'",
            [month],
        ).first()
    if marts.has("spend_by_provider_model"):
        found |= marts.query(
            "select sum(unpriced_attempts) as unpriced_attempts, sum(attempts) as attempts "
            "from {spend_by_provider_model} where usage_month = ?",
            [month],
        ).first()
    return Trust(**found)


def attribution(marts: Marts, month: date) -> Table:
    """Cost of the month by dimension and evidence."""
    return marts.query(
        "select dimension, method, is_direct, is_attributed, attempts, effective_cost_usd "
        "from {attribution_coverage} where usage_month = ? "
        "order by dimension, effective_cost_usd desc",
        [month],
    )


def attribution_trend(marts: Marts) -> Table:
    """Cost with and without an owner, by month and dimension."""
    return marts.query(
        "select usage_month, dimension, sum(effective_cost_usd) as cost_usd, "
        "sum(case when is_attributed then effective_cost_usd else 0 end) as attributed_cost_usd "
        "from {attribution_coverage} group by usage_month, dimension order by 1, 2"
    )


def reconciliation(marts: Marts, month: date) -> Table:
    """Bill against meter, by platform."""
    return marts.query(
        "select platform, count(*) as days, "
        "sum(case when reconciliation_status = 'matched' then 1 else 0 end) as matched_days, "
        "sum(case when reconciliation_status = 'explained' then 1 else 0 end) as explained_days, "
        "sum(case when reconciliation_status = 'unexplained' then 1 else 0 end) "
        "as unexplained_days, "
        "sum(case when reconciliation_status = 'estimated' then 1 else 0 end) as estimated_days, "
        "sum(billed_cost_usd) as billed_cost_usd, sum(billed_usage_usd) as billed_usage_usd, "
        "sum(covered_usage_usd) as covered_usage_usd, sum(metered_cost_usd) as metered_cost_usd, "
        "sum(unlogged_cost_usd) as unlogged_cost_usd "
        "from {billing_reconciliation} where usage_date >= ? and usage_date < ? "
        "group by platform order by sum(billed_cost_usd) desc nulls last, platform",
        [month, next_month(month)],
    )


def metering_trend(marts: Marts) -> Table:
    """Billed usage and the part of it that is seen as requests, by month."""
    return marts.query(
        "select cast(date_trunc('month', usage_date) as date) as usage_month, "
        "sum(billed_usage_usd) as billed_usage_usd, sum(covered_usage_usd) as covered_usage_usd "
        "from {billing_reconciliation} group by 1 order by 1"
    )


def variance(marts: Marts, month: date) -> Table:
    """How the meter becomes the bill: amounts by component and cause."""
    return marts.query(
        "select component, variance_class, sum(amount_usd) as amount_usd "
        "from {billing_variance_causes} "
        "where period_type = 'day' and period_start >= ? and period_start < ? "
        "group by component, variance_class order by component, variance_class",
        [month, next_month(month)],
    )


# --- company, plans, customers ------------------------------------------------------------------


def company(marts: Marts) -> Table:
    """ai_cogs_summary, oldest month first."""
    return marts.query(
        "select usage_month, net_revenue_usd, total_cost_usd, ai_cogs_usd, free_tier_cost_usd, "
        "rnd_cost_usd, internal_opex_cost_usd, estimated_cost_usd, cash_cost_usd, credit_usd, "
        "tax_usd, purchase_usd, other_cogs_usd, margin_after_ai_usd, "
        "margin_after_ai_and_free_tier_usd, gross_margin_usd, ai_cogs_ratio, "
        "ai_cogs_and_free_tier_ratio, margin_after_ai_ratio, is_period_complete "
        "from {ai_cogs_summary} order by usage_month"
    )


def spend_trend(marts: Marts) -> Table:
    """Cost by month and platform, for companies whose scenario has no P&L marts."""
    return marts.query(
        "select usage_month, platform, sum(total_cost_usd) as total_cost_usd, "
        "min(case when is_period_complete then 1 else 0 end) as complete "
        "from {spend_by_provider_model} group by usage_month, platform order by 1, 2"
    )


def plans(marts: Marts, month: date) -> Table:
    """margin_by_plan of one month."""
    return marts.query(
        "select plan_id, customers, customer_months, underwater_customers, net_revenue_usd, "
        "total_cost_usd, ai_cogs_usd, free_tier_cost_usd, margin_after_ai_usd, "
        "margin_after_ai_ratio, gross_margin_usd, cost_per_customer_month_usd, "
        "revenue_per_customer_month_usd, p50_customer_cost_usd, p95_customer_cost_usd, "
        "p99_customer_cost_usd, breakeven_requests_per_customer, coverage_status "
        "from {margin_by_plan} where usage_month = ? order by net_revenue_usd desc, plan_id",
        [month],
    )


def plan_trend(marts: Marts) -> Table:
    """Revenue, margin and cost by month and plan; no sentinels but customers without a plan."""
    return marts.query(
        "select usage_month, plan_id, net_revenue_usd, margin_after_ai_usd, margin_after_ai_ratio, "
        "p50_customer_cost_usd, p95_customer_cost_usd, is_period_complete "
        f"from {{margin_by_plan}} where {PAYING} order by usage_month, plan_id"
    )


def customers(
    marts: Marts, month: date, plan: Sequence[str] = (), health: Sequence[str] = ()
) -> Table:
    """Customers of a month, dearest first."""
    by_plan, plans_chosen = _within("plan_id", plan)
    by_health, health_chosen = _within("health", health)
    return marts.query(
        "select customer_id, plan_id, plan_type, health, underwater_cause, top_feature_id, "
        "requests, active_users, net_revenue_usd, cost_to_serve_usd, fully_loaded_cost_usd, "
        "margin_after_ai_usd, margin_after_ai_ratio, ai_cost_ratio "
        f"from {{cost_per_customer}} where usage_month = ? and not ({NOBODY})"
        f"{by_plan}{by_health} order by cost_to_serve_usd desc, customer_id",
        [month, *plans_chosen, *health_chosen],
    )


def health(marts: Marts, month: date) -> Table:
    """Number, cost and revenue of customers by health; internal ones have none."""
    return marts.query(
        "select health, count(*) as customers, sum(cost_to_serve_usd) as cost_to_serve_usd, "
        "sum(net_revenue_usd) as net_revenue_usd from {cost_per_customer} "
        f"where usage_month = ? and not ({NOBODY}) and not is_internal "
        "group by health order by health",
        [month],
    )


def underwater(marts: Marts, month: date, plan: Sequence[str] = ()) -> Table:
    """Customers who paid less than they cost, the largest loss first, and since when."""
    by_plan, chosen = _within("plan_id", plan)
    found = marts.query(
        "select customer_id, plan_id, underwater_cause, top_feature_id, net_revenue_usd, "
        "cost_to_serve_usd, margin_after_ai_usd, requests from {cost_per_customer} "
        f"where usage_month = ? and underwater_cause is not null{by_plan} "
        "order by margin_after_ai_usd, customer_id",
        [month, *chosen],
    )
    if not found:
        return Table((*found.columns, "since_month"), ())
    under = marts.query(
        "select customer_id, usage_month from {cost_per_customer} "
        "where usage_month <= ? and underwater_cause is not null",
        [month],
    )
    losing = set(under.rows)
    rows = []
    for row in found.rows:
        since = month
        while (row[0], previous_month(since)) in losing:
            since = previous_month(since)
        rows.append((*row, since))
    return Table((*found.columns, "since_month"), tuple(rows))


def customer_trend(marts: Marts, customer: str) -> Table:
    """Months of one customer."""
    return marts.query(
        "select usage_month, plan_id, net_revenue_usd, cost_to_serve_usd, margin_after_ai_usd, "
        "is_period_complete from {cost_per_customer} where customer_id = ? order by usage_month",
        [customer],
    )


def concentration(marts: Marts, month: date) -> Table:
    """Cost of the dearest 1 %, 10 % of customers (rounded up) and of all."""
    return marts.query(
        "with ranked as (select cost_to_serve_usd, "
        "row_number() over (order by cost_to_serve_usd desc, customer_id) as place, "
        "count(*) over () as customers from {cost_per_customer} "
        f"where usage_month = ? and not ({NOBODY}) and not is_internal and cost_to_serve_usd > 0) "
        "select max(customers) as customers, sum(cost_to_serve_usd) as cost_usd, "
        "sum(case when (place - 1) * 100 < customers then cost_to_serve_usd else 0 end) "
        "as top_1_percent_cost_usd, "
        "sum(case when (place - 1) * 10 < customers then cost_to_serve_usd else 0 end) "
        "as top_10_percent_cost_usd from ranked",
        [month],
    )


# --- where the money goes -----------------------------------------------------------------------


def features(marts: Marts, month: date, chosen: Sequence[str] = ()) -> Table:
    """cost_per_feature of one month, dearest first."""
    condition, bound = _within("feature_id", chosen)
    return marts.query(
        "select feature_id, total_cost_usd, production_cost_usd, requests, attempts, "
        "active_customers, cost_per_request_usd, p50_request_cost_usd, p95_request_cost_usd, "
        "p99_request_cost_usd, cost_per_active_customer_usd, waste_cost_usd, "
        "share_of_cost_ratio, mom_change_ratio from {cost_per_feature} "
        f"where usage_month = ?{condition} order by total_cost_usd desc, feature_id",
        [month, *bound],
    )


def models(marts: Marts, month: date, chosen: Sequence[str] = ()) -> Table:
    """Cost by platform and model in one month, dearest first."""
    condition, bound = _within("model", chosen)
    return marts.query(
        "select platform, provider, model, total_cost_usd, list_cost_usd, metered_cost_usd, "
        "unlogged_cost_usd, attempts, unpriced_attempts, output_tokens, "
        f"{' + '.join(f'coalesce({name}, 0)' for name in INPUT_CLASSES)} as input_tokens "
        "from {spend_by_provider_model} "
        f"where usage_month = ? and total_cost_usd <> 0{condition} "
        "order by total_cost_usd desc, platform, model",
        [month, *bound],
    )


def teams(marts: Marts, month: date, chosen: Sequence[str] = ()) -> Table:
    """Cost by team against its budget in one month, dearest first."""
    condition, bound = _within("team_id", chosen)
    return marts.query(
        "select team_id, team_name, team_owner, total_cost_usd, production_environment_cost_usd, "
        "other_environments_cost_usd, unlogged_cost_usd, attempts, budget_usd, "
        "budgeted_cost_usd, budget_used_ratio, budget_owner from {spend_by_team} "
        f"where usage_month = ?{condition} order by total_cost_usd desc, team_id",
        [month, *bound],
    )


TRENDS = {
    "feature": ("cost_per_feature", "feature_id"),
    "model": ("spend_by_provider_model", "model"),
    "team": ("spend_by_team", "team_id"),
    "platform": ("spend_by_provider_model", "platform"),
}


def cost_trend(marts: Marts, dimension: str, chosen: Sequence[str] = ()) -> Table:
    """Cost by month and value of a dimension out of TRENDS."""
    mart, column = TRENDS[dimension]
    condition, bound = _within(column, chosen)
    return marts.query(
        f"select usage_month, {column} as item, sum(total_cost_usd) as total_cost_usd, "
        "min(case when is_period_complete then 1 else 0 end) as complete "
        f"from {{{mart}}} where 1 = 1{condition} group by usage_month, {column} order by 1, 2",
        bound,
    )


def unit_cost_trend(marts: Marts, chosen: Sequence[str] = ()) -> Table:
    """Cost per request and its percentiles by month and feature; no sentinels."""
    condition, bound = _within("feature_id", chosen)
    return marts.query(
        "select usage_month, feature_id, cost_per_request_usd, p50_request_cost_usd, "
        "p95_request_cost_usd, p99_request_cost_usd, is_period_complete from {cost_per_feature} "
        "where feature_id not in ('__unattributed__', '__shared__')"
        f"{condition} order by usage_month, feature_id",
        bound,
    )


def model_unit_cost(marts: Marts, month: date, fewest: int = 20) -> Table:
    """Cost of single calls by model in production; no percentile on fewer calls than `fewest`."""
    return marts.query(
        "select platform, model, count(effective_cost_usd) as calls, "
        "sum(effective_cost_usd) as cost_usd, "
        f"case when count(effective_cost_usd) >= {fewest:d} then "
        "percentile_disc(0.5) within group (order by effective_cost_usd) end as p50_call_cost_usd, "
        f"case when count(effective_cost_usd) >= {fewest:d} then "
        "percentile_disc(0.95) within group (order by effective_cost_usd) end as p95_call_cost_usd "
        "from {cost_per_request} where usage_date >= ? and usage_date < ? "
        "and pnl_class in ('cogs', 'free_tier') and effective_cost_usd is not null "
        "group by platform, model order by sum(effective_cost_usd) desc, platform, model",
        [month, next_month(month)],
    )


def workflow_runs(marts: Marts, month: date) -> Table:
    """Runs, their cost, and what one run that came to something costs, by feature."""
    return marts.query(
        "select feature_id, count(*) as runs, "
        "sum(case when is_successful then 1 else 0 end) as successful_runs, "
        "sum(case when is_successful is null then 1 else 0 end) as unknown_runs, "
        "sum(effective_cost_usd) as cost_usd, sum(waste_cost_usd) as waste_cost_usd, "
        "percentile_disc(0.5) within group (order by effective_cost_usd) as p50_run_cost_usd, "
        "percentile_disc(0.95) within group (order by effective_cost_usd) as p95_run_cost_usd "
        "from {cost_per_workflow_run} where usage_month = ? and pnl_class in ('cogs', 'free_tier') "
        "and effective_cost_usd is not null "
        "group by feature_id order by sum(effective_cost_usd) desc, feature_id",
        [month],
    )


# --- savings, forecast, anomalies ---------------------------------------------------------------


def savings_trend(marts: Marts) -> Table:
    """What caching and batch saved, and the input tokens behind it, by month."""
    return marts.query(
        "select usage_month, sum(cache_savings_usd) as cache_savings_usd, "
        "sum(cache_read_savings_usd) as cache_read_savings_usd, "
        "sum(cache_write_premium_usd) as cache_write_premium_usd, "
        "sum(batch_savings_usd) as batch_savings_usd, "
        "sum(input_cached_tokens) as input_cached_tokens, "
        f"sum({' + '.join(f'coalesce({name}, 0)' for name in INPUT_CLASSES)}) as input_tokens, "
        "min(case when is_period_complete then 1 else 0 end) as complete "
        "from {spend_by_provider_model} group by usage_month order by usage_month"
    )


def savings(marts: Marts, month: date) -> Table:
    """What caching and batch saved by model, the largest first."""
    return marts.query(
        "select platform, model, cache_savings_usd, cache_read_savings_usd, "
        "cache_write_premium_usd, batch_savings_usd, input_cached_tokens, "
        f"{' + '.join(f'coalesce({name}, 0)' for name in INPUT_CLASSES)} as input_tokens, "
        "total_cost_usd from {spend_by_provider_model} "
        "where usage_month = ? and attempts > 0 "
        "order by coalesce(cache_savings_usd, 0) + coalesce(batch_savings_usd, 0) desc, "
        "platform, model",
        [month],
    )


def forecast(marts: Marts, platform: str = "all") -> Table:
    """spend_forecast of one platform, oldest month first."""
    return marts.query(
        "select usage_month, platform, as_of_date, spend_to_date_usd, forecast_usd, "
        "forecast_low_usd, forecast_high_usd, actual_usd, days_left, method, "
        "backtest_error_ratio, backtest_months, is_period_complete "
        "from {spend_forecast} where platform = ? order by usage_month",
        [platform],
    )


def forecast_platforms(marts: Marts) -> list[str]:
    """Platforms with a forecast, the company first."""
    found = marts.query("select distinct platform from {spend_forecast} order by 1")
    names = [str(row[0]) for row in found.rows]
    return [name for name in names if name == "all"] + [name for name in names if name != "all"]


def anomalies(marts: Marts, first: date, end: date, dimension: Sequence[str] = ()) -> Table:
    """Days that jumped in [first, end), the largest deviation first."""
    condition, bound = _within("dimension", dimension)
    return marts.query(
        "select usage_date, dimension, platform, dimension_value, cause, cost_usd, "
        "baseline_cost_usd, deviation_usd, volume_effect_usd, unit_cost_effect_usd, "
        "other_effect_usd, increase_ratio, cost_status from {cost_anomalies} "
        f"where usage_date >= ? and usage_date < ?{condition} "
        "order by deviation_usd desc, usage_date desc, dimension, dimension_value",
        [first, end, *bound],
    )


def daily_cost(marts: Marts, month: date) -> Table:
    """Cost by day and platform, and the part that no bill has confirmed."""
    return marts.query(
        "select usage_date, platform, sum(effective_cost_usd) as cost_usd, "
        "sum(case when cost_status = 'estimated' then effective_cost_usd else 0 end) "
        "as estimated_cost_usd from {cost_ledger} where usage_date >= ? and usage_date < ? "
        "group by usage_date, platform order by 1, 2",
        [month, next_month(month)],
    )


# --- what if ------------------------------------------------------------------------------------


def scenarios(marts: Marts) -> Table:
    """Scenarios of ai_price_scenarios and the months that they touch."""
    return marts.query(
        "select scenario_id, usage_month, count(*) as parts from {price_change_impact} "
        "group by scenario_id, usage_month order by scenario_id, usage_month desc"
    )


def scenario_plans(marts: Marts, scenario: str, month: date) -> Table:
    """A scenario by plan. A cost after it that is unknown for one customer is so for the plan."""
    return marts.query(
        "select plan_id, sum(net_revenue_usd) as net_revenue_usd, "
        "sum(cost_before_usd) as cost_before_usd, "
        "case when count(cost_after_usd) = count(*) then sum(cost_after_usd) end "
        "as cost_after_usd, count(*) - count(cost_after_usd) as unknown_customers, "
        "sum(case when is_underwater_before then 1 else 0 end) as underwater_before, "
        "sum(case when is_underwater_after then 1 else 0 end) as underwater_after "
        "from {price_change_impact} where scenario_id = ? and usage_month = ? "
        "group by plan_id order by sum(cost_before_usd) desc, plan_id",
        [scenario, month],
    )


def served_models(marts: Marts, month: date) -> list[str]:
    """Models with cost for customers in production, dearest first."""
    found = marts.query(
        "select model from {cost_per_request} where usage_date >= ? and usage_date < ? "
        "and pnl_class in ('cogs', 'free_tier') and customer_id is not null "
        "and model is not null and effective_cost_usd > 0 "
        "group by model order by sum(effective_cost_usd) desc, model",
        [month, next_month(month)],
    )
    return [str(row[0]) for row in found.rows]


def touched_cost(marts: Marts, month: date, model: Sequence[str]) -> Table:
    """Cost by plan and customer of the requests to some models, in production."""
    condition, bound = _within("model", model)
    return marts.query(
        "select coalesce(plan_id, '__no_plan__') as plan_id, customer_id, "
        "sum(effective_cost_usd) as touched_cost_usd from {cost_per_request} "
        "where usage_date >= ? and usage_date < ? and pnl_class in ('cogs', 'free_tier') "
        f"and customer_id is not null and effective_cost_usd is not null{condition} "
        "group by coalesce(plan_id, '__no_plan__'), customer_id order by 1, 2",
        [month, next_month(month), *bound],
    )


def plan_costs(marts: Marts, month: date) -> Table:
    """Revenue, cost to serve and margin of plans, customers without a plan included."""
    return marts.query(
        "select plan_id, net_revenue_usd, ai_cogs_usd + free_tier_cost_usd as cost_to_serve_usd, "
        "customers, underwater_customers from {margin_by_plan} "
        f"where usage_month = ? and {PAYING} order by net_revenue_usd desc, plan_id",
        [month],
    )


def customer_costs(marts: Marts, month: date) -> Table:
    """Revenue and cost to serve of paying customers, with the plan they end the month on."""
    return marts.query(
        "select customer_id, coalesce(plan_id, '__no_plan__') as plan_id, net_revenue_usd, "
        "cost_to_serve_usd from {cost_per_customer} "
        f"where usage_month = ? and not ({NOBODY}) and not is_internal and net_revenue_usd > 0 "
        "order by customer_id",
        [month],
    )


@dataclass(frozen=True)
class WhatIf:
    """A plan before and after a change of prices, in USD of one month."""

    plan_id: str
    revenue_before_usd: Decimal
    revenue_after_usd: Decimal
    cost_before_usd: Decimal
    cost_after_usd: Decimal
    underwater_before: int
    underwater_after: int

    @property
    def margin_before_usd(self) -> Decimal:
        """Revenue less cost to serve."""
        return self.revenue_before_usd - self.cost_before_usd

    @property
    def margin_after_usd(self) -> Decimal:
        """Revenue less cost to serve, after the change."""
        return self.revenue_after_usd - self.cost_after_usd


def what_if(
    marts: Marts,
    month: date,
    model: Sequence[str],
    cost_percent: int,
    plan_percent: Sequence[tuple[str, int]],
) -> list[WhatIf]:
    """The month again with other prices, all else equal: the same requests, the same customers.

    `model` (none = all) costs `cost_percent` more or less, the price of a plan changes by
    `plan_percent`. Exact decimals; spend that nobody logged stays as it is. A customer counts on
    the plan it ends the month on, as in margin_by_plan.
    """
    touched = touched_cost(marts, month, model) if cost_percent else Table((), ())
    by_plan: dict[str, Decimal] = {}
    by_customer: dict[str, Decimal] = {}
    for plan_id, customer_id, cost in touched.rows:
        by_plan[plan_id] = by_plan.get(plan_id, Decimal(0)) + cost
        by_customer[customer_id] = by_customer.get(customer_id, Decimal(0)) + cost
    factor = Decimal(cost_percent) / 100
    price = dict(plan_percent)
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for customer_id, plan_id, revenue, cost in customer_costs(marts, month).rows:
        grown = revenue * (100 + price.get(plan_id, 0)) / 100
        added = by_customer.get(customer_id, Decimal(0)) * factor
        before[plan_id] = before.get(plan_id, 0) + (cost > revenue)
        after[plan_id] = after.get(plan_id, 0) + (grown > 0 and cost + added > grown)
    result = []
    for row in plan_costs(marts, month):
        plan_id = row["plan_id"]
        revenue = row["net_revenue_usd"] or Decimal(0)
        result.append(
            WhatIf(
                plan_id=plan_id,
                revenue_before_usd=revenue,
                revenue_after_usd=revenue * (100 + price.get(plan_id, 0)) / 100,
                cost_before_usd=row["cost_to_serve_usd"],
                cost_after_usd=row["cost_to_serve_usd"] + by_plan.get(plan_id, Decimal(0)) * factor,
                underwater_before=before.get(plan_id, 0),
                underwater_after=after.get(plan_id, 0),
            )
        )
    return result


# --- single requests ----------------------------------------------------------------------------


@dataclass(frozen=True)
class RequestFilter:
    """Which attempts: UTC days [first, end), and exact values; None or empty = any."""

    first: date
    end: date
    feature: str | None = None
    model: str | None = None
    customer: str | None = None
    team: str | None = None
    platform: str | None = None
    only: str | None = None

    ONLY: ClassVar[dict[str, str]] = {
        "waste": "is_waste",
        "failed": "not is_success",
        "unpriced": "effective_cost_usd is null",
        "estimated": "cost_status = 'estimated'",
        "no customer": "customer_id is null",
    }

    def where(self) -> tuple[str, list[Any]]:
        """The condition and its values."""
        parts, bound = ["usage_date >= ? and usage_date < ?"], [self.first, self.end]
        for column, value in (
            ("feature_id", self.feature),
            ("model", self.model),
            ("customer_id", self.customer),
            ("team_id", self.team),
            ("platform", self.platform),
        ):
            if value:
                parts.append(f"{column} = ?")
                bound.append(value)  # type: ignore[arg-type]
        if self.only:
            parts.append(f"({self.ONLY[self.only]})")
        return " and ".join(parts), bound


def request_totals(marts: Marts, chosen: RequestFilter) -> Table:
    """Number and cost of the chosen attempts."""
    where, bound = chosen.where()
    return marts.query(
        "select count(*) as attempts, sum(effective_cost_usd) as cost_usd, "
        "sum(case when effective_cost_usd is null then 1 else 0 end) as unpriced_attempts, "
        "sum(case when is_waste then effective_cost_usd else 0 end) as waste_cost_usd, "
        "percentile_disc(0.5) within group (order by effective_cost_usd) as p50_usd, "
        "percentile_disc(0.95) within group (order by effective_cost_usd) as p95_usd "
        f"from {{cost_per_request}} where {where}",
        bound,
    )


def request_rows(marts: Marts, chosen: RequestFilter, limit: int = 200) -> Table:
    """The dearest of the chosen attempts."""
    where, bound = chosen.where()
    return marts.query(
        "select requested_at, request_id, attempt, feature_id, customer_id, platform, model, "
        "effective_cost_usd, metered_cost_usd, list_cost_usd, input_tokens, output_tokens, "
        "status, is_waste, pricing_status, cost_status, customer_method, request_key "
        f"from {{cost_per_request}} where {where} "
        f"order by effective_cost_usd desc nulls last, request_key limit {limit:d}",
        bound,
    )


def request_detail(marts: Marts, day: date, request_key: str) -> Table:
    """All columns of one attempt; its day lets the engine skip the other days."""
    return marts.query(
        "select * from {cost_per_request} where usage_date = ? and request_key = ?",
        [day, request_key],
    )
