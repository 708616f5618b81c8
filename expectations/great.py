"""Great Expectations: a suite per table, a checkpoint per layer, Data Docs.

Everything below `target/expectations/gx` is generated from expectations.yml in each run: suites,
validation definitions, checkpoints, results, and the measured values as Parquet. Nothing there is
edited by hand.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Read once, at the import.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

from checks import Check, Table

DOCS = "data_docs"


@dataclass(frozen=True)
class Outcome:
    """What became of a check: `status` is ok, failed or not measured."""

    table: str
    check: Check
    status: str
    observed: str


def frame(checks: Sequence[Check]) -> pd.DataFrame:
    """A column per check with its values, and one that names their items; NULL at the end."""
    columns: dict[str, Any] = {}
    for check in checks:
        values = [value for _, value in check.values]
        kind = "float64" if check.limits is not None else "object"
        columns[check.name] = pd.Series(values, dtype=kind)
        if any(item for item, _ in check.values):
            columns[item_column(check)] = pd.Series([i for i, _ in check.values], dtype="object")
    return pd.DataFrame(columns)


def item_column(check: Check) -> str:
    """Name of the column that says what a value is of."""
    return f"{check.name}: of"


def expectation(check: Check) -> Any:
    """The check as Great Expectations knows it."""
    common = {
        "column": check.name,
        "severity": check.severity,
        "description": f"{check.about}: {check.expected}",
    }
    if check.limits is not None:
        # Of one value the greatest is the value itself, and Data Docs then show it.
        kind = (
            gxe.ExpectColumnMaxToBeBetween
            if len(check.values) == 1
            else gxe.ExpectColumnValuesToBeBetween
        )
        return kind(min_value=check.limits.least, max_value=check.limits.most, **common)
    if check.words is not None:
        return gxe.ExpectColumnValuesToBeInSet(value_set=list(check.words), **common)
    return gxe.ExpectColumnDistinctValuesToContainSet(
        value_set=list(check.contains or ()), **common
    )


def validate(layer: str, tables: Sequence[Table], folder: Path, docs: bool = True) -> list[Outcome]:
    """Judge every measured table by one checkpoint, and write its Data Docs below `folder`."""
    judged = [table for table in tables if table.checks]
    if not judged:
        return []
    root = folder / "gx"
    measures = folder / "measures" / layer
    shutil.rmtree(measures, ignore_errors=True)
    measures.mkdir(parents=True)
    context = project(root, folder)
    datasource = context.data_sources.add_or_update_pandas(layer)
    definitions = []
    for table in judged:
        path = measures / f"{table.name}.parquet"
        frame(table.checks).to_parquet(path)
        asset = datasource.add_parquet_asset(table.name, path=path)
        suite = context.suites.add_or_update(
            gx.ExpectationSuite(
                name=f"{layer}.{table.name}",
                expectations=[expectation(check) for check in table.checks if check.is_measured],
            )
        )
        definitions.append(
            context.validation_definitions.add_or_update(
                gx.ValidationDefinition(
                    name=f"{layer}.{table.name}",
                    data=asset.add_batch_definition("measured"),
                    suite=suite,
                )
            )
        )
    checkpoint = context.checkpoints.add_or_update(
        gx.Checkpoint(
            name=layer,
            validation_definitions=definitions,
            result_format={"result_format": "COMPLETE"},
        )
    )
    results = checkpoint.run()
    if docs:
        context.build_data_docs(site_names=[DOCS])
    by_suite = {result.suite_name: result for result in results.run_results.values()}
    outcomes = []
    for table in judged:
        verdicts = {
            verdict.expectation_config.kwargs["column"]: verdict
            for verdict in by_suite[f"{layer}.{table.name}"].results
        }
        for check in table.checks:
            outcomes.append(outcome(table.name, check, verdicts.get(check.name)))
    return outcomes


def project(root: Path, folder: Path) -> Any:
    """A project of Great Expectations of its own, made anew: the definition is elsewhere."""
    for part in ("expectations", "checkpoints", "validation_definitions", "great_expectations.yml"):
        path = root / "gx" / part
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=root)
    context.variables.progress_bars = {"globally": False}
    for site in list(context.variables.data_docs_sites):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        DOCS,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str((folder / DOCS).resolve()),
            },
        },
    )
    return context


def outcome(table: str, check: Check, verdict: Any) -> Outcome:
    """A check's result with what was observed: the offenders, else the range of the values."""
    if verdict is None:
        return Outcome(table, check, "not measured", "too little to judge")
    if verdict.exception_info.get("raised_exception"):
        raise RuntimeError(f"{table}, {check.name}: {verdict.exception_info['exception_message']}")
    status = "ok" if verdict.success else "failed"
    return Outcome(table, check, status, observed(check, failed=not verdict.success))


def observed(check: Check, failed: bool) -> str:
    """`2026-11-20: 0.1`; of a check that holds, its least and greatest value."""
    values = [(item, value) for item, value in check.values if value is not None]
    if check.contains is not None:
        there = {value for _, value in values}
        missing = [name for name in check.contains if name not in there]
        return "missing " + ", ".join(missing) if missing else f"all {len(check.contains)}"
    if failed:
        values = [(i, v) for i, v in values if not within(check, v)]
        text = ", ".join(f"{item}: {shown(v)}" if item else shown(v) for item, v in values[:4])
        return text + (f" and {len(values) - 4} more" if len(values) > 4 else "")
    if check.words is not None:
        return ", ".join(sorted({str(v) for _, v in values})[:6])
    numbers = sorted(v for _, v in values)
    if len(numbers) == 1 or numbers[0] == numbers[-1]:
        return shown(numbers[0])
    return f"{shown(numbers[0])} to {shown(numbers[-1])}"


def within(check: Check, value: Any) -> bool:
    """Is one value as expected? Only to say which values failed; the verdict is GX's."""
    if check.words is not None:
        return value in check.words
    limits = check.limits
    if limits is None:
        return True
    return (limits.least is None or value >= limits.least) and (
        limits.most is None or value <= limits.most
    )


def shown(value: Any) -> str:
    """A number with three significant digits, a word as it is."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
    return str(value)
