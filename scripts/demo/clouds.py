"""The bills of AWS, Google Cloud and Azure: lines in their own words, and the tables they land as.

They are the only thing that a cloud tells about its models: nobody reports usage there.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from demo import traffic as tr
from demo.billing import UNBILLED_DAYS, Line, RawTables
from demo.money import FEMTO, I64, decimal, group_sums, plain_text
from demo.period import Period, add_months
from demo.prices import NO_PRICE, OUTPUT
from demo.tables import MONEY, TIMESTAMP
from demo.traffic import ACCOUNTS, AZURE, BEDROCK, KEY_ACCOUNT, KEYS, MODEL_NAMES, VERTEX, Calls

AWS_RATE_FROM = date(2026, 4, 1)  # private pricing: 97 % of the list
GOOGLE_RATE_FROM = date(2026, 9, 1)  # a discount of 5 % on Gemini 2.5 Flash, inside each row
GOOGLE_PROMO = (date(2026, 6, 1), date(2026, 6, 30))  # a gift of 10 % of Gemini 2.5 Pro
PRICE_CLASSES = (0, 1, OUTPUT)
SPLIT_DELIVERY = 16  # the day of month after which an open month was exported once before its end


@dataclass(frozen=True)
class CloudLine(Line):
    """A day's use of a model under one account or project, with its price before credits."""

    key_number: int = -1
    listed: int = 0
    reasoning: int = 0


def agreed_prices(calls: Calls, billed: I64, period: Period) -> I64:
    """`billed` with what was agreed with AWS and Google."""
    result = billed.copy()
    aws = (calls.platform == BEDROCK) & (calls.day >= period.index(AWS_RATE_FROM))
    google = (calls.model == tr.GEMINI_FLASH) & (calls.day >= period.index(GOOGLE_RATE_FROM))
    for rows, percent in ((aws, 97), (google, 95)):
        if (result[rows] % 100).any():
            raise ValueError("an agreed rate has more than 15 decimals")
        result[rows] = result[rows] // 100 * percent
    return result


def bill_lines(calls: Calls, listed: I64, billed: I64, period: Period) -> list[Line]:
    """The three clouds' bills up to the last billed day, sorted by platform, day and account."""
    last = period.days - 1 - UNBILLED_DAYS
    mine = np.isin(calls.platform, tr.CLOUDS) & calls.billable & (calls.day <= last)
    rows = np.flatnonzero(mine)
    calls, billed = calls.take(rows), billed[rows]
    listed = np.where(listed[rows] == NO_PRICE, 0, listed[rows])
    lines: list[Line] = []
    for position in PRICE_CLASSES:
        used = np.flatnonzero(calls.tokens[:, position] > 0)
        tokens = calls.tokens[used, position]
        codes = np.column_stack(
            [c[used] for c in (calls.day, calls.key, calls.model, calls.batch, calls.long_context)]
        )
        distinct, index = np.unique(codes, axis=0, return_inverse=True)
        index = index.reshape(-1).astype(np.int64)
        many = len(distinct)
        quantities = group_sums(index, tokens, many)
        thoughts = group_sums(index, calls.reasoning[used], many)
        amounts = group_sums(index, tokens * billed[used, position], many)
        gross = group_sums(index, tokens * listed[used, position], many)
        for number, (day, key, model, batch, long_context) in enumerate(distinct.tolist()):
            platform, account = ACCOUNTS[KEY_ACCOUNT[key]]
            lines.append(
                CloudLine(
                    platform=tr.PLATFORMS[platform],
                    day=int(day),
                    project=KEYS[key][2],
                    text=MODEL_NAMES[model],
                    amount=amounts[number],
                    kind="usage",
                    price_class=position,
                    model=int(model),
                    tier_batch=int(batch),
                    region=int(tr.MODEL_REGION[model]),
                    long_context=long_context,
                    quantity=quantities[number],
                    unit="tokens",
                    account=account,
                    key_number=key,
                    listed=gross[number],
                    reasoning=thoughts[number] if position == OUTPUT else 0,
                )
            )
    lines += [_gift(n) for n in lines if _is_promoted(n, period)]
    lines += _other_lines(period, last)
    return sorted(
        lines,
        key=lambda n: (
            *(n.platform, n.day, n.account, n.project or "", n.text),
            *(n.price_class, n.tier_batch, n.long_context),
        ),
    )


def _is_promoted(line: Line, period: Period) -> bool:
    """Does Google give a part of this line back?"""
    first, last = GOOGLE_PROMO
    return line.model == tr.GEMINI_PRO and first <= period.day(line.day) <= last


def _gift(line: Line) -> CloudLine:
    """A gift does not change what the usage cost; it is inside the usage's own rows."""
    return CloudLine(
        *(line.platform, line.day, line.project, line.text, -(line.amount // 10), "credit"),
        model=line.model,
        account=line.account,
    )


def _other_lines(period: Period, last: int) -> list[Line]:
    """Of AWS: a tax at the end of each month, and one credit."""
    result: list[Line] = []
    cent = FEMTO // 100
    aws = ACCOUNTS[KEY_ACCOUNT[tr.B_ASSIST]][1]
    for number, month in enumerate(period.months):
        day = period.index(add_months(month, 1)) - 1
        if day > last:
            break
        tax = (311 + 7 * number) * cent
        result.append(CloudLine("aws_bedrock", day, "assist", "Tax", tax, "tax", account=aws))
    granted = period.index(date(2026, 5, 4))
    if 0 <= granted <= last:
        result.append(
            CloudLine(
                *("aws_bedrock", granted, "assist", "Activate credit", -12 * FEMTO, "credit"),
                model=MODEL_NAMES.index("amazon.nova-pro-v1:0"),
                account=aws,
            )
        )
    return result


def raw_tables(lines: list[Line], period: Period) -> RawTables:
    """aws_cur, gcp_billing_export and azure_cost_export as they land."""
    mine = {
        number: [n for n in lines if n.platform == tr.PLATFORMS[number]] for number in tr.CLOUDS
    }
    aws, azure = _aws(mine[BEDROCK], period), _azure(mine[AZURE], period)
    google = _google(mine[VERTEX], period)
    parts = {"aws_cur": aws, "gcp_billing_export": google, "azure_cost_export": azure}
    return RawTables(
        {name: part.table for name, part in parts.items()},
        {name: part.replaced for name, part in parts.items()},
        {name: part.foreign for name, part in parts.items()},
    )


@dataclass
class _Landed:
    """A raw table; how many of its rows a later load replaces, and how many are of other things."""

    table: pa.Table
    replaced: int
    foreign: int


def _delivered(period: Period, month: date) -> datetime:
    """When the last delivery of a month was loaded: some days after its end, or just now."""
    latest = datetime.combine(period.as_of, datetime.min.time()) + timedelta(days=1, hours=2)
    done = datetime.combine(add_months(month, 1), datetime.min.time()) + timedelta(days=4, hours=6)
    return min(done, latest)


def _deliveries(lines: list[Line], period: Period) -> list[tuple[CloudLine, datetime, int]]:
    """(line, load, tenths of it): some months also came while they were open.

    What that delivery had of its last days was less, and one line of it is gone in the last one.
    """
    result = []
    seen: set[tuple[str, date]] = set()
    for line in lines:
        assert isinstance(line, CloudLine)
        day = period.day(line.day)
        month = day.replace(day=1)
        if month.month % 4 == 2 and day.day <= SPLIT_DELIVERY and line.kind == "usage":
            early = datetime.combine(month, datetime.min.time())
            early += timedelta(days=SPLIT_DELIVERY, hours=9)
            result.append((line, early, 6 if day.day >= SPLIT_DELIVERY - 1 else 10))
            if (line.account, month) not in seen:  # charged by mistake, and taken back
                seen.add((line.account, month))
                result.append((replace(line, day=period.index(month)), early, 30))
        result.append((line, _delivered(period, month), 10))
    return result


# --- AWS: Cost and Usage Report 2.0 --------------------------------------------------------------

# Marketplace products have codes that say nothing; the model is in their name.
MARKETPLACE = {
    "sonnet": ("9f3kd8s7q2m5x1v6b4nh", "Claude Sonnet 4.5 (Amazon Bedrock Edition)"),
    "haiku": ("c7t1p0zq8w5r2y9u4e6ja", "Claude Haiku 4.5 (Amazon Bedrock Edition)"),
}
AWS_NATIVE = {0: "input-tokens", 1: "cache-read-input-token-count", OUTPUT: "output-tokens"}
AWS_OLD = {0: "InputTokenCount", 1: "CacheReadInputTokenCount", OUTPUT: "OutputTokenCount"}
AWS_NEW = {0: "input_tokens", 1: "cache_read_tokens", OUTPUT: "output_tokens"}
AWS_PAYER = ACCOUNTS[KEY_ACCOUNT[tr.B_ASSIST]][1]


def _aws_words(line: Line) -> dict[str, Any]:
    """Product, usage type and unit of a line."""
    name, position = line.text, line.price_class
    if "claude" not in name:
        family = "NovaPro" if "nova-pro" in name else "NovaLite"
        route = "-cross-region-geo" if name.startswith("us.") else ""
        return {
            "entity": "AWS",
            "code": "AmazonBedrock",
            "product": {"product_name": "Amazon Bedrock"},
            "usage_type": f"USE1-{family}-{AWS_NATIVE[position]}{route}",
            "unit": "1K tokens",
            "block": 1000,
        }
    which = "haiku" if "haiku" in name else "sonnet"
    code, product = MARKETPLACE[which]
    word = f"{AWS_OLD[position]}" if which == "sonnet" else f"{AWS_NEW[position]}_global_standard"
    return {
        "entity": "AWS Marketplace",
        "code": code,
        "product": {"product_name": product},
        "usage_type": f"USE1-MP:USE1_{word}-Units",
        "unit": "1M tokens",
        "block": 1_000_000,
    }


def _aws(lines: list[Line], period: Period) -> _Landed:
    rows: list[dict[str, Any]] = []
    replaced = foreign = 0

    def add(line: Line, loaded: datetime, **given: Any) -> None:
        day = period.day(line.day)
        start = datetime.combine(day, datetime.min.time()) + timedelta(hours=given.pop("hour", 0))
        end = start + timedelta(hours=given.pop("hours", 24))
        month = day.replace(day=1)
        tag = line.project if line.project != line.account else None
        rows.append(
            {
                "identity_line_item_id": f"{len(rows) * 2654435761 % 2**48:012x}{len(rows):08x}",
                "identity_time_interval": f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}",
                "bill_billing_period_start_date": datetime.combine(month, datetime.min.time()),
                "bill_bill_type": "Anniversary",
                "bill_payer_account_id": AWS_PAYER,
                "line_item_usage_account_id": line.account,
                "line_item_usage_start_date": start,
                "line_item_usage_end_date": end,
                "line_item_currency_code": "USD",
                "line_item_resource_id": None,
                "line_item_iam_principal": None,
                "pricing_public_on_demand_cost": None,
                "resource_tags": json.dumps({"project": tag}) if tag else "{}",
                "loaded_at": loaded,
                **given,
            }
        )

    for line, loaded, tenths in _deliveries(lines, period):
        if line.kind != "usage":
            add(
                line,
                loaded,
                bill_billing_entity="AWS",
                line_item_line_item_type="Tax" if line.kind == "tax" else "Credit",
                line_item_product_code="AmazonBedrock",
                line_item_usage_type="USE1-NovaPro-input-tokens" if line.kind == "credit" else "",
                line_item_operation="",
                line_item_usage_amount=Decimal(0),
                line_item_unblended_cost=decimal(line.amount),
                line_item_net_unblended_cost=decimal(line.amount),
                line_item_line_item_description=line.text,
                pricing_unit=None,
                product="{}",
            )
            continue
        words = _aws_words(line)
        before = len(rows)
        quantity = (line.quantity or 0) * tenths // 10
        amount, listed = line.amount * tenths // 10, line.listed * tenths // 10
        hourly = line.project == "assist" and quantity > 1  # the labs' report is by day
        cuts = [(9, quantity * 2 // 5, amount * 2 // 5, listed * 2 // 5)] if hourly else []
        cuts.append((15 if hourly else 0, quantity, amount, listed))
        done = paid = gross = 0
        for hour, upto, paid_to, gross_to in cuts:
            add(
                line,
                loaded,
                hour=hour,
                hours=1 if hourly else 24,
                bill_billing_entity=words["entity"],
                line_item_line_item_type="Usage",
                line_item_product_code=words["code"],
                line_item_usage_type=words["usage_type"],
                line_item_operation="InvokeModelStreamingInference"
                if hour == 15
                else "InvokeModelInference",
                line_item_usage_amount=Decimal(upto - done) / words["block"],
                line_item_unblended_cost=decimal(gross_to - gross),
                line_item_net_unblended_cost=decimal(paid_to - paid),
                line_item_line_item_description=f"{words['usage_type']} in US East",
                line_item_iam_principal=f"arn:aws:sts::{line.account}:assumed-role/app-prod/api"
                if hourly
                else None,
                pricing_unit=words["unit"],
                product=json.dumps(words["product"]),
            )
            done, paid, gross = upto, paid_to, gross_to
        replaced += (len(rows) - before) * (loaded != _delivered(period, _month(line, period)))
    for day in range(0, period.days - UNBILLED_DAYS, 3):  # the same report has everything else
        line = CloudLine("aws_bedrock", day, "assist", "", 0, "usage", account=AWS_PAYER)
        foreign += 2
        for code, usage, amount in (
            ("AmazonS3", "USE1-TimedStorage-ByteHrs", 41 * FEMTO // 100),
            ("AmazonEC2", "USE1-BoxUsage:m7g.large", 196 * FEMTO // 100),
        ):
            add(
                line,
                _delivered(period, _month(line, period)),
                bill_billing_entity="AWS",
                line_item_line_item_type="Usage",
                line_item_product_code=code,
                line_item_usage_type=usage,
                line_item_operation="",
                line_item_usage_amount=Decimal(24),
                line_item_unblended_cost=decimal(amount),
                line_item_net_unblended_cost=decimal(amount),
                line_item_line_item_description=usage,
                pricing_unit="Hrs",
                product=json.dumps({"product_name": code}),
            )
    text = pa.string()
    quantity_type = pa.decimal128(38, 9)
    names = (
        *("identity_line_item_id", "identity_time_interval", "bill_billing_period_start_date"),
        *("bill_billing_entity", "bill_bill_type", "bill_payer_account_id"),
        *("line_item_usage_account_id", "line_item_line_item_type"),
        *("line_item_usage_start_date", "line_item_usage_end_date", "line_item_product_code"),
        *("line_item_usage_type", "line_item_operation", "line_item_resource_id"),
        *("line_item_iam_principal", "line_item_usage_amount", "line_item_unblended_cost"),
        *("line_item_net_unblended_cost",),
        *("line_item_currency_code", "line_item_line_item_description", "pricing_unit"),
        *("pricing_public_on_demand_cost", "product", "resource_tags", "loaded_at"),
    )
    types = {
        "bill_billing_period_start_date": TIMESTAMP,
        "line_item_usage_start_date": TIMESTAMP,
        "line_item_usage_end_date": TIMESTAMP,
        "line_item_usage_amount": quantity_type,
        "line_item_unblended_cost": MONEY,
        "line_item_net_unblended_cost": MONEY,
        "pricing_public_on_demand_cost": MONEY,
        "loaded_at": TIMESTAMP,
    }
    return _Landed(_landed(rows, [(n, types.get(n, text)) for n in names]), replaced, foreign)


def _month(line: Line, period: Period) -> date:
    return period.day(line.day).replace(day=1)


def _landed(rows: list[dict[str, Any]], columns: list[tuple[str, pa.DataType]]) -> pa.Table:
    """The rows as a table, in the order in which they were loaded."""
    ordered = sorted(rows, key=lambda r: r["loaded_at"])
    schema = pa.schema(columns)
    arrays = [pa.array([r.get(f.name) for r in ordered], f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


# --- Google Cloud: billing export to BigQuery ----------------------------------------------------

GOOGLE_ACCOUNT = ACCOUNTS[KEY_ACCOUNT[tr.V_PROD]][1]
GOOGLE_SERVICE = ("C7E2-9256-1C43", "Vertex AI")
GOOGLE_NAMES = {
    "gemini-2.5-pro": "Gemini 2.5 Pro",
    "gemini-2.5-flash": "Gemini 2.5 Flash GA",
    "gemini-2.5-flash-lite": "Gemini 2.5 Flash Lite",
}


def _sku(line: Line, thinking: bool) -> str:
    """What Google calls a class of tokens of a model."""
    name = GOOGLE_NAMES[line.text]
    long = " (Long)" if line.long_context else ""
    ending = " - Batch Predictions" if line.tier_batch == 1 else " - Predictions"
    if line.price_class == 1:
        return f"{name} Input Text Caching{long}"
    if line.price_class == OUTPUT:
        words = "Thinking Text Output" if thinking else "Text Output"
        return f"{name} {words}{long}{ending}"
    return f"{name} Text Input{long}{ending}"


def _google(lines: list[Line], period: Period) -> _Landed:
    rows: list[dict[str, Any]] = []
    foreign = gifts = 0

    def add(line: Line, exported: datetime, **given: Any) -> None:
        start = datetime.combine(period.day(line.day), datetime.min.time())
        start += timedelta(hours=given.pop("hour", 0))
        project = line.project
        rows.append(
            {
                "billing_account_id": line.account,
                "service__id": GOOGLE_SERVICE[0],
                "service__description": GOOGLE_SERVICE[1],
                "usage_start_time": start,
                "usage_end_time": start + timedelta(hours=1),
                "project__id": project,
                "project__number": None
                if project is None
                else str(sum(map(ord, project)) * 7_919_317),
                "project__name": project,
                "labels": "[]",
                "location__location": None if project is None else "global",
                "export_time": exported,
                "currency": "USD",
                "currency_conversion_rate": Decimal(1),
                "credits": "[]",
                "invoice__month": f"{start:%Y%m}",
                "cost_type": "regular",
                "loaded_at": exported + timedelta(minutes=40),
                **given,
            }
        )

    for number, line in enumerate(lines):
        exported = datetime.combine(period.day(line.day), datetime.min.time())
        exported += timedelta(hours=30)
        if line.kind == "credit":
            continue  # inside the rows of its usage
        assert isinstance(line, CloudLine) and line.quantity is not None
        # Thoughts have a SKU of their own, and a few rows are completed days later by another one.
        pieces = [(False, line.quantity - line.reasoning, 0), (True, line.reasoning, 0)]
        if number % 29 == 7 and line.quantity > 10:
            rest = pieces[0][1] // 3
            pieces[0] = (False, pieces[0][1] - rest, 0)
            pieces.append((False, rest, 3))
        pieces = [p for p in pieces if p[1]]
        gift = line.amount // 10 if _is_promoted(line, period) else 0
        done = listed = paid = given = 0
        for thinking, tokens, later in pieces:
            done += tokens
            gross = line.listed * done // line.quantity - listed
            net = line.amount * done // line.quantity - paid
            grant = gift * done // line.quantity - given
            listed, paid, given = listed + gross, paid + net, given + grant
            sku = _sku(line, thinking)
            granted = [_credit("gemini-flash-rate", "DISCOUNT", net - gross)] * (net != gross)
            granted += [_credit("gemini-pro-launch", "PROMOTION", -grant)] * (grant != 0)
            gifts += grant != 0
            add(
                line,
                min(exported + timedelta(days=later), _latest(period)),
                hour=(9 + number) % 24,
                sku__id=_sku_id(sku),
                sku__description=sku,
                cost=decimal(gross),
                credits="[" + ", ".join(granted) + "]",
                usage__amount=Decimal(tokens),
                usage__unit="count",
                usage__amount_in_pricing_units=Decimal(tokens),
                usage__pricing_unit="count",
            )
    # Tax is on a service of its own, which says of nothing what it is for.
    for number, month in enumerate(period.months[:-1]):
        day = period.index(add_months(month, 1)) - 1
        line = CloudLine("google_vertex", day, None, "", 0, "tax", account=GOOGLE_ACCOUNT)
        foreign += 1
        add(
            line,
            datetime.combine(add_months(month, 1), datetime.min.time()) + timedelta(days=2),
            service__id="5A1B-0C2D-3E4F",
            service__description="Invoice",
            sku__id="6A2B-0001-7A58",
            sku__description="Tax",
            cost=decimal((187 + 11 * number) * FEMTO // 100),
            cost_type="tax",
            usage__amount=Decimal(0),
        )
    for day in range(1, period.days - UNBILLED_DAYS, 4):
        line = CloudLine(
            *("google_vertex", day, "aurora-prod", "", 0, "usage"),
            account=GOOGLE_ACCOUNT,
        )
        foreign += 1
        add(
            line,
            min(datetime.combine(period.day(day + 1), datetime.min.time()), _latest(period)),
            service__id="95FF-2EF5-5EA1",
            service__description="Cloud Storage",
            sku__id="E5F0-6A5D-7BAD",
            sku__description="Standard Storage US Regional",
            cost=decimal(7 * FEMTO // 100),
            usage__amount=Decimal(10**9),
            usage__unit="byte-seconds",
            usage__amount_in_pricing_units=Decimal(1),
            usage__pricing_unit="gibibyte month",
        )
    text = pa.string()
    types = {
        "usage_start_time": TIMESTAMP,
        "usage_end_time": TIMESTAMP,
        "export_time": TIMESTAMP,
        "cost": MONEY,
        "currency_conversion_rate": pa.decimal128(18, 6),
        "usage__amount": pa.decimal128(38, 6),
        "usage__amount_in_pricing_units": pa.decimal128(38, 6),
        "loaded_at": TIMESTAMP,
    }
    names = (
        *("billing_account_id", "service__id", "service__description", "sku__id"),
        *("sku__description", "usage_start_time", "usage_end_time", "project__id"),
        *("project__number", "project__name", "labels", "location__location", "export_time"),
        *("cost", "currency", "currency_conversion_rate", "usage__amount", "usage__unit"),
        *("usage__amount_in_pricing_units", "usage__pricing_unit", "credits", "invoice__month"),
        *("cost_type", "loaded_at"),
    )
    # A gift in a row makes a line of its own.
    return _Landed(_landed(rows, [(n, types.get(n, text)) for n in names]), 0, foreign - gifts)


def _credit(name: str, kind: str, amount: int) -> str:
    """A credit as JSON text."""
    return (
        f'{{"id": "{name}", "name": "{name}", "full_name": "{name} 2026", "type": "{kind}", '
        f'"amount": {plain_text(amount)}}}'
    )


def _sku_id(description: str) -> str:
    code = f"{sum((n + 1) * 7919 * ord(c) for n, c in enumerate(description)) % 16**12:012X}"
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def _latest(period: Period) -> datetime:
    return datetime.combine(period.as_of, datetime.min.time()) + timedelta(days=1, hours=1)


# --- Azure: Cost Management export, actual cost, enterprise agreement -----------------------------

AZURE_METERS = {
    "gpt-4o-2024-11-20": (
        *("1K", 1000),
        {
            0: "gpt 4o 1120 Inp glbl",
            1: "gpt 4o 1120 cached Inp glbl",
            OUTPUT: "gpt 4o 1120 Outp glbl",
        },
    ),
    "gpt-4.1-2025-04-14": (
        *("1K", 1000),
        {0: "gpt 4.1 Inp DZ", 1: "gpt 4.1 cached Inp DZ", OUTPUT: "gpt 4.1 Outp DZ"},
    ),
    "gpt-5-mini-2025-08-07": (
        *("1M", 1_000_000),
        {0: "GPT 5 Mini Inpt Glbl 1M", 1: "GPT 5 Mini cchd Inpt Glbl 1M"}
        | {OUTPUT: "GPT 5 Mini outpt Glbl 1M"},
    ),
}


def _azure(lines: list[Line], period: Period) -> _Landed:
    rows: list[dict[str, Any]] = []
    replaced = foreign = 0

    def add(line: Line, loaded: datetime, **given: Any) -> None:
        day = period.day(line.day)
        month = day.replace(day=1)
        last = calendar.monthrange(day.year, day.month)[1]
        tagged = line.project != line.account
        group = "rg-docs" if tagged else "rg-labs"
        rows.append(
            {
                "BillingAccountId": "88421907",
                "BillingPeriodStartDate": month,
                "BillingPeriodEndDate": day.replace(day=last),
                "SubscriptionId": line.account,
                "SubscriptionName": "docs-prod" if tagged else "labs",
                "Date": day,
                "ResourceLocation": "eastus2",
                "ResourceGroup": group,
                "ResourceId": f"/subscriptions/{line.account}/resourceGroups/{group}/providers/"
                "Microsoft.CognitiveServices/accounts/aoai-east",
                "ConsumedService": "Microsoft.CognitiveServices",
                "MeterCategory": "Foundry Models",
                "MeterSubCategory": "Azure OpenAI",
                "BillingCurrency": "USD",
                "ChargeType": "Usage",
                "Tags": f'"project":"{line.project}","cost-center":"4410"' if tagged else None,
                "AdditionalInfo": None,
                "loaded_at": loaded,
                **given,
            }
        )

    for line, loaded, tenths in _deliveries(lines, period):
        quantity, amount = (line.quantity or 0) * tenths // 10, line.amount * tenths // 10
        unit, block, names = AZURE_METERS[line.text]
        meter = f"{names[line.price_class]} Tokens"
        count = Decimal(quantity) / block
        price = decimal(line.amount * block // (line.quantity or 1))
        add(
            line,
            loaded,
            MeterId=_meter_id(meter),
            MeterName=meter,
            UnitOfMeasure=unit,
            Quantity=count,
            EffectivePrice=price,
            Cost=decimal(amount),
        )
        replaced += loaded != _delivered(period, _month(line, period))
    for day in range(2, period.days - UNBILLED_DAYS, 5):
        line = CloudLine(
            *("azure_openai", day, "docs", "", 0, "usage"),
            account=ACCOUNTS[KEY_ACCOUNT[tr.Z_DOCS]][1],
        )
        foreign += 1
        add(
            line,
            _delivered(period, _month(line, period)),
            ConsumedService="Microsoft.Storage",
            MeterCategory="Storage",
            MeterSubCategory="Tables",
            MeterId=_meter_id("LRS Data Stored"),
            MeterName="LRS Data Stored",
            UnitOfMeasure="1 GB/Month",
            Quantity=Decimal(3),
            EffectivePrice=Decimal("0.045"),
            Cost=Decimal("0.135"),
        )
    text = pa.string()
    types = {
        "BillingPeriodStartDate": pa.date32(),
        "BillingPeriodEndDate": pa.date32(),
        "Date": pa.date32(),
        "Quantity": pa.decimal128(38, 9),
        "EffectivePrice": MONEY,
        "Cost": MONEY,
        "loaded_at": TIMESTAMP,
    }
    columns = (
        *("BillingAccountId", "BillingPeriodStartDate", "BillingPeriodEndDate", "SubscriptionId"),
        *("SubscriptionName", "Date", "MeterId", "MeterCategory", "MeterSubCategory", "MeterName"),
        *("Quantity", "EffectivePrice", "Cost", "BillingCurrency", "ResourceLocation"),
        *("ConsumedService", "ResourceId", "ResourceGroup", "AdditionalInfo", "Tags"),
        *("UnitOfMeasure", "ChargeType", "loaded_at"),
    )
    return _Landed(_landed(rows, [(n, types.get(n, text)) for n in columns]), replaced, foreign)


def _meter_id(meter: str) -> str:
    code = f"{sum((n + 3) ** 5 * ord(c) for n, c in enumerate(meter)) % 16**12:012x}"
    return f"0a3b5c7d-{code[:4]}-4e2f-9a10-{code}"
