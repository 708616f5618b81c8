"""The oracle: what the marts must say, from what the generator knows of every call.

Nothing here is SQL and nothing here reads the raw tables: costs are tokens × the price that the
bill was made with, owners are whom the tags were written for.
"""

from __future__ import annotations

from pathlib import Path

from demo import billing, traffic
from demo import truth_costs as costs
from demo import truth_margins as margins
from demo.money import total
from demo.prices import NO_PRICE
from demo.tables import write
from demo.traffic import PLATFORMS
from demo.world import World

README = """\
# Truth of the demo company

Computed by scripts/generate_demo_data.py from what it knows of every call, not from the raw tables
and not by the models' SQL. Money is decimal(38,15) USD. Columns are named as in the marts.

| file | one row per |
|---|---|
| `requests` | accepted attempt |
| `cost_per_feature` | month × feature |
| `cost_per_customer` | month × customer |
| `margin_by_plan` | month × plan |
| `cost_ledger_daily` | day × platform × account × row type |
| `unlogged_by_model` | day × platform × project × model (row types unlogged and rounding) |
| `spend_by_provider_model` | month × platform × model |
| `spend_by_team` | month × team |
| `ai_cogs_summary` | month |
| `attribution_coverage` | month × dimension × method |
| `bill_daily` | platform × account × day: every line as charged |
| `revenue_daily` | customer × plan × day, the full horizon |
| `intake` | raw table × load day; `load_date` NULL: the whole table |
| `planted` | thing planted, with its count in the data |
| `jumps` | day × dimension × value whose cost was made to jump, with what did it |

- `requests`: token classes are 0 where the log has no split, NULL where it has no counts.
  `effective_cost_usd` is as the rules price it: on the day of free tokens the price stands, the
  gift is an unlogged row. `cost_status` NULL: not asserted (hits of the gateway's cache). The tag
  flags say that a tag names nothing known, whatever answered instead.
- `cost_per_customer`: `plan_id` is the last plan in force in the month, NULL without one.
- `margin_by_plan`: a NULL count or amount per customer of a sentinel is not asserted.
- `cost_ledger_daily`: `billed_cost_usd` is NULL while estimated.
- `spend_by_provider_model`: counts are those of the log, `reported_*` the provider's own.
- `attribution_coverage`: without the lines of no request that name nobody (`__shared__`).
- `jumps`: made for a company of the default size; a small one's are too small to be found.
- `intake`: of several copies, the one that gives the values counts as accepted.

`is_exact`, `effective_is_exact` false: the bill's lines were rounded to whole cents (Anthropic,
2026-02 and 2026-03), so the last digits follow the factor rule rather than a price. In
`unlogged_by_model` also false where a request named neither project nor key, and there and in
`spend_by_provider_model` where the log has cache writes of Claude as one total (2026-05 and
2026-06): no line of the bill is about them, so their place among the models is open.
"""


def check(world: World) -> None:
    """The truth must tie to itself; raises AssertionError where it does not."""
    billed = sum(n.amount for n in world.bill)
    aside = sum(n.amount for n in world.bill if n.kind in ("tax", "credit"))
    facts = world.facts
    last = world.period.days - 1 - billing.UNBILLED_DAYS
    on_bill = (facts.day <= last) & (facts.platform_code < len(PLATFORMS))
    if total(facts.effective[on_bill]) != billed - aside:
        raise AssertionError("the truth does not sum to the bill")
    if ((world.ledger.cells.listed == NO_PRICE) & (world.ledger.cells.logged > 0))[
        world.ledger.cells.model != traffic.UNPRICED
    ].any():
        raise AssertionError("a logged class has no price")


def write_all(
    world: World, calls: traffic.Calls, provider: billing.RawTables, folder: Path
) -> dict[str, int]:
    """Write every truth file and README.md; returns rows by name."""
    check(world)
    days = margins.recognised(world)
    months = margins.customer_months(world, days)
    files = {
        "requests": costs.requests_table(world),
        "cost_per_feature": margins.cost_per_feature(world),
        "cost_per_customer": margins.cost_per_customer(world, months),
        "margin_by_plan": margins.margin_by_plan(world, days, months),
        "cost_ledger_daily": costs.cost_ledger_daily(world),
        "unlogged_by_model": costs.unlogged_by_model(world),
        "spend_by_provider_model": costs.spend_by_provider_model(world),
        "spend_by_team": costs.spend_by_team(world),
        "ai_cogs_summary": margins.ai_cogs_summary(world, days),
        "attribution_coverage": costs.attribution_coverage(world),
        "bill_daily": costs.bill_daily(world),
        "revenue_daily": margins.revenue_daily(world, days),
        "intake": costs.intake(world, provider),
        "planted": costs.planted(world, calls, provider),
        "jumps": costs.jumps(world),
    }
    for name, table in files.items():
        write(table, folder / f"{name}.parquet")
    (folder / "README.md").write_text(README, encoding="utf-8")
    return {name: table.num_rows for name, table in files.items()}
