"""Generate the demo company: raw tables as its sources would land them, and the truth about them.

    generate_demo_data.py                         13 months, 250,000 provider calls, 300 customers
    generate_demo_data.py --requests 5000         a small one, for tests

Writes <out>/raw/<table>.parquet and <out>/truth/<name>.parquet (see <out>/truth/README.md). The
same options and price seed give the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo import billing, clouds, company, defects, prices, revenue, tables, traffic, truth, world
from demo.period import Period

PROJECT = Path(__file__).resolve().parents[1]
MAX_MONTHS = 18  # before, some features would have no model


@dataclass(frozen=True)
class Options:
    """What to generate; `prices` is the folder of the price seeds."""

    out: Path = Path("target/demo")
    requests: int = 250_000
    customers: int = 300
    seed: int = 20_261_122
    months: int = 13
    prices: Path = PROJECT / "seeds" / "prices"
    rules: Path = PROJECT / "seeds" / "attribution" / "ai_attribution_rules.csv"


def parse(arguments: Sequence[str] | None) -> Options:
    """Options from the command line."""
    default = Options()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=default.out, help="folder (%(default)s)")
    parser.add_argument(
        "--requests", type=int, default=default.requests, help="provider calls, about (%(default)s)"
    )
    parser.add_argument(
        "--customers", type=int, default=default.customers, help="customers (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=default.seed, help="random seed (%(default)s)")
    parser.add_argument(
        "--months", type=int, default=default.months, help="months up to 2026-11-22 (%(default)s)"
    )
    given = parser.parse_args(arguments)
    if given.requests < 1000:
        parser.error("--requests must be at least 1000")
    if given.customers < company.MIN_CUSTOMERS:
        parser.error(f"--customers must be at least {company.MIN_CUSTOMERS}")
    if not 2 <= given.months <= MAX_MONTHS:
        parser.error(f"--months must be between 2 and {MAX_MONTHS}")
    return Options(given.out, given.requests, given.customers, given.seed, given.months)


def generate(options: Options, progress: Progress | None = None) -> dict[str, int]:
    """Write all files; returns the number of rows by `raw/<table>` and `truth/<name>`."""
    steps = 6
    task = progress.add_task("customers", total=steps) if progress else None

    def step(name: str) -> None:
        if progress and task is not None:
            progress.update(task, advance=1, description=name)

    def stream(number: int) -> np.random.Generator:
        return np.random.default_rng([options.seed, number])

    period = Period.of_months(options.months)
    book = prices.PriceBook(options.prices, period)
    rates = company.fx_rates(period, stream(1))
    who = company.build(period, options.customers, stream(2))
    lines = revenue.revenue_lines(who, stream(3))
    entries = revenue.credit_ledger(who)
    raw: dict[str, pa.Table] = {
        **company.tables(who, rates),
        **revenue.tables(who, lines, entries),
    }
    step("requests")
    calls = traffic.simulate(who, book, options.requests, stream(4))
    listed = traffic.list_prices(calls, book)
    step("usage and bills")
    billed = billing.billed_prices(calls, listed, period)
    billed = clouds.agreed_prices(calls, billed, period)
    buckets = billing.usage_buckets(calls)
    bill = billing.bill_lines(calls, billed, period, stream(5))
    bill += clouds.bill_lines(calls, listed, billed, period)
    manual = billing.manual_costs(period)
    provider = billing.raw_tables(buckets, bill, period, stream(6))
    provider = provider | clouds.raw_tables(bill, period)
    raw.update(provider.tables)
    raw["manual_costs"] = billing.manual_table(manual)
    step("request log")
    log = defects.write_log(calls, listed, who, period, stream(7))
    raw["app_requests"] = defects.app_table(log)
    raw["bedrock_invocation_log"] = defects.bedrock_table(log)
    step("writing")
    for name, table in raw.items():
        tables.write(table, options.out / "raw" / f"{name}.parquet")
    step("truth")
    known = world.build_world(
        who, book, log, buckets, bill, manual, lines, entries, rates, options.rules
    )
    facts = truth.write_all(known, calls, provider, options.out / "truth")
    step("done")
    return {
        **{f"raw/{name}": table.num_rows for name, table in sorted(raw.items())},
        **{f"truth/{name}": rows for name, rows in facts.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    options = parse(arguments)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=console) as progress:
            rows = generate(options, progress)
    except (OSError, ValueError) as error:
        console.print(f"[red]Not generated:[/red] {error}", soft_wrap=True)
        return 1
    for name, count in rows.items():
        console.print(f"{name:<40}{count:>10,}")
    console.print(f"written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
