"""Incremental = full refresh, row for row, whatever arrives and in whatever order.

Each change is made to the raw tables of the built eventful company and followed by a plain run; the
stored requests and all marts must then be those of a full refresh of a copy of the warehouse.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import backfill
import restatement_plan
from changing_warehouse import ChangingWarehouse, Contents, difference
from conftest import Dbt
from golden_company import EVENTFUL_VARIABLES, eventful_company, opened, query, table_contents
from test_mutations import copy_project

# What changes in the raw tables, as SQL; loads come later than all that is there.
REQUEST = (
    "insert into raw.app_requests (request_id, attempt, occurred_at, platform, provider, "
    "model_served, customer_id, trace_id, input_tokens, cached_read_tokens, output_tokens, "
    "status, loaded_at) values "
)
CHANGES = {
    "late row": REQUEST
    + "('late', 1, '2026-10-15 05:00', 'openai', 'openai', 'x', 'B', null, 70000, 0, 0, 'ok', "
    "'2026-11-02 00:00')",
    "late duplicate with other values": REQUEST
    + "('r1', null, '2026-10-15 10:00', 'openai', 'openai', 'x', 'A', null, 9000000, 0, 0, "
    "'ok', '2026-11-02 01:00')",
    "copy on the day before": REQUEST
    + "('trace-1', null, '2026-10-16 23:59:59', 'openai', 'openai', 'x', 'a', 't', 1500, 0, 0, "
    "'ok', '2026-11-02 02:00')",
    "copy too far away": REQUEST
    + "('copy-4', null, '2026-10-25 10:00', 'openai', 'openai', 'x', 'B', null, 1, 0, 0, 'ok', "
    "'2026-11-02 03:00')",
    "second attempt on the next day": REQUEST
    + "('r2', 2, '2026-10-16 10:00', 'openai', 'openai', 'x', 'B', null, 5000, 0, 0, 'ok', "
    "'2026-11-02 04:00')",
    "second attempt days later": REQUEST
    + "('copy-4', 2, '2026-10-24 10:00', 'openai', 'openai', 'x', 'B', null, 5000, 0, 0, 'ok', "
    "'2026-11-02 05:00')",
    "member of a trace on the next day": REQUEST
    + "('trace-3', 1, '2026-10-18 00:10', 'openai', 'openai', 'x', null, 't', 2500, 0, 0, 'ok', "
    "'2026-11-02 06:00')",
    "price edited": "update raw.price_overrides set price_usd = 11 where model = 'x'",
    "rule edited": "update raw.attribution_rules set target_id = 'A' where target_id = 'F'",
    "bill arrives": "insert into raw.openai_costs (start_time, end_time, project_id, line_item, "
    "amount__value, amount__currency, loaded_at) select start_time + 86400, end_time + 86400, "
    "project_id, 'x, input', '31.5', 'usd', timestamp '2026-11-02' from raw.openai_costs "
    "where line_item = 'y, input'",
    "bill corrected": "insert into raw.openai_costs (start_time, end_time, project_id, line_item, "
    "amount__value, amount__currency, loaded_at) select start_time, end_time, project_id, "
    "line_item, '41', amount__currency, timestamp '2026-11-03' from raw.openai_costs "
    "where line_item = 'y, input'",
    "plan changed": "update raw.subscriptions set plan_id = 'scale' where subscription_id = 's3'",
    "scenario added": "insert into seeds.ai_price_scenarios by name select 's' as scenario_id, "
    "'model_swap' as kind, 'openai' as platform, 'x' as model, 'nobodys' as to_model, "
    "date '2026-10-01' as valid_from",
}


class Warehouse(ChangingWarehouse):
    """The eventful company's warehouse."""

    def requests(self) -> Contents:
        """All rows of the stored requests."""
        return {
            "int_ai_requests": query(
                self.path,
                "select cast(columns(lambda c: c <> 'stored_by') as varchar) "
                "from intermediate.int_ai_requests order by all",
            )
        }

    def contents(self) -> Contents:
        """All rows of the marts and of the stored requests."""
        return table_contents(self.path) | self.requests()

    def after_full_refresh(self, *args: str) -> Contents:
        """What a full refresh of a copy holds: of what `args` select, the stored requests."""
        return self.refreshed(self.requests if args else self.contents, *args)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The eventful company, built once."""
    folder = tmp_path_factory.mktemp("incremental")
    return Warehouse.built(folder, eventful_company(), EVENTFUL_VARIABLES)


@pytest.fixture
def warehouse(built: Warehouse) -> Warehouse:
    """The built warehouse as it was before any change."""
    built.reset()
    return built


def assert_same(left: Contents, right: Contents) -> None:
    """Equal tables, row for row; else what differs."""
    assert left == right, difference(left, right)


def test_second_run_changes_nothing(warehouse: Warehouse) -> None:
    before = warehouse.contents()
    warehouse.run()
    assert_same(warehouse.contents(), before)


def test_all_changes_one_after_the_other(warehouse: Warehouse) -> None:
    before = warehouse.contents()
    names = list(CHANGES)
    # Three runs, with what may arrive between two of them.
    for part in (names[:4], names[4:7], names[7:]):
        for name in part:
            warehouse.execute(CHANGES[name])
        warehouse.run()
    after = warehouse.contents()
    assert after != before
    assert_same(after, warehouse.after_full_refresh())


@pytest.mark.slow
def test_customers_come_to_focus_without_a_full_refresh(warehouse: Warehouse) -> None:
    """A var that adds rows to every stored day, not only to new ones."""
    before = warehouse.contents()
    warehouse.run(ai_focus_by_customer=True)
    by_customer = warehouse.contents()
    assert before["marts.focus_cost_and_usage"] != by_customer["marts.focus_cost_and_usage"]
    warehouse.run("--full-refresh", ai_focus_by_customer=True)
    assert_same(by_customer, warehouse.contents())
    warehouse.run()
    assert_same(before, warehouse.contents())


@pytest.mark.slow
def test_focus_forgets_a_day_that_is_billed_at_nothing_any_more(warehouse: Warehouse) -> None:
    """A day with a bill and no request: of 10 USD, then, delivered again, of 0."""
    for amount, load, charged in (("10", "2026-11-02", 10), ("0", "2026-11-03", None)):
        warehouse.execute(
            "insert into raw.openai_costs by name select "
            "epoch(timestamp '2026-11-05')::bigint as start_time, "
            "epoch(timestamp '2026-11-06')::bigint as end_time, 'p' as project_id, "
            f"'x, input' as line_item, '{amount}' as amount__value, 'usd' as amount__currency, "
            f"timestamp '{load}' as loaded_at"
        )
        warehouse.run()
        assert_same(warehouse.contents(), warehouse.after_full_refresh())
        billed = query(
            warehouse.path,
            "select sum(BilledCost) from marts.focus_cost_and_usage "
            "where ChargePeriodStart = timestamp '2026-11-05'",
        )
        assert billed == [(charged,)]


@pytest.mark.slow
def test_a_day_forgets_its_only_trace(warehouse: Warehouse) -> None:
    """A request inherits from a trace; then the one that told the owner is said to be in none."""
    heir = (
        "('heir', 1, '2026-11-04 10:00', 'openai', 'openai', 'x', null, 'lone', 1000, 0, 0, 'ok',"
    )
    for trace, load in (("'lone'", "2026-11-05 00:00"), ("null", "2026-11-06 00:00")):
        giver = (
            "('giver', 1, '2026-11-04 09:00', 'openai', 'openai', 'x', 'A', "
            f"{trace}, 1000, 0, 0, 'ok', '{load}')"
        )
        warehouse.execute(f"{REQUEST}{heir} '{load}'), {giver}")
        warehouse.run()
        owner = query(
            warehouse.path,
            "select lower(customer_id) from marts.cost_per_request where request_id = 'heir'",
        )
        assert owner == [("a" if trace == "'lone'" else None,)]
        assert_same(warehouse.contents(), warehouse.after_full_refresh())


@pytest.mark.slow
def test_a_scenario_follows_its_rows_and_the_prices_of_its_other_model(
    warehouse: Warehouse,
) -> None:
    """A swap of x for a model that nobody calls: its price, its ratio, its days, then its end."""
    steps = (
        CHANGES["scenario added"],
        "insert into raw.price_overrides by name select * replace ('nobodys' as model, "
        "9 as price_usd) from raw.price_overrides where model = 'x' limit 1",
        "update seeds.ai_price_scenarios set input_token_ratio = 1.5 where scenario_id = 's'",
        "update seeds.ai_price_scenarios set valid_to = date '2026-10-16' where scenario_id = 's'",
        "delete from seeds.ai_price_scenarios where scenario_id = 's'",
    )
    seen = [warehouse.contents()["marts.price_change_impact"]]
    for sql in steps:
        warehouse.execute(sql)
        warehouse.run("--select", "int_ai_prices__daily+")
        seen.append(warehouse.contents()["marts.price_change_impact"])
        assert seen[-1] != seen[-2], sql
        assert_same(warehouse.contents(), warehouse.after_full_refresh())
    assert not [row for row in seen[-1] if row[0] == "s"]


@pytest.mark.slow
def test_names_of_platforms_come_to_all_of_focus(warehouse: Warehouse) -> None:
    warehouse.run(ai_platform_names={"openai": {"company": "Reseller", "service": "Models"}})
    assert query(
        warehouse.path,
        "select distinct ProviderName, ServiceName from marts.focus_cost_and_usage "
        "where x_Platform = 'openai'",
    ) == [("Reseller", "Models")]


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_incremental_is_full_refresh(warehouse: Warehouse, name: str) -> None:
    before = warehouse.contents()
    warehouse.execute(CHANGES[name])
    warehouse.run()
    after = warehouse.contents()
    if name != "copy too far away":
        assert after != before, f"{name} changed nothing"
    assert_same(after, warehouse.after_full_refresh())


# All else is computed from the stored requests: the tests below build and compare only these.
STORED = ("--select", "int_ai_requests")


@pytest.mark.slow
def test_day_with_deleted_raw_rows_is_kept_and_replaced_on_demand(warehouse: Warehouse) -> None:
    before = warehouse.requests()
    # One request of a day, and all requests of another.
    warehouse.execute("delete from raw.app_requests where request_id in ('r2', 'copy-4')")
    days = {"ai_run_from": "2026-10-10", "ai_run_to": "2026-10-15"}
    warehouse.run(*STORED)
    assert_same(warehouse.requests(), before)
    # Also when the day is asked for: a partial day never comes over a whole one by itself.
    warehouse.run(*STORED, **days)
    assert_same(warehouse.requests(), before)

    warehouse.run(*STORED, ai_reprocess=True, **days)
    assert len(before["int_ai_requests"]) - len(warehouse.requests()["int_ai_requests"]) == 2
    assert_same(warehouse.requests(), warehouse.after_full_refresh(*STORED))


@pytest.mark.slow
def test_run_bounds_rebuild_only_their_days(warehouse: Warehouse) -> None:
    """A loader that hands in rows with an old load time: named days are rebuilt on demand."""
    before = warehouse.requests()
    warehouse.execute(
        REQUEST
        + "('old load', 1, '2026-10-15 05:00', 'openai', 'openai', 'x', 'B', null, 1, 0, 0, 'ok', "
        "'2026-10-15 06:00')"
    )
    warehouse.run(*STORED, ai_run_from="2026-10-20", ai_run_to="2026-10-21")
    assert_same(warehouse.requests(), before)
    warehouse.run(*STORED, ai_run_from="2026-10-15", ai_run_to="2026-10-15")
    assert warehouse.requests() != before
    assert_same(warehouse.requests(), warehouse.after_full_refresh(*STORED))


@pytest.mark.slow
def test_back_fill_in_parts_is_one_build(warehouse: Warehouse) -> None:
    """Copies and attempts across the seams are found."""
    expected = warehouse.requests()
    bounds = [(None, "2026-10-15"), ("2026-10-16", "2026-10-16"), ("2026-10-17", None)]
    for number, (start, end) in enumerate(bounds):
        flags = ["--full-refresh"] if number == 0 else []
        warehouse.run(*flags, *STORED, ai_run_from=start, ai_run_to=end)
    assert_same(warehouse.requests(), expected)


@pytest.mark.slow
def test_killed_run_is_repaired_by_the_next(warehouse: Warehouse) -> None:
    """A run that ended half way, and one that left stored tables empty."""
    warehouse.execute(CHANGES["late row"])
    warehouse.execute(CHANGES["bill arrives"])
    warehouse.run(*STORED, "int_ai_billing", "int_ai_cells")
    half_way = warehouse.contents()
    warehouse.execute("delete from intermediate.int_ai_rates")
    warehouse.run()
    repaired = warehouse.contents()
    assert repaired != half_way
    assert_same(repaired, warehouse.after_full_refresh())

    warehouse.execute("delete from intermediate.int_ai_requests")
    warehouse.run(*STORED)
    assert_same(warehouse.requests(), {"int_ai_requests": repaired["int_ai_requests"]})


def days_by_fingerprint(warehouse: Warehouse, table: str) -> dict[str, str]:
    """{UTC day or month: what it was made from} of a stored table."""
    part = "usage_month" if table.endswith(("_months", "_units")) else "usage_date"
    return dict(
        query(
            warehouse.path,
            f"select cast({part} as varchar), max(day_fingerprint) "
            f"from intermediate.{table} group by all",
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "sql", "days"),
    [
        ("nothing", "select 1", set()),
        ("a late row", CHANGES["late row"], {"2026-10-15"}),
        (
            "a price from a day on",
            "insert into raw.price_overrides by name select * replace (12 as price_usd, "
            "date '2026-10-17' as valid_from) from raw.price_overrides where model = 'x'",
            {"2026-10-17"},
        ),
        ("a corrected bill", CHANGES["bill corrected"], {"2026-10-16"}),
        (
            "a plan that ends during a day",
            "update raw.subscriptions set valid_to = timestamp '2026-10-17 06:00' "
            "where subscription_id = 's3'",
            {"2026-10-17"},
        ),
        (
            "a customer that nobody has seen",
            "insert into raw.customers (customer_id, is_internal) values ('unseen', false)",
            set(),
        ),
    ],
)
def test_only_the_days_that_a_change_touches_are_built(
    warehouse: Warehouse, what: str, sql: str, days: set[str]
) -> None:
    tables = (
        "int_ai_ledger__requests",
        "int_ai_ledger__request_customers",
        "int_ai_class_costs",
    )
    before = {table: days_by_fingerprint(warehouse, table) for table in tables}
    warehouse.execute(sql)
    warehouse.run()
    for table in tables:
        after = days_by_fingerprint(warehouse, table)
        changed = {day for day in after if after[day] != before[table].get(day)}
        assert changed == days, f"{what}: {table}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("facts", "late row"),
        ("owners", "rule edited"),
        ("plans", "plan changed"),
        ("bills", "bill corrected"),
    ],
)
def test_a_fingerprint_without_a_part_misses_its_changes(
    warehouse: Warehouse, tmp_path: Path, part: str, change: str
) -> None:
    """The mutation of incremental = full refresh: what a day depends on and does not know of."""
    project = copy_project(tmp_path / "project")
    file = project / "models" / "intermediate" / "4_ledger" / "int_ai_costed_days.sql"
    hashed, part_text = file.read_text(encoding="utf-8"), f"'{part}_fingerprint', "
    end = hashed.index("]) }} as costed_fingerprint")
    start = hashed.rindex("{{ ai_hash([", 0, end)
    listed = hashed[start:end]
    assert listed.count(part_text.strip()) == 1
    file.write_text(
        hashed[:start] + listed.replace(part_text.strip(), "") + hashed[end:], encoding="utf-8"
    )
    warehouse.dbt("run", "--full-refresh", variables=EVENTFUL_VARIABLES, project=project)
    warehouse.execute(CHANGES[change])
    warehouse.dbt("run", variables=EVENTFUL_VARIABLES, project=project)
    after = warehouse.contents()
    with pytest.raises(AssertionError, match="marts"):
        assert_same(after, warehouse.after_full_refresh())


@pytest.mark.slow
def test_nothing_before_the_start_date_is_read(warehouse: Warehouse) -> None:
    start = {"ai_start_date": "2026-10-16"}
    warehouse.run("--full-refresh", **start)
    for table in ("int_ai_requests", "int_ai_usage", "int_ai_billing"):
        ((first,),) = query(
            warehouse.path,
            f"select cast(min(usage_date) as varchar) from intermediate.{table}",
        )
        assert first == "2026-10-16", table
    warehouse.dbt("test", "--select", "test_type:singular", variables=EVENTFUL_VARIABLES | start)


def total(warehouse: Warehouse, where: str = "true") -> Any:
    """Sum of effective and of billed cost of the ledger."""
    ((effective, billed),) = query(
        warehouse.path,
        "select sum(effective_cost_usd), sum(billed_cost_usd) from marts.cost_ledger "
        f"where {where}",
    )
    return effective, billed


CLOSED = {"ai_closed_through": "2026-10-31"}


@pytest.mark.slow
def test_a_closed_month_stays_and_its_changes_are_adjustments(warehouse: Warehouse) -> None:
    before = warehouse.contents()
    october = total(warehouse, "usage_date <= date '2026-10-31'")
    changes = ("late row", "price edited", "bill corrected", "rule edited")
    for name in changes:
        warehouse.execute(CHANGES[name])
    warehouse.run(**CLOSED)
    assert total(warehouse, "usage_date <= date '2026-10-31'") == october
    for mart in ("cost_per_customer", "cost_per_feature", "margin_by_plan"):
        kept = [row for row in warehouse.contents()[f"marts.{mart}"] if row[0] == "2026-10-01"]
        assert kept == [row for row in before[f"marts.{mart}"] if row[0] == "2026-10-01"], mart
    adjusted = total(warehouse, "usage_date = date '2026-11-01' and variance_class is not null")
    assert adjusted != (None, None)
    assert query(
        warehouse.path,
        "select distinct event from marts.restatement_log where run_number = 2",
    ) == [("closed",)]
    # The same once more, and in a full refresh, and with tests that know of closed days.
    closed = warehouse.contents()
    warehouse.run("--full-refresh", **CLOSED)
    assert_same(warehouse.contents(), closed)
    warehouse.dbt(
        *("test", "--select", "test_type:singular"), variables=EVENTFUL_VARIABLES | CLOSED
    )
    # Over all days the ledger is what it is without a closed month.
    everything = total(warehouse)
    warehouse.execute("drop table intermediate.int_ai_ledger__other cascade")
    warehouse.run("--full-refresh")
    assert total(warehouse) == everything


@pytest.mark.slow
def test_a_month_that_is_not_whole_cannot_be_closed(warehouse: Warehouse) -> None:
    with pytest.raises(AssertionError, match="name the last day"):
        warehouse.run("--select", "int_ai_ledger__requests", ai_closed_through="2026-10-15")


@pytest.mark.slow
def test_the_log_says_what_moved_and_why(warehouse: Warehouse) -> None:
    for number, (name, reason) in enumerate(
        (
            ("late row", "late_rows"),
            ("price edited", "price"),
            ("rule edited", "map"),
            ("bill corrected", "bill"),
            ("plan changed", "plan"),
        ),
        start=2,
    ):
        warehouse.execute(CHANGES[name])
        warehouse.run()
        logged = query(
            warehouse.path,
            f"select distinct event, reason from marts.restatement_log where run_number = {number}",
        )
        assert logged in ([("restated", reason)], [("unmoved", reason)]), name


def ids_in_stored_tables(path: Path, wanted: str) -> list[str]:
    """table.column of every stored table below and among the marts that holds the text."""
    found = []
    with opened(path, read_only=True) as connection:
        for schema, table, column in connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "join information_schema.tables using (table_schema, table_name) "
            "where table_type = 'BASE TABLE' and data_type = 'VARCHAR' "
            "and table_schema in ('intermediate', 'marts')"
        ).fetchall():
            held = connection.execute(
                f'select count(*) from {schema}.{table} where "{column}" ilike ?', [f"%{wanted}%"]
            ).fetchone()
            if held and held[0]:
                found.append(f"{table}.{column}")
    return found


PERSON = "person-of-interest"


@pytest.mark.slow
def test_a_customer_and_a_user_are_erased_and_stay_so(warehouse: Warehouse) -> None:
    for table, column in (
        ("customers", "customer_id"),
        ("customers", "name"),
        ("subscriptions", "customer_id"),
        ("revenue_lines", "customer_id"),
        ("app_requests", "customer_id"),
    ):
        warehouse.execute(f"update raw.{table} set {column} = '{PERSON}' where {column} = 'B'")
    warehouse.execute("update raw.app_requests set user_id = 'user-' || customer_id")
    by_customer = {"ai_focus_by_customer": True}
    warehouse.run("--full-refresh", **by_customer)
    kept = total(warehouse)
    plans = query(warehouse.path, "select * from marts.margin_by_plan order by all")
    assert ids_in_stored_tables(warehouse.path, PERSON)

    def erase() -> None:
        for arguments in (f"{{customer_id: {PERSON}}}", f"{{user_id: user-{PERSON}}}"):
            warehouse.dbt(
                *("run-operation", "ai_erase", "--args", arguments),
                variables=EVENTFUL_VARIABLES | by_customer,
            )

    erase()
    assert ids_in_stored_tables(warehouse.path, PERSON) == []
    warehouse.run(**by_customer)
    assert ids_in_stored_tables(warehouse.path, PERSON) == []
    assert total(warehouse) == kept
    assert query(warehouse.path, "select * from marts.margin_by_plan order by all") == plans
    erased = warehouse.contents()
    erase()
    warehouse.run(**by_customer)
    assert_same(warehouse.contents(), erased)
    warehouse.run("--full-refresh", **by_customer)
    assert_same(erased, warehouse.contents())


def test_back_fill_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any call, the same command builds the months that are left, and no other."""
    calls: list[str] = []
    allowed = 2

    def call(arguments: list[str], variables: dict[str, Any], log: Path) -> None:
        if len(calls) == allowed:
            raise backfill.BackfillError("killed")
        calls.append(variables.get("ai_run_from", "marts"))

    monkeypatch.setattr(backfill, "call_dbt", call)
    arguments = ["--from", "2025-11", "--to", "2026-02", "--state", str(tmp_path / "state.json")]
    assert backfill.main(arguments) == 1
    allowed = 100
    assert backfill.main(arguments) == 0
    assert calls == ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01", "marts"]
    assert not (tmp_path / "state.json").exists()
    assert backfill.main(["--from", "2026-02", "--to", "2025-11"]) == 1
    assert backfill.main(["--from", "2026-13", "--to", "2026-13"]) == 1


def test_back_fill_of_an_empty_warehouse_is_a_full_refresh(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From raw tables alone, without a seed: all stored tables and all marts.

    Budgets are of the seed, which only a mart reads.
    """
    variables = {
        name: value for name, value in EVENTFUL_VARIABLES.items() if name != "ai_budgets_relation"
    }
    warehouse.dbt("run", "--full-refresh", variables=variables)
    expected = warehouse.contents()
    warehouse.path.unlink()
    eventful_company().write(warehouse.path)

    def call(arguments: list[str], call_variables: dict[str, Any], log: Path) -> None:
        warehouse.dbt(*arguments, variables=call_variables)

    monkeypatch.setattr(backfill, "call_dbt", call)
    months = ["--from", "2026-09", "--to", "2026-11", "--state", str(tmp_path / "state.json")]
    assert backfill.main([*months, "--vars", json.dumps(variables)]) == 0
    assert_same(warehouse.contents(), expected)


@pytest.mark.slow
def test_the_plan_is_what_the_run_then_does(warehouse: Warehouse, tmp_path: Path) -> None:
    for name in ("late row", "price edited", "plan changed"):
        warehouse.execute(CHANGES[name])
    before = warehouse.contents()

    def run(copy: Path) -> None:
        Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(copy)})(
            "run", variables=EVENTFUL_VARIABLES
        )

    plan = restatement_plan.plan(warehouse.path, tmp_path / "plan", run)
    assert_same(warehouse.contents(), before)
    effective, _ = total(warehouse)
    warehouse.run()
    assert plan.days and plan.months
    planned = sum(day.cost_after_usd - day.cost_before_usd for day in plan.days)
    assert total(warehouse)[0] - effective == planned
    assert {month.reason for month in plan.months} == {"late_rows, price, plan"}
