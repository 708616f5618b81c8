"""Random histories: whatever happens in whatever order, incremental = full refresh, row for row.

A history begins with the eventful company and goes on in steps. In each step a few things change
in the raw tables, in the user's own tables and in the alias seed; in some a run is broken off
after a part of its models; then a plain run follows. All marts and all stored tables must then be
those of a full refresh of a copy. HISTORIES=<seed> makes another one the sample.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from changing_warehouse import ChangingWarehouse, Contents, difference
from golden_company import EVENTFUL_VARIABLES, RawTables, eventful_company, table_contents

VARIABLES = EVENTFUL_VARIABLES | {
    "ai_business_tables": [*EVENTFUL_VARIABLES["ai_business_tables"], "fx_rates"],
    "ai_as_of_date": "2026-11-20",
}
MODELS = ("x", "y", "u", "v", "mystery-9", "renamed")
CUSTOMERS = ("A", "B", "F", "I", "new", None)
SLOW_SEEDS = range(50)
STEPS = 6
# What is stored by parts: a run may end between any two of them.
STORED = (
    "int_ai_requests",
    "int_ai_rejected_requests",
    "int_ai_request_cells",
    "int_ai_request_evidence",
    "int_ai_trace_owners",
    "int_ai_metered__daily",
    "int_ai_ledger__requests",
    "int_ai_ledger__request_customers",
    "int_ai_ledger__request_customer_months",
    "int_ai_class_costs",
    "int_ai_focus_days",
    "int_ai_focus_costs",
    "int_ai_workflow_runs",
    "int_ai_request_units",
    "int_ai_scenario_months",
    "int_ai_scenario_costs",
    "int_ai_cells",
    "int_ai_rates",
    "int_ai_costed_days",
)


def history_company() -> RawTables:
    """The eventful company with a second currency, a user's rule and a trace over midnight."""
    raw = eventful_company()
    for day, rate in (("2026-10-01", "1.1"), ("2026-10-17", "1.2")):
        raw.add("fx_rates", rate_date=day, currency="EUR", usd_per_unit=rate)
    raw.bill("2026-10-17", "x, input", "12", amount__currency="eur")
    raw.request("user", "2026-10-18 09:00", "x", 4_000, user_id="u1")
    raw.request("night", "2026-10-18 23:59", "x", 4_000, trace_id="night", customer_id="A")
    raw.request("morning", "2026-10-19 00:01", "x", 4_000, trace_id="night")
    return raw


@dataclass
class History:
    """What happens, one step after the other, decided by a seed."""

    seed: int
    random: random.Random = field(init=False)
    loaded_at: datetime = datetime(2026, 11, 2)
    number: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def day(self) -> str:
        """A day of the five weeks."""
        return f"{datetime(2026, 10, 10) + timedelta(days=self.random.randrange(35)):%Y-%m-%d}"

    def load(self) -> str:
        """The time of the next load, later than all before."""
        self.loaded_at += timedelta(minutes=7)
        return f"{self.loaded_at}"

    def request(self, **values: Any) -> str:
        """SQL of one more row in the application's log."""
        self.number += 1
        row = {
            "request_id": f"h{self.number}",
            "attempt": 1,
            "occurred_at": f"{self.day()} {self.random.randrange(24):02}:30:00",
            "platform": "openai",
            "provider": "openai",
            "model_served": self.random.choice(MODELS),
            "customer_id": self.random.choice(CUSTOMERS),
            "user_id": self.random.choice(("u1", "u2", None)),
            "trace_id": self.random.choice((None, None, "t", f"t{self.random.randrange(3)}")),
            "run_id": self.random.choice((None, None, "agent", "other")),
            "api_key_id": self.random.choice((None, "k", "k2")),
            "service_tier": self.random.choice((None, None, None, "scale")),
            "input_tokens": self.random.randrange(1, 2_000_000),
            "cached_read_tokens": 0,
            "output_tokens": 0,
            "status": self.random.choice(("ok", "ok", "error")),
            "loaded_at": self.load(),
        } | values
        return insert_sql("raw.app_requests", row)

    def late_row(self) -> str:
        return self.request()

    def copy_of_a_request(self) -> str:
        """The same request again, a day off at most, with other values."""
        shift = self.random.choice(("", " + interval 1 day", " - interval 1 day"))
        return (
            "insert into raw.app_requests by name select * replace ("
            f"occurred_at{shift} as occurred_at, input_tokens + 17 as input_tokens, "
            f"timestamp '{self.load()}' as loaded_at) from raw.app_requests "
            "where request_id is not null and occurred_at is not null "
            f"order by md5(request_id || '{self.random.random()}') limit 1"
        )

    def retry(self) -> str:
        """A second attempt of a request on its day."""
        return (
            "insert into raw.app_requests by name select * replace ("
            f"{self.random.randrange(2, 9)} as attempt, 'ok' as status, "
            f"timestamp '{self.load()}' as loaded_at) from raw.app_requests "
            "where request_id is not null and occurred_at is not null "
            f"order by md5(request_id || '{self.random.random()}') limit 1"
        )

    def bad_row(self) -> str:
        return self.request(input_tokens=-1)

    def price(self) -> str:
        return (
            f"update raw.price_overrides set price_usd = {self.random.randrange(1, 40)}, "
            f"valid_from = date '{self.day()}' where model = '{self.random.choice('xyu')}'"
        )

    def new_price(self) -> str:
        row = {
            "platform": "openai",
            "model": self.random.choice(MODELS),
            "price_class": "input_uncached",
            "price_usd": self.random.randrange(1, 40),
            "unit": "1000000 tokens",
            "valid_from": self.day(),
        }
        return insert_sql("raw.price_overrides", row)

    def alias(self) -> str:
        return (
            "delete from seeds.ai_model_aliases where pattern = 'renamed'; "
            "insert into seeds.ai_model_aliases by name select 'openai' as platform, "
            "'equals' as match_type, 'renamed' as pattern, "
            f"'{self.random.choice('xyu')}' as model, 'openai' as provider, 100 as priority"
        )

    def scenario(self) -> str:
        """A what-if scenario in place of the one before; in some steps it only goes."""
        model, other = self.random.sample("xyuv", 2)
        gone = "delete from seeds.ai_price_scenarios where scenario_id = 'h'"
        row = {"scenario_id": "h", "platform": "openai", "model": model, "valid_from": self.day()}
        chosen = self.random.choice(
            (
                {"kind": "price_change", "multiplier": self.random.randrange(2, 9)},
                {"kind": "model_swap", "to_model": other},
                None,
            )
        )
        if chosen is None:
            return gone
        return f"{gone}; {insert_sql('seeds.ai_price_scenarios', row | chosen)}"

    def rule(self) -> str:
        evidence, value = self.random.choice(
            (("user_map", "u1"), ("user_map", "u2"), ("api_key_map", "k2"), ("project_map", "p"))
        )
        row = {
            "dimension": self.random.choice(("customer", "customer", "team")),
            "evidence": evidence,
            "match_type": "equals",
            "match_value": value,
            "target_id": self.random.choice("ABF"),
            "valid_from": self.day(),
            "priority": self.random.randrange(90),
        }
        return insert_sql("raw.attribution_rules", row)

    def customer(self) -> str:
        return self.random.choice(
            (
                insert_sql("raw.customers", {"customer_id": "new", "name": "new"})
                + "; delete from raw.customers where customer_id = 'new' and rowid > "
                "(select min(rowid) from raw.customers where customer_id = 'new')",
                "update raw.customers set is_internal = not is_internal where customer_id = 'F'",
                "update raw.customers set merged_into = 'B' where customer_id = 'F'",
            )
        )

    def plan(self) -> str:
        plan = self.random.choice(("pro", "scale", "free"))
        return self.random.choice(
            (
                f"update raw.subscriptions set plan_id = '{plan}' where subscription_id = 's3'",
                f"update raw.subscriptions set valid_to = timestamp '{self.day()} 15:00' "
                "where subscription_id = 's4'",
                insert_sql(
                    "raw.subscriptions",
                    {
                        "subscription_id": f"s{self.load()}",
                        "customer_id": "new",
                        "plan_id": plan,
                        "status": "active",
                        "valid_from": f"{self.day()} 08:00",
                    },
                ),
            )
        )

    def bill(self) -> str:
        """A bill of a day arrives, or is corrected."""
        start = f"cast(epoch(timestamp '{self.day()}') as bigint)"
        return (
            "insert into raw.openai_costs by name select "
            f"{start} as start_time, {start} + 86400 as end_time, 'p' as project_id, "
            f"'{self.random.choice('xyu')}, input' as line_item, "
            f"'{self.random.randrange(1, 90)}.5' as amount__value, "
            f"'{self.random.choice(('usd', 'eur'))}' as amount__currency, "
            f"timestamp '{self.load()}' as loaded_at"
        )

    def usage_report(self) -> str:
        start = f"cast(epoch(timestamp '{self.day()}') as bigint)"
        return (
            "insert into raw.openai_usage_completions by name select "
            f"{start} as start_time, {start} + 86400 as end_time, 'p' as project_id, "
            f"'k' as api_key_id, '{self.random.choice('xyu')}' as model, "
            f"{self.random.randrange(1, 30_000_000)} as input_tokens, 0 as input_cached_tokens, "
            f"0 as output_tokens, timestamp '{self.load()}' as loaded_at"
        )

    def exchange_rate(self) -> str:
        return (
            f"update raw.fx_rates set usd_per_unit = 1.{self.random.randrange(10, 99)} "
            "where rate_date = date '2026-10-17'"
        )

    def revenue(self) -> str:
        return (
            f"update raw.revenue_lines set amount = amount + {self.random.randrange(1, 9)} "
            "where line_id = 'l4'"
        )

    def changes(self, number: int | None = None) -> list[tuple[str, str]]:
        """What happens in the next step, `number` of things or a few: [(its name, SQL)]."""
        happenings: list[Callable[[], str]] = [
            self.late_row,
            self.late_row,
            self.copy_of_a_request,
            self.retry,
            self.bad_row,
            self.price,
            self.new_price,
            self.alias,
            self.scenario,
            self.rule,
            self.customer,
            self.plan,
            self.bill,
            self.bill,
            self.usage_report,
            self.exchange_rate,
            self.revenue,
        ]
        chosen = self.random.sample(happenings, number or self.random.randrange(1, 5))
        return [(one.__name__, one()) for one in chosen]

    def broken_off(self) -> list[str]:
        """Models of a run that ends half way; none of them in most steps."""
        if self.random.random() < 0.6:
            return []
        return self.random.sample(STORED, self.random.randrange(1, 5))


def insert_sql(table: str, row: dict[str, Any]) -> str:
    """SQL that inserts one row."""
    values = ", ".join(
        "null" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
        for value in row.values()
    )
    return f"insert into {table} ({', '.join(row)}) values ({values})"


class Warehouse(ChangingWarehouse):
    """The warehouse of a company with a history."""

    def contents(self) -> Contents:
        """All marts and all tables below them, but what tells how they came to be."""
        return table_contents(self.path, ("intermediate", "marts"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The company before its history, built once."""
    return Warehouse.built(tmp_path_factory.mktemp("histories"), history_company(), VARIABLES)


@pytest.fixture
def warehouse(built: Warehouse) -> Warehouse:
    """The warehouse before its history."""
    built.reset()
    return built


def live(history: History, warehouse: Warehouse, steps: int, changes: int | None = None) -> None:
    """Let the history happen and compare after each step."""
    told = []
    for _ in range(steps):
        happening = history.changes(changes)
        told.append([name for name, _ in happening])
        for _, sql in happening:
            warehouse.execute(sql)
        broken_off = history.broken_off()
        if broken_off:
            told[-1].append(f"broken off after {broken_off}")
            warehouse.run("--select", *broken_off)
        warehouse.run()
        found = difference(warehouse.contents(), warehouse.refreshed(warehouse.contents))
        assert not found, f"history {history.seed}, after {told}:\n{found}"


def test_a_sampled_history(warehouse: Warehouse) -> None:
    """One step in which much happens at once."""
    live(History(int(os.environ.get("HISTORIES", "7"))), warehouse, steps=1, changes=10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW_SEEDS)
def test_random_history(warehouse: Warehouse, seed: int) -> None:
    live(History(seed), warehouse, STEPS)
