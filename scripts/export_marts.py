"""Write the public marts as Parquet files (and CSV) that readers can open at any moment.

    export_marts.py                                    DuckDB file AI_DUCKDB_PATH → target/export
    export_marts.py --csv --exclude cost_per_request   CSV beside Parquet, without the requests
    export_marts.py --target snowflake --dbt-target-path target/snowflake

Reads `<out>/current/<mart>.parquet` and `<out>/current/manifest.json`: columns with types, rows and
a hash of each file, the run of dbt that built it. docs/export.md tells how to read it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import duckdb
from rich.console import Console

import exports
import load_raw

DEFAULT_OUT = Path("target/export")
DEFAULT_KEEP = 3


def export(
    out: Path,
    target: str,
    dbt_target_path: Path,
    *,
    select: list[str],
    exclude: list[str],
    csv: bool,
    keep: int,
    console: Console,
) -> str:
    """Export the marts; returns the id of the run. Raises ExportError, load_raw.LoadError."""
    project = exports.read_project(dbt_target_path, target)
    marts = exports.chosen(project.marts, select, exclude)
    warehouse = exports.Warehouse(target)
    try:
        with exports.snapshot(out, keep) as snapshot:
            tables = {}
            for mart in marts:
                path = snapshot.folder / f"{mart.name}.parquet"
                schema, batches = warehouse.batches(f"select * from {mart.relation}", mart.types)
                rows = exports.write_parquet(path, schema, batches)
                files = {"parquet": exports.described(path)}
                if csv:
                    exports.write_csv(path, path.with_suffix(".csv"))
                    files["csv"] = exports.described(path.with_suffix(".csv"))
                tables[mart.name] = {
                    "rows": rows,
                    "columns": exports.columns_of(schema),
                    "files": files,
                }
                console.print(f"  {mart.name:<32} {rows:>12,} rows")
            snapshot.manifest = {"engine": target, "dbt": project.dbt, "tables": tables}
    finally:
        warehouse.close()
    return snapshot.run_id


def add_options(parser: argparse.ArgumentParser, out: Path) -> None:
    """Options that every export has."""
    parser.add_argument("--out", type=Path, default=out, help=f"folder (default: {out})")
    parser.add_argument("--target", choices=["duckdb", "snowflake"], default="duckdb")
    parser.add_argument(
        "--dbt-target-path",
        type=Path,
        default=Path(os.environ.get("DBT_TARGET_PATH") or "target"),
        help="folder of dbt's manifest.json (default: DBT_TARGET_PATH, else target)",
    )
    parser.add_argument(
        "--keep",
        type=int,
        default=DEFAULT_KEEP,
        help=f"complete exports that stay, this one included (default: {DEFAULT_KEEP})",
    )


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, DEFAULT_OUT)
    parser.add_argument("--csv", action="store_true", help="CSV files beside the Parquet files")
    parser.add_argument("--select", nargs="+", default=[], metavar="MART", help="only these")
    parser.add_argument("--exclude", nargs="+", default=[], metavar="MART", help="all but these")
    options = parser.parse_args(argv)
    try:
        run_id = export(
            options.out,
            options.target,
            options.dbt_target_path,
            select=options.select,
            exclude=options.exclude,
            csv=options.csv,
            keep=options.keep,
            console=Console(highlight=False),
        )
    except (exports.ExportError, load_raw.LoadError) as error:
        print(f"export_marts: {error}", file=sys.stderr)
        return 1
    except duckdb.CatalogException as error:
        print(
            f"export_marts: a mart is not built: {str(error).splitlines()[0]}\nRun `make build`.",
            file=sys.stderr,
        )
        return 1
    print(f"Exported to {options.out}/current (run {run_id}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
