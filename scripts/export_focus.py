"""Write focus_cost_and_usage as FOCUS files: one CSV and one Parquet file per billing period.

    export_focus.py                     DuckDB file AI_DUCKDB_PATH → target/focus
    export_focus.py --period 2026-10    one month
    export_focus.py --target snowflake --dbt-target-path target/snowflake

Columns have the exact names of FOCUS 1.2 (custom columns: x_…). Decimals keep every digit; times
are UTC, in CSV as `2026-10-01T00:00:00Z`. `<out>/current/manifest.json` gives rows, billed and
effective cost (USD) and a hash of each file.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from rich.console import Console

import export_marts
import exports
import load_raw

DEFAULT_OUT = Path("target/focus")
MART = "focus_cost_and_usage"
FOCUS_VERSION = "1.2"


def with_zone(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch]
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Timestamps of the mart, which are UTC without saying so, as timestamps that say so."""
    utc = pa.timestamp("us", tz="UTC")
    zoned = pa.schema(
        [
            (column.name, utc if pa.types.is_timestamp(column.type) else column.type)
            for column in schema
        ]
    )
    return zoned, (
        pa.RecordBatch.from_arrays(
            [
                array.cast(kind.type) if array.type != kind.type else array
                for array, kind in zip(batch.columns, zoned, strict=True)
            ],
            schema=zoned,
        )
        for batch in batches
    )


def csv_columns(schema: pa.Schema) -> str:
    """The select list that writes the columns as FOCUS wants text."""
    return ", ".join(
        f"strftime(\"{column.name}\" at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') as \"{column.name}\""
        if pa.types.is_timestamp(column.type)
        else f'"{column.name}"'
        for column in schema
    )


def export(
    out: Path,
    target: str,
    dbt_target_path: Path,
    *,
    periods: list[str],
    keep: int,
    console: Console,
) -> str:
    """Export the billing periods (`YYYY-MM`; all when none is named); returns the id of the run.

    Raises ExportError for a period without a row, and load_raw.LoadError.
    """
    project = exports.read_project(dbt_target_path, target)
    marts = [mart for mart in project.marts if mart.name == MART]
    if not marts:
        raise exports.ExportError(f"{MART} is switched off in {dbt_target_path}/manifest.json.")
    mart = marts[0]
    warehouse = exports.Warehouse(target)
    try:
        found: dict[str, tuple[datetime, int, str, str]] = {
            f"{start:%Y-%m}": (start, rows, f"{billed:f}", f"{effective:f}")
            for start, rows, billed, effective in warehouse.rows(
                "select BillingPeriodStart, count(*), sum(BilledCost), sum(EffectiveCost) "
                f"from {mart.relation} group by BillingPeriodStart order by BillingPeriodStart"
            )
        }
        if missing := sorted(set(periods) - set(found)):
            raise exports.ExportError(
                f"No row in {', '.join(missing)}; there are {', '.join(found) or 'none'}."
            )
        names = ", ".join(f'{name} as "{name}"' for name in mart.types)
        with exports.snapshot(out, keep) as snapshot:
            tables: dict[str, Any] = {}
            columns: list[dict[str, str]] = []
            for period in periods or found:
                start, counted, billed, effective = found[period]
                path = snapshot.folder / f"focus_{period}.parquet"
                schema, batches = with_zone(
                    *warehouse.batches(
                        f"select {names} from {mart.relation} "
                        f"where BillingPeriodStart = cast('{start:%Y-%m-%d}' as timestamp) "
                        "order by ChargePeriodStart, x_RowKey",
                        mart.types,
                    )
                )
                rows = exports.write_parquet(path, schema, batches)
                if rows != counted:
                    raise exports.ExportError(
                        f"{period} has {counted:,} rows, but {rows:,} were read: the mart was "
                        "rebuilt meanwhile. Run this again."
                    )
                exports.write_csv(path, path.with_suffix(".csv"), csv_columns(schema))
                tables[period] = {
                    "rows": rows,
                    "billed_cost_usd": billed,
                    "effective_cost_usd": effective,
                    "files": {
                        kind: exports.described(path.with_suffix(f".{kind}"))
                        for kind in ("parquet", "csv")
                    },
                }
                columns = exports.columns_of(schema)
                console.print(f"  {period}  {rows:>12,} rows  billed {billed} USD")
            snapshot.manifest = {
                "focus_version": FOCUS_VERSION,
                "engine": target,
                "dbt": project.dbt,
                "columns": columns,
                "periods": tables,
            }
    finally:
        warehouse.close()
    return snapshot.run_id


def month(text: str) -> str:
    """A billing period of the command line."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no month: write it as 2026-10")
    return text


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    export_marts.add_options(parser, DEFAULT_OUT)
    parser.add_argument(
        "--period",
        nargs="+",
        type=month,
        default=[],
        metavar="YYYY-MM",
        help="only these (default: all)",
    )
    options = parser.parse_args(argv)
    try:
        run_id = export(
            options.out,
            options.target,
            options.dbt_target_path,
            periods=options.period,
            keep=options.keep,
            console=Console(highlight=False),
        )
    except (exports.ExportError, load_raw.LoadError) as error:
        print(f"export_focus: {error}", file=sys.stderr)
        return 1
    except duckdb.CatalogException as error:
        print(
            f"export_focus: {MART} is not built: {str(error).splitlines()[0]}\nRun `make build`.",
            file=sys.stderr,
        )
        return 1
    print(f"Exported to {options.out}/current (run {run_id}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
