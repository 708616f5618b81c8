"""The package as a user installs it: a project of their own, with its schema names and a source."""

from __future__ import annotations

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from conftest import ROOT, Dbt, DemoData, load_duckdb

OWN_RULES = """
create table raw.acme_attribution_rules as
select
    'team' as dimension, 'default_rule' as evidence, cast(null as varchar) as platform,
    'equals' as match_type, cast(null as varchar) as match_value, 'acme-platform' as target_id,
    cast(null as date) as valid_from, cast(null as date) as valid_to, 1 as priority, '' as note
"""

# What Mistral metered, and the one request of it that the company's own gateway logged, twice.
MISTRAL = """
create table raw.mistral_usage as
select
    date '2026-10-15' as usage_date, null::varchar as workspace_id, 'codestral-latest' as model,
    5000 as input_tokens, 700 as output_tokens, 3 as requests,
    timestamp '2026-10-16 06:00:00' as loaded_at;
create table raw.mistral_gateway_requests as
select
    'm-1' as request_id, 'cmpl-1' as response_id, null::varchar as trace_id,
    timestamp '2026-10-15 10:00:00' as created_at, timestamp '2026-10-15 10:00:02' as completed_at,
    'codestral-latest' as model, 'key-1' as key_id, 200 as status_code,
    '{"prompt_tokens": 1000, "completion_tokens": 200,'
    || ' "prompt_tokens_details": {"cached_tokens": 0}}' as usage,
    '{"customer_id": "acme", "feature": "search"}' as metadata, loaded_at
from (
    values (timestamp '2026-10-15 11:00:00'), (timestamp '2026-10-15 12:00:00')
) as loads(loaded_at)
"""


def installed_copy(folder: Path) -> Path:
    """The consumer project in `folder`, with the package beside it and installed from there."""
    package = folder / "package"
    shutil.copytree(
        ROOT,
        package,
        ignore=shutil.ignore_patterns(
            ".git", ".venv", ".cache", "target", "logs", "*.duckdb*", "dbt_packages"
        ),
    )
    return package / "integration_tests"


def test_the_package_builds_in_a_consumer_project(tmp_path: Path, small_demo: DemoData) -> None:
    """Own schema names, rules, provider and log; the demo company's rules do not leak in."""
    database = tmp_path / "consumer.duckdb"
    load_duckdb(small_demo.raw, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(OWN_RULES)
        connection.execute(MISTRAL)
        connection.execute("drop table raw.teams")
        connection.execute(
            "create table raw.teams as select 'acme-platform' as team_id where false"
        )
    dbt = Dbt(tmp_path, env={"AI_DUCKDB_PATH": str(database)})
    project = installed_copy(tmp_path)
    dbt("deps", project=project)
    # Of the unit tests, those of the project's own models.
    dbt("build", "--exclude", "resource_type:unit_test,package:ai_unit_economics", project=project)

    with duckdb.connect(str(database), read_only=True) as connection:
        schemas = {
            row[0]
            for row in connection.execute(
                "select distinct table_schema from information_schema.tables"
            ).fetchall()
        }
        assert {"acme_seeds", "acme_staging", "acme_intermediate", "acme_marts"} <= schemas
        assert not schemas & {"seeds", "staging", "intermediate", "marts"}
        own = connection.execute(
            "select model_raw, input_uncached_tokens, output_tokens, quantity_status, usage_end_at "
            "from acme_intermediate.int_ai_usage where platform = 'mistral'"
        ).fetchall()
        assert own == [
            ("codestral-latest", 5000, 700, "split_unknown", datetime.fromisoformat("2026-10-16"))
        ]
        # 1,000 tokens at 0.30 and 200 at 0.90 USD per million; the two deliveries are one request.
        logged = connection.execute(
            "select request_id, pricing_status, metered_cost_usd "
            "from acme_marts.cost_per_request where request_source = 'mistral_gateway'"
        ).fetchall()
        assert logged == [("m-1", "priced", Decimal("0.00048"))]
        tags = connection.execute(
            "select customer_tag, feature_tag, copies "
            "from acme_intermediate.int_ai_requests where request_source = 'mistral_gateway'"
        ).fetchall()
        assert tags == [("acme", "search", 2)]
        by_default = connection.execute(
            "select count(*) from acme_marts.attribution_coverage "
            "where dimension = 'team' and method = 'default_rule'"
        ).fetchone()
        by_project = connection.execute(
            "select count(*) from acme_marts.attribution_coverage where method = 'project_map'"
        ).fetchone()
        assert by_default is not None and by_default[0] > 0
        assert by_project == (0,)
