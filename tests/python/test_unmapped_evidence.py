"""The rules that the analysis `unmapped_evidence` writes: pasted in, they do what it says."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Dbt
from golden_company import (
    OCTOBER_15,
    OCTOBER_16,
    OCTOBER_17,
    TABLES,
    VARIABLES,
    golden_company,
    opened,
    records,
)

pytestmark = pytest.mark.slow

RULE_COLUMNS = list(TABLES["attribution_rules"])


class Company:
    """The golden company with evidence that nobody mapped."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "warehouse.duckdb"
        self.dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(self.path)})
        raw = golden_company()
        at = f"{OCTOBER_16} 13:00"
        # One key for customer A alone and one that two share; a user; a tag with a comma in it.
        raw.request("tagged", at, "x", 100_000, api_key_id="K-one", customer_id="A")
        raw.request("untagged", at, "x", 700_000, api_key_id="k-ONE ")
        raw.request("shared-a", at, "x", 100_000, api_key_id="k-two", customer_id="A")
        raw.request("shared-b", at, "x", 100_000, api_key_id="k-two", customer_id="B")
        raw.request("shared", at, "x", 600_000, api_key_id="k-two", user_id="u-9")
        raw.request("typo", at, "x", 50_000, customer_id='Acme, "the" Inc')
        raw.request("no price", at, "mystery-9", 50_000, customer_id="nobody")
        # Two customers in one trace: the third call inherits none.
        for number, customer in enumerate(("A", "B", None)):
            raw.request(f"t{number}", at, "x", 10_000, customer_id=customer, trace_id="T1")
        # A trace of which one customer is known: nothing is open.
        raw.request("u0", at, "x", 10_000, customer_id="A", trace_id="T2")
        raw.request("u1", at, "x", 10_000, trace_id="T2")
        # Mapped up to October 16, used after it; and a key that is on the usage report alone.
        raw.add(
            "attribution_rules",
            dimension="customer",
            evidence="api_key_map",
            match_type="equals",
            match_value="k-old",
            target_id="B",
            valid_to=OCTOBER_16,
        )
        raw.request("old-1", f"{OCTOBER_15} 13:00", "x", 20_000, api_key_id="k-old")
        raw.request("old-2", f"{OCTOBER_17} 13:00", "x", 20_000, api_key_id="k-old")
        raw.usage(OCTOBER_16, "x", 400_000, api_key_id="k-nobody-logs", project_id="p2")
        raw.usage(OCTOBER_17, "mystery-9", 400_000, api_key_id="k-no-price", project_id="p2")
        raw.bill(OCTOBER_16, "file search storage", "1.25", project_id="p3")
        raw.write(self.path)
        self.build()

    def build(self) -> None:
        """Seeds and models; then the answers of the analysis."""
        self.dbt("build", "--exclude-resource-types", "unit_test", variables=VARIABLES)
        self.dbt("compile", "--select", "unmapped_evidence", variables=VARIABLES)
        compiled = self.dbt.target_path / "compiled" / "ai_unit_economics" / "analyses"
        self.rows = self.query((compiled / "unmapped_evidence.sql").read_text(encoding="utf-8"))

    def query(self, sql: str) -> list[dict[str, Any]]:
        return records(self.path, sql)

    def customers(self) -> dict[str, dict[str, Any]]:
        """The rows of dimension customer by evidence and value."""
        return {
            f"{row['evidence']}: {row['match_value']}": row
            for row in self.rows
            if row["dimension"] == "customer"
        }

    def unattributed(self) -> Decimal:
        """Cost without a customer, in all months."""
        ((total,),) = (
            tuple(row.values())
            for row in self.query(
                "select sum(direct_cost_usd) as total from marts.cost_per_customer "
                "where customer_id = '__unattributed__'"
            )
        )
        assert isinstance(total, Decimal)
        return total

    def add_rule(self, line: str) -> None:
        """Paste one line of the analysis into the rules, as a CSV file holds it."""
        (cells,) = csv.reader([line])
        assert len(cells) == len(RULE_COLUMNS)
        with opened(self.path) as connection:
            marks = ", ".join("?" for _ in cells)
            connection.execute(
                f"insert into raw.attribution_rules values ({marks})",
                [cell or None for cell in cells],
            )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("unmapped"))


def test_rules_are_written_where_one_owner_is_possible(company: Company) -> None:
    rules = {name: row["next_rule"] for name, row in company.customers().items()}
    assert rules == {
        "api_key_map: k-one": "customer,api_key_map,openai,equals,k-one,A,,,,",
        "api_key_map: k-two": None,
        "user_map: u-9": "customer,user_map,openai,equals,u-9,<customer>,,,,",
        'request_tag: acme, "the" inc': (
            'customer,request_tag,openai,equals,"acme, ""the"" inc",<customer>,,,,'
        ),
        "request_tag: nobody": "customer,request_tag,openai,equals,nobody,<customer>,,,,",
        "trace_conflict: T1": None,
        "api_key_map: k-old": f"customer,api_key_map,openai,equals,k-old,B,{OCTOBER_17},,,",
        "api_key_map: k": "customer,api_key_map,openai,equals,k,<customer>,,,,",
        "api_key_map: k-nobody-logs": (
            "customer,api_key_map,openai,equals,k-nobody-logs,<customer>,,,,"
        ),
        "api_key_map: k-no-price": "customer,api_key_map,openai,equals,k-no-price,<customer>,,,,",
        "project_map: p": rules["project_map: p"],
        "project_map: p2": "customer,project_map,openai,equals,p2,<customer>,,,,",
        "project_map: p3": "customer,project_map,openai,equals,p3,<customer>,,,,",
    }


def test_costs_and_uses_are_those_of_the_value(company: Company) -> None:
    rows = company.customers()
    key = rows["api_key_map: k-one"]
    assert (key["attempts"], key["attempts_without_owner"], key["owners_seen"]) == (2, 1, 1)
    assert rows["api_key_map: k-two"]["owners_seen"] == 2
    ((effective,),) = (
        tuple(row.values())
        for row in company.query(
            "select effective_cost_usd from marts.cost_per_request where request_id = 'untagged'"
        )
    )
    # Unlogged spend has the same key, where the usage report names it.
    assert key["cost_without_owner_usd"] == effective
    assert rows["request_tag: nobody"]["cost_without_owner_usd"] is None
    assert rows["api_key_map: k-no-price"]["cost_without_owner_usd"] is None
    assert rows["project_map: p3"]["cost_without_owner_usd"] == Decimal("1.25")
    old = rows["api_key_map: k-old"]
    assert (str(old["first_used_date"]), str(old["last_used_date"])) == (OCTOBER_15, OCTOBER_17)
    assert rows["trace_conflict: T1"]["attempts_without_owner"] == 1


def test_mapping_a_value_gives_exactly_its_cost_an_owner(company: Company) -> None:
    """Last of the file: it changes the company."""
    before, owned = company.unattributed(), company.customers()
    for name in ("api_key_map: k-one", "api_key_map: k-old", 'request_tag: acme, "the" inc'):
        company.add_rule(owned[name]["next_rule"].replace("<customer>", "B"))
    company.build()
    after = company.customers()
    given = Decimal(0)
    for name in ("api_key_map: k-one", "api_key_map: k-old", 'request_tag: acme, "the" inc'):
        assert name not in after
        given += owned[name]["cost_without_owner_usd"]
    assert before - company.unattributed() == given
