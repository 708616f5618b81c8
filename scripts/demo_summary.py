"""Print what the built marts say: spend, dearest customers, margins, coverage, match with the bill.

    demo_summary.py              the warehouse at AI_DUCKDB_PATH (default: ai_unit_economics.duckdb)
    demo_summary.py --traces     after load_trace.py (default: target/traces.duckdb); also compares
                                 our cost of each Aider call with the cost that the tool recorded

Reads only. All amounts are USD without tax, summed as decimals and rounded for display alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console, RenderableType
from rich.table import Table

import load_raw
import load_trace

ZERO = Decimal(0)
MILLION = Decimal(1_000_000)
# Largest difference, in USD, that a cost recorded as a float can show by its noise alone.
FLOAT_NOISE = Decimal("1e-9")
SENTINELS = "('__unattributed__', '__shared__')"

Connection = duckdb.DuckDBPyConnection


def rows(connection: Connection, sql: str, *values: object) -> list[dict[str, Any]]:
    """The query's rows by column name."""
    result = connection.execute(sql, list(values))
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def usd(amount: Decimal | None, digits: int = 2) -> str:
    """An amount for display; `–` where it is not known."""
    if amount is None:
        return "–"
    text = f"{amount:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text


def number(count: int | Decimal | None) -> str:
    """A count for display."""
    return "–" if count is None else f"{int(count):,}"


def percent(part: Decimal | int | None, whole: Decimal | int | None) -> str:
    """`part` of `whole`; `–` where there is no positive whole."""
    if part is None or whole is None or whole <= 0:
        return "–"
    return f"{usd(Decimal(part) / Decimal(whole) * 100, 1)} %"


def grid(title: str, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> Table:
    """A table; columns whose header ends in a unit or `%` are right-aligned."""
    units = ("USD", "rows", "calls", "customers", "days", "%", "tokens")
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        is_number = column.endswith(units)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def month_name(month: date) -> str:
    """`2026-10`."""
    return f"{month:%Y-%m}"


def spend_by_platform(connection: Connection, month: date) -> RenderableType:
    """Who was paid how much, in the month and in all."""
    found = rows(
        connection,
        """
        select
            platform,
            sum(case when usage_month = ? then total_cost_usd end) as month_usd,
            sum(total_cost_usd) as all_usd,
            sum(attempts) as attempts,
            sum(unpriced_attempts) as unpriced_attempts
        from marts.spend_by_provider_model
        group by platform
        order by all_usd desc, platform
        """,
        month,
    )
    whole = sum((row["all_usd"] or ZERO for row in found), ZERO)
    lines = [
        (
            row["platform"],
            *(
                ("–", "–", "–")
                if not row["all_usd"] and row["unpriced_attempts"] == row["attempts"]
                else (
                    usd(row["month_usd"] or ZERO),
                    usd(row["all_usd"]),
                    percent(row["all_usd"], whole),
                )
            ),
            number(row["attempts"]),
        )
        for row in found
    ]
    month_usd = sum((row["month_usd"] or ZERO for row in found), ZERO)
    attempts = sum(int(row["attempts"]) for row in found)
    lines.append(("all", usd(month_usd), usd(whole), percent(whole, whole), number(attempts)))
    return grid(
        "Spend by platform (–: no price for any of its models)",
        ("platform", f"{month_name(month)} USD", "all months USD", "share %", "logged calls"),
        lines,
    )


def dearest_customers(connection: Connection, month: date) -> RenderableType:
    """The ten customers with the highest cost in the month."""
    found = rows(
        connection,
        f"""
        select * from marts.cost_per_customer
        where usage_month = ? and customer_id not in {SENTINELS}
        order by cost_rank nulls last
        limit 10
        """,
        month,
    )
    return grid(
        f"The ten dearest customers of {month_name(month)}",
        ("customer", "plan", "top feature", "cost USD", "revenue USD", "margin USD", "health"),
        (
            (
                row["customer_id"],
                row["plan_id"] or "–",
                row["top_feature_id"] or "–",
                usd(row["fully_loaded_cost_usd"]),
                usd(row["net_revenue_usd"]),
                usd(row["margin_after_ai_usd"]),
                row["health"] or ("internal" if row["is_internal"] else "–"),
            )
            for row in found
        ),
    )


def is_built(connection: Connection, mart: str) -> bool:
    """Does the mart exist? `ai_scenarios` leaves some out."""
    return bool(
        rows(
            connection,
            "select 1 from information_schema.tables "
            "where table_schema = 'marts' and table_name = ?",
            mart,
        )
    )


def plan_margins(connection: Connection, month: date) -> RenderableType:
    """What each plan brings and costs in the month."""
    found = rows(
        connection,
        """
        select * from marts.margin_by_plan
        where usage_month = ? and (customers > 0 or total_cost_usd <> 0 or net_revenue_usd <> 0)
        order by left(plan_id, 2) = '__', net_revenue_usd desc, plan_id
        """,
        month,
    )
    basis = rows(
        connection,
        "select distinct revenue_basis from intermediate.int_ai_revenue__daily order by 1",
    )
    told = ", ".join(row["revenue_basis"] for row in basis) or "none"
    table = grid(
        f"Margin after AI by plan, {month_name(month)} (revenue: {told})",
        ("plan", "customers", "revenue USD", "AI cost USD", "margin USD", "margin %", "underwater"),
        (
            (
                row["plan_id"],
                number(row["customers"]),
                usd(row["net_revenue_usd"]),
                usd(row["total_cost_usd"]),
                usd(row["margin_after_ai_usd"]),
                percent(row["margin_after_ai_usd"], row["net_revenue_usd"]),
                number(row["underwater_customers"]),
            )
            for row in found
        ),
    )
    table.columns[-1].justify = "right"
    return table


def coverage(connection: Connection, month: date) -> RenderableType:
    """Which part of the month's cost has an owner, and by what."""
    found = rows(
        connection,
        """
        select
            dimension,
            sum(effective_cost_usd) as all_usd,
            sum(case when is_direct then effective_cost_usd end) as direct_usd,
            sum(
                case when is_attributed and not is_direct then effective_cost_usd end
            ) as mapped_usd,
            sum(case when not is_attributed then effective_cost_usd end) as nobody_usd
        from marts.attribution_coverage
        where usage_month = ?
        group by dimension
        order by dimension
        """,
        month,
    )
    return grid(
        f"Attribution coverage, {month_name(month)} (share of cost)",
        ("dimension", "by tag, user or trace %", "by key, project or default %", "no evidence %"),
        (
            (
                row["dimension"],
                percent(row["direct_usd"] or ZERO, row["all_usd"]),
                percent(row["mapped_usd"] or ZERO, row["all_usd"]),
                percent(row["nobody_usd"] or ZERO, row["all_usd"]),
            )
            for row in found
        ),
    )


def bill_match(connection: Connection) -> Iterator[RenderableType]:
    """Ledger against bill, over all days."""
    found = rows(
        connection,
        """
        select
            platform,
            sum(billed_cost_usd) as billed_usd,
            sum(difference_usd) as difference_usd,
            count(case when reconciliation_status = 'matched' then 1 end) as matched,
            count(case when reconciliation_status = 'explained' then 1 end) as explained,
            count(case when reconciliation_status = 'unexplained' then 1 end) as unexplained,
            count(case when reconciliation_status = 'estimated' then 1 end) as estimated
        from marts.billing_reconciliation
        group by platform
        order by billed_usd desc nulls last, platform
        """,
    )
    title = "Does it match the bill?"
    if not any(row["billed_usd"] is not None for row in found):
        total = rows(connection, "select sum(effective_cost_usd) as usd from marts.cost_ledger")
        yield f"[bold]{title}[/bold]\nThere is no bill: {usd(total[0]['usd'])} USD are estimates."
        return
    yield grid(
        f"{title} (all days; `matched` within the tolerance, else the ledger says why)",
        (
            *("platform", "bill USD", "ledger − bill USD", "matched days", "explained days"),
            *("unexplained days", "no bill yet days"),
        ),
        (
            (
                row["platform"],
                usd(row["billed_usd"]),
                "–" if row["difference_usd"] is None else f"{row['difference_usd'].normalize():f}",
                *(number(row[name]) for name in ("matched", "explained", "unexplained")),
                number(row["estimated"]),
            )
            for row in found
        ),
    )
    causes = rows(
        connection,
        """
        select
            case
                when ledger_row_type = 'request' then 'logged requests, at the billed rate'
                when ledger_row_type in ('tax', 'credit', 'purchase') then ledger_row_type
                else ledger_row_type || ': ' || variance_class
            end as cause,
            sum(billed_cost_usd) as billed_usd,
            count(distinct usage_date) as days
        from marts.cost_ledger
        where billed_cost_usd is not null and cost_status = 'reconciled'
        group by cause
        order by abs(billed_usd) desc, cause
        """,
    )
    whole = sum((row["billed_usd"] for row in causes), ZERO)
    rate = rows(
        connection,
        """
        select
            sum(rate_variance_usd) as usd,
            count(case when rate_variance_usd <> 0 then 1 end) as days
        from marts.billing_reconciliation
        """,
    )[0]
    lines = [
        (row["cause"], usd(row["billed_usd"]), percent(row["billed_usd"], whole), str(row["days"]))
        for row in causes
    ]
    lines.append(("the bill", usd(whole), percent(whole, whole), ""))
    lines.append(
        ("(in it: the bill's rates against ours)", usd(rate["usd"]), "", number(rate["days"]))
    )
    estimated = rows(
        connection,
        """
        select sum(effective_cost_usd) as usd, count(distinct usage_date) as days
        from marts.cost_ledger
        where cost_status = 'estimated'
        """,
    )[0]
    lines.append(
        ("(beside it: estimates, no bill yet)", usd(estimated["usd"]), "", str(estimated["days"]))
    )
    yield grid("What the bill is made of", ("cause", "USD", "share %", "days"), lines)


def rejected(connection: Connection) -> RenderableType:
    """Raw rows that could not be used, by reason."""
    found = rows(
        connection,
        """
        select source_name, rejected_reason, count(*) as n
        from intermediate.int_ai_rejected_rows
        group by source_name, rejected_reason
        order by n desc, source_name, rejected_reason
        """,
    )
    raw = rows(connection, "select sum(raw_rows) as n from intermediate.int_ai_row_counts")[0]["n"]
    if not found:
        return f"[bold]Rejected rows[/bold]\nNone of {number(raw)} raw rows."
    return grid(
        f"Rejected rows (of {number(raw)} raw rows of logs, usage and bills)",
        ("source", "reason", "rows"),
        ((row["source_name"], row["rejected_reason"], number(row["n"])) for row in found),
    )


def unpriced(connection: Connection) -> Iterator[RenderableType]:
    """Models without a price, and calls without token counts."""
    found = rows(
        connection,
        """
        select
            platform,
            coalesce(model_raw, '(no model named)') as model_name,
            pricing_status,
            count(*) as calls,
            sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) as tokens,
            sum(effective_cost_usd) as billed_usd
        from marts.cost_per_request
        group by platform, model_name, pricing_status
        order by tokens desc, platform, model_name
        """,
    )
    tokens = sum(int(row["tokens"]) for row in found)
    lacking = [row for row in found if row["pricing_status"].startswith("unpriced")]
    silent = sum(row["calls"] for row in found if row["pricing_status"] == "missing_tokens")
    title = "Models without a price (their cost is NULL, never 0)"
    if not lacking:
        yield f"[bold]{title}[/bold]\nNone."
    else:
        shown = lacking[:10]
        lines = [
            (
                row["platform"],
                row["model_name"],
                number(row["calls"]),
                number(row["tokens"]),
                percent(row["tokens"], tokens),
                usd(row["billed_usd"]),
            )
            for row in shown
        ]
        if len(lacking) > len(shown):
            rest = lacking[len(shown) :]
            rest_tokens = sum(int(row["tokens"]) for row in rest)
            lines.append(
                (
                    f"{len(rest)} more",
                    "",
                    number(sum(row["calls"] for row in rest)),
                    number(rest_tokens),
                    percent(rest_tokens, tokens),
                    "",
                )
            )
        yield grid(
            title,
            ("platform", "model", "calls", "tokens", "of all tokens %", "at the billed rate USD"),
            lines,
        )
    if silent:
        yield f"{silent:,} more calls were logged without token counts (missing_tokens)."


# --- The traces: our cost beside the cost that the tool recorded --------------------------------


@dataclass
class Group:
    """Calls with sums of our and the recorded cost, in USD."""

    calls: int = 0
    tokens: int = 0
    ours: Decimal = ZERO
    recorded: Decimal = ZERO
    equal: int = 0

    def add(self, row: dict[str, Any], is_equal: bool) -> None:
        """Count a call in."""
        self.calls += 1
        self.tokens += row["tokens"]
        self.ours += row["ours"] or ZERO
        self.recorded += row["recorded"]
        self.equal += is_equal


@dataclass
class Comparison:
    """All Aider calls: agreement with the recorded cost, by model, and why the others differ.

    `exact` is equal at 15 decimals, `close` within 1e-9 USD, `near` within 1 % of it.
    """

    all: Group = field(default_factory=Group)
    priced: Group = field(default_factory=Group)
    exact: int = 0
    close: int = 0
    near: int = 0
    close_recorded: Decimal = ZERO
    models: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    causes: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))


def short_name(model: str) -> str:
    """A model's name without its maker, in one spelling: `anthropic/claude-3.5` → `claude-3-5`."""
    return model.rpartition("/")[2].replace(".", "-")


def price_lists(connection: Connection) -> dict[str, list[dict[str, Decimal]]]:
    """For each short model name every set of prices, USD per million tokens, that ever held.

    Standard tier, no batch, first context band; of all platforms that sell the model.
    """
    found = rows(
        connection,
        """
        select platform, model, price_class, valid_from, price_usd
        from seeds.ai_model_prices
        where region_scope = 'global' and service_tier = 'standard' and processing = 'sync'
            and context_over_tokens = 0 and unit = '1000000 tokens'
        order by valid_from
        """,
    )
    books: dict[tuple[str, str], dict[date, dict[str, Decimal]]] = defaultdict(dict)
    for row in found:
        dated = books[row["platform"], row["model"]]
        latest = dated[max(dated)] if dated else {}
        dated.setdefault(row["valid_from"], dict(latest))
        if row["price_usd"] is not None:
            dated[row["valid_from"]][row["price_class"]] = row["price_usd"]
    lists: dict[str, list[dict[str, Decimal]]] = defaultdict(list)
    for (_, model), dated in books.items():
        lists[short_name(model)] += [
            p for p in dated.values() if {"input_uncached", "output"} <= set(p)
        ]
    return lists


def cause(row: dict[str, Any], lists: dict[str, list[dict[str, Decimal]]]) -> str:
    """Why our cost of a call is not the recorded one; the first that holds, in this order."""
    ours, recorded = row["ours"], row["recorded"]
    if ours is None:
        if row["model"] is None or row["platform"] == "unknown" or row["model"] == "redacted":
            return "model not told (REDACTED or None)"
        return "model not in the price book"
    if recorded == 0:
        return "the tool recorded 0"
    if ours == 0:
        return "free in the price book, charged by the tool"
    prices = lists.get(short_name(row["model"]), [])
    for price in prices:
        read = row["input_tokens"] * price["input_uncached"]
        written = row["output_tokens"] * price["output"]
        if abs((read + written) / MILLION - recorded) <= FLOAT_NOISE:
            return "price of another date or platform"
    for price in prices:
        cached = price.get("input_cached")
        if cached is None:
            continue
        stored = max(price.get(name, ZERO) for name in ("cache_write_5m", "cache_write_other"))
        written = row["output_tokens"] * price["output"]
        least = row["input_tokens"] * cached + written
        # all input written to the cache, or billed once as fresh and once more as a cache hit
        most = row["input_tokens"] * max(stored, price["input_uncached"] + cached) + written
        if least <= recorded * MILLION <= most:
            return "within what cache reads and writes can make (not in the log)"
    return "other rates in the tool's price list"


def compare_aider(connection: Connection) -> Comparison:
    """Our metered cost of each Aider call beside the recorded one."""
    found = rows(
        connection,
        """
        select
            platform,
            coalesce(model_raw, '(none)') as model_raw,
            model,
            coalesce(input_tokens, 0) as input_tokens,
            coalesce(output_tokens, 0) as output_tokens,
            coalesce(input_tokens, 0) + coalesce(output_tokens, 0) as tokens,
            metered_cost_usd as ours,
            logged_cost_usd as recorded
        from marts.cost_per_request
        where request_id like 'aider-%' and logged_cost_usd is not null
        """,
    )
    lists = price_lists(connection)
    result = Comparison()
    for row in found:
        ours, recorded = row["ours"], row["recorded"]
        gap = None if ours is None else abs(ours - recorded)
        is_close = gap is not None and gap <= FLOAT_NOISE
        result.all.add(row, is_close)
        if gap is not None:
            result.priced.add(row, is_close)
            result.exact += gap == 0
            result.near += gap <= recorded / 100
        if is_close:
            result.close += 1
            result.close_recorded += recorded
        else:
            result.causes[cause(row, lists)].add(row, False)
        result.models[f"{row['platform']}: {row['model_raw']}"].add(row, is_close)
    return result


def aider(connection: Connection) -> Iterator[RenderableType]:
    """The comparison as tables."""
    found = compare_aider(connection)
    if not found.all.calls:
        return
    every, priced = found.all, found.priced
    yield grid(
        "Aider: our cost (tokens × list price of the day) and the cost that the tool recorded",
        ("", "calls", "of all calls %", "our cost USD", "recorded USD"),
        (
            *(
                (
                    name,
                    number(group.calls),
                    percent(group.calls, every.calls),
                    usd(group.ours, 6),
                    usd(group.recorded, 6),
                )
                for name, group in (("all", every), ("with a price here", priced))
            ),
            (
                "equal at 15 decimals",
                number(found.exact),
                percent(found.exact, every.calls),
                "",
                "",
            ),
            (
                "within 1e-9 USD (float noise)",
                number(found.close),
                percent(found.close, every.calls),
                "",
                usd(found.close_recorded, 6),
            ),
            (
                "within 1 % of the recorded cost",
                number(found.near),
                percent(found.near, every.calls),
                "",
                "",
            ),
        ),
    )

    def line(name: str, group: Group, digits: int = 4) -> tuple[str, ...]:
        return (
            name,
            number(group.calls),
            usd(group.ours, digits),
            usd(group.recorded, digits),
            usd(group.ours - group.recorded, digits),
        )

    columns = ("calls", "our cost USD", "recorded USD", "ours − recorded USD")
    ordered = sorted(found.causes.items(), key=lambda item: (-item[1].calls, item[0]))
    yield grid(
        f"Why {every.calls - found.close:,} calls differ by more than 1e-9 USD",
        ("cause", *columns),
        (line(name, group, 6) for name, group in ordered),
    )
    dearest = sorted(found.models.items(), key=lambda item: (-item[1].recorded, item[0]))[:12]
    yield grid(
        "The twelve models with the highest recorded cost",
        ("platform: model", *columns, "of them equal %"),
        ((*line(name, group), percent(group.equal, group.calls)) for name, group in dearest),
    )


# Sections on marts that not every scenario builds.
CUSTOMER_SECTIONS: dict[str, Callable[[Connection, date], RenderableType]] = {
    "cost_per_customer": dearest_customers,
    "margin_by_plan": plan_margins,
}


def show(path: Path, console: Console, is_traces: bool = False) -> None:
    """Print all sections of the warehouse at `path`. Raises load_raw.LoadError, duckdb.Error."""
    with load_raw.open_duckdb(path, read_only=True) as connection:
        months = rows(
            connection,
            """
            select usage_month, is_period_complete from intermediate.int_ai_months
            order by is_period_complete desc, usage_month desc
            """,
        )
        if not months:
            raise load_raw.LoadError(f"The marts in {path} are empty: no request, usage or bill.")
        month = months[0]["usage_month"]
        as_of = rows(connection, "select as_of_date from intermediate.int_ai_as_of")[0]
        state = "the last complete month" if months[0]["is_period_complete"] else "still open"
        console.print(
            f"{path}: {len(months)} months up to {as_of['as_of_date']}; "
            f"{month_name(month)} is {state}. Amounts in USD.\n"
        )
        sections: list[RenderableType] = [
            spend_by_platform(connection, month),
            *(
                section(connection, month)
                for mart, section in CUSTOMER_SECTIONS.items()
                if is_built(connection, mart)
            ),
            coverage(connection, month),
            *bill_match(connection),
            rejected(connection),
            *unpriced(connection),
            *(aider(connection) if is_traces else ()),
        ]
    for section in sections:
        console.print(section)
        console.print()


def next_steps(path: Path, is_traces: bool) -> str:
    """What to do with the result in the DuckDB file `path`."""
    example, rebuild = (
        f"AI_DUCKDB_PATH={path} .venv/bin/dbt show --select cost_concentration --limit 20 \\\n"
        f'{" " * 34}--vars "$(cat target/traces/vars.yml)"',
        "make demo TRACES=<the same folder>",
    )
    if not is_traces:
        example = ".venv/bin/dbt show --select underwater_customers --limit 20"
        rebuild = "make build: only what changed is rebuilt"
    return f"""\
[bold]Next[/bold]
  one customer, one month     marts.cost_per_customer; every call of it: marts.cost_per_request
  a question with its query   analyses/*.sql, for example
                              {example}
  why the bill differs        marts.billing_variance_causes; docs/does_it_match_my_invoice.md
  documentation, lineage      make docs, then open target/static_index.html
  prices                      seeds/prices/ai_model_prices.csv (list; add rows, never edit one),
                              seeds/prices/ai_price_overrides.csv (your contract)
  owners of keys, projects    seeds/attribution/ai_attribution_rules.csv
  then                        {rebuild}"""


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--traces",
        action="store_true",
        help="the warehouse is one of traces; compare Aider's costs",
    )
    options = parser.parse_args(argv)
    path = load_raw.duckdb_path()
    if options.traces and not os.environ.get("AI_DUCKDB_PATH"):
        path = Path(load_trace.DEFAULT_DUCKDB_PATH)
    # Not a terminal (a log, a pipe): wide enough for every table.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 118)
    try:
        show(path, console, options.traces)
    except duckdb.CatalogException as error:
        print(
            f"demo_summary: {path} lacks a mart: {str(error).splitlines()[0]}\n"
            "Run `make demo`, or dbt build, first.",
            file=sys.stderr,
        )
        return 1
    except (load_raw.LoadError, duckdb.Error) as error:
        print(f"demo_summary: {error}", file=sys.stderr)
        return 1
    console.print(next_steps(path, options.traces), soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
