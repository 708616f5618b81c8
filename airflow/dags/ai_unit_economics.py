"""The pipeline in nine tasks, dbt as one `dbt build`: the fastest, and one log to read.

land → freshness → expectations_raw → plan_days → seed → build → expectations_marts → export, alerts
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable

from ai_ops import settings as ops_settings
from ai_ops import steps as ops_steps

settings = ops_settings.read()
steps = ops_steps.Steps(settings)

with DAG(
    dag_id="ai_unit_economics",
    description="What AI costs: land, check, build, check, publish",
    # An interval from run to run: with `@daily` its start is its end.
    schedule=CronDataIntervalTimetable(settings.schedule, timezone="UTC")
    if settings.scheduled_dag == "plain"
    else None,
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=settings.build_timeout + timedelta(hours=2),
    default_args=ops_steps.default_args(settings),
    user_defined_macros=dict(ops_steps.macros()),
    tags=["ai_unit_economics"],
    doc_md=__doc__,
) as dag:
    checked = steps.expectations("marts")
    (
        steps.land()
        >> steps.freshness()
        >> steps.expectations("raw")
        >> steps.plan_days()
        >> steps.seed()
        >> steps.build()
        >> checked
    )
    checked >> steps.export()
    checked >> steps.tell_people()
