"""What the next run would change, before it changes anything.

    restatement_plan.py            days, requests and dollars that a plain `dbt run` would move now

Copies the DuckDB file to <out>, runs dbt on the copy and compares both: late rows, edited prices,
maps and plans, bills and exchange rates are all found as the run itself would find them. The
warehouse is only read. Exits with 0 also when something would move; --fail exits with 3 then.

On Snowflake clone the database (no data is copied), run dbt with SNOWFLAKE_DATABASE set to the
clone, and read restatement_log there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "target" / "restatement_plan"
# By day: all cost of the ledger, and what of it would go to another customer or feature.
DAYS = """
    with keyed as (
        select
            usage_date, platform, customer_id, feature_id, plan_id, pnl_class,
            sum(attempts) as attempts, coalesce(sum(effective_cost_usd), 0) as cost_usd
        from {database}.intermediate.int_ai_ledger__customers
        group by all
    )
    select * from keyed
"""
CHANGED_DAYS = f"""
    with before as ({DAYS.format(database="before")}),
    after as ({DAYS.format(database="after")}),
    both_sides as (
        select
            coalesce(before.usage_date, after.usage_date) as usage_date,
            coalesce(before.attempts, 0) as attempts_before,
            coalesce(after.attempts, 0) as attempts_after,
            coalesce(before.cost_usd, 0) as cost_before,
            coalesce(after.cost_usd, 0) as cost_after
        from before
        full outer join after
            on before.usage_date = after.usage_date
            and before.platform = after.platform
            and before.customer_id is not distinct from after.customer_id
            and before.feature_id is not distinct from after.feature_id
            and before.plan_id is not distinct from after.plan_id
            and before.pnl_class = after.pnl_class
    )
    select
        usage_date,
        cast(sum(attempts_before) as bigint),
        cast(sum(attempts_after) as bigint),
        cast(sum(cost_before) as decimal(38, 15)),
        cast(sum(cost_after) as decimal(38, 15)),
        cast(sum(abs(cost_after - cost_before)) as decimal(38, 15))
    from both_sides
    group by usage_date
    having sum(abs(cost_after - cost_before)) > 0 or sum(attempts_before) <> sum(attempts_after)
    order by usage_date
"""
REASONS = """
    select usage_month, reason, event, cast(sum(difference_usd) as decimal(38, 15))
    from after.marts.restatement_log
    where run_number > (select coalesce(max(run_number), 0) from before.marts.restatement_log)
        and event <> 'published'
        and mart = 'cost_ledger' and amount_name = 'effective_cost_usd'
    group by usage_month, reason, event
    order by usage_month
"""


class PlanError(Exception):
    """The warehouse cannot be copied or the run failed; the text says what to do."""


@dataclass(frozen=True)
class Day:
    """A UTC day that would change; amounts in USD. `moved_usd` also counts what goes from one
    customer, feature, plan or class to another within the day, on both sides."""

    usage_date: str
    requests_before: int
    requests_after: int
    cost_before_usd: Decimal
    cost_after_usd: Decimal
    moved_usd: Decimal


@dataclass(frozen=True)
class Month:
    """A published month that would be restated, and why."""

    usage_month: str
    reason: str | None
    event: str
    difference_usd: Decimal


@dataclass(frozen=True)
class Plan:
    """All that the next run would change."""

    days: list[Day]
    months: list[Month]


def plan(warehouse: Path, out: Path, run_dbt: Any) -> Plan:
    """Run dbt on a copy of `warehouse` below `out` and compare.

    `run_dbt(path)` runs dbt with its DuckDB file at `path` and raises on failure. The copy has the
    file's own name, because DuckDB names the database after it. Raises PlanError.
    """
    if not warehouse.exists():
        raise PlanError(f"There is no warehouse at {warehouse}: run `make build` first.")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    copy = out / warehouse.name
    shutil.copy(warehouse, copy)
    wal = warehouse.with_name(warehouse.name + ".wal")
    if wal.exists():
        shutil.copy(wal, copy.with_name(wal.name))
    run_dbt(copy)
    with duckdb.connect() as connection:
        for name, path in (("before", warehouse), ("after", copy)):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        days = [Day(str(row[0]), *row[1:]) for row in connection.execute(CHANGED_DAYS).fetchall()]
        months = [
            Month(str(row[0])[:7], *row[1:]) for row in connection.execute(REASONS).fetchall()
        ]
    return Plan(days, months)


def call_dbt(copy: Path, options: list[str]) -> None:
    """`dbt run` on the copy; raises PlanError with the end of its output when it fails."""
    profiles = Path(os.environ.get("DBT_PROFILES_DIR", ROOT)) / "profiles.yml"
    if profiles.exists() and "AI_DUCKDB_PATH" not in profiles.read_text(encoding="utf-8"):
        raise PlanError(
            f"{profiles} does not take the file from AI_DUCKDB_PATH, so the run could not be led "
            "to a copy. Write path as in profiles.example.yml."
        )
    command = [str(Path(sys.executable).with_name("dbt")), "run", "--target", "duckdb"]
    command += ["--target-path", str(copy.parent / "dbt"), *options]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "AI_DUCKDB_PATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise PlanError(f"dbt run failed on the copy; nothing was changed.\n{tail}")


def show(console: Console, found: Plan) -> None:
    """Print both lists, or that nothing would move."""
    if not found.days and not found.months:
        console.print("The next run would move nothing.")
        return
    table = Table("UTC day", "requests", "cost USD", "difference", "moved")
    for day in found.days:
        table.add_row(
            day.usage_date,
            f"{day.requests_before:,} → {day.requests_after:,}",
            f"{day.cost_before_usd:,.2f} → {day.cost_after_usd:,.2f}",
            f"{day.cost_after_usd - day.cost_before_usd:+,.6f}",
            f"{day.moved_usd:,.6f}",
        )
    console.print(table)
    for month in found.months:
        console.print(
            f"{month.usage_month}: {month.event}, {month.reason}, {month.difference_usd:+,.6f} USD",
            highlight=False,
        )
    difference = sum((day.cost_after_usd - day.cost_before_usd for day in found.days), Decimal(0))
    console.print(f"{len(found.days)} days, {difference:+,.6f} USD. Nothing was changed.")


def main(arguments: list[str] | None = None) -> int:
    """Read the options, plan, print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--warehouse",
        type=Path,
        default=Path(os.environ.get("AI_DUCKDB_PATH", ROOT / "ai_unit_economics.duckdb")),
        help="DuckDB file (AI_DUCKDB_PATH)",
    )
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the copy")
    parser.add_argument("--json", type=Path, help="also write the plan to this file")
    parser.add_argument("--fail", action="store_true", help="exit with 3 if something would move")
    options, dbt_options = parser.parse_known_args(arguments)
    console = Console()
    try:
        with console.status("running dbt on a copy …"):
            found = plan(
                options.warehouse.resolve(),
                options.out.resolve(),
                lambda copy: call_dbt(copy, dbt_options),
            )
    except PlanError as error:
        console.print(str(error), style="red", highlight=False)
        return 1
    finally:
        for file in options.out.glob("*.duckdb*"):
            file.unlink()
    show(console, found)
    if options.json:
        options.json.write_text(json.dumps(asdict(found), default=str, indent=2), encoding="utf-8")
    return 3 if options.fail and (found.days or found.months) else 0


if __name__ == "__main__":
    sys.exit(main())
