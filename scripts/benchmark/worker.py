"""A fresh process of the benchmark: SQL on a DuckDB file, or another price engine on a sample.

    worker.py sql FILE.duckdb STATEMENTS.sql --threads 2
    worker.py peer litellm|genai-prices|polars|python SAMPLE.parquet PRICES.json

The last line that it prints is JSON: seconds inside (`wall`, `cpu`), and what else the step tells.
With --one-core the process stays on one core. This file needs nothing of the project, so that a
Python with other libraries can run it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

NOT_INSTALLED = {"missing": True, "wall": 0.0}


def timed(step: Callable[[], Any]) -> tuple[Any, float, float]:
    """The step's result, its wall-clock seconds and its CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = step()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def sql(path: Path, script: Path, threads: int) -> dict[str, Any]:
    """Run statements in turn; `parts` has the seconds of each, `rows` the last one's result."""
    import duckdb

    statements = [
        text.strip()
        for text in script.read_text(encoding="utf-8").removesuffix("\n").split(";\n")
        if text.strip()
    ]
    parts: dict[str, float] = {}
    rows: list[Any] = []
    total = total_cpu = 0.0
    with duckdb.connect(
        str(path), config={"threads": threads, "storage_compatibility_version": "v1.0.0"}
    ) as connection:
        connection.execute("set timezone = 'UTC'")
        for number, statement in enumerate(statements):
            rows, wall, cpu = timed(lambda text=statement: connection.execute(text).fetchall())  # type: ignore[misc]
            code = (line for line in statement.splitlines() if not line.startswith("--"))
            parts[f"{number:02d} {next(code)[:60]}"] = round(wall, 4)
            total += wall
            total_cpu += cpu
        if any("create" in part for part in parts):
            _, wall, cpu = timed(lambda: connection.execute("checkpoint").fetchall())
            parts["checkpoint"] = round(wall, 4)
            total += wall
            total_cpu += cpu
    return {"wall": total, "cpu": total_cpu, "parts": parts, "number_of_rows": len(rows)}


def per_second(requests: int, wall: float, cpu: float, **more: Any) -> dict[str, Any]:
    """A peer's answer: requests per second of one core's CPU, which other processes cannot take."""
    return {
        "wall": wall,
        "cpu": cpu,
        "requests": requests,
        "per_second": requests / max(cpu, 1e-6),
        **more,
    }


def read_sample(sample: Path, limit: int) -> list[tuple[Any, ...]]:
    """(platform, model, day, time, uncached, cached, written, output) of the first rows."""
    import duckdb

    return duckdb.execute(
        "select platform, model, day, requested_at, uncached, cached, written, answer "
        f"from '{sample}' limit {limit}"
    ).fetchall()


def litellm(sample: Path, _: Path) -> dict[str, Any]:
    """cost_per_token: today's price of a model, in floats."""
    try:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        from litellm import cost_per_token
    except ImportError:
        return NOT_INSTALLED
    rows = read_sample(sample, 20_000)

    def price(row: tuple[Any, ...]) -> float:
        platform, model, _, _, uncached, cached, written, answer = row
        costs = cost_per_token(
            model=model,
            custom_llm_provider=platform,
            prompt_tokens=uncached + cached + written,
            completion_tokens=answer,
            cache_read_input_tokens=cached,
            cache_creation_input_tokens=written,
        )
        return float(sum(costs))

    return _known_only(rows, price)


def genai_prices(sample: Path, _: Path) -> dict[str, Any]:
    """calc_price with the request's time: dated prices, in decimals."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return NOT_INSTALLED
    rows = read_sample(sample, 20_000)

    def price(row: tuple[Any, ...]) -> Any:
        platform, model, _, moment, uncached, cached, written, answer = row
        return calc_price(
            Usage(
                input_tokens=uncached + cached + written,
                cache_read_tokens=cached,
                cache_write_tokens=written,
                output_tokens=answer,
            ),
            model_ref=model,
            provider_id=platform,
            genai_request_timestamp=moment.replace(tzinfo=UTC),
        ).total_price

    return _known_only(rows, price)


def _known_only(
    rows: list[tuple[Any, ...]], price: Callable[[tuple[Any, ...]], Any]
) -> dict[str, Any]:
    """Time `price` on the rows of the models that it knows; names the others."""
    unknown = {}
    for key in sorted({row[:2] for row in rows}):
        try:
            price(next(row for row in rows if row[:2] == key))
        except Exception as error:
            unknown[key[1]] = type(error).__name__
    known = [row for row in rows if row[1] not in unknown]
    if not known:
        return NOT_INSTALLED
    _, wall, cpu = timed(lambda: [price(row) for row in known])
    return per_second(len(known), wall, cpu, unknown_models=unknown)


def plain_python(sample: Path, prices: Path) -> dict[str, Any]:
    """A dictionary and bisect over tuples in memory, in floats, by customer and month."""
    import duckdb

    rows = duckdb.execute(
        f"select model, day, customer, uncached, cached, written, answer from '{sample}'"
    ).fetchall()
    book: dict[str, tuple[list[date], list[list[float]]]] = {}
    for model, periods in json.loads(prices.read_text(encoding="utf-8")).items():
        book[model] = (
            [date.fromisoformat(period[0]) for period in periods],
            [[usd / 1e15 for usd in period[1:]] for period in periods],
        )

    def price() -> dict[Any, float]:
        totals: dict[Any, float] = {}
        for model, day, customer, uncached, cached, written, answer in rows:
            since, rates = book[model]
            a, b, c, d = rates[bisect_right(since, day) - 1]
            key = (customer, day.year, day.month)
            usd = uncached * a + cached * b + written * c + answer * d
            totals[key] = totals.get(key, 0.0) + usd
        return totals

    _, wall, cpu = timed(price)
    return per_second(len(rows), wall, cpu)


def polars(sample: Path, prices: Path) -> dict[str, Any]:
    """join_asof and group_by on sorted frames in memory, in floats, on one thread."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        import polars as pl  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return NOT_INSTALLED
    log = pl.read_parquet(sample).sort("day")
    periods = [
        {"model": model, "since": date.fromisoformat(row[0])}
        | {name: usd / 1e15 for name, usd in zip("abcd", row[1:], strict=True)}
        for model, rows in json.loads(prices.read_text(encoding="utf-8")).items()
        for row in rows
    ]
    book = pl.DataFrame(periods).with_columns(pl.col("since").cast(log["day"].dtype)).sort("since")

    def price() -> Any:
        cost = (
            pl.col("uncached") * pl.col("a")
            + pl.col("cached") * pl.col("b")
            + pl.col("written") * pl.col("c")
            + pl.col("answer") * pl.col("d")
        )
        return (
            log.join_asof(book, left_on="day", right_on="since", by="model")
            .with_columns(cost.alias("cost"), pl.col("day").dt.truncate("1mo").alias("month"))
            .group_by("customer", "month")
            .agg(pl.col("cost").sum())
        )

    _, wall, cpu = timed(price)
    return per_second(log.height, wall, cpu)


PEERS = {
    "litellm": litellm,
    "genai-prices": genai_prices,
    "python": plain_python,
    "polars": polars,
}


def main() -> None:
    """Command line; prints one line of JSON last."""
    parser = argparse.ArgumentParser(description="A fresh process of scripts/bench.py.")
    parser.add_argument("--one-core", action="store_true", help="stay on one core")
    kinds = parser.add_subparsers(dest="kind", required=True)
    statements = kinds.add_parser("sql")
    statements.add_argument("database", type=Path)
    statements.add_argument("script", type=Path)
    statements.add_argument("--threads", type=int, default=2)
    peer = kinds.add_parser("peer")
    peer.add_argument("name", choices=sorted(PEERS))
    peer.add_argument("sample", type=Path)
    peer.add_argument("prices", type=Path)
    options = parser.parse_args()
    if options.one_core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.kind == "sql":
        answer = sql(options.database, options.script, options.threads)
    else:
        answer = PEERS[options.name](options.sample, options.prices)
    print(json.dumps({"at": datetime.now(UTC).isoformat(), **answer}))


if __name__ == "__main__":
    main()
