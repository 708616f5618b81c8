"""The same pipeline with a task per model and seed: a failed model is retried alone, each is timed.

Slower in all: every task starts dbt anew. Drawn from target/airflow/dbt/manifest.json (`make
airflow-setup`).
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable
from cosmos import (
    DbtTaskGroup,
    ExecutionConfig,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    ProfileConfig,
    ProjectConfig,
    RenderConfig,
    TestBehavior,
)

from ai_ops import settings as ops_settings
from ai_ops import steps as ops_steps

settings = ops_settings.read()
steps = ops_steps.Steps(settings)
# A copy of its own: dbt rewrites the other one while the DAG is parsed.
manifest = settings.state / "airflow" / "dbt" / "manifest.json"
if not manifest.exists():
    raise FileNotFoundError(f"There is no {manifest}. `make airflow-setup` writes it (dbt parse).")
# Only these nodes, by dbt's words separated by spaces; empty = all that is on.
selected = (os.environ.get("AI_BY_MODEL_SELECT") or "").split()

with DAG(
    dag_id="ai_unit_economics_by_model",
    description="What AI costs, a task per model",
    schedule=CronDataIntervalTimetable(settings.schedule, timezone="UTC")
    if settings.scheduled_dag == "by_model"
    else None,
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=settings.build_timeout + timedelta(hours=6),
    default_args=ops_steps.default_args(settings),
    user_defined_macros=dict(ops_steps.macros()),
    tags=["ai_unit_economics"],
    doc_md=__doc__,
) as dag:
    models = DbtTaskGroup(
        group_id="models",
        project_config=ProjectConfig(
            dbt_project_path=settings.project,
            manifest_path=manifest,
            project_name="ai_unit_economics",
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name="ai_unit_economics",
            target_name=settings.target,
            profiles_yml_filepath=settings.profiles / "profiles.yml",
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.LOCAL,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=str(settings.dbt),
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            # Model and tests in one command: a start of dbt per model, not two.
            test_behavior=TestBehavior.BUILD,
            # Announced by `export` alone, after the expectations.
            emit_datasets=False,
            select=selected,
        ),
        operator_args={
            "vars": ops_steps.PLANNED_VARS,
            "append_env": True,
            "env": {k: v for k, v in settings.environment.items() if k != "DBT_PROJECT_DIR"},
            "execution_timeout": settings.step_timeout,
        },
    )
    checked = steps.expectations("marts")
    (
        steps.land()
        >> steps.freshness()
        >> steps.expectations("raw")
        >> steps.plan_days()
        >> models
        >> checked
    )
    checked >> steps.export()
    checked >> steps.tell_people()
