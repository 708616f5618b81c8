"""An Airflow of its own for the tests: metadata, pool and state below one scratch folder.

A plugin of pytest (`-p airflow_scratch`), so that it is imported before Airflow is;
tests/python/test_airflow.py runs it. AI_TEST_RAW names the folder of raw Parquet files that `land`
brings in, AI_TEST_HOME the scratch folder: that of an earlier run is used again, with its
warehouse (AI_TEST_WAREHOUSE: another one).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "airflow" / "dags"
HOME = Path(os.environ.get("AI_TEST_HOME") or tempfile.mkdtemp(prefix="airflow_"))
STATE = HOME / "state"
WAREHOUSE = Path(os.environ.get("AI_TEST_WAREHOUSE") or HOME / "warehouse.duckdb")
PYTHON = ROOT / ".venv" / "bin" / "python"

# Read when Airflow is imported.
os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AI_STATE_DIR": str(STATE),
        "AI_DUCKDB_PATH": str(WAREHOUSE),
        "AI_EXPECTATIONS_AS_OF": "newest",
        "AI_RETRY_SECONDS": "1",
        # The profile of the example, not the developer's own.
        "DBT_PROFILES_DIR": str(HOME / "profiles"),
    }
)
sys.path.insert(0, str(DAGS))


@dataclass(frozen=True)
class Run:
    """A finished run: its state, and the state and the tries of each task."""

    state: str
    tasks: Mapping[str, str]
    tries: Mapping[str, int]


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """Metadata, the pool of one writer, and the manifest that the by-model DAG needs."""
    if (HOME / "ready").exists():
        return HOME
    STATE.mkdir(parents=True, exist_ok=True)
    profiles = HOME / "profiles"
    profiles.mkdir(exist_ok=True)
    (profiles / "profiles.yml").write_text(
        (ROOT / "profiles.example.yml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    airflow = Path(sys.executable).with_name("airflow")
    for command in (
        [str(airflow), "db", "migrate"],
        [str(airflow), "pools", "set", "duckdb_writer", "1", "one process opens the file"],
        [str(PYTHON.with_name("dbt")), "parse", "--project-dir", str(ROOT), "--target", "duckdb",
         "--target-path", str(STATE / "airflow" / "dbt"), "--vars", "{}"],
    ):  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    (HOME / "ready").touch()
    return HOME


@pytest.fixture
def load_dag(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A function: the DAG of a file, parsed with these settings."""

    def load(dag_id: str, **settings: str) -> Any:
        from airflow.dag_processing.dagbag import DagBag

        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        bag = DagBag(str(DAGS / f"{dag_id}.py"), bundle_path=DAGS)
        assert not bag.import_errors, bag.import_errors
        return bag.dags[dag_id]

    return load


@pytest.fixture
def run_dag(load_dag: Callable[..., Any]) -> Callable[..., Run]:
    """A function: run a DAG with `dag.test()`; tasks that `mark` matches are not run."""

    def run(
        dag_id: str,
        day: str,
        mark: str | None = None,
        change: Callable[[Any], None] | None = None,
        **settings: str,
    ) -> Run:
        dag = load_dag(dag_id, **settings)
        if change is not None:
            change(dag)
        at = datetime.fromisoformat(day).replace(hour=6, tzinfo=UTC)
        found = dag.test(logical_date=at, mark_success_pattern=mark)
        tasks = found.get_task_instances()
        return Run(
            str(found.state),
            {task.task_id: str(task.state) for task in tasks},
            {task.task_id: task.try_number for task in tasks},
        )

    return run
