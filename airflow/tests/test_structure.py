"""The DAGs as they are parsed: order, pool, retries, limits, outlets; and the alerts' channels."""

from __future__ import annotations

import http.server
import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_scratch import ROOT, STATE

STEPS = ("land", "freshness", "expectations_raw", "plan_days", "seed", "build")
CHECKED = "expectations_marts"


def test_the_folder_does_not_shadow_the_package() -> None:
    """Started in the project's folder, `import airflow` is Airflow."""
    import airflow

    assert "site-packages" in str(airflow.__file__)
    assert not (ROOT / "airflow" / "__init__.py").exists()


def test_the_plain_dag_runs_its_steps_in_order(load_dag: Callable[..., Any]) -> None:
    dag = load_dag("ai_unit_economics")
    assert set(dag.task_ids) == {*STEPS, CHECKED, "export", "alerts"}
    for before, after in zip(STEPS, (*STEPS[1:], CHECKED), strict=True):
        assert dag.get_task(before).downstream_task_ids == {after}
    assert dag.get_task(CHECKED).downstream_task_ids == {"export", "alerts"}
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.dagrun_timeout is not None


@pytest.mark.parametrize("dag_id", ["ai_unit_economics", "ai_unit_economics_by_model"])
def test_tasks_wait_for_the_file_retry_and_end(load_dag: Callable[..., Any], dag_id: str) -> None:
    for task in load_dag(dag_id).tasks:
        assert task.pool == "duckdb_writer", task.task_id
        assert task.execution_timeout is not None, task.task_id
        assert task.retries == (0 if task.task_id.startswith("expectations_") else 2), task.task_id
        assert task.on_failure_callback, task.task_id


@pytest.mark.parametrize("dag_id", ["ai_unit_economics", "ai_unit_economics_by_model"])
def test_only_the_export_announces_marts(load_dag: Callable[..., Any], dag_id: str) -> None:
    dag = load_dag(dag_id)
    outlets = {task.task_id: task.outlets for task in dag.tasks if task.outlets}
    assert set(outlets) == {"export"}
    marts = {path.stem for path in (ROOT / "models" / "marts").glob("*.sql")}
    assert {asset.name for asset in outlets["export"]} == {f"ai_marts/{mart}" for mart in marts}
    assert dag.get_task("export").upstream_task_ids == {CHECKED}


def test_every_model_and_seed_is_a_task_between_the_expectations(
    load_dag: Callable[..., Any], airflow_home: Path
) -> None:
    dag = load_dag("ai_unit_economics_by_model")
    manifest = json.loads((STATE / "airflow" / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")]
    inside = [task for task in dag.tasks if task.task_id.startswith("models.")]
    assert len(inside) == len(nodes) > 100
    for task in inside:
        above = task.get_flat_relative_ids(upstream=True)
        assert {"expectations_raw", "plan_days"} <= above, task.task_id
        assert CHECKED in task.get_flat_relative_ids(upstream=False), task.task_id


def test_one_variable_moves_both_dags_to_snowflake(load_dag: Callable[..., Any]) -> None:
    plain = load_dag("ai_unit_economics", AI_TARGET="snowflake")
    assert {task.pool for task in plain.tasks} == {"default_pool"}
    for task_id in ("freshness", "expectations_raw", "seed", "build", "export"):
        assert "--target snowflake" in plain.get_task(task_id).bash_command
    by_model = load_dag("ai_unit_economics_by_model", AI_TARGET="snowflake")
    task = next(t for t in by_model.tasks if t.task_id.startswith("models."))
    assert task.profile_config.target_name == "snowflake"


def test_a_wrong_target_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_ops import settings

    monkeypatch.setenv("AI_TARGET", "snowflak")
    with pytest.raises(ValueError, match="it is one of duckdb, snowflake"):
        settings.read()


def test_one_dag_is_scheduled(load_dag: Callable[..., Any]) -> None:
    def is_scheduled(dag_id: str, **settings: str) -> bool:
        return bool(load_dag(dag_id, **settings).timetable.can_be_scheduled)

    assert is_scheduled("ai_unit_economics")
    assert not is_scheduled("ai_unit_economics_by_model")
    assert not is_scheduled("ai_unit_economics", AI_SCHEDULED_DAG="by_model")
    assert is_scheduled("ai_unit_economics_by_model", AI_SCHEDULED_DAG="by_model")


def test_the_interval_bounds_the_days_that_are_rebuilt() -> None:
    from ai_ops.steps import interval_vars

    start = datetime(2026, 11, 20, 5, tzinfo=UTC)
    end = start + timedelta(days=1)
    backfilled = {"ai_run_from": "2026-11-20", "ai_run_to": "2026-11-21"}
    assert interval_vars(start, end, "backfill", 7) == backfilled
    late = {"ai_run_from": "2026-11-13", "ai_run_to": "2026-11-21"}
    assert interval_vars(start, end, "scheduled", 7) == late
    # An interval that ends at midnight does not reach into the next day.
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    whole = interval_vars(midnight, midnight + timedelta(days=1), "backfill", 7)
    assert whole == {"ai_run_from": "2026-11-20", "ai_run_to": "2026-11-20"}
    assert interval_vars(None, None, "manual", 7) == {}


def test_a_webhook_gets_the_alert_and_a_dead_one_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from ai_ops import alerts

    got: list[dict[str, str]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/secret"
    connection = json.dumps({"conn_type": "http", "host": url})
    monkeypatch.setenv("AIRFLOW_CONN_AI_ALERTS_WEBHOOK", connection)
    try:
        assert alerts.send("Budget", "core used 90%", ["webhook", "log"]) == ["webhook", "log"]
    finally:
        server.shutdown()
        server.server_close()
    assert got == [{"text": "Budget\ncore used 90%"}]
    with caplog.at_level(logging.ERROR):
        assert alerts.send("Budget", "core used 90%", ["webhook", "pigeon"]) == []
    assert "secret" not in caplog.text


def test_a_failed_task_is_told_with_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_ops import alerts

    told: list[tuple[str, str]] = []
    monkeypatch.setattr(alerts, "CHANNELS", {"log": lambda *words: told.append(words)})

    class Task:
        dag_id, task_id = "ai_unit_economics", "build"

    alerts.AlertNotifier()(
        {"ti": Task(), "run_id": "manual__1", "exception": ValueError("exit code 1")}
    )
    ((subject, text),) = told
    assert subject == "AI unit economics: ai_unit_economics.build failed"
    assert "manual__1" in text
    assert "exit code 1" in text


def test_an_alert_is_told_once_as_long_as_it_lasts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import dataclasses

    from ai_ops import alerts, settings

    given = dataclasses.replace(settings.read(), state=tmp_path)
    found = [{"key": "budget|a", "kind": "budget", "text": "a used 90%"}]
    told: list[str] = []
    monkeypatch.setattr(alerts, "CHANNELS", {"log": lambda _, text: told.append(text)})

    class Done:
        returncode, stderr = 0, ""

        @property
        def stdout(self) -> str:
            return json.dumps(found)

    monkeypatch.setattr("subprocess.run", lambda *_, **__: Done())
    assert alerts.tell_of_marts(given) == 1
    assert alerts.tell_of_marts(given) == 0
    found.append({"key": "coverage|2026-10", "kind": "coverage", "text": "70% has a customer"})
    assert alerts.tell_of_marts(given) == 1
    assert told == ["- a used 90%", "- 70% has a customer"]
    # It is over, and comes back: news again.
    found.clear()
    assert alerts.tell_of_marts(given) == 0
    found.append({"key": "budget|a", "kind": "budget", "text": "a used 90%"})
    assert alerts.tell_of_marts(given) == 1
