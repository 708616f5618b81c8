"""Measure the package against hand-written SQL, other price engines and its own goals G1 to G13.

    bench.py                              1,000,000 requests, three rounds
    bench.py --rows 1e7 --rounds 1        ten million
    bench.py --rows 1e6,1e7               one size after the other
    bench.py --big --memory-limit 3GB     also 100,000,000 (about 60 GB of disk, hours)
    bench.py --cases H,C,S,D --no-peers   some cases only

Data is generated once per size; each case runs in fresh processes, interleaved over the rounds,
and ratios are taken inside a round. Writes <out>/bench.json and prints a table. Ends with 1 when a
check fails: a total that is not the independent exact one, a second run or a price edit that
changes a row that it must not, a floating column. A goal that is missed is no failure: what took
the time is printed. All files are below <out>/bench. Times depend on the machine: compare ratios,
and on a busy one the ratios by CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from benchmark.cases import Bench, BenchError, Options
from benchmark.data import Data
from benchmark.goals import Round, Verdict, judge
from benchmark.measure import ROOT

PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "litellm", "genai-prices", "polars")
CASES = ("H", "C", "S", "D", "N13", "N1", "U", "R", "P")
# Where a goal's time goes, for the profile of a missed one.
PROFILED = {"G1": "D", "G2": "D", "G7": "N13", "G8": "N13", "G9": "R", "G13": "U"}


def run_rounds(bench: Bench, rounds: int, console: Console) -> list[Round]:
    """All cases in a random order, `rounds` times. Raises BenchError."""
    order = random.Random(1)
    found: list[Round] = []
    for number in range(rounds):
        # A full refresh leaves the rows that a new day is compared with.
        cases = [case for case in bench.options.cases if case != "D"]
        order.shuffle(cases)
        if "D" in bench.options.cases:
            cases.insert(0, "D")
        measured: Round = {}
        for case in cases:
            start = time.perf_counter()
            with console.status(f"round {number + 1} of {rounds}: {case} …"):
                measured |= bench.case(case)
            seconds = time.perf_counter() - start
            console.print(f"  round {number + 1}  {case:<4} {seconds:7.1f} s with its checks")
        found.append(measured)
    return found


def summary(rounds: list[Round]) -> dict[str, dict[str, Any]]:
    """{case: medians and minima over the rounds, seconds by part of the median round}."""
    names = list(dict.fromkeys(name for measured in rounds for name in measured))
    result: dict[str, dict[str, Any]] = {}
    for name in names:
        cases = [measured[name] for measured in rounds if name in measured]
        middle = sorted(cases, key=lambda case: case.database)[len(cases) // 2]
        result[name] = {
            "wall_seconds": round(median(case.wall for case in cases), 3),
            "wall_seconds_min": round(min(case.wall for case in cases), 3),
            "cpu_seconds": round(median(case.cpu for case in cases), 3),
            "database_seconds": round(median(case.database for case in cases), 3),
            "peak_mib": round(max(case.peak_mib for case in cases), 1),
            **{
                key: value
                for key, value in middle.result.items()
                if key not in ("parts", "wall", "at")
            },
            "seconds_by_part": dict(
                sorted(
                    ((part, round(sec, 3)) for part, sec in middle.parts.items()),
                    key=lambda item: -item[1],
                )
            ),
        }
    return result


def versions() -> dict[str, str]:
    """Python's and the libraries' versions; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def memory_gib() -> float | None:
    """The machine's memory, where the system tells it."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def show(size: dict[str, Any], verdicts: list[Verdict], console: Console) -> None:
    """Print cases, goals and, for goals that are missed, the slowest models."""
    console.print(f"\n{size['rows']:,} requests, {size['rounds']} rounds")
    cases = Table("case", "wall s", "database s", "CPU s", "peak MiB", "requests/s", box=None)
    for column in cases.columns[1:]:
        column.justify = "right"
    for name, case in size["cases"].items():
        rate = case.get("per_second") or size["rows"] / max(case["database_seconds"], 0.001)
        cases.add_row(
            name,
            f"{case['wall_seconds']:.2f}",
            f"{case['database_seconds']:.2f}",
            f"{case['cpu_seconds']:.2f}",
            f"{case['peak_mib']:,.0f}",
            f"{rate:,.0f}" if name[0] in "HCSDP" else "",
        )
    console.print(cases)
    console.print()
    goals = Table("goal", "what", "figure", "target", "met", "note", box=None)
    for verdict in verdicts:
        figure = "—" if verdict.figure is None else f"{verdict.figure:,.2f} {verdict.unit}"
        note = verdict.why
        if verdict.by_cpu is not None:
            note = f"by CPU {verdict.by_cpu:,.2f} {verdict.unit}; {note}".rstrip("; ")
        sign = "≥" if verdict.goal in ("G4", "G5", "G6") else "≤"
        goals.add_row(
            verdict.goal,
            verdict.text,
            figure,
            f"{sign} {verdict.target:g} {verdict.unit}",
            {True: "yes", False: "NO", None: "—"}[verdict.met],
            note,
        )
    console.print(goals)
    shown: set[str] = set()
    for verdict in verdicts:
        case = PROFILED.get(verdict.goal)
        if verdict.met is not False or case is None or case in shown:
            continue
        shown.add(case)
        parts = list(size["cases"][case]["seconds_by_part"].items())
        total = sum(seconds for _, seconds in parts)
        console.print(f"\nWhere the {total:.1f} s of {case} go ({verdict.goal} is missed):")
        for part, seconds in parts[:12]:
            console.print(f"  {seconds:8.2f} s  {seconds / max(total, 0.001):6.1%}  {part}")
        rest = sum(seconds for _, seconds in parts[12:])
        console.print(f"  {rest:8.2f} s  {rest / max(total, 0.001):6.1%}  {len(parts[12:])} others")


def bench_size(
    rows: int, options: argparse.Namespace, console: Console
) -> tuple[dict[str, Any], list[Verdict]]:
    """Measure one size; (its part of bench.json, the goals). Raises BenchError."""
    folder = options.out / "bench" / size_name(rows)
    data = Data(folder / "data", rows, ROOT / "seeds" / "prices" / "ai_model_prices.csv")
    bench = Bench(
        folder,
        data,
        Options(
            threads=options.threads,
            memory_limit=options.memory_limit,
            peers=not options.no_peers,
            peer_python=options.peer_python,
            cases=tuple(options.cases),
        ),
        lambda text: console.print(text),
    )
    console.print(f"{rows:,} requests below {folder}")
    load_before = os.getloadavg() if hasattr(os, "getloadavg") else None
    bench.prepare()
    rounds = run_rounds(bench, options.rounds, console)
    verdicts = judge(rounds, bench.manifest, bench.checks_done, bench.problems)
    size = {
        "rows": rows,
        "rounds": options.rounds,
        "data": asdict(bench.manifest),
        "goals": [verdict.as_json() for verdict in verdicts],
        "checks": sorted(set(bench.checks_done)),
        "problems": bench.problems,
        "cases": summary(rounds),
        "load_average": {
            "before": load_before,
            "after": os.getloadavg() if hasattr(os, "getloadavg") else None,
        },
    }
    shutil.rmtree(bench.work if not options.keep else folder / "none", ignore_errors=True)
    return size, verdicts


def size_name(rows: int) -> str:
    """1e6 for a million; the plain number where one digit does not tell it."""
    exponent = len(str(rows)) - 1
    short = f"{rows // 10**exponent}e{exponent}"
    return short if int(float(short)) == rows else str(rows)


def sizes(text: str) -> list[int]:
    """`1e6,1e7` as whole numbers. Raises ValueError."""
    found = [int(float(part)) for part in text.split(",")]
    if min(found) < 1000:
        raise ValueError("at least 1000 requests")
    return found


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 when a step or a check failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=sizes, default=[1_000_000], help="sizes (1e6)")
    parser.add_argument("--big", action="store_true", help="also 100,000,000 requests")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (%(default)s)")
    parser.add_argument(
        "--cases",
        type=lambda text: text.split(","),
        default=list(CASES),
        help=f"some of {','.join(CASES)}",
    )
    parser.add_argument("--no-peers", action="store_true", help="leave out other price engines")
    parser.add_argument(
        "--peer-python", help="a Python that has polars, where this one does not have it"
    )
    parser.add_argument("--threads", type=int, default=2, help="of DuckDB (%(default)s)")
    parser.add_argument("--memory-limit", help="of DuckDB under dbt, such as 3GB (none)")
    parser.add_argument("--keep", action="store_true", help="keep the last case's files")
    parser.add_argument(
        "--out", type=Path, default=Path("target"), help="folder for bench.json (%(default)s)"
    )
    options = parser.parse_args(argv)
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.rounds < 1:
        parser.error("at least one round")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=150)
    results = []
    failed = False
    for rows in options.rows + ([100_000_000] if options.big else []):
        try:
            size, verdicts = bench_size(rows, options, console)
        except (BenchError, duckdb.Error, OSError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        results.append(size)
        show(size, verdicts, console)
        for problem in size["problems"]:
            failed = True
            print(f"bench: {problem}", file=sys.stderr)
    document = {
        # of the last size: the list that other tools read
        "goals": results[-1]["goals"],
        "sizes": results,
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "memory_gib": memory_gib(),
        },
        "versions": versions(),
        "threads": options.threads,
        "memory_limit": options.memory_limit,
    }
    path = options.out / "bench.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    console.print(f"\nWritten to {path}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
