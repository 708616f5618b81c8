"""The simulation of large volumes: reads counted in SQL, and credits worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import simulate_scale
from simulate_scale import Assumptions, simulate, stored_reads

READS = {"daily": {"facts": 3, "raw": 0}, "int_ai_requests": {"facts": 0, "raw": 1}}


def manifest(**models: tuple[str, str]) -> dict[str, Any]:
    """{name: (materialized, compiled SQL)} as a manifest."""
    return {
        "nodes": {
            f"model.p.{name}": {
                "name": name,
                "resource_type": "model",
                "config": {"enabled": True, "materialized": kind},
                "compiled_code": sql,
            }
            for name, (kind, sql) in models.items()
        }
    }


PROJECT = manifest(
    stg_ai_requests__app=("view", "select * from raw.app_requests"),
    unioned=("view", 'select * from "db"."staging"."stg_ai_requests__app"'),
    int_ai_requests=("incremental", "select * from staging.unioned -- from staging.unioned"),
    int_ai_requests__costed=(
        "view",
        "select * from x.int_ai_requests join x.int_ai_requests as a on true /* from x.daily */",
    ),
    daily=("table", "select * from x.int_ai_requests__costed union all select 1 from x.rates"),
    monthly=("table", "select * from x.daily"),
    both=("table", "select * from x.INT_AI_REQUESTS, x.int_ai_requests__costed join x.unioned"),
    rates=("table", "select 1"),
)


def test_reads_are_counted_through_views_and_stop_at_tables() -> None:
    assert stored_reads(PROJECT) == {
        "daily": {"facts": 2, "raw": 0},
        "int_ai_requests": {"facts": 0, "raw": 1},
        "both": {"facts": 1, "raw": 1},
    }


def test_a_manifest_that_was_only_parsed_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest(daily=("table", ""))), encoding="utf-8")
    assert simulate_scale.main(["--manifest", str(path)]) == 1
    assert "run dbt compile" in capsys.readouterr().err


def test_credits_by_hand() -> None:
    a = Assumptions(
        history_months=10, days_per_month=30, touched_days=3, fact_bytes=100, raw_bytes=50,
        columns_read=0.5, pruning_waste=0, cpu_seconds_per_million=2, cores_of_x_small=10,
        efficiency=0.5, minutes_of_a_run=10, fixed_seconds=60, aggregate_ratio=0.5,
    )  # fmt: skip
    run = simulate(1e9, READS, a, "days")
    # 3 days of 1e9 / 30 are 1e8 requests; 3 reads of facts and 1 of the log
    assert run.requests_read == pytest.approx(4e8)
    assert run.terabytes_read == pytest.approx((3 * 1e8 * 50 + 1e8 * 50) / 1e12)
    # 800 CPU seconds on 5 useful cores are 160 s of an X-Small
    assert run.warehouse == "X-Small" and run.minutes * 60 == pytest.approx(220)
    assert run.credits_per_run == pytest.approx(220 / 3600)
    assert run.credits_per_million_requests == pytest.approx(30 * 220 / 3600 / 1000)
    assert run.terabytes_stored == pytest.approx(10 * 1e9 * 100 * 1.5 / 1e12)
    assert run.terabytes_kept_permanent == pytest.approx(8 * run.terabytes_kept_transient)
    whole = simulate(1e9, READS, a, "rebuild")
    assert whole.requests_read == pytest.approx(3 * 1e10 + 1e8)
    # 12,040 s of an X-Small: 1,505 on a Large are too slow, 812.5 + … on 3X-Large are not
    assert whole.fits and whole.minutes <= 10 and whole.credits_per_run > 30 * run.credits_per_run


def test_a_day_of_history_costs_no_more_and_a_rebuild_does() -> None:
    short, long = Assumptions(history_months=1), Assumptions(history_months=13)
    days = [simulate(1e9, READS, a, "days").credits_per_run for a in (short, long)]
    rebuild = [simulate(1e9, READS, a, "rebuild").credits_per_run for a in (short, long)]
    assert days[0] == days[1]
    assert rebuild[1] > 5 * rebuild[0]


def test_the_smallest_warehouse_that_is_fast_enough_is_taken() -> None:
    a = Assumptions()
    names = list(simulate_scale.CREDITS_PER_HOUR)
    found = [simulate(volume, READS, a, "days") for volume in (1e6, 1e9, 1e10, 1e11, 1e15)]
    order = [names.index(run.warehouse) for run in found]
    assert order == sorted(order) and order[0] == 0 and order[-1] == len(names) - 1
    assert [run.fits for run in found] == [True] * 4 + [False]
    # the shortest run is billed for a minute
    least = simulate(1e6, READS, replace(a, fixed_seconds=1), "days")
    assert least.credits_per_run == pytest.approx(1 / 60)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, bench, answer = (tmp_path / name for name in ("m.json", "b.json", "a.json"))
    project.write_text(json.dumps(PROJECT), encoding="utf-8")
    size = {
        "rows": 1_000_000,
        "data": {"parquet_bytes": 30_000_000},
        "cases": {"D": {"fact_bytes": 90_000_000, "cpu_seconds": 25}},
    }
    bench.write_text(json.dumps({"sizes": [size]}), encoding="utf-8")
    options = ["--manifest", str(project), "--bench", str(bench), "--json", str(answer)]
    assert simulate_scale.main([*options, "--raw-bytes", "40", "--requests-per-month", "1e9"]) == 0
    document = json.loads(answer.read_text(encoding="utf-8"))
    assert document["measured"] == ["cpu_seconds_per_million", "fact_bytes"]
    used = document["assumptions"]
    # 25 s over five reads of a million requests
    assert (used["fact_bytes"], used["raw_bytes"], used["cpu_seconds_per_million"]) == (90, 40, 5)
    assert [run["plan"] for run in document["runs"]] == ["rebuild", "days"]
    printed = capsys.readouterr().out
    assert "measured" in printed and "assumed" in printed
