"""What scripts/mart_alerts.py tells of marts: each kind, and nothing where nothing is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mart_alerts
from golden_company import opened

MARTS = """
create schema marts;
create table marts.spend_by_team (
    usage_month date, team_id varchar, budget_owner varchar, budgeted_cost_usd decimal(38, 15),
    budget_usd decimal(38, 15), budget_used_ratio decimal(18, 6)
);
create table marts.cost_anomalies (
    usage_date date, dimension varchar, platform varchar, dimension_value varchar, cause varchar,
    cost_usd decimal(38, 15), baseline_cost_usd decimal(38, 15), deviation_usd decimal(38, 15)
);
create table marts.cost_ledger (usage_date date);
create table marts.spend_by_provider_model (
    usage_month date, platform varchar, model varchar, unpriced_attempts bigint
);
create table marts.attribution_coverage (
    usage_month date, dimension varchar, is_attributed boolean, share_of_cost_ratio decimal(18, 6)
);
create table marts.ai_cogs_summary (usage_month date, is_period_complete boolean);
insert into marts.cost_ledger values ('2026-11-20');
insert into marts.ai_cogs_summary values ('2026-10-01', true), ('2026-11-01', false);
insert into marts.spend_by_team values
    ('2026-10-01', 'core', 'mira', 300, 200, 1.5), ('2026-11-01', 'core', 'mira', 90, 100, 0.9),
    ('2026-11-01', 'growth', 'jo', 10, 100, 0.1), ('2026-11-01', 'labs', null, 120, 100, 1.2);
insert into marts.cost_anomalies values
    ('2026-11-19', 'api_key', 'openai', 'key_main', 'volume', 90, 10, 80),
    ('2026-11-02', 'api_key', 'openai', 'key_old', 'volume', 90, 10, 80);
insert into marts.spend_by_provider_model values
    ('2026-09-01', 'openai', 'old', 7), ('2026-10-01', 'openai', 'gpt-9', 3),
    ('2026-11-01', 'openai', 'gpt-9', 4), ('2026-11-01', 'openai', 'gpt-5', 0);
insert into marts.attribution_coverage values
    ('2026-10-01', 'customer', true, 0.7), ('2026-10-01', 'customer', false, 0.3),
    ('2026-11-01', 'customer', true, 0.1), ('2026-10-01', 'feature', true, 0.2);
"""


@pytest.fixture
def told(duckdb_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """A function: the alerts of the marts above, changed by SQL."""
    with opened(duckdb_path) as connection:
        connection.execute(MARTS)
    monkeypatch.setenv("AI_DUCKDB_PATH", str(duckdb_path))

    def tell(sql: str = "", *arguments: str) -> dict[str, str]:
        with opened(duckdb_path) as connection:
            connection.execute(sql or "select 1")
        assert mart_alerts.main(["--json", *arguments]) == 0
        return {alert["key"]: alert["text"] for alert in json.loads(capsys.readouterr().out)}

    return tell


def test_each_matter_is_told_with_its_figures(told: Any) -> None:
    found = told()
    assert set(found) == {
        "budget|2026-11|core|80%",
        "budget|2026-11|labs|100%",
        "anomaly|2026-11-19|api_key|openai|key_main",
        "unpriced_model|openai|gpt-9",
        "coverage|2026-10",
    }
    assert found["budget|2026-11|core|80%"] == (
        "core used 90% of its budget of November 2026: $90.00 of $100.00 (owner: mira)"
    )
    assert (
        "cost $90.00 on 2026-11-19, usually $10.00: volume"
        in (found["anomaly|2026-11-19|api_key|openai|key_main"])
    )
    assert found["unpriced_model|openai|gpt-9"].startswith("7 attempts of gpt-9 on openai")
    assert found["coverage|2026-10"].startswith("70.0% of the cost of October 2026")


def test_the_gate_is_the_projects_own(told: Any) -> None:
    assert "coverage|2026-10" not in told("", "--vars", "{ai_min_customer_coverage: 0.6}")


def test_nothing_is_told_where_nothing_is_wrong(told: Any) -> None:
    assert (
        told(
            "delete from marts.cost_anomalies;"
            "delete from marts.spend_by_team where team_id <> 'growth';"
            "update marts.spend_by_provider_model set unpriced_attempts = 0;"
            "update marts.attribution_coverage set is_attributed = true"
        )
        == {}
    )


def test_no_marts_is_no_silence(
    duckdb_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("AI_DUCKDB_PATH", str(duckdb_path))
    assert mart_alerts.main([]) == 2
    assert "Run `make demo`" in capsys.readouterr().err
