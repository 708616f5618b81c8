"""The DAGs run for real on a small company: `dag.test()`, failure drills, retries, a backfill.

AI_TEST_BUILD_ARGS narrows what the drills build (`--select int_ai_requests`), to work on one of
them in a warehouse that is built; the tests of the project leave it out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_scratch import PYTHON, ROOT, STATE, WAREHOUSE, Run

RAW = os.environ.get("AI_TEST_RAW", "")
pytestmark = pytest.mark.skipif(not RAW, reason="AI_TEST_RAW names no folder of raw tables")

LAND = f"{PYTHON} scripts/load_raw.py {RAW}"
# Data tests are left out where a test only compares numbers.
MODELS_ONLY = os.environ.get("AI_TEST_BUILD_ARGS") or "--exclude-resource-type test"
ALL_BEFORE_MARTS = "land|freshness|expectations_raw|plan_days|seed|build"
EXPORT = STATE / "export" / "current" / "manifest.json"
# A hash per mart and of the stored requests; run by dbt's Python, which has DuckDB.
CONTENTS = """
import hashlib, sys
from pathlib import Path
from golden_company import table_contents
for table, rows in table_contents(Path(sys.argv[1]), ("intermediate", "marts")).items():
    if table.startswith("marts.") or table == "intermediate.int_ai_requests":
        print(table, hashlib.sha256(repr(rows).encode()).hexdigest())
"""


def contents(warehouse: Path) -> dict[str, str]:
    """A hash per mart and of the stored requests, without what tells which runs made them."""
    done = subprocess.run(
        [str(PYTHON), "-c", CONTENTS, str(warehouse)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "python")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split(" ") for line in done.stdout.splitlines())


def events() -> int:
    """Announcements of marts so far."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return int(session.scalar(select(func.count()).select_from(AssetEvent)) or 0)


@pytest.fixture
def published(run_dag: Callable[..., Run], airflow_home: Path) -> Path:
    """The warehouse after one whole run; built once."""
    marker = airflow_home / "published"
    if not marker.exists():
        found = run_dag(
            "ai_unit_economics", "2026-11-22", AI_LAND_COMMAND=LAND, AI_BUILD_ARGS=MODELS_ONLY
        )
        assert found.state == "success", found
        assert set(found.tasks.values()) == {"success"}
        marker.touch()
    return WAREHOUSE


def test_a_run_builds_checks_and_publishes(published: Path) -> None:
    marts = {path.stem for path in (ROOT / "models" / "marts").glob("*.sql")}
    assert events() >= len(marts)
    assert EXPORT.exists()
    assert {path.stem for path in EXPORT.parent.glob("*.parquet")} == marts
    assert (STATE / "expectations" / "data_docs" / "index.html").exists()


def test_a_failing_expectation_on_marts_stops_the_publish(
    published: Path, run_dag: Callable[..., Run], tmp_path: Path
) -> None:
    own = tmp_path / "own.yml"
    own.write_text("marts: {cost_ledger: {days behind: {max: -5}}}\n", encoding="utf-8")
    told, kept = events(), hashlib.sha256(EXPORT.read_bytes()).hexdigest()
    found = run_dag(
        "ai_unit_economics", "2026-11-21", ALL_BEFORE_MARTS, AI_EXPECTATIONS_DEFINITION=str(own)
    )
    assert found.state == "failed"
    assert found.tasks["expectations_marts"] == "failed"
    assert found.tasks["export"] == found.tasks["alerts"] == "upstream_failed"
    assert events() == told
    assert hashlib.sha256(EXPORT.read_bytes()).hexdigest() == kept


def test_a_failing_expectation_on_raw_stops_the_build(
    published: Path, run_dag: Callable[..., Run], tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(RAW, raw)
    script = (
        "import duckdb, sys; duckdb.execute(f\"copy (select * replace ('eur' as amount__currency) "
        "from '{sys.argv[1]}') to '{sys.argv[2]}'\")"
    )
    source, spoiled = Path(RAW) / "openai_costs.parquet", raw / "openai_costs.parquet"
    subprocess.run([str(PYTHON), "-c", script, str(source), str(spoiled)], check=True)
    before, told = contents(published), events()
    found = run_dag(
        "ai_unit_economics", "2026-11-20", AI_LAND_COMMAND=f"{PYTHON} scripts/load_raw.py {raw}"
    )
    try:
        assert found.state == "failed"
        assert found.tasks["expectations_raw"] == "failed"
        # What fails on data is not tried again.
        assert found.tries["expectations_raw"] == 1
        assert found.tasks["build"] == "upstream_failed"
        assert contents(published) == before
        assert events() == told
    finally:
        subprocess.run([str(PYTHON), "scripts/load_raw.py", RAW], cwd=ROOT, check=True)


def test_a_retried_build_changes_no_number(published: Path, run_dag: Callable[..., Run]) -> None:
    before = contents(published)
    flag = published.parent / "failed_once"

    def fail_once(dag: Any) -> None:
        task = dag.get_task("build")
        task.bash_command += f" && {{ [ -e {flag} ] || {{ touch {flag}; exit 1; }}; }}"

    found = run_dag(
        "ai_unit_economics", "2026-11-19", "land|freshness|expectations_.*|seed|export|alerts",
        change=fail_once, AI_BUILD_ARGS=MODELS_ONLY,
    )  # fmt: skip
    assert found.state == "success"
    assert found.tries["build"] == 2
    assert contents(published) == before


def test_a_backfill_of_three_days_equals_one_run_over_them(
    published: Path, run_dag: Callable[..., Run], tmp_path: Path
) -> None:
    """Three days of stored requests are lost; day by day they come back as they were."""
    whole = contents(published)
    lost = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], "
        "config={'storage_compatibility_version': 'v1.0.0'}); "
        'c.execute("delete from intermediate.int_ai_requests '
        "where usage_date between '2026-11-10' and '2026-11-12'\")"
    )
    name = published.name  # the file's name is the database's, which the models carry
    by_day, at_once = tmp_path / "by_day" / name, tmp_path / "at_once" / name
    for path in (by_day, at_once):
        path.parent.mkdir()
        shutil.copy(published, path)
        subprocess.run([str(PYTHON), "-c", lost, str(path)], check=True)
    assert contents(by_day) != whole
    for day in ("2026-11-11", "2026-11-12", "2026-11-13"):
        found = run_dag(
            "ai_unit_economics", day, "land|freshness|expectations_.*|seed|export|alerts",
            AI_DUCKDB_PATH=str(by_day), AI_LATE_DAYS="0", AI_BUILD_ARGS=MODELS_ONLY,
        )  # fmt: skip
        assert found.state == "success"
    done = subprocess.run(
        [
            str(PYTHON.with_name("dbt")), "build", "--exclude-resource-type", "seed",
            "--exclude-resource-type", "unit_test", *MODELS_ONLY.split(), "--target", "duckdb",
            "--target-path", str(tmp_path / "target"), "--vars",
            '{"ai_run_from": "2026-11-10", "ai_run_to": "2026-11-12"}',
        ],
        cwd=ROOT,
        env={**os.environ, "AI_DUCKDB_PATH": str(at_once)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert contents(by_day) == contents(at_once) == whole


def test_a_model_is_a_task(published: Path, run_dag: Callable[..., Run]) -> None:
    """A seed and the mart above it, through cosmos, with their tests and the vars of the plan."""
    before = contents(published)
    found = run_dag(
        "ai_unit_economics_by_model", "2026-11-22", "land|freshness|expectations_.*|export|alerts",
        AI_BY_MODEL_SELECT="ai_budgets spend_by_team",
    )  # fmt: skip
    assert found.state == "success", found
    inside = [task for task in found.tasks if task.startswith("models.")]
    assert len(inside) == 2
    assert contents(published) == before
