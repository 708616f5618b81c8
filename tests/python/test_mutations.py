"""A test that cannot fail is a defect: every invariant, and a change that makes it fail.

The eventful company is built once. Changes of tables are made on a copy of its warehouse, on which
the invariant's compiled query is run; changes of models and macros on a copy of the project, of
which dbt rebuilds what lies between the change and the invariant.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Dbt
from golden_company import EVENTFUL_VARIABLES, eventful_company, opened, query

INVARIANTS = sorted(path.stem for path in (ROOT / "tests" / "invariants").glob("*.sql"))
# What the eventful company has on purpose.
EXPECTED_WARNINGS = {"assert_models_are_priced"}

REQUEST = "ledger_row_type = 'request' and billed_cost_usd <> 0"
# The first row by its values: DuckDB's threads store rows in another order in each build.
FIRST = (
    "rowid = (select row_id from (select *, rowid as row_id from {table} where {where}"
    " order by all limit 1))"
)


def twice(table: str, where: str = "true") -> str:
    """SQL that doubles one row."""
    first = FIRST.format(table=table, where=where)
    return f"insert into {table} select * from {table} where {first}"


def lost(table: str, where: str = "true") -> str:
    """SQL that loses one row."""
    return f"delete from {table} where {FIRST.format(table=table, where=where)}"


def changed(table: str, change: str, where: str = "true") -> str:
    """SQL that changes one row."""
    return f"update {table} set {change} where {FIRST.format(table=table, where=where)}"


def as_table(view: str) -> str:
    """SQL that stores what a view shows, so that it can be changed."""
    return (
        f"create table {view}_copy as select * from {view}; drop view {view} cascade; "
        f"alter table {view}_copy rename to {view.split('.')[1]}"
    )


LEDGER = "marts.cost_ledger"
COSTED = "intermediate.int_ai_requests__costed"
STEPS = "marts.billing_variance_causes"
FOCUS = "intermediate.int_ai_focus_costs"
REVENUE = "intermediate.int_ai_revenue__daily"

# (invariant, what is wrong, SQL)
TABLE_MUTATIONS = [
    ("assert_ledger_billed_equals_bill_lines", "a ledger row twice", twice(LEDGER, REQUEST)),
    (
        "assert_ledger_billed_equals_bill_lines",
        "a bill line lost",
        lost(LEDGER, "ledger_row_type = 'tax'"),
    ),
    (
        "assert_ledger_billed_equals_bill_lines",
        "a residual with the wrong sign",
        changed(LEDGER, "billed_cost_usd = -billed_cost_usd", "ledger_row_type = 'unlogged'"),
    ),
    (
        "assert_ledger_billed_equals_bill_lines",
        "a row on the next day",
        changed(LEDGER, "usage_date = usage_date + 1", "ledger_row_type = 'credit'"),
    ),
    (
        "assert_ledger_billed_equals_bill_lines",
        "1e-15 USD",
        changed(LEDGER, "billed_cost_usd = billed_cost_usd + 0.000000000000001", REQUEST),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "tax is a cost",
        changed(LEDGER, "effective_cost_usd = billed_cost_usd", "ledger_row_type = 'tax'"),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "a credit lowers the cost",
        changed(LEDGER, "effective_cost_usd = billed_cost_usd", "ledger_row_type = 'credit'"),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "a rented machine on one day too many",
        twice(LEDGER, "platform = 'own_gpu'"),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "a reconciled request without a bill",
        changed(LEDGER, "billed_cost_usd = null", f"{REQUEST} and cost_status = 'reconciled'"),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "a request's share of a commitment lost",
        lost(LEDGER, "ledger_row_type = 'commitment_used'"),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "idle capacity that is spread and not taken off",
        changed(
            LEDGER,
            "effective_cost_usd = effective_cost_usd + 0.000000000000001",
            "ledger_row_type = 'commitment_used'",
        ),
    ),
    (
        "assert_ledger_effective_equals_billed_and_estimated",
        "a commitment billed twice",
        changed(
            LEDGER, "billed_cost_usd = effective_cost_usd", "ledger_row_type = 'idle_commitment'"
        ),
    ),
    (
        "assert_joins_keep_rows_and_tokens",
        "a share of a commitment that matches twice",
        twice("intermediate.int_ai_commitment_shares"),
    ),
    (
        "assert_unlogged_places_sum_to_residual",
        "a place lost",
        lost("intermediate.int_ai_unlogged"),
    ),
    (
        "assert_unlogged_places_sum_to_residual",
        "a place twice",
        twice("intermediate.int_ai_unlogged"),
    ),
    (
        "assert_causes_sum_to_bill",
        "a cause of a line lost",
        lost("intermediate.int_ai_line_causes"),
    ),
    (
        "assert_causes_sum_to_bill",
        "a cause of a line twice",
        twice("intermediate.int_ai_line_causes"),
    ),
    (
        "assert_causes_sum_to_bill",
        "a cause with the wrong sign",
        changed("intermediate.int_ai_line_causes", "amount_usd = -amount_usd"),
    ),
    *(
        ("assert_causes_sum_to_bill", f"a step to the bill {what}", sql)
        for what, sql in (
            ("lost", lost(STEPS, "component = 'unlogged' and period_type = 'day'")),
            ("twice", twice(STEPS, "component = 'rate_variance' and period_type = 'day'")),
            (
                "with the wrong sign",
                changed(STEPS, "amount_usd = -amount_usd", "component = 'credit'"),
            ),
            (
                "on the next day",
                changed(
                    STEPS,
                    "period_start = period_start + 1",
                    "component = 'tax' and period_type = 'day'",
                ),
            ),
            ("that only the month lacks", lost(STEPS, "period_type = 'invoice_month'")),
            (
                "off by 1e-15 USD",
                changed(STEPS, "amount_usd = amount_usd + 0.000000000000001"),
            ),
        )
    ),
    (
        "assert_customers_sum_to_ledger",
        "a customer lost",
        lost("marts.cost_per_customer", "customer_id = 'B' and fully_loaded_cost_usd <> 0"),
    ),
    (
        "assert_customers_sum_to_ledger",
        "a pool shared out and not taken off",
        changed(
            "marts.cost_per_customer",
            "fully_loaded_cost_usd = direct_cost_usd + 18",
            "customer_id = 'A'",
        ),
    ),
    *(
        ("assert_every_cut_sums_to_ledger", f"{mart} without its sentinel", lost(mart, where))
        for mart, where in (
            ("marts.cost_per_feature", "feature_id = '__unattributed__' and total_cost_usd <> 0"),
            ("marts.spend_by_team", "team_id = '__shared__' and total_cost_usd <> 0"),
            ("marts.margin_by_plan", "plan_id = '__unattributed__' and total_cost_usd <> 0"),
            ("marts.spend_by_provider_model", "model is null and total_cost_usd <> 0"),
            ("marts.ai_cogs_summary", "rnd_cost_usd + ai_cogs_usd > 0"),
        )
    ),
    *(
        (
            "assert_every_dimension_sums_to_ledger_by_day",
            what,
            change("intermediate.int_ai_spend__daily", where),
        )
        for what, change, where in (
            ("a customer lost", lost, "dimension = 'customer' and request_cost_usd > 0"),
            ("a feature twice", twice, "dimension = 'feature' and request_cost_usd > 0"),
            (
                "an API key lost on a day whose requests are priced",
                lost,
                "dimension = 'api_key' and request_cost_usd > 0 and usage_date = '2026-10-15'",
            ),
        )
    ),
    (
        "assert_budgets_are_set_beside_spend",
        "a team's budget in another month's place",
        changed("marts.spend_by_team", "budget_usd = 1"),
    ),
    (
        "assert_raw_rows_are_accounted_for",
        "an accepted request lost",
        lost("intermediate.int_ai_requests", "request_id = 'r1'")
        + "; insert into raw.app_requests select * from raw.app_requests where request_id = 'r1'",
    ),
    (
        "assert_raw_rows_are_accounted_for",
        "a bill line lost",
        lost("intermediate.int_ai_billing", "platform = 'openai'"),
    ),
    (
        "assert_raw_rows_are_accounted_for",
        "a rejected row lost",
        lost("intermediate.int_ai_rejected_rows"),
    ),
    (
        "assert_raw_rows_are_accounted_for",
        "a bucket accepted twice",
        twice("intermediate.int_ai_usage"),
    ),
    (
        "assert_raw_rows_are_accounted_for",
        "raw rows that staging does not show",
        "create table staging.fewer as select * from staging.stg_ai_billing__openai "
        "where line_item <> 'tax'; create or replace view staging.stg_ai_billing__openai as "
        "select * from staging.fewer; delete from intermediate.int_ai_billing "
        "where line_item = 'tax'",
    ),
    (
        "assert_joins_keep_rows_and_tokens",
        "a price that matches twice",
        # Not any row: one that a request is priced with.
        twice(
            "intermediate.int_ai_rates",
            "exists (select 1 from intermediate.int_ai_requests as r where r.request_id = 'r1' "
            "and r.cell_key = int_ai_rates.cell_key and r.usage_date = int_ai_rates.usage_date)",
        ),
    ),
    (
        "assert_joins_keep_rows_and_tokens",
        "an owner that matches twice",
        twice("intermediate.int_ai_evidence_owners", "evidence = 'request_tag:customer'"),
    ),
    (
        "assert_joins_keep_rows_and_tokens",
        "tokens of the ledger changed",
        changed(LEDGER, "input_uncached_tokens = input_uncached_tokens + 1", REQUEST),
    ),
    (
        "assert_joins_keep_rows_and_tokens",
        "a day's sum lost",
        lost("intermediate.int_ai_metered__daily"),
    ),
    (
        "assert_one_price_per_cell_day_and_band",
        "a price twice",
        twice("intermediate.int_ai_cell_prices"),
    ),
    (
        "assert_one_price_per_cell_day_and_band",
        "272,000 tokens in both bands",
        changed("intermediate.int_ai_rates", "input_tokens_from = 272000", "input_tokens_from > 0"),
    ),
    (
        "assert_one_price_per_cell_day_and_band",
        "272,001 tokens in no band",
        changed("intermediate.int_ai_rates", "input_tokens_from = 272002", "input_tokens_from > 0"),
    ),
    (
        "assert_one_price_per_cell_day_and_band",
        "a price that ends a day late",
        changed(
            "intermediate.int_ai_prices__periods",
            "valid_to = valid_to + 1",
            "valid_to < date '9999-12-31' and model = 'gpt-5.6-sol'",
        ),
    ),
    (
        "assert_token_classes_sum_to_input",
        "cached tokens counted in two classes",
        changed("intermediate.int_ai_requests", "input_cached_tokens = 5", "request_id = 'r1'"),
    ),
    (
        "assert_token_classes_sum_to_input",
        "more reasoning than output",
        changed("intermediate.int_ai_requests", "reasoning_tokens = 5", "request_id = 'r1'"),
    ),
    (
        "assert_token_classes_sum_to_input",
        "a class of a usage bucket lost",
        changed("intermediate.int_ai_usage", "input_uncached_tokens = 0"),
    ),
    (
        "assert_revenue_is_the_same_in_every_mart",
        "a customer's revenue lost",
        lost("marts.cost_per_customer", "customer_id = 'A' and net_revenue_usd <> 0"),
    ),
    (
        "assert_revenue_is_the_same_in_every_mart",
        "a plan's revenue twice",
        twice("marts.margin_by_plan", "plan_id = 'scale' and net_revenue_usd <> 0"),
    ),
    (
        "assert_revenue_is_the_same_in_every_mart",
        "a day of revenue lost",
        as_table(REVENUE) + "; " + lost(REVENUE, "net_revenue_usd <> 0"),
    ),
    (
        "assert_negative_cost_only_where_allowed",
        "a request that earns money",
        changed(LEDGER, "effective_cost_usd = -effective_cost_usd", REQUEST),
    ),
    (
        "assert_zero_cost_is_never_a_missing_price",
        "a missing price read as 0",
        as_table(COSTED)
        + f"; update {COSTED} set metered_cost_usd = 0 where pricing_status = 'unpriced_model'",
    ),
    (
        "assert_zero_cost_is_never_a_missing_price",
        "priced at 0",
        as_table(COSTED)
        + f"; update {COSTED} set metered_cost_usd = 0 where pricing_status = 'priced'",
    ),
    (
        "assert_percentiles_are_ordered",
        "p50 and p95 swapped",
        "update marts.cost_per_feature set p50_request_cost_usd = p95_request_cost_usd, "
        "p95_request_cost_usd = p50_request_cost_usd",
    ),
    (
        "assert_percentiles_are_ordered",
        "p99 above the total",
        "update marts.cost_per_feature set p99_request_cost_usd = 1000000 "
        "where p99_request_cost_usd is not null",
    ),
    (
        "assert_percentiles_are_ordered",
        "p95 above p99",
        "update marts.margin_by_plan set p95_customer_cost_usd = p99_customer_cost_usd + 1",
    ),
    (
        "assert_percentiles_are_ordered",
        "the dearest 1 percent above the dearest 10",
        "update marts.margin_by_plan set top_1_percent_share_of_cost_ratio = "
        "top_10_percent_share_of_cost_ratio + 0.1",
    ),
    (
        "assert_one_plan_per_customer_and_instant",
        "a plan to report under that ends a second late",
        changed(
            "intermediate.int_ai_plan_attribution",
            "valid_to = valid_to + interval 1 second",
            "valid_to < timestamp '9999-12-31'",
        ),
    ),
    (
        "assert_one_owner_per_evidence_and_day",
        "a rule that ends a day late",
        changed(
            "intermediate.int_ai_evidence_owners",
            "valid_to = valid_to + 1",
            "match_text = 'k2' and valid_to < date '9999-12-31'",
        ),
    ),
    (
        "assert_one_plan_per_customer_and_instant",
        "a plan that ends a second late",
        changed(
            "intermediate.int_ai_plan_periods",
            "valid_to = valid_to + interval 1 second",
            "valid_to < timestamp '9999-12-31'",
        ),
    ),
    (
        "assert_recognised_revenue_equals_net_lines",
        "a day of revenue twice",
        as_table(REVENUE) + "; " + twice(REVENUE, "net_revenue_usd <> 0"),
    ),
    (
        "assert_runs_sum_to_requests",
        "a run lost",
        lost("intermediate.int_ai_workflow_runs", "run_source = 'trace_id'"),
    ),
    (
        "assert_runs_sum_to_requests",
        "a run twice",
        twice("intermediate.int_ai_workflow_runs", "run_key is not null"),
    ),
    (
        "assert_restatement_log_is_what_marts_show",
        "1e-15 USD of a customer that nobody logged",
        changed(
            "marts.cost_per_customer",
            "fully_loaded_cost_usd = fully_loaded_cost_usd + 0.000000000000001",
            "customer_id = 'B' and usage_month in (select usage_month from marts.restatement_log)",
        ),
    ),
    (
        "assert_restatement_log_is_what_marts_show",
        "a log row lost",
        lost("marts.restatement_log", "difference_usd <> 0"),
    ),
    (
        "assert_restatement_log_is_what_marts_show",
        "a log row twice",
        twice("marts.restatement_log", "difference_usd <> 0"),
    ),
    (
        "assert_runs_sum_to_requests",
        "1e-15 USD of a run",
        changed(
            "intermediate.int_ai_workflow_runs",
            "effective_cost_usd = effective_cost_usd + 0.000000000000001",
            "run_key = 'agent'",
        ),
    ),
    (
        "assert_coverage_is_the_same_in_every_mart",
        "a gate of one mart alone",
        changed("marts.margin_by_plan", "coverage_status = 'insufficient'", "plan_id = 'pro'"),
    ),
    (
        "assert_coverage_is_the_same_in_every_mart",
        "a share of another evidence",
        changed(
            "marts.attribution_coverage",
            "is_attributed = not is_attributed",
            "dimension = 'customer' and effective_cost_usd <> 0",
        ),
    ),
    (
        "assert_rules_name_known_targets",
        "a rule for nobody",
        "update raw.attribution_rules set target_id = 'nobody we know'",
    ),
    (
        "assert_rules_name_known_targets",
        "a misspelt evidence",
        "update raw.attribution_rules set evidence = 'api_key'",
    ),
    (
        "assert_zero_cost_is_never_a_missing_price",
        "a class that nobody prices at 0",
        changed(
            "intermediate.int_ai_cell_prices",
            "output_price_usd = 0",
            "output_price_usd is null and input_uncached_price_usd > 0",
        ),
    ),
    (
        "assert_zero_cost_is_never_a_missing_price",
        "a price that the factor makes 0",
        "update intermediate.int_ai_rates set input_uncached_effective_price_usd = 0 "
        "where input_uncached_price_usd > 0",
    ),
    (
        "assert_models_are_priced",
        "one more model without a price",
        "update intermediate.int_ai_rates set is_model_priced = false where model = 'y'",
    ),
    ("assert_no_exact_duplicate_rows", "a bill line loaded twice", twice("raw.openai_costs")),
    ("assert_no_exact_duplicate_rows", "a bucket twice", twice("raw.openai_usage_completions")),
    (
        "assert_no_day_has_shrunk",
        "a raw request deleted",
        "delete from raw.app_requests where request_id = 'r1'",
    ),
    (
        "assert_focus_sums_to_ledger",
        "a charge twice",
        twice(FOCUS, "x_ledger_row_type = 'unlogged'"),
    ),
    ("assert_focus_sums_to_ledger", "a charge lost", lost(FOCUS, "x_ledger_row_type = 'tax'")),
    (
        "assert_focus_sums_to_ledger",
        "1e-15 USD billed",
        changed(
            FOCUS, "billed_cost = billed_cost + 0.000000000000001", "x_token_class is not null"
        ),
    ),
    (
        "assert_focus_sums_to_ledger",
        "1e-15 USD of effective cost",
        changed(FOCUS, "effective_cost = effective_cost - 0.000000000000001", "billed_cost > 0"),
    ),
    (
        "assert_focus_sums_to_ledger",
        "a token too many",
        changed(FOCUS, "consumed_quantity = consumed_quantity + 1", "consumed_unit = 'Tokens'"),
    ),
    (
        "assert_focus_sums_to_ledger",
        "another owner",
        changed(FOCUS, "x_feature_id = 'nobody'", "effective_cost <> 0"),
    ),
    (
        "assert_focus_invoices_sum_to_bill",
        "a charge on another invoice",
        changed(FOCUS, "invoice_id = 'another'", "x_ledger_row_type = 'credit'"),
    ),
    (
        "assert_focus_invoices_sum_to_bill",
        "a day on another day",
        changed(
            FOCUS,
            "charge_period_start = charge_period_start + interval 1 day",
            "x_ledger_row_type = 'tax'",
        ),
    ),
    (
        "assert_focus_sku_has_one_list_price",
        "two prices of one SKU price",
        f"update {FOCUS} set sku_price_id = 'one', sku_id = 'one' "
        "where list_unit_price is not null",
    ),
    (
        "assert_focus_sku_has_one_list_price",
        "two SKUs of one SKU price",
        f"update {FOCUS} set sku_price_id = 'one', list_unit_price = null "
        "where sku_price_id is not null",
    ),
    (
        "assert_bill_lines_are_parsed",
        "a line in a new wording",
        changed("intermediate.int_ai_billing", "is_parsed = false"),
    ),
]


@dataclass(frozen=True)
class ModelMutation:
    """A change of the code: `old` → `new` in `file`; `start` is the first model that shows it."""

    invariant: str
    what: str
    file: str
    start: str
    old: str
    new: str


LEDGER_MODELS = "models/intermediate/4_ledger"
MODEL_MUTATIONS = [
    ModelMutation(
        "assert_focus_sums_to_ledger",
        "a class that is never counted",
        f"{LEDGER_MODELS}/int_ai_class_costs.sql",
        "int_ai_class_costs",
        "where used.quantity > 0",
        "where used.quantity > 0 and used.price_class = 'output'",
    ),
    ModelMutation(
        "assert_focus_sums_to_ledger",
        "a commitment that costs nothing",
        f"{LEDGER_MODELS}/int_ai_class_costs.sql",
        "int_ai_class_costs",
        "when commitment_id is not null then committed_cost_usd",
        "when commitment_id is not null then 0",
    ),
    ModelMutation(
        "assert_ledger_billed_equals_bill_lines",
        "a sign of the residual",
        f"{LEDGER_MODELS}/int_ai_line_residuals.sql",
        "int_ai_line_residuals",
        "factors.billed_cost_usd - coalesce(on_lines.effective_cost_usd, 0)",
        "factors.billed_cost_usd + coalesce(on_lines.effective_cost_usd, 0)",
    ),
    ModelMutation(
        "assert_ledger_effective_equals_billed_and_estimated",
        "the last day of a line of several days",
        f"{LEDGER_MODELS}/int_ai_ledger__other.sql",
        "int_ai_ledger__other",
        "'lines.number_of_days')",
        "'lines.number_of_days - 1')",
    ),
    ModelMutation(
        "assert_ledger_effective_equals_billed_and_estimated",
        "a fee that counts on the bill and amortised",
        "models/intermediate/1_facts/int_ai_billing.sql",
        "int_ai_billing",
        "when commitment_id is not null and",
        "when 1 = 0 and commitment_id is not null and",
    ),
    ModelMutation(
        "assert_ledger_effective_equals_billed_and_estimated",
        "hours of a fee rounded by themselves",
        f"{LEDGER_MODELS}/int_ai_commitment_hours.sql",
        "int_ai_commitment_hours",
        "                    - {{ ai_straight_line('numbered.fee_amount_usd', "
        "'hour_number', 'numbered.hours_in_term') }}\n",
        "                    * 0 + {{ ai_straight_line('numbered.fee_amount_usd', '1', "
        "'numbered.hours_in_term') }}\n",
    ),
    ModelMutation(
        "assert_ledger_effective_equals_billed_and_estimated",
        "shares of an hour rounded by themselves",
        f"{LEDGER_MODELS}/int_ai_commitment_shares.sql",
        "int_ai_commitment_shares",
        "order by requested_at, request_key\n            rows between unbounded preceding and "
        "current row",
        "order by requested_at",
    ),
    ModelMutation(
        "assert_causes_sum_to_bill",
        "a cause that no line shows",
        f"{LEDGER_MODELS}/int_ai_line_causes.sql",
        "int_ai_line_causes",
        "    where whole.whole_class is null\n    {%- endfor %}",
        "    where whole.whole_class is null and '{{ cause }}' <> 'missing_logs'\n"
        "    {%- endfor %}",
    ),
    ModelMutation(
        "assert_causes_sum_to_bill",
        "a rest that forgets what was named",
        f"{LEDGER_MODELS}/int_ai_line_causes.sql",
        "int_ai_line_causes",
        "cast(residual_usd - named_usd as",
        "cast(residual_usd as",
    ),
    ModelMutation(
        "assert_causes_sum_to_bill",
        "a rest with the wrong sign",
        f"{LEDGER_MODELS}/int_ai_line_causes.sql",
        "int_ai_line_causes",
        "cast(residual_usd - named_usd as",
        "cast(named_usd - residual_usd as",
    ),
    ModelMutation(
        "assert_causes_sum_to_bill",
        "a cause of the whole line beside its parts",
        f"{LEDGER_MODELS}/int_ai_line_causes.sql",
        "int_ai_line_causes",
        "    from whole\n    where whole_class is null\n\n),\n\nsummed as (",
        "    from whole\n\n),\n\nsummed as (",
    ),
    ModelMutation(
        "assert_causes_sum_to_bill",
        "small causes that nobody takes",
        f"{LEDGER_MODELS}/int_ai_line_causes.sql",
        "int_ai_line_causes",
        "where ranked.cause_rank = 1 or abs(ranked.amount_usd) >= 0.000001",
        "where abs(ranked.amount_usd) >= 1000",
    ),
    ModelMutation(
        "assert_unlogged_places_sum_to_residual",
        "minor causes that the main cause does not give up",
        f"{LEDGER_MODELS}/int_ai_unlogged.sql",
        "int_ai_unlogged",
        "cast(weights.amount_usd - coalesce(minor_sums.amount_usd, 0) as",
        "cast(weights.amount_usd as",
    ),
    ModelMutation(
        "assert_ledger_billed_equals_bill_lines",
        "requests of an unknown project twice on their lines",
        f"{LEDGER_MODELS}/int_ai_line_requests.sql",
        "int_ai_line_requests",
        "'(bucket_lines.weight_up_to - bucket_lines.weight)'",
        "'(bucket_lines.weight_up_to - 2 * bucket_lines.weight)'",
    ),
    ModelMutation(
        "assert_causes_sum_to_bill",
        "a rate that the marts do not tell",
        "models/marts/billing_variance_causes.sql",
        "billing_variance_causes",
        "    select usage_date, platform, billing_account_id, 'rate_variance' as component, "
        "variance_class, amount_usd\n    from rate_parts\n",
        "    select usage_date, platform, billing_account_id, 'rate_variance' as component, "
        "variance_class, amount_usd\n    from rate_parts\n    where amount_usd > 0\n",
    ),
    ModelMutation(
        "assert_unlogged_places_sum_to_residual",
        "shares rounded by themselves",
        f"{LEDGER_MODELS}/int_ai_unlogged.sql",
        "int_ai_unlogged",
        "- {{ ai_share_of('rest_usd', '(reported_up_to - reported_usd)', 'reported_in_all') }}",
        "",
    ),
    ModelMutation(
        "assert_joins_keep_rows_and_tokens",
        "a plan that holds at its end too",
        f"{LEDGER_MODELS}/int_ai_requests__costed.sql",
        "int_ai_requests__costed",
        "owned.requested_at < plan_periods.valid_to",
        "owned.requested_at <= plan_periods.valid_to",
    ),
    ModelMutation(
        "assert_joins_keep_rows_and_tokens",
        "owners without the platform in the join",
        "macros/attribution/resolve.sql",
        "int_ai_requests__evidence",
        "and {{ platform }} = {{ alias }}.platform",
        "",
    ),
    ModelMutation(
        "assert_zero_cost_is_never_a_missing_price",
        "a coalesce in place of an unknown price",
        "models/intermediate/2_pricing/int_ai_cell_prices.sql",
        "int_ai_cell_prices",
        "max(case when price_class = '{{ class }}' then metered_price_usd end)",
        "coalesce(max(case when price_class = '{{ class }}' then metered_price_usd end), 0)",
    ),
    ModelMutation(
        "assert_zero_cost_is_never_a_missing_price",
        "a price that has ended read as 0",
        "models/intermediate/2_pricing/int_ai_prices__periods.sql",
        "int_ai_prices__periods",
        "{{ ai_price_per_unit('price_usd', 'unit') }} as price_usd,\n        price_usd is null",
        "coalesce({{ ai_price_per_unit('price_usd', 'unit') }}, 0) as price_usd,\n        false",
    ),
    ModelMutation(
        "assert_zero_cost_is_never_a_missing_price",
        "a status that does not ask for the price of a class",
        "macros/pricing/costing.sql",
        "int_ai_metered__daily",
        "when not ({{ ai_all_used_classes(q, p, suffix) }}) then 'unpriced_class'",
        "",
    ),
    ModelMutation(
        "assert_zero_cost_is_never_a_missing_price",
        "input that nobody counted read as none",
        "macros/pricing/costing.sql",
        "int_ai_metered__daily",
        "when {{ ai_lacks_counts(q, p, suffix) | indent(4) }} then 'missing_tokens'",
        "",
    ),
    ModelMutation(
        "assert_one_price_per_cell_day_and_band",
        "a band from its bound on",
        "models/intermediate/2_pricing/int_ai_cell_prices.sql",
        "int_ai_cell_prices",
        "then bands.context_over_tokens + 1",
        "then bands.context_over_tokens",
    ),
    ModelMutation(
        "assert_one_owner_per_evidence_and_day",
        "periods that are not cut where another rule begins",
        "models/intermediate/3_attribution/int_ai_evidence_owners.sql",
        "int_ai_evidence_owners",
        "lead(boundary) over (partition by evidence, platform, match_text order by boundary)",
        "max(boundary) over (partition by evidence, platform, match_text)",
    ),
    ModelMutation(
        "assert_raw_rows_are_accounted_for",
        "superseded loads kept",
        "models/intermediate/1_facts/int_ai_usage.sql",
        "int_ai_usage",
        "    where load_rank = 1\n",
        "",
    ),
    ModelMutation(
        "assert_token_classes_sum_to_input",
        "uncached input that includes the cache",
        "models/staging/usage/stg_ai_usage__openai.sql",
        "stg_ai_usage__openai",
        "'ai_uncached_text': 'ai_uncached - ai_audio - ai_image'",
        "'ai_uncached_text': 'ai_uncached + 1 - ai_audio - ai_image'",
    ),
    ModelMutation(
        "assert_every_cut_sums_to_ledger",
        "an inner join to the teams",
        "models/marts/spend_by_team.sql",
        "spend_by_team",
        "left join {{ ref('stg_ai_teams') }}",
        "inner join {{ ref('stg_ai_teams') }}",
    ),
    ModelMutation(
        "assert_runs_sum_to_requests",
        "a run cut at midnight",
        f"{LEDGER_MODELS}/int_ai_workflow_runs.sql",
        "int_ai_workflow_runs",
        "    from members\n    group by run_source, run_key\n",
        "    from members\n    group by run_source, run_key, usage_date\n",
    ),
    ModelMutation(
        "assert_runs_sum_to_requests",
        "requests without a trace left out",
        f"{LEDGER_MODELS}/int_ai_workflow_runs.sql",
        "int_ai_workflow_runs",
        "left join traces",
        "inner join traces",
    ),
    ModelMutation(
        "assert_coverage_is_the_same_in_every_mart",
        "shared charges counted as unattributed",
        f"{LEDGER_MODELS}/int_ai_customer_coverage.sql",
        "int_ai_customer_coverage",
        "when customer_id is not null or not is_shared then",
        "when customer_id is not null or true then",
    ),
    ModelMutation(
        "assert_customers_sum_to_ledger",
        "spend without a customer left out",
        f"{LEDGER_MODELS}/int_ai_ledger__customer_months.sql",
        "int_ai_ledger__customer_months",
        "    select * from request_months\n",
        "    select * from request_months where customer_id is not null\n",
    ),
]


@dataclass
class Laboratory:
    """A built warehouse with a copy to spoil, and the compiled invariants."""

    dbt: Dbt
    project: Path
    pristine: Path
    spoilt: Path
    compiled: dict[str, str]
    passing: dict[str, str]

    def reset(self) -> None:
        """Make the copy anew."""
        self.spoilt.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        shutil.copy(self.pristine, self.spoilt)

    def failures(self, invariant: str) -> int:
        """Number of rows that the invariant's query finds in the copy."""
        compiled = self.compiled[invariant]
        ((count,),) = query(self.spoilt, f"select count(*) from ({compiled}) as failures")
        return int(count)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("mutations")
    project = copy_project(folder / "project")
    spoilt = folder / "warehouse.duckdb"
    eventful_company().write(spoilt)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(spoilt)})
    dbt(
        *("build", "--exclude-resource-types", "test", "unit_test"),
        variables=EVENTFUL_VARIABLES,
        project=project,
    )
    tests = dbt(
        *("test", "--select", "test_type:singular"), variables=EVENTFUL_VARIABLES, project=project
    )
    pristine = folder / "pristine.duckdb"
    shutil.copy(spoilt, pristine)
    return Laboratory(
        dbt=dbt,
        project=project,
        pristine=pristine,
        spoilt=spoilt,
        compiled={result.node.name: result.node.compiled_code for result in tests.result.results},
        passing={result.node.name: str(result.status) for result in tests.result.results},
    )


def copy_project(target: Path) -> Path:
    """A copy of what dbt reads of the project."""
    target.mkdir(parents=True)
    shutil.copy(ROOT / "dbt_project.yml", target)
    for folder in ("models", "macros", "seeds"):
        shutil.copytree(ROOT / folder, target / folder)
    for folder in ("generic", "invariants"):
        shutil.copytree(ROOT / "tests" / folder, target / "tests" / folder)
    return target


def test_all_invariants_hold_on_the_eventful_company(laboratory: Laboratory) -> None:
    assert sorted(laboratory.passing) == INVARIANTS
    assert {name for name, status in laboratory.passing.items() if status != "pass"} == (
        EXPECTED_WARNINGS
    )
    assert set(laboratory.passing.values()) == {"pass", "warn"}


def test_every_invariant_has_a_mutation() -> None:
    mutated = {name for name, _, _ in TABLE_MUTATIONS} | {m.invariant for m in MODEL_MUTATIONS}
    assert sorted(mutated) == INVARIANTS


@pytest.mark.parametrize(
    ("invariant", "what", "sql"),
    TABLE_MUTATIONS,
    ids=[f"{name}: {what}" for name, what, _ in TABLE_MUTATIONS],
)
def test_table_mutation_breaks_invariant(
    laboratory: Laboratory, invariant: str, what: str, sql: str
) -> None:
    laboratory.reset()
    before = laboratory.failures(invariant)
    assert before == 0 or invariant in EXPECTED_WARNINGS
    with opened(laboratory.spoilt) as connection:
        connection.execute(sql)
    assert laboratory.failures(invariant) > before, f"{what} is not noticed by {invariant}"
    print(f"{what} -> {invariant}")


def test_dbt_reports_a_broken_invariant(laboratory: Laboratory) -> None:
    invariant, _, sql = TABLE_MUTATIONS[0]
    laboratory.reset()
    with opened(laboratory.spoilt) as connection:
        connection.execute(sql)
    result = laboratory.dbt(
        *("test", "--select", invariant),
        variables=EVENTFUL_VARIABLES,
        project=laboratory.project,
        check=False,
    )
    assert [str(test.status) for test in result.result.results] == ["fail"]


def model_mutations() -> Iterator[Any]:
    """The first in `make test`, where changed tables break every invariant: dbt builds for each."""
    for number, mutation in enumerate(MODEL_MUTATIONS):
        yield pytest.param(
            mutation,
            marks=[pytest.mark.slow] if number else [],
            id=f"{mutation.invariant}: {mutation.what}",
        )


@pytest.mark.parametrize("mutation", model_mutations())
def test_model_mutation_breaks_invariant(laboratory: Laboratory, mutation: ModelMutation) -> None:
    laboratory.reset()
    assert laboratory.failures(mutation.invariant) == 0
    file = laboratory.project / mutation.file
    original = file.read_text(encoding="utf-8")
    assert original.count(mutation.old) == 1, f"{mutation.file} no longer has {mutation.old!r}"
    file.write_text(original.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        laboratory.dbt(
            # Stored days are built from data, not from changed code: a mutation builds them anew.
            *("run", "--full-refresh", "--select", f"{mutation.start}+,+{mutation.invariant}"),
            variables=EVENTFUL_VARIABLES,
            project=laboratory.project,
        )
    finally:
        file.write_text(original, encoding="utf-8")
    assert laboratory.failures(mutation.invariant) > 0, f"{mutation.what} is not noticed"
    print(f"{mutation.what} -> {mutation.invariant}")
