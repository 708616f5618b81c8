"""Every number of a company that pays for capacity and has promised a spend, worked by hand.

Platform openai, October 2026. Model `x` costs 10 USD per million tokens and is billed at 9.

| commitment | what | fee |
|---|---|---|
| block | x, 1,000 tokens an hour, an output token counts as 4, all October | 744 (1 an hour) |
| y1 | y, 100 tokens an hour, October 16 from 0 to 2 o'clock | 2 an hour |
| y2 | y, 300 tokens an hour, October 16 from 1 to 3 o'clock | 4 an hour |
| euro | z, no known capacity, October 17 23:00 to October 18 01:00 | 1 EUR an hour |
| promise | any spend in October | 1,000 |

| hour | what ran | of the capacity | cost of it |
|---|---|---|---|
| Oct 15 10:00 | x: A 300 in, B 50 out | 500 of 1,000 | A 0.30, B 0.20 |
| Oct 15 11:00 | x: A 3,000, B 1,000 | 4,000 of 1,000: all | A 0.75, B 0.25 |
| Oct 31 23:00 | x: A 100 in its last microsecond | 100 of 1,000 | A 0.10 |
| Oct 16 00:00 | y: A 50 | 50 of 100 | A 1 |
| Oct 16 01:00 | y: A 200 | 200 of 400: half of 2 and 4 | A 3 |
| Oct 17 23:00 | z: B 1 | all | B 1.10 (EUR at 1.1; 1.2 on the 18th) |

The bill: x 90 (10 million tokens of A on October 15), 744 for the block, storage 1.25, tax 5, a
top-up of 500; 1,340.25 in all. Against the promise count 90 + 744 + 1.25: it falls 164.75 short.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from conftest import Dbt
from golden_company import LOADED_AT, VARIABLES, RawTables, opened
from test_golden_company import Company

D = Decimal
COMMITTED = VARIABLES | {
    "ai_business_tables": ["customers", "fx_rates"],
    "ai_commitments_relation": "raw.commitments",
}


def committed_company() -> RawTables:
    raw = RawTables()
    for customer in "AB":
        raw.add("customers", customer_id=customer, name=customer, loaded_at=LOADED_AT)
    for day, rate in (("2026-10-01", "1.1"), ("2026-10-18", "1.2")):
        raw.add("fx_rates", rate_date=day, currency="EUR", usd_per_unit=D(rate))
    raw.price("x", "10")

    raw.commitment(
        "block",
        model="X",
        fee_amount=D(744),
        fee_per="term",
        valid_from="2026-10-01",
        valid_to="2026-11-01",
        capacity_tokens_per_hour=1_000,
        output_token_weight=D(4),
        bill_line_match="X reserved",
        team="core",
        note="31 days of x",
    )
    for name, fee, capacity, valid_from, valid_to in (
        ("y1", 2, 100, "2026-10-16 00:00", "2026-10-16 02:00"),
        ("y2", 4, 300, "2026-10-16 01:00", "2026-10-16 03:00"),
    ):
        raw.commitment(
            name,
            kind="scale_tier",
            model="y",
            service_tier="scale",
            fee_amount=D(fee),
            valid_from=valid_from,
            valid_to=valid_to,
            capacity_tokens_per_hour=capacity,
        )
    raw.commitment(
        "euro",
        model="z",
        fee_amount=D(1),
        currency="eur",
        valid_from="2026-10-17 23:00",
        valid_to="2026-10-18 01:00",
    )
    raw.commitment(
        "promise",
        kind="committed_spend",
        fee_amount=D(1000),
        fee_per="term",
        valid_from="2026-10-01",
        valid_to="2026-11-01",
    )

    raw.request("payg", "2026-10-15 10:30", "x", 10_000_000, customer_id="A")
    for name, at, model, customer, tokens, output in (
        ("half a", "2026-10-15 10:00", "x", "A", 300, 0),
        ("half b", "2026-10-15 10:59:59.999999", "x", "B", 0, 50),
        ("full a", "2026-10-15 11:00", "x", "A", 3_000, 0),
        ("full b", "2026-10-15 11:00", "x", "B", 1_000, 0),
        ("last", "2026-10-31 23:59:59.999999", "x", "A", 100, 0),
        ("too late", "2026-11-01 00:00", "x", "A", 100, 0),
        ("y one", "2026-10-16 00:00", "y", "A", 50, 0),
        ("y two", "2026-10-16 01:00", "y", "A", 200, 0),
        ("z", "2026-10-17 23:30", "z", "B", 1, 0),
    ):
        raw.request(
            name,
            at,
            model,
            tokens,
            output_tokens=output,
            customer_id=customer,
            service_tier="scale",
        )
    # Nobody's: another tier of the log's own words, without a commitment for it.
    raw.request("w", "2026-10-16 01:00", "w", 9, customer_id="B", service_tier="scale")

    raw.usage("2026-10-15", "x", 10_000_000)
    raw.bill("2026-10-15", "x, input", "90")
    raw.bill("2026-10-01", "x reserved units", "744", quantity=D(744), quantity_unit="hours")
    raw.bill("2026-10-15", "file search storage", "1.25")
    raw.bill("2026-10-15", "tax", "5")
    raw.bill("2026-10-01", "prepaid credits", "500")
    return raw


def build(folder: Path, raw: RawTables, **extra: object) -> Company:
    path = folder / "committed.duckdb"
    raw.write(path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("build", "--exclude-resource-types", "unit_test", variables=COMMITTED | extra)
    return Company(dbt, path)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("committed"), committed_company())


def test_requests_cost_their_share_of_the_fee(company: Company) -> None:
    assert company.by_key(
        "select request_id, commitment_id, pricing_status, cost_status, metered_cost_usd, "
        "effective_cost_usd from marts.cost_per_request"
    ) == {
        "payg": (None, "priced", "reconciled", D(100), D(90)),
        "half a": ("block", "provisioned", "reconciled", D(0), D("0.3")),
        "half b": ("block", "provisioned", "reconciled", D(0), D("0.2")),
        "full a": ("block", "provisioned", "reconciled", D(0), D("0.75")),
        "full b": ("block", "provisioned", "reconciled", D(0), D("0.25")),
        "last": ("block", "provisioned", "reconciled", D(0), D("0.1")),
        "too late": (None, "provisioned", "estimated", D(0), D(0)),
        "y one": ("y1", "provisioned", "reconciled", D(0), D(1)),
        "y two": ("y1", "provisioned", "reconciled", D(0), D(3)),
        "z": ("euro", "provisioned", "reconciled", D(0), D("1.1")),
        "w": (None, "provisioned", "estimated", D(0), D(0)),
    }


def test_hours_by_utilisation(company: Company) -> None:
    assert company.rows(
        "select commitment_id, hour_at::varchar, utilisation_ratio, used_cost_usd, idle_cost_usd "
        "from intermediate.int_ai_commitment_hours where used_cost_usd > 0 or "
        "commitment_id <> 'block' order by all"
    ) == [
        ("block", "2026-10-15 10:00:00", D("0.5"), D("0.5"), D("0.5")),
        ("block", "2026-10-15 11:00:00", D(4), D(1), D(0)),
        ("block", "2026-10-31 23:00:00", D("0.1"), D("0.1"), D("0.9")),
        ("euro", "2026-10-17 23:00:00", None, D("1.1"), D(0)),
        ("euro", "2026-10-18 00:00:00", None, D(0), D("1.2")),
        ("y1", "2026-10-16 00:00:00", D("0.5"), D(1), D(1)),
        ("y1", "2026-10-16 01:00:00", D("0.5"), D(1), D(1)),
        ("y2", "2026-10-16 01:00:00", D("0.5"), D(2), D(2)),
        ("y2", "2026-10-16 02:00:00", D(0), D(0), D(4)),
    ]


def test_ledger_by_row_type(company: Company) -> None:
    assert company.by_key(
        "select ledger_row_type, sum(billed_cost_usd), sum(metered_cost_usd), "
        "sum(effective_cost_usd), sum(attempts) from marts.cost_ledger group by all"
    ) == {
        "request": (D(90), D(100), D(90), 3),
        "commitment_used": (D(0), D(0), D("6.7"), 8),
        # 744 - 1.6 of the block, 2 and 6 of y, 1.20 of the euro, 164.75 of the promise.
        "idle_commitment": (D(0), D(0), D("916.35"), 0),
        "non_request": (D("1.25"), D(0), D("1.25"), 0),
        "tax": (D(5), D(0), D(0), 0),
        "purchase": (D(1244), D(0), D(0), 0),
    }


def test_cash_is_the_bill_and_cost_is_what_was_agreed(company: Company) -> None:
    # 90 + 1.25 + 744 + 12 + 2.30 + 164.75
    assert company.rows(
        "select sum(billed_cost_usd), sum(effective_cost_usd) from marts.cost_ledger"
    ) == [(D("1340.25"), D("1014.3"))]


def test_idle_rows(company: Company) -> None:
    assert company.rows(
        "select commitment_id, count(*), min(usage_date)::varchar, max(usage_date)::varchar, "
        "sum(idle_cost_usd) from intermediate.int_ai_commitment_idle__daily group by all "
        "order by all"
    ) == [
        ("block", 31, "2026-10-01", "2026-10-31", D("742.4")),
        ("euro", 1, "2026-10-18", "2026-10-18", D("1.2")),
        ("promise", 1, "2026-10-31", "2026-10-31", D("164.75")),
        ("y1", 1, "2026-10-16", "2026-10-16", D(2)),
        ("y2", 1, "2026-10-16", "2026-10-16", D(6)),
    ]
    assert company.rows(
        "select distinct team_id, model, cost_status, variance_class, pnl_class "
        "from marts.cost_ledger where ledger_row_type = 'idle_commitment' order by all"
    ) == [
        ("core", "x", "reconciled", "commitment", "cogs"),
        (None, "y", "reconciled", "commitment", "cogs"),
        (None, "z", "reconciled", "commitment", "cogs"),
        (None, None, "reconciled", "commitment", "cogs"),
    ]


def test_idle_money_is_shared_and_spread_over_nobody(company: Company) -> None:
    assert company.by_key(
        "select customer_id, fully_loaded_cost_usd from marts.cost_per_customer "
        "where usage_month = date '2026-10-01'"
    ) == {
        "A": D("95.15"),
        "B": D("1.55"),
        "__shared__": D("917.6"),
        "__unattributed__": D(0),
    }
    assert company.by_key(
        "select team_id, total_cost_usd from marts.spend_by_team "
        "where usage_month = date '2026-10-01'"
    ) == {"core": D("742.4"), "__shared__": D("175.2"), "__unattributed__": D("96.7")}


def test_months_and_causes_of_the_bill(company: Company) -> None:
    assert company.rows(
        "select total_cost_usd, cash_cost_usd, purchase_usd, estimated_cost_usd "
        "from marts.ai_cogs_summary where usage_month = date '2026-10-01'"
    ) == [(D("1014.3"), D("1340.25"), D(1244), D(0))]
    assert company.by_key(
        "select component, sum(amount_usd) from marts.billing_variance_causes "
        "where period_type = 'invoice_month' group by all"
    ) == {
        "metered": D(100),
        "rate_variance": D(-10),
        "non_request": D("1.25"),
        "tax": D(5),
        "purchase": D(1244),
    }


@pytest.mark.slow
def test_a_term_that_runs_on_stops_at_the_as_of_date(tmp_path: Path) -> None:
    raw = RawTables()
    raw.price("x", "10")
    raw.request("one", "2026-10-02 10:00", "x", 7, service_tier="reserved")
    raw.commitment("open", fee_amount=D("0.1"), valid_from="2026-10-01 22:00")
    raw.commitment(
        "year",
        platform="azure_openai",
        fee_amount=D(365),
        fee_per="term",
        valid_from="2026-10-01",
        valid_to="2027-10-01",
    )
    raw.commitment(
        "promise",
        kind="committed_spend",
        fee_amount=D(9),
        fee_per="term",
        valid_from="2026-10-01",
        valid_to="2027-10-01",
    )
    company = build(tmp_path, raw, ai_as_of_date="2026-10-02")
    # Two hours and a day of 0.1; two days of 1; the promise may still be kept.
    assert company.by_key(
        "select platform, sum(effective_cost_usd) from marts.cost_ledger group by all"
    ) == {"openai": D("2.6"), "azure_openai": D(2)}


@pytest.mark.slow
def test_a_row_that_makes_no_sense_fails_a_test(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "spoilt.duckdb"
    path.write_bytes(company.path.read_bytes())
    changes = (
        "valid_from = valid_from + interval 30 minute",
        "valid_to = valid_from",
        "fee_per = 'term', valid_to = null",
        "kind = 'committed_spend'",
        "fee_amount = -1",
        "capacity_tokens_per_hour = 0",
        "currency = 'CHF'",
    )
    with opened(path) as connection:
        for number, change in enumerate(changes):
            connection.execute(
                "insert into raw.commitments select * replace "
                f"('bad {number}' as commitment_id) from raw.commitments where commitment_id = 'y2'"
            )
            connection.execute(
                f"update raw.commitments set {change} where commitment_id = 'bad {number}'"
            )
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    models = ("int_ai_commitments", "int_ai_commitment_requests", "int_ai_commitment_hours")
    dbt("run", "--select", *models, variables=COMMITTED)
    tests = {
        "int_ai_commitments_terms_are_whole_hours": 2,
        "int_ai_commitments_fee_has_a_term": 2,
        "int_ai_commitments_amounts_make_sense": 2,
    }
    known = "int_ai_commitment_hours_fee_is_known"
    result = dbt("test", "--select", *tests, known, variables=COMMITTED, check=False)
    found = {test.node.name: test.failures for test in result.result.results}
    assert found.pop(known) > 0
    assert found == tests
