"""`doctor.py sources`: which raw tables and columns are there, and what their gaps will cost.

The sources and their columns come from the yml beside the staging models; what the warehouse
holds comes from the macro ai_source_facts, run by dbt, so that DuckDB and Snowflake are looked at
alike and with the user's own vars. Reads only; no row of a log is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.text import Text

from findings import LEVELS, Finding, Report, plural, show

ROOT = Path(__file__).resolve().parents[1]
STAGING = ROOT / "models" / "staging"
MARK = "AI_SOURCE_FACT "
# "'openai' in var('ai_usage_platforms', [])", also among other conditions
SWITCH = re.compile(r"'(\w+)' in var\('(\w+)'")
# Columns that say who or what; a loader that did not ask for one leaves it NULL in every row.
DIMENSIONS = {
    "project_id", "workspace_id", "api_key_id", "user_id", "model", "model_served", "service_tier",
    "batch", "line_item", "description", "context_window", "inference_geo", "customer_id",
    "feature", "team", "environment", "provider_request_id", "resource_tags", "labels", "tags",
}  # fmt: skip
# Without these, spend cannot be priced, tied to the bill or owned; without others it is coarser.
NEEDED = {"model", "model_served", "line_item", "description", "project_id", "customer_id"}
# Lists whose words may overlap: two bills of one platform, two reports of one usage.
OVERLAPS = {"billing": "bill", "usage": "usage report"}


@dataclass(frozen=True)
class Source:
    """A raw table that a staging model reads, and the words that switch it on."""

    table: str
    switches: tuple[tuple[str, str], ...]  # (word, list var)
    columns: tuple[str, ...]
    warn_after_days: float | None


def declared(folder: Path = STAGING) -> Iterator[Source]:
    """Every source of the package, switched on or not."""
    for path in sorted(folder.rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for source in content.get("sources", []):
            for table in source["tables"]:
                config = table.get("config", {})
                yield Source(
                    table["name"],
                    tuple(SWITCH.findall(str(config.get("enabled", "")))),
                    tuple(column["name"] for column in table.get("columns", [])),
                    days(config.get("freshness")),
                )


def days(freshness: Mapping[str, Any] | None) -> float | None:
    """The days of a freshness' warn_after."""
    warn = (freshness or {}).get("warn_after")
    if not warn:
        return None
    return float(warn["count"]) * {"minute": 1 / 1440, "hour": 1 / 24, "day": 1}[warn["period"]]


def read_facts(options: argparse.Namespace) -> list[dict[str, Any]]:
    """What the warehouse holds, one dictionary a fact; raises RuntimeError with dbt's words."""
    command = [str(Path(sys.executable).with_name("dbt")), "run-operation", "ai_source_facts"]
    for name in ("vars", "target", "profiles_dir", "project_dir"):
        if value := getattr(options, name):
            command += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(
        [*command, "--no-use-colors", "--target-path", str(options.target_path)],
        cwd=ROOT,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if line.strip() and MARK not in line]
        raise RuntimeError("\n".join(lines[-8:]) or done.stderr.strip())
    return [json.loads(line.split(MARK, 1)[1]) for line in done.stdout.splitlines() if MARK in line]


def judge(
    facts: Sequence[Mapping[str, Any]], sources: Sequence[Source], report: Report
) -> dict[str, int]:
    """Add what the facts mean to the report; returns counts for the summary."""
    by_table = {source.table: source for source in sources}
    tables = {fact["table"]: fact for fact in facts if fact["kind"] == "table"}
    newest = max((fact["last_loaded_at"] or "" for fact in tables.values()), default="")
    for table, fact in tables.items():
        source = by_table.get(table, Source(table, (), (), None))
        judge_table(fact, source, newest, report)
    for fact in facts:
        if fact["kind"] == "unused":
            judge_unused(fact["table"], by_table, tables, report)
        elif fact["kind"] == "overlap":
            judge_overlap(fact, report)
        elif fact["kind"] == "unmatched":
            judge_unmatched(fact, report)
        elif fact["kind"] == "rejected":
            text = (
                f"{fact['source_name']}: {fact['rows']:,} rows rejected as {fact['reason']} "
                f"({fact['column'] or 'no column'})"
            )
            remedy = "select * from int_ai_rejected_rows names them; correct the loader, load again"
            report.append(Finding("warning", "rejected", text, remedy))
    return {"tables": len(tables), "rows": sum(fact["rows"] or 0 for fact in tables.values())}


def switch_words(source: Source) -> str:
    """`'openai' of ai_usage_platforms`."""
    return " and ".join(f"'{word}' of {variable}" for word, variable in source.switches)


def judge_table(fact: Mapping[str, Any], source: Source, newest: str, report: Report) -> None:
    """A table that is switched on: is it there, complete, grouped, fresh?"""
    name, place = fact["table"], fact["relation"]
    if not fact["exists"]:
        remedy = f"land it, say where it is (ai_sources: {{{name}: {{schema: …}}}})"
        if source.switches:
            remedy += f", or take {switch_words(source)} out"
        report.append(Finding("error", "missing table", f"{place} is not there", remedy))
        return
    if not fact["rows"]:
        text = f"{place} is empty"
        report.append(Finding("warning", "empty", text, "load it, or switch it off"))
        return
    columns: Mapping[str, int] = fact["columns"]
    absent = [c for c in source.columns if c not in columns and not is_nested(c, columns)]
    if absent:
        text = f"{place} has no {', '.join(absent)}: what they tell is unknown (NULL)"
        remedy = "nothing, if the source does not send them; else add them to the loader"
        report.append(Finding("note", "absent columns", text, remedy))
    for column in sorted(DIMENSIONS & set(source.columns) & set(columns)):
        if columns[column] == 0:
            text = f"{place}.{column} is NULL in all {fact['rows']:,} rows"
            level = "warning" if column in NEEDED else "note"
            report.append(Finding(level, "empty dimension", text, advice(source, column)))
    if source.warn_after_days and fact["last_loaded_at"] and newest:
        age = (
            datetime.fromisoformat(newest) - datetime.fromisoformat(fact["last_loaded_at"])
        ).total_seconds() / 86_400
        if age > source.warn_after_days:
            text = f"{place} was last loaded {age:.1f} days before the newest source"
            report.append(
                Finding("warning", "late", text, "look at its loader; `dbt source freshness`")
            )


def is_nested(column: str, columns: Mapping[str, int]) -> bool:
    """Is `a__b` landed inside a nested column `a`?"""
    parts = column.split("__")
    return any("__".join(parts[:n]) in columns for n in range(1, len(parts)))


def advice(source: Source, column: str) -> str:
    """What to do about a dimension without a value."""
    kinds = {variable for _, variable in source.switches}
    if "ai_request_sources" in kinds:
        return (
            "log it with each call, or name the owners of keys and projects in ai_attribution_rules"
        )
    if column in ("resource_tags", "labels", "tags"):
        return "activate cost-allocation tags or labels at the provider; they are not retroactive"
    return f"the loader did not group by it: add {column} to group_by and load again"


def judge_unused(
    table: str, by_table: Mapping[str, Source], used: Mapping[str, Any], report: Report
) -> None:
    """A raw table that the package knows and nothing switches on."""
    source = by_table.get(table)
    if source is None or table in used or not source.switches:
        return
    text = f"{table} is there and not read"
    report.append(Finding("note", "unused", text, f"add {switch_words(source)} to use it"))


def judge_overlap(fact: Mapping[str, Any], report: Report) -> None:
    """Two sources with the same platform, account and day."""
    what = OVERLAPS[fact["list"]]
    text = (
        f"{' and '.join(fact['words'])} both hold a {what} of {fact['platform']} "
        f"{fact['account']} on {fact['days']:,} days: the spend would count twice"
    )
    remedy = f"keep one of them in the list of {what}s, the other out"
    report.append(Finding("error", "overlap", text, remedy))


def judge_unmatched(fact: Mapping[str, Any], report: Report) -> None:
    """A log without provider ids beside another log of the same platform and days."""
    text = (
        f"{fact['rows']:,} of {fact['all_rows']:,} calls of {fact['word']} have no id of the "
        f"provider, and another log holds {fact['platform']} on the same days: a call in both "
        "counts twice"
    )
    remedy = "log the provider's request id, or take one of the two logs out"
    report.append(Finding("warning", "unmatched logs", text, remedy))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `doctor.py sources`: those of dbt."""
    parser.add_argument("--vars", help="vars for dbt, as YAML")
    parser.add_argument("--target", help="target of the profile")
    parser.add_argument("--profiles-dir", type=Path, help="folder of profiles.yml")
    parser.add_argument("--project-dir", type=Path, help="dbt project (default: this package)")
    parser.add_argument(
        "--target-path", type=Path, default=ROOT / "target" / "doctor", help=argparse.SUPPRESS
    )
    parser.add_argument("--all", action="store_true", help="shorten nothing")


def check(options: argparse.Namespace, console: Console) -> int:
    """The command `sources`; returns the exit code."""
    report = Report()
    counts = {"tables": 0, "rows": 0}
    try:
        counts = judge(read_facts(options), list(declared()), report)
    except RuntimeError as problem:
        report.append(Finding("error", "dbt", f"dbt could not look: {problem}", "see above"))
    show(report, console, options.all)
    found = ", ".join(plural(len(report.of(level)), level) for level, _ in LEVELS)
    said = f"{counts['rows']:,} rows of {plural(counts['tables'], 'raw table')} checked: {found}."
    if report.of("error"):
        said += "\nNext: mend the errors above and run `make doctor`"
    else:
        said += "\nNext: `dbt source freshness`, then `make build`"
    console.print(Text(said), soft_wrap=True)
    return 1 if report.of("error") else 0
