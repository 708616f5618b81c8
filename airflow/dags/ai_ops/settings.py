"""Settings of the DAGs, all by environment variable; docs/airflow.md lists them.

Read when Airflow parses the DAGs. Secrets are not among them: those are connections of Airflow, or
the variables that profiles.yml reads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# One writing process, and no reader beside it: DuckDB locks its file.
WRITER_POOL = "duckdb_writer"
TARGETS = ("duckdb", "snowflake")


@dataclass(frozen=True)
class Settings:
    """How the pipeline runs."""

    target: str  # a target of profiles.yml: duckdb or snowflake
    project: Path  # the dbt project
    python: Path  # of the environment that holds dbt and Great Expectations
    state: Path  # dbt's target folder, results of expectations, exports
    profiles: Path
    schedule: str  # cron, UTC
    scheduled_dag: str  # plain or by_model: which of the two the schedule starts
    land_command: str  # lands raw tables; empty = something else does
    as_of: str  # what expectations call now: now, newest or a UTC time
    late_days: int  # days before the interval that are rebuilt too
    own_definition: str  # the user's own expectations, on top of the package's
    variables: str  # vars for dbt, as a JSON object
    build_words: tuple[str, ...]  # more words for `dbt build`
    retries: int
    retry_delay: timedelta
    build_timeout: timedelta
    step_timeout: timedelta

    @property
    def dbt(self) -> Path:
        """dbt of the same environment."""
        return self.python.with_name("dbt")

    @property
    def pool(self) -> str:
        """The pool of every task that opens the warehouse."""
        return WRITER_POOL if self.target == "duckdb" else "default_pool"

    @property
    def environment(self) -> dict[str, str]:
        """Variables of every step, beside those that Airflow was started with."""
        return {
            "DBT_PROJECT_DIR": str(self.project),
            "DBT_PROFILES_DIR": str(self.profiles),
            "DBT_TARGET_PATH": str(self.state),
            "DBT_LOG_PATH": str(self.state / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_VERSION_CHECK": "false",
            "GX_ANALYTICS_ENABLED": "false",
        }


def read() -> Settings:
    """The settings in force. Raises ValueError for a value that cannot be."""
    project = Path(os.environ.get("AI_PROJECT_DIR") or ROOT)
    target = os.environ.get("AI_TARGET") or "duckdb"
    if target not in TARGETS:
        raise ValueError(f"AI_TARGET is {target!r}: it is one of {', '.join(TARGETS)}")
    scheduled = os.environ.get("AI_SCHEDULED_DAG") or "plain"
    if scheduled not in ("plain", "by_model", "none"):
        raise ValueError(f"AI_SCHEDULED_DAG is {scheduled!r}: it is plain, by_model or none")
    return Settings(
        target=target,
        project=project,
        python=Path(os.environ.get("AI_DBT_PYTHON") or project / ".venv" / "bin" / "python"),
        state=Path(os.environ.get("AI_STATE_DIR") or project / "target"),
        profiles=Path(os.environ.get("DBT_PROFILES_DIR") or project),
        schedule=os.environ.get("AI_SCHEDULE") or "0 5 * * *",
        scheduled_dag=scheduled,
        land_command=os.environ.get("AI_LAND_COMMAND") or "",
        as_of=os.environ.get("AI_EXPECTATIONS_AS_OF") or "now",
        late_days=int(os.environ.get("AI_LATE_DAYS") or 7),
        own_definition=os.environ.get("AI_EXPECTATIONS_DEFINITION") or "",
        variables=os.environ.get("AI_DBT_VARS") or "{}",
        build_words=tuple((os.environ.get("AI_BUILD_ARGS") or "").split()),
        retries=int(os.environ.get("AI_RETRIES") or 2),
        retry_delay=timedelta(seconds=int(os.environ.get("AI_RETRY_SECONDS") or 300)),
        build_timeout=timedelta(minutes=int(os.environ.get("AI_BUILD_TIMEOUT_MINUTES") or 240)),
        step_timeout=timedelta(minutes=int(os.environ.get("AI_STEP_TIMEOUT_MINUTES") or 60)),
    )
