"""A real FOCUS 1.0 file through the adapter: every row and every cent arrives, NULL is null."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT, Dbt

SAMPLE = ROOT.parent / "shared" / "data" / "traces" / "focus_1_0_sample_1000.csv.gz"
VARIABLES = {
    "ai_usage_platforms": [],
    "ai_billing_platforms": ["focus"],
    "ai_request_sources": [],
    "ai_business_tables": [],
    "ai_focus_service_categories": [],
}
PLATFORMS = {"AWS": "aws_bedrock", "Microsoft": "azure_openai", "Oracle": "oracle"}
Row = dict[str, str]


@pytest.fixture(scope="module")
def sample() -> list[Row]:
    """The file as text, by its own column names: the adapter's answer is compared with it."""
    if not SAMPLE.exists():
        pytest.skip(f"there is no {SAMPLE}: the FOCUS sample is not part of the project")
    with gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def bill(
    sample: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], list[tuple[object, ...]]]:
    """Query on a warehouse with the sample as `raw.focus_billing` and what is built from it."""
    folder = tmp_path_factory.mktemp("focus")
    path: Path = folder / "focus.duckdb"
    names = [name.lower() for name in sample[0]]
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw")
        connection.execute(
            f"create table raw.focus_billing ({', '.join(f'{name} varchar' for name in names)},"
            " loaded_at timestamp)"
        )
        connection.executemany(
            f"insert into raw.focus_billing values ({', '.join('?' * len(names))},"
            " timestamp '2024-10-02')",
            [list(row.values()) for row in sample],
        )
    dbt = Dbt(folder, env={"AI_DUCKDB_PATH": str(path)})
    dbt("seed", variables=VARIABLES)
    dbt("run", "--select", "+int_ai_billing", variables=VARIABLES)

    def query(sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return query


def test_every_row_and_cent_arrives(
    sample: list[Row], bill: Callable[[str], list[tuple[object, ...]]]
) -> None:
    total = sum(Decimal(row["BilledCost"]) for row in sample)
    (staged,) = bill(
        "select count(*), sum(amount_billing_currency), count(defect), count(line_item)"
        " from staging.stg_ai_billing__focus"
    )
    assert staged == (len(sample), total, 0, 0)
    (stored,) = bill(
        "select cast(sum(raw_rows) as bigint), sum(amount_billing_currency),"
        " min(billing_currency), max(billing_currency), sum(amount_usd)"
        " from intermediate.int_ai_billing"
    )
    assert stored == (len(sample), total, "USD", "USD", total)


def test_platforms_categories_and_periods(
    sample: list[Row], bill: Callable[[str], list[tuple[object, ...]]]
) -> None:
    expected = Counter(
        (
            PLATFORMS[row["ProviderName"]],
            row["ChargeCategory"].lower(),
            row["BillingCurrency"],
            f"{row['BillingAccountId']}|{row['BillingPeriodStart'][:10]}",
            row["ChargePeriodStart"],
            row["ChargePeriodEnd"],
        )
        for row in sample
    )
    found = bill(
        "select platform, charge_category, billing_currency, delivery_key,"
        " cast(charge_start_at as varchar), cast(charge_end_at as varchar), count(*)"
        " from staging.stg_ai_billing__focus group by all"
    )
    assert {row[:6]: row[6] for row in found} == expected


def test_the_word_null_is_null(
    sample: list[Row], bill: Callable[[str], list[tuple[object, ...]]]
) -> None:
    """No column holds the word, and what is null in the file is null in the bill."""
    columns = bill(
        "select column_name from information_schema.columns"
        " where table_name = 'stg_ai_billing__focus' and data_type = 'VARCHAR'"
    )
    words = " or ".join(f"upper({name}) = 'NULL'" for (name,) in columns)
    assert len(columns) > 20
    assert bill(f"select count(*) from staging.stg_ai_billing__focus where {words}") == [(0,)]
    assert sum(row["ConsumedQuantity"] == "NULL" for row in sample) > 0
    without_quantity = sum(
        row["ConsumedQuantity"] == "NULL" and row["PricingQuantity"] == "NULL" for row in sample
    )
    assert bill("select count(*) - count(quantity) from staging.stg_ai_billing__focus") == [
        (without_quantity,)
    ]


def test_tags_of_the_sample_are_read(
    sample: list[Row], bill: Callable[[str], list[tuple[object, ...]]]
) -> None:
    tags = [json.loads(row["Tags"]) for row in sample if row["Tags"] != "NULL"]
    expected = sum(bool(tag.get("environment") or tag.get("env")) for tag in tags)
    assert expected > 0
    assert bill("select count(environment_tag) from staging.stg_ai_billing__focus") == [(expected,)]
