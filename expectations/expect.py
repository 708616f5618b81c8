"""Measure raw tables and marts, judge them with Great Expectations, say what is wrong.

    expectations/expect.py raw                 before a build
    expectations/expect.py marts               after it, before anything is published
    expectations/expect.py raw marts --as-of now --target snowflake

Exit code: 0 = nothing critical failed, 1 = something did, 2 = it could not be judged.
Results: target/expectations/data_docs/index.html, and <layer>.json beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from rich.console import Console  # noqa: E402
from rich.table import Table as Grid  # noqa: E402

import checks  # noqa: E402
import measures  # noqa: E402
import warehouse  # noqa: E402

ROOT = HERE.parent
LAYERS = ("raw", "marts")
STYLES = {"ok": "green", "failed": "bold red", "warning": "bold yellow", "not measured": "dim"}


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0],
        epilog="The limits: expectations/expectations.yml. What they guard: docs/data_quality.md.",
    )
    parser.add_argument("layers", nargs="+", choices=LAYERS, help="what is looked at")
    parser.add_argument("--target", choices=("duckdb", "snowflake"), default="duckdb")
    parser.add_argument(
        "--as-of",
        default="newest",
        help="what counts as now: `newest` (the newest load, the default), `now`, or a UTC time",
    )
    parser.add_argument("--table", action="append", default=[], help="only this one (repeatable)")
    parser.add_argument(
        "--definition", action="append", default=[], type=Path, help="your own limits, on top"
    )
    parser.add_argument("--vars", help="vars for dbt, as YAML")
    parser.add_argument("--project-dir", type=Path, default=ROOT, help="dbt project")
    parser.add_argument("--profiles-dir", type=Path, help="folder of profiles.yml")
    parser.add_argument("--manifest", type=Path, help="manifest.json, in place of `dbt parse`")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "expectations")
    parser.add_argument("--no-docs", action="store_true", help="write no Data Docs (faster)")
    parser.add_argument("--strict", action="store_true", help="a warning fails as well")
    parser.add_argument("--all", action="store_true", help="also list what is as expected")
    return parser.parse_args(argv)


def run(given: argparse.Namespace, console: Console) -> int:
    """Look at every layer; returns the exit code."""
    try:
        definition = checks.read_definition(given.definition)
        project = warehouse.read_project(
            given.target,
            given.vars,
            given.manifest,
            given.project_dir,
            given.profiles_dir,
            given.out / "dbt",
        )
        measured = {}
        with warehouse.opened(given.target) as found:
            if given.as_of == "newest":
                as_of, by = measures.newest_load(found, project, definition)
            else:
                as_of, by = measures.moment(given.as_of), "--as-of"
            for layer in given.layers:
                measure = measures.measure_raw if layer == "raw" else measures.measure_marts
                measured[layer] = measure(found, project, definition, as_of, given.table)
    except (checks.DefinitionError, warehouse.CannotLookError, ValueError) as problem:
        console.print(f"expectations: {problem}", style="red", markup=False, soft_wrap=True)
        return 2
    console.print(f"Now is {as_of:%Y-%m-%d %H:%M} UTC ({by}).", markup=False)
    failed = 0
    for layer, tables in measured.items():
        failed += judge(layer, tables, given, console)
    return 1 if failed else 0


def judge(
    layer: str, tables: list[checks.Table], given: argparse.Namespace, console: Console
) -> int:
    """Judge a layer and print it; returns how many checks stop a pipeline."""
    # Here, because its import takes seconds that a mistake in the command should not cost.
    import great
    import offline_docs

    outcomes = great.validate(layer, tables, given.out, docs=not given.no_docs)
    offline_docs.make_offline(given.out / great.DOCS)
    records = [
        {
            "table": o.table,
            "check": o.check.name,
            "about": o.check.about,
            "severity": o.check.severity,
            "status": o.status,
            "observed": o.observed,
            "expected": o.check.expected,
        }
        for o in outcomes
    ]
    skipped = {table.name: table.skipped for table in tables if table.skipped}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / f"{layer}.json").write_text(
        json.dumps({"checks": records, "skipped": skipped}, indent=1) + "\n", encoding="utf-8"
    )
    grid = Grid("table", "expectation", "observed", "expected", "", box=None, pad_edge=False)
    for record in records:
        warned = record["status"] == "failed" and record["severity"] == "warning"
        status = "warning" if warned else record["status"]
        if given.all or status in ("failed", "warning"):
            cells = (record[k] for k in ("table", "check", "observed", "expected"))
            grid.add_row(*cells, status, style=STYLES[status])
    counts = Counter((r["status"], r["severity"]) for r in records)
    critical, warnings = counts["failed", "critical"], counts["failed", "warning"]
    unmeasured = sum(n for (status, _), n in counts.items() if status == "not measured")
    if grid.row_count:
        console.print(grid)
    for name, reason in skipped.items():
        console.print(f"  {name}: skipped, {reason}", style="dim", markup=False)
    fine = len(records) - critical - warnings - unmeasured
    console.print(
        f"{layer}: {fine} as expected, {critical} failed, "
        f"{warnings} warned, {unmeasured} with too little to judge, in "
        f"{len(tables) - len(skipped)} tables ({len(skipped)} skipped). "
        f"{given.out / great.DOCS / 'index.html'}",
        markup=False,
        soft_wrap=True,
    )
    return critical + (warnings if given.strict else 0)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    given = options(argv)
    width = None if sys.stdout.isatty() else 200
    return run(given, Console(highlight=False, width=width))


if __name__ == "__main__":
    sys.exit(main())
