"""The steps of the pipeline as operators: each is one command in the environment of dbt."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Asset

from ai_ops import alerts
from ai_ops.settings import Settings

# Filled by Jinja when the task runs: the vars that plan_days settled on.
PLANNED_VARS = "{{ ti.xcom_pull(task_ids='plan_days') }}"


def default_args(settings: Settings) -> dict[str, Any]:
    """What all tasks have in common: retries, time limits, the pool, a word to people."""
    return {
        "owner": "ai-unit-economics",
        "retries": settings.retries,
        "retry_delay": settings.retry_delay,
        "retry_exponential_backoff": True,
        "max_retry_delay": 4 * settings.retry_delay,
        "execution_timeout": settings.step_timeout,
        "pool": settings.pool,
        "on_failure_callback": alerts.AlertNotifier(),
    }


def interval_vars(
    start: datetime | None, end: datetime | None, run_type: str, late_days: int
) -> dict[str, str]:
    """`ai_run_from` and `ai_run_to`, both inclusive UTC days, of a data interval [start, end).

    A scheduled or manual run also rebuilds the `late_days` before, for rows that came late; a
    backfill rebuilds its own days. Without an interval there are no bounds.
    """
    if start is None or end is None:
        return {}
    last = (end - timedelta(microseconds=1)).date() if end > start else start.date()
    before = 0 if run_type == "backfill" else late_days
    return {
        "ai_run_from": (start.date() - timedelta(days=before)).isoformat(),
        "ai_run_to": last.isoformat(),
    }


class Steps:
    """Makes the operators; call its methods inside a DAG."""

    def __init__(self, settings: Settings) -> None:
        """Every step uses the same settings."""
        self.settings = settings

    @property
    def manifest(self) -> str:
        """What `freshness`, the first dbt command of a run, read of the project."""
        return str(self.settings.state / "manifest.json")

    def command(self, *words: str) -> str:
        """A shell command line; words that Jinja fills stay as they are."""
        return " ".join(w if "{{" in w else shlex.quote(w) for w in words)

    def bash(self, task_id: str, command: str, **options: Any) -> BashOperator:
        """One command in the project's folder."""
        return BashOperator(
            task_id=task_id,
            bash_command=command,
            cwd=str(self.settings.project),
            env=self.settings.environment,
            append_env=True,
            **{"do_xcom_push": False, **options},
        )

    def dbt(self, task_id: str, *words: str, **options: Any) -> BashOperator:
        """One dbt command with the target and the vars of the settings."""
        s = self.settings
        line = self.command(str(s.dbt), "--no-use-colors", *words, "--target", s.target)
        return self.bash(task_id, line, **options)

    def land(self) -> BashOperator:
        """Bring the raw tables in, where no loader of its own does."""
        command = self.settings.land_command
        return self.bash("land", command or "echo 'Raw tables are landed by your own loader.'")

    def freshness(self) -> BashOperator:
        """Did the loaders run? Stops at `error_after`, tells of `warn_after`."""
        return self.dbt("freshness", "source", "freshness", "--vars", self.settings.variables)

    def expectations(self, layer: str) -> BashOperator:
        """Judge a layer with Great Expectations; a critical failure stops the run."""
        s = self.settings
        words = [str(s.python), str(s.project / "expectations" / "expect.py"), layer]
        words += ["--target", s.target, "--as-of", s.as_of, "--vars", s.variables]
        words += ["--out", str(s.state / "expectations"), "--manifest", self.manifest]
        if s.own_definition:
            words += ["--definition", s.own_definition]
        # What fails here fails again: data does not mend itself within minutes.
        return self.bash(f"expectations_{layer}", self.command(*words), retries=0)

    def plan_days(self) -> BashOperator:
        """Settle which UTC days are rebuilt; its last line, JSON, is the vars of the build."""
        s = self.settings
        words = [str(s.python), str(s.project / "airflow" / "plan_days.py")]
        words += ["--target", s.target, "--vars", s.variables, "--manifest", self.manifest]
        words += ["--asked"]
        asked = (
            "'{{ interval_vars(data_interval_start, data_interval_end, dag_run.run_type, "
            f"{s.late_days}) | tojson }}}}'"
        )
        return self.bash("plan_days", self.command(*words) + " " + asked, do_xcom_push=True)

    def seed(self) -> BashOperator:
        """Load the seeds: prices, rules, budgets."""
        return self.dbt("seed", "seed", "--vars", self.settings.variables)

    def build(self) -> BashOperator:
        """Build and test the models; a retry rebuilds the same days to the same numbers."""
        return self.dbt(
            "build", "build", "--exclude-resource-type", "seed", "--exclude-resource-type",
            "unit_test", *self.settings.build_words, "--vars", f"'{PLANNED_VARS}'",
            execution_timeout=self.settings.build_timeout,
        )  # fmt: skip

    def export(self) -> BashOperator:
        """Write the marts for readers, and announce them: the only task with outlets."""
        return self.bash(
            "export", self.command(*export_command(self.settings)), outlets=marts(self.settings)
        )

    def tell_people(self) -> PythonOperator:
        """Budgets, anomalies, unpriced models, coverage below its gate."""
        return PythonOperator(
            task_id="alerts",
            python_callable=alerts.tell_of_marts,
            op_kwargs={"settings": self.settings},
        )


def export_command(settings: Settings) -> list[str]:
    """The command that writes `<state>/export/current/<mart>.parquet` and its manifest."""
    return [
        str(settings.python),
        str(settings.project / "scripts" / "export_marts.py"),
        "--target", settings.target,
        "--out", str(settings.state / "export"),
        "--dbt-target-path", str(settings.state),
    ]  # fmt: skip


def marts(settings: Settings) -> list[Asset]:
    """An asset per mart, so that others can start when it is published."""
    names = sorted(path.stem for path in (settings.project / "models" / "marts").glob("*.sql"))
    return [Asset(name=f"ai_marts/{name}", uri=f"x-ai-marts://{name}") for name in names]


def macros() -> Mapping[str, Any]:
    """Functions that the commands use in Jinja."""
    return {"interval_vars": interval_vars, "json": json}
