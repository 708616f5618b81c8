"""What the marts say that somebody must act on: budgets, anomalies, unpriced models, coverage.

    mart_alerts.py               print them
    mart_alerts.py --json        the same for a program: a list of {key, kind, text}

Reads the marts of the last build, on DuckDB (AI_DUCKDB_PATH) or Snowflake. A key stays the same as
long as the matter does, so that it can be told once. Exit code: 0, also with alerts; 2 = no marts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

import load_raw

ROOT = Path(__file__).resolve().parents[1]
# Shares of a budget that are told.
BUDGET_STEPS = (0.8, 1.0)
# Days back from the newest one in which a jump is news.
ANOMALY_DAYS = 3
MOST_ANOMALIES = 10


@dataclass(frozen=True)
class Alert:
    """One matter. `key` tells it from others and stays while it lasts."""

    key: str
    kind: str  # budget, anomaly, unpriced_model, coverage
    text: str


class Marts:
    """Questions to the marts; money comes as Decimal."""

    def __init__(self, connection: Any, target: str, schema: str) -> None:
        """`schema`: where the marts are."""
        self._connection = connection
        self._target = target
        self._schema = schema

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows; `{marts}` in the SQL is the schema."""
        sql = sql.format(marts=self._schema)
        if self._target == "snowflake":
            with self._connection.cursor() as cursor:
                return list(cursor.execute(sql).fetchall())
        return list(self._connection.execute(sql).fetchall())


def budgets(marts: Marts) -> Iterator[Alert]:
    """Teams that used 80 or 100 percent of this month's budget."""
    for month, team, owner, used, budget, ratio in marts.rows(
        "select usage_month, team_id, budget_owner, budgeted_cost_usd, budget_usd, "
        "budget_used_ratio "
        "from {marts}.spend_by_team where budget_used_ratio is not null "
        "and usage_month = (select max(usage_month) from {marts}.spend_by_team) order by 2"
    ):
        passed = [step for step in BUDGET_STEPS if float(ratio) >= step]
        if passed:
            yield Alert(
                f"budget|{month:%Y-%m}|{team}|{passed[-1]:.0%}",
                "budget",
                f"{team} used {float(ratio):.0%} of its budget of {month:%B %Y}: "
                f"${float(used):,.2f} of ${float(budget):,.2f}"
                + (f" (owner: {owner})" if owner else ""),
            )


def anomalies(marts: Marts) -> Iterator[Alert]:
    """Jumps of the newest days, the dearest first."""
    for day, dimension, platform, value, cause, cost, baseline in marts.rows(
        "select usage_date, dimension, platform, dimension_value, cause, cost_usd, "
        "baseline_cost_usd "
        "from {marts}.cost_anomalies where usage_date > "
        f"(select max(usage_date) from {{marts}}.cost_ledger) - {ANOMALY_DAYS} "
        f"order by deviation_usd desc, 1, 2, 4 limit {MOST_ANOMALIES}"
    ):
        yield Alert(
            f"anomaly|{day:%Y-%m-%d}|{dimension}|{platform}|{value}",
            "anomaly",
            f"{dimension} {value}{f' on {platform}' if platform else ''} "
            f"cost ${float(cost):,.2f} on {day:%Y-%m-%d}, usually ${float(baseline):,.2f}: {cause}",
        )


def unpriced_models(marts: Marts) -> Iterator[Alert]:
    """Models of this month and the one before without a price."""
    for platform, model, attempts in marts.rows(
        "select platform, model, sum(unpriced_attempts) from {marts}.spend_by_provider_model "
        "where unpriced_attempts > 0 and usage_month >= (select max(usage_month) from "
        "{marts}.spend_by_provider_model where usage_month < (select max(usage_month) from "
        "{marts}.spend_by_provider_model)) group by platform, model order by 3 desc, 1, 2"
    ):
        yield Alert(
            f"unpriced_model|{platform}|{model}",
            "unpriced_model",
            f"{int(attempts):,} attempts of {model} on {platform} have no price: `make doctor` "
            "writes the rows to add",
        )


def coverage(marts: Marts, gate: float) -> Iterator[Alert]:
    """The newest complete month, where too little of its cost has a customer."""
    for month, attributed in marts.rows(
        "select c.usage_month, "
        "sum(case when c.is_attributed then c.share_of_cost_ratio else 0 end) "
        "from {marts}.attribution_coverage as c where c.dimension = 'customer' "
        "and c.usage_month = (select max(usage_month) from {marts}.ai_cogs_summary "
        "where is_period_complete) group by c.usage_month"
    ):
        if float(attributed) < gate:
            yield Alert(
                f"coverage|{month:%Y-%m}",
                "coverage",
                f"{float(attributed):.1%} of the cost of {month:%B %Y} has a customer, below the "
                f"gate of {gate:.0%} (ai_min_customer_coverage): the analysis unmapped_evidence "
                "lists the rules to add",
            )


def all_alerts(marts: Marts, variables: Mapping[str, Any]) -> list[Alert]:
    """Every alert, in order of kind."""
    return [
        *budgets(marts),
        *anomalies(marts),
        *unpriced_models(marts),
        *coverage(marts, float(variables["ai_min_customer_coverage"])),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--target", choices=("duckdb", "snowflake"), default="duckdb")
    parser.add_argument("--schema", default="marts", help="schema of the marts")
    parser.add_argument("--vars", default="{}", help="vars for dbt, as YAML")
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    given = parser.parse_args(argv)
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    variables = {**declared, **(yaml.safe_load(given.vars) or {})}
    try:
        connection = (
            load_raw.open_snowflake()
            if given.target == "snowflake"
            else load_raw.open_duckdb(load_raw.duckdb_path(), read_only=True)
        )
        try:
            found = all_alerts(Marts(connection, given.target, given.schema), variables)
        finally:
            connection.close()
    except Exception as problem:
        print(f"mart_alerts: {problem}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps([asdict(alert) for alert in found], indent=1))
    else:
        for alert in found:
            print(f"{alert.kind:<15} {alert.text}")
        print(f"{len(found)} alerts.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
