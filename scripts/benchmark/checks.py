"""What must hold whatever the times are: exact totals, stable rows, no float money.

Each check returns a list of problems, empty when it holds.
"""

from __future__ import annotations

from decimal import Context, Decimal
from pathlib import Path

import duckdb

from benchmark.data import Manifest

TOTALS = {
    "metered_femto": {"cost_per_request": "metered_cost_usd", "cost_ledger": "metered_cost_usd"},
    "effective_femto": {
        "cost_ledger": "effective_cost_usd",
        "cost_per_customer": "fully_loaded_cost_usd",
        "cost_per_feature": "total_cost_usd",
        "margin_by_plan": "total_cost_usd",
        "spend_by_provider_model": "total_cost_usd",
        "spend_by_team": "total_cost_usd",
        "ai_cogs_summary": "total_cost_usd",
    },
}
HAND_TOTALS = {
    "metered_femto": {"ledger_requests": "metered_cost_usd"},
    "effective_femto": {
        "cost_ledger": "effective_cost_usd",
        "cost_per_customer": "direct_cost_usd",
        "cost_per_feature": "total_cost_usd",
    },
}
METERED = (
    "(select request_key, platform, model, is_batch, usage_date, list_cost_usd, metered_cost_usd "
    "from marts.cost_per_request)"
)
# What a price of one model in one month may move, by relation. A month is compared with the one
# before, so some figures of the next one move too. A bill's line does not tell batch from other
# calls: its factor, and with it the effective cost, moves for both; what they are metered at stays.
IN_SET = {
    METERED: "platform = '{platform}' and model = '{model}' and not is_batch "
    "and usage_date >= date '{first}' and usage_date < date '{after}'",
    "marts.cost_per_request": "platform = '{platform}' and model = '{model}' "
    "and usage_date >= date '{first}' and usage_date < date '{after}'",
    "marts.cost_ledger": "platform = '{platform}' and model = '{model}' "
    "and usage_date >= date '{first}' and usage_date < date '{after}'",
    "marts.spend_by_provider_model": "platform = '{platform}' and model = '{model}' "
    "and usage_month = date '{first}'",
    "marts.cost_per_customer": "usage_month = date '{first}'",
    "marts.cost_per_feature": "usage_month in (date '{first}', date '{after}')",
    "marts.margin_by_plan": "usage_month = date '{first}'",
    "marts.ai_cogs_summary": "usage_month = date '{first}'",
    "marts.spend_by_team": "usage_month = date '{first}'",
}
_EXACT = Context(prec=60)

Fingerprint = dict[str, tuple[int, int]]


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(path), read_only=True)


def totals(
    path: Path,
    manifest: Manifest,
    schema: str = "marts",
    expected: dict[str, dict[str, str]] | None = None,
) -> list[str]:
    """Do the marts sum to the independent totals, to the last digit?"""
    problems = []
    with _open(path) as connection:
        for name, columns in (expected or TOTALS).items():
            wanted = Decimal(getattr(manifest, name)).scaleb(-15, _EXACT)
            for table, column in columns.items():
                found = connection.execute(f"select sum({column}) from {schema}.{table}").fetchall()
                if found[0][0] != wanted:
                    problems.append(
                        f"{schema}.{table}.{column} sums to {found[0][0]} USD, not {wanted}"
                    )
    return problems


def customers_agree(ours: Path, by_hand: Path) -> list[str]:
    """Has every customer and month the cost that the hand-written SQL gives it?"""
    sql = """select usage_month, customer_id, {} from {}.cost_per_customer
        where {} <> 0 order by usage_month, customer_id"""
    with _open(ours) as connection:
        left = connection.execute(
            sql.format("direct_cost_usd", "marts", "direct_cost_usd")
        ).fetchall()
    with _open(by_hand) as connection:
        right = connection.execute(
            sql.format("direct_cost_usd", "hand", "direct_cost_usd")
        ).fetchall()
    different = set(left) ^ set(right)
    if not different:
        return []
    return [
        f"{len(different):,} customer-months differ from the hand-written ones, such as "
        f"{min(map(str, different))}"
    ]


def float_columns(path: Path) -> list[str]:
    """Columns of a floating type that our relations have: money and ratios are decimals."""
    with _open(path) as connection:
        rows = connection.execute(
            """select table_schema || '.' || table_name || '.' || column_name || ' is ' || data_type
            from information_schema.columns
            where data_type in ('DOUBLE', 'FLOAT', 'REAL')
                and table_schema in ('seeds', 'staging', 'intermediate', 'marts')
            order by 1"""
        ).fetchall()
    return [row[0] for row in rows]


def fingerprint(path: Path, schemas: tuple[str, ...] = ("intermediate", "marts")) -> Fingerprint:
    """{table: (rows, sum of the rows' hashes)} of all tables, and of the view cost_per_request."""
    with _open(path) as connection:
        names = connection.execute(
            """select table_schema, table_name from information_schema.tables
            where table_schema = any(?) and (table_type = 'BASE TABLE' or table_name = ?)
            order by 1, 2""",
            [list(schemas), "cost_per_request"],
        ).fetchall()
        return {
            f"{schema}.{table}": _hash(connection, f"{schema}.{table}") for schema, table in names
        }


def _hash(
    connection: duckdb.DuckDBPyConnection, table: str, where: str = "true"
) -> tuple[int, int]:
    rows = connection.execute(
        "select count(*), coalesce(sum(cast(hash(some_rows) as hugeint)), 0) "
        f"from (select * from {table} where {where}) as some_rows"
    ).fetchall()
    return int(rows[0][0]), int(rows[0][1])


def marts(path: Path) -> Fingerprint:
    """The marts that are the same however they came to be: not the log of what runs changed."""
    found = fingerprint(path, ("marts",))
    found.pop("marts.restatement_log", None)
    return found


def changed(before: Fingerprint, after: Fingerprint, what: str) -> list[str]:
    """Tables whose rows are not the same."""
    return [
        f"{what}: {table} has changed ({before.get(table, (0, 0))[0]:,} rows before, "
        f"{after.get(table, (0, 0))[0]:,} after)"
        for table in sorted(before.keys() | after.keys())
        if before.get(table) != after.get(table)
    ]


def restated_outside(before: Path, after: Path, stated: dict[str, str]) -> list[str]:
    """Did a price edit change a row outside its model and month, or none inside?

    `stated`: platform, model, first (day of the month), after (day after the month).
    """
    problems = []
    for table, condition in IN_SET.items():
        inside = condition.format(**stated)
        hashes = []
        for path in (before, after):
            with _open(path) as connection:
                hashes.append(
                    [
                        _hash(connection, table, where)
                        for where in (inside, f"not coalesce({inside}, false)")
                    ]
                )
        if hashes[0][1] != hashes[1][1]:
            problems.append(f"the price edit changed rows outside its set: {table}")
        if hashes[0][0] == hashes[1][0]:
            problems.append(f"the price edit changed nothing: {table}")
    return problems


def table_bytes(path: Path, table: str) -> int:
    """Bytes of the blocks that a table fills."""
    with _open(path) as connection:
        rows = connection.execute(
            f"select count(distinct block_id) * 262144 from pragma_storage_info('{table}') "
            "where block_id >= 0"
        ).fetchall()
    return int(rows[0][0])
