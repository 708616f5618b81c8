"""What a run would read and cost on Snowflake at a given volume: a simulation, not a measurement.

    simulate_scale.py --manifest target/manifest.json --requests-per-month 1e9,1e11
    simulate_scale.py … --bench target/bench.json        bytes and CPU a request from a benchmark

Three kinds of inputs are kept apart, and printed as such:
- derived: how often each stored model reads the stored requests or the raw log, counted in the
  compiled SQL (dbt compile) through all views between;
- measured: bytes a request of the stored facts and CPU seconds a request, from bench.json (DuckDB);
- assumed: what nobody can know without an account, each an option with its default.
Rules of the vendor are constants with their source. Costs are credits: what a credit costs is in
the contract. Reads are those of a full build: compile with --full-refresh.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# docs.snowflake.com, user guide, "Understanding compute cost": credits an hour of a standard
# warehouse; each size has about twice the power of the one before; billed by the second, one minute
# at least each time that it starts.
CREDITS_PER_HOUR = {
    "X-Small": 1,
    "Small": 2,
    "Medium": 4,
    "Large": 8,
    "X-Large": 16,
    "2X-Large": 32,
    "3X-Large": 64,
    "4X-Large": 128,
    "5X-Large": 256,
    "6X-Large": 512,
}
MINIMUM_SECONDS = 60
# docs.snowflake.com, user guide, "Micro-partitions & data clustering": uncompressed size of one.
PARTITION_MB = (50, 500)
# docs.snowflake.com, "Storage costs for Time Travel and Fail-safe": days that replaced rows are
# kept beside the live ones, for Time Travel of one day. A transient table has no Fail-safe.
KEPT_DAYS = {"transient": 1, "permanent": 1 + 7}
FACTS = "int_ai_requests"
RAW_LOGS = re.compile(r"^(stg_ai_requests__\w+)$")


@dataclass(frozen=True)
class Assumptions:
    """What is neither derived nor measured; days and months are calendar-free averages."""

    history_months: float = 13.0
    days_per_month: float = 30.4
    # days that a run touches: the new one, its neighbours, late rows and bills
    touched_days: float = 4.0
    # bytes a request where no benchmark is given: compressed, as DuckDB stores the facts
    fact_bytes: float = 110.0
    raw_bytes: float = 45.0
    # uncompressed bytes for one compressed
    compression: float = 5.0
    # part of the facts' columns that a read of them needs: engines read columns, not rows
    columns_read: float = 0.5
    # micro-partitions that a filter on days reads although they hold no row of them
    pruning_waste: float = 0.1
    # one core of DuckDB, CPU seconds for a million requests read once by one model
    cpu_seconds_per_million: float = 1.0
    # cores of an X-Small; not documented by the vendor
    cores_of_x_small: float = 8.0
    # how much of the cores' power a query turns into work, beside DuckDB on one machine
    efficiency: float = 0.5
    # a run may take so long; the smallest warehouse that is fast enough is taken
    minutes_of_a_run: float = 30.0
    # fixed seconds of a run: statements of small models, one after the other in few threads
    fixed_seconds: float = 120.0
    # rows a day of the stored aggregates, by request
    aggregate_ratio: float = 0.2


def stored_reads(manifest: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """{stored model: {"facts": times that it reads the stored requests, "raw": … the raw log}}.

    Counts references in the compiled SQL, through views: a view that two branches of a query read
    counts twice. Raises ValueError when the manifest holds no compiled SQL.
    """
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"].get("enabled", True)
    }
    compiled = {name: node.get("compiled_code") or "" for name, node in models.items()}
    if not any(compiled.values()):
        raise ValueError("the manifest has no compiled SQL: run dbt compile, not dbt parse")
    names = sorted(models, key=len, reverse=True)
    pattern = re.compile(
        r"(?:from|join)\s+(?:\"?[\w$]+\"?\.){0,2}\"?(" + "|".join(names) + r")\"?(?![\w.])", re.I
    )
    cache: dict[str, dict[str, int]] = {}

    def reads(name: str) -> dict[str, int]:
        """How often one read of the relation `name` reads facts and raw log."""
        if name == FACTS:
            return {"facts": 1, "raw": 0}
        if RAW_LOGS.match(name):
            return {"facts": 0, "raw": 1}
        if models[name]["config"]["materialized"] != "view":
            return {"facts": 0, "raw": 0}
        return inside(name)

    def inside(name: str) -> dict[str, int]:
        """How often the SQL of `name` reads them. A CTE that is named twice is read twice."""
        if name not in cache:
            cache[name] = {"facts": 0, "raw": 0}
            found = {"facts": 0, "raw": 0}
            for other, times in _references(compiled[name], pattern).items():
                for kind, number in reads(other).items():
                    found[kind] += times * number
            cache[name] = found
        return cache[name]

    result = {
        name: inside(name)
        for name, node in models.items()
        if node["config"]["materialized"] in ("table", "incremental")
    }
    return {name: found for name, found in sorted(result.items()) if any(found.values())}


def _references(sql: str, pattern: re.Pattern[str]) -> dict[str, int]:
    """{relation: how often the text reads it}."""
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.S)
    found: dict[str, int] = {}
    for match in pattern.finditer(text):
        name = match.group(1).lower()
        found[name] = found.get(name, 0) + 1
    return found


@dataclass(frozen=True)
class Run:
    """One run: what it reads and writes, and what that costs."""

    plan: str
    requests_per_month: float
    requests_read: float
    terabytes_read: float
    partitions_of_facts: float
    warehouse: str
    minutes: float
    fits: bool
    credits_per_run: float
    credits_per_million_requests: float
    terabytes_stored: float
    terabytes_kept_transient: float
    terabytes_kept_permanent: float


def simulate(
    requests_per_month: float,
    reads: Mapping[str, Mapping[str, int]],
    a: Assumptions,
    plan: str,
    runs_per_day: float = 1.0,
) -> Run:
    """One daily run. Plans: `rebuild` reads all history in every model that does not say
    `incremental`; `days` reads the touched days only.

    Credits a million requests are those of a month's runs over the month's requests.
    """
    facts = sum(found["facts"] for name, found in reads.items() if name != FACTS)
    raw = sum(found["raw"] for found in reads.values())
    history = requests_per_month * a.history_months
    touched = requests_per_month * a.touched_days / a.days_per_month
    read_rows = history if plan == "rebuild" else touched * (1 + a.pruning_waste)
    # the raw log is read by load day, whatever is rebuilt above the facts
    raw_rows = touched * (1 + a.pruning_waste)
    requests_read = facts * read_rows + raw * raw_rows
    read_bytes = facts * read_rows * a.fact_bytes * a.columns_read + raw * raw_rows * a.raw_bytes
    cpu = requests_read / 1e6 * a.cpu_seconds_per_million
    seconds_of_x_small = cpu / (a.cores_of_x_small * a.efficiency)
    limit = a.minutes_of_a_run * 60
    for name, credits in CREDITS_PER_HOUR.items():
        warehouse, rate = name, credits
        seconds = a.fixed_seconds + seconds_of_x_small / credits
        if seconds <= limit:
            break
    credits_per_run = rate * max(seconds, MINIMUM_SECONDS) / 3600
    facts_bytes = history * a.fact_bytes
    replaced = facts_bytes if plan == "rebuild" else touched * a.fact_bytes
    runs = runs_per_day * a.days_per_month
    return Run(
        plan=plan,
        requests_per_month=requests_per_month,
        requests_read=requests_read,
        terabytes_read=read_bytes / 1e12,
        partitions_of_facts=facts_bytes * a.compression / (PARTITION_MB[1] * 1e6),
        warehouse=warehouse,
        minutes=seconds / 60,
        fits=seconds <= limit,
        credits_per_run=credits_per_run,
        credits_per_million_requests=credits_per_run * runs / (requests_per_month / 1e6),
        terabytes_stored=facts_bytes * (1 + a.aggregate_ratio) / 1e12,
        terabytes_kept_transient=replaced * runs_per_day * KEPT_DAYS["transient"] / 1e12,
        terabytes_kept_permanent=replaced * runs_per_day * KEPT_DAYS["permanent"] / 1e12,
    )


def from_bench(
    document: Mapping[str, Any], reads: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Assumptions that a benchmark replaces, from its largest size. Raises KeyError."""
    size = max(document["sizes"], key=lambda part: part["rows"])
    full = size["cases"]["D"]
    passes = sum(found["facts"] + found["raw"] for found in reads.values())
    return {
        "fact_bytes": full["fact_bytes"] / size["rows"],
        "raw_bytes": size["data"]["parquet_bytes"] / size["rows"],
        # all CPU of a full refresh, dbt's own included, over all reads of requests: an upper bound
        "cpu_seconds_per_million": full["cpu_seconds"] / passes / (size["rows"] / 1e6),
    }


def numbers(text: str) -> list[float]:
    """`1e9,1e11` as numbers. Raises ValueError unless all are positive."""
    found = [float(part) for part in text.split(",")]
    if min(found) <= 0:
        raise ValueError("volumes are positive")
    return found


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("target/manifest.json"))
    parser.add_argument("--bench", type=Path, help="bench.json: measured bytes and CPU")
    parser.add_argument("--requests-per-month", type=numbers, default=[1e9, 1e11])
    parser.add_argument("--json", type=Path, help="also write the result there")
    for field in fields(Assumptions):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=float)
    options = parser.parse_args(argv)
    try:
        reads = stored_reads(json.loads(options.manifest.read_text(encoding="utf-8")))
        measured = (
            from_bench(json.loads(options.bench.read_text(encoding="utf-8")), reads)
            if options.bench
            else {}
        )
    except (OSError, ValueError, KeyError) as error:
        print(f"simulate_scale: {error}", file=sys.stderr)
        return 1
    given = {
        field.name: getattr(options, field.name)
        for field in fields(Assumptions)
        if getattr(options, field.name) is not None
    }
    assumptions = Assumptions(**{**measured, **given})
    runs = [
        simulate(volume, reads, assumptions, plan)
        for volume in options.requests_per_month
        for plan in ("rebuild", "days")
    ]
    show(reads, assumptions, measured, runs)
    if options.json:
        document = {
            "reads": reads,
            "assumptions": asdict(assumptions),
            "measured": sorted(measured.keys() - given.keys()),
            "runs": [asdict(run) for run in runs],
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


def show(
    reads: Mapping[str, Mapping[str, int]],
    assumptions: Assumptions,
    measured: Mapping[str, Any],
    runs: list[Run],
) -> None:
    """Print inputs by kind, then the runs."""
    console = Console(highlight=False, width=150)
    console.print("Derived from the compiled SQL: reads of stored requests and raw log by model")
    for name, found in sorted(reads.items(), key=lambda item: -sum(item[1].values())):
        console.print(f"  {name:<36} facts {found['facts']:>3}   raw {found['raw']:>3}")
    console.print("\nInputs")
    for name, value in asdict(assumptions).items():
        kind = "measured" if name in measured else "assumed"
        console.print(f"  {name:<26} {value:>10.3f}   {kind}")
    table = Table(
        *("requests a month", "plan", "TB read a run", "warehouse", "minutes", "credits a run"),
        *("credits per million", "TB stored", "TB kept, transient", "TB kept, permanent"),
        *("partitions ≥",),
        box=None,
    )
    for run in runs:
        table.add_row(
            f"{run.requests_per_month:,.0f}",
            run.plan,
            f"{run.terabytes_read:,.2f}",
            run.warehouse if run.fits else f"{run.warehouse}, too slow",
            f"{run.minutes:,.0f}",
            f"{run.credits_per_run:,.2f}",
            f"{run.credits_per_million_requests:,.4f}",
            f"{run.terabytes_stored:,.1f}",
            f"{run.terabytes_kept_transient:,.2f}",
            f"{run.terabytes_kept_permanent:,.2f}",
            f"{run.partitions_of_facts:,.0f}",
        )
    console.print()
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
