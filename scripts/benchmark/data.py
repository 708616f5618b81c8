"""Raw tables of one company at any size, and the right totals in whole femto-dollars.

Thirteen months on OpenAI and Anthropic, as a loader lands them: the request log in one Parquet
file a month, the usage reports, the bills, the business tables. All comes from a hash of the row's
number and the seed, so a size is the same on every run. Customers follow Zipf's law. A few log rows
have no tags, failed, were delivered twice or late, or carry no project; some usage was never
logged; bills come a day later than usage, at a discount that the price book does not know.

Totals: tokens are summed by (day, model, processing, context band) and multiplied by the price book
with Python's integers, bills are added as Python integers. Nothing of the package takes part.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark.prices import Book

FIRST_DAY = date(2025, 11, 1)
NEW_DAY = date(2026, 11, 30)
SEED = 20261130
LONG_CONTEXT = 200_000


@dataclass(frozen=True)
class Model:
    """One model of the traffic: `raw` is its name in log and reports, `weight` its share."""

    platform: str
    model: str
    raw: str
    weight: float


MODELS = (
    Model("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", 0.26),
    Model("openai", "gpt-5", "gpt-5-2025-08-07", 0.14),
    Model("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", 0.14),
    Model("openai", "gpt-4o", "gpt-4o-2024-08-06", 0.10),
    Model("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 0.08),
    # its prices change on 2026-07-30; before SUCCESSOR_FROM its traffic is the first model's
    Model("openai", "gpt-5.6-terra", "gpt-5.6-terra", 0.06),
    Model("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 0.12),
    Model("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 0.08),
    Model("anthropic", "claude-opus-4-1", "claude-opus-4-1-20250805", 0.02),
)
SUCCESSOR, SUCCESSOR_FROM = "gpt-5.6-terra", date(2026, 7, 1)
LONG_MODEL = "claude-sonnet-4-5"
CLASSES = {
    "openai": ("input_uncached", "input_cached", "output"),
    "anthropic": ("input_uncached", "input_cached", "cache_write_5m", "output"),
}
OPENAI_ITEMS = {"input_uncached": "input", "input_cached": "cached input", "output": "output"}
ANTHROPIC_ITEMS = {
    "input_uncached": "uncached_input_tokens",
    "input_cached": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "output": "output_tokens",
}
# Percent of the list price on the bill: a project's discount, and a contract.
DISCOUNTED = {"proj_2": 97, "wrkspc_0": 90, "wrkspc_1": 90}


@dataclass
class Manifest:
    """What was generated. Totals are whole femto-dollars (1e-15 USD) of all rows."""

    rows: int
    copies: int
    customers: int
    first_day: str
    new_day: str
    new_day_rows: int
    fingerprint: str
    parquet_bytes: int
    metered_femto: int
    effective_femto: int
    priced_requests: int


class Data:
    """The folder of one size: Parquet files and manifest.json."""

    def __init__(self, folder: Path, rows: int, prices: Path, first_day: date = FIRST_DAY) -> None:
        """`rows`: requests in all; `prices`: the seed ai_model_prices."""
        self.folder, self.rows, self.prices, self.first_day = folder, rows, prices, first_day
        self.days = (NEW_DAY - first_day).days + 1
        self.customers = min(50_000, max(40, rows // 200))
        self.book = Book(prices)

    def fingerprint(self) -> str:
        """Changes when this file, the price book, the size or the period changes."""
        text = f"{self.rows} {self.first_day} {SEED}".encode()
        for path in (Path(__file__), self.prices):
            text += path.read_bytes()
        return hashlib.sha256(text).hexdigest()

    def manifest(self) -> Manifest | None:
        """The manifest, or None where the data is not there or of another version."""
        path = self.folder / "manifest.json"
        if not path.exists():
            return None
        manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
        return manifest if manifest.fingerprint == self.fingerprint() else None

    def make(self, progress: Callable[[str], None]) -> Manifest:
        """Generate what is not there yet; `progress(text)` tells each step."""
        if found := self.manifest():
            progress("data is there already")
            return found
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "log").mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"set temp_directory = '{self.folder / 'spill'}'")
            for month in self.months():
                progress(f"request log of {month:%Y-%m}")
                self._log(connection, month)
            self._copy(
                connection,
                "new_day",
                f"{self._log_select(self._first_row(NEW_DAY - timedelta(days=3)), self.rows)} "
                f"where loaded_at >= timestamp '{NEW_DAY}'",
            )
            progress("usage reports, bills, business tables, exact totals")
            usage = self._usage(connection)
            bills = self._bills(connection)
            self._business(connection)
            metered, priced = self._metered(connection)
            copies, new_day_rows = (
                connection.execute(sql).fetchall()[0][0]
                for sql in (
                    f"select count(*) from read_parquet('{self.folder}/log/copies_*.parquet')",
                    f"select count(*) from read_parquet('{self.folder}/new_day.parquet')",
                )
            )
        # The newest day has no bill yet: the provider's usage at our prices stands in for it.
        effective = bills + usage
        manifest = Manifest(
            rows=self.rows,
            copies=int(copies),
            customers=self.customers,
            first_day=str(self.first_day),
            new_day=str(NEW_DAY),
            new_day_rows=int(new_day_rows),
            fingerprint=self.fingerprint(),
            parquet_bytes=sum(p.stat().st_size for p in (self.folder / "log").glob("*.parquet"))
            + (self.folder / "new_day.parquet").stat().st_size,
            metered_femto=metered,
            effective_femto=effective,
            priced_requests=priced,
        )
        (self.folder / "manifest.json").write_text(
            json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8"
        )
        return manifest

    def months(self) -> list[date]:
        """First days of the months, in order."""
        months, month = [], self.first_day.replace(day=1)
        while month <= NEW_DAY:
            months.append(month)
            month = (month + timedelta(days=32)).replace(day=1)
        return months

    def _first_row(self, day: date) -> int:
        """Number of the first row of a UTC day: every day has the same share of the rows."""
        index = min(max((day - self.first_day).days, 0), self.days)
        return -(-index * self.rows // self.days)

    def _copy(self, connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
        connection.execute(
            f"copy ({sql}) to '{self.folder}/{name}.parquet' (format parquet, compression zstd)"
        )

    def _log(self, connection: duckdb.DuckDBPyConnection, month: date) -> None:
        """The log of one month up to the last run before the new day, and its second deliveries."""
        start = self._first_row(month)
        end = self._first_row((month + timedelta(days=32)).replace(day=1))
        select = self._log_select(start, end)
        self._copy(
            connection,
            f"log/{month:%Y-%m}",
            f"{select} where loaded_at < timestamp '{NEW_DAY}'",
        )
        # The same rows once more, an hour later, with the same content.
        self._copy(
            connection,
            f"log/copies_{month:%Y-%m}",
            f"select * replace (loaded_at + interval 1 hour as loaded_at) from ({select}) "
            f"where hash(request_id, 41) % 500 = 0 and loaded_at < timestamp '{NEW_DAY}' "
            "- interval 1 hour",
        )

    def _log_select(self, start: int, end: int) -> str:
        """SQL of the log's rows number `start` to `end` (exclusive)."""
        bounds, total = [], 0.0
        for model in MODELS:
            total += model.weight
            bounds.append((round(total * 1000), model))
        names = (
            "".join(f" when m < {bound} then '{model.model}'" for bound, model in bounds[:-1])
            + f" else '{MODELS[-1].model}'"
        )
        raws = "".join(f" when '{model.model}' then '{model.raw}'" for model in MODELS)
        step = self.days * 86_400_000_000 / self.rows  # microseconds

        def u(salt: int, of: int, key: str = "i") -> str:
            return f"cast(hash({key}, {SEED + salt}) % {of} as bigint)"

        return f"""
select * from (
select
    'req-' || case when {u(1, 1000, "(i - 1)")} < 12 then i - 1 else i end as request_id,
    cast(case when {u(1, 1000, "(i - 1)")} < 12 then 2 else 1 end as bigint) as attempt,
    case when not failed then case when openai then 'chatcmpl-' else 'msg_' end || i end
        as provider_request_id,
    case when traced then 'trace-' || trace end as trace_id,
    cast(null as varchar) as parent_id,
    case when traced then 'run-' || trace end as run_id,
    moment as occurred_at,
    moment + to_milliseconds(200 + {u(3, 9000)}) as completed_at,
    platform as provider,
    platform,
    cast(null as varchar) as billing_account_id,
    case when openai and {u(4, 100)} >= 8 then 'proj_' || (api_key % 3) end as project_id,
    case when not openai and {u(4, 100)} >= 8 then 'wrkspc_' || (api_key % 2) end as workspace_id,
    case when openai then 'key_' else 'apikey_' end || api_key as api_key_id,
    cast(null as varchar) as gateway_key,
    model as model_requested,
    raw as model_served,
    'chat' as operation,
    case when openai then 'inclusive' else 'exclusive' end as input_convention,
    case when not failed then case when openai then fresh + cached else fresh end end
        as input_tokens,
    case when not failed then cached end as cached_read_tokens,
    case when not failed then written end as cache_write_5m_tokens,
    case when not failed then 0 end as cache_write_1h_tokens,
    case when not failed then written end as cache_write_tokens,
    case when not failed then answer end as output_tokens,
    case when not failed then case when model like 'gpt-5%' then answer // 3 else 0 end end
        as reasoning_tokens,
    'default' as service_tier,
    openai and is_batch as is_batch,
    case when {u(5, 100)} >= 3 then customer end as customer_id,
    'u-' || customer || '-' || {u(6, 20)} as user_id,
    case when {u(7, 100)} >= 2 then 'feature_' || lpad(feature::varchar, 2, '0') end as feature,
    case when {u(8, 100)} >= 30 then 'team_' || (feature % 8) end as team,
    case when {u(9, 1000)} < 920 then 'production' when {u(9, 1000)} < 960 then 'staging'
        when {u(9, 1000)} < 990 then 'development' else 'evaluation' end as environment,
    strftime(moment, '%Y.%V') as release,
    case when failed then 'error' else 'ok' end as status,
    case when failed then '529' end as error_code,
    false as is_gateway_cache_hit,
    date_trunc('hour', moment) + interval 65 minute
        + case when {u(10, 1000)} = 0 then interval 26 hour else interval 0 hour end as loaded_at
from (
    select
        *,
        platform = 'openai' as openai,
        case model{raws} end as raw,
        least(
            50 + cast(exp(4.0 + {u(11, 1_000_000)} / 1e6 * 5.2) as bigint)
            + case when model = '{LONG_MODEL}' and {u(12, 1000)} < 2
                then {LONG_CONTEXT + 5_000} else 0 end,
            900000
        ) as fresh,
        case when {u(13, 100)} < 45 then cast(exp(5.0 + {u(14, 1_000_000)} / 1e6 * 4.0) as bigint)
            else 0 end as cached,
        case when platform = 'anthropic' and {u(15, 100)} < 20
            then 1024 + {u(16, 6000)} else 0 end as written,
        5 + cast(exp(2.5 + {u(17, 1_000_000)} / 1e6 * 5.0) as bigint) as answer,
        feature % 6 as api_key
    from (
        select
            *,
            case when model like 'claude%' then 'anthropic' else 'openai' end as platform
        from (
            select
                *,
                case when asked = '{SUCCESSOR}' and moment < timestamp '{SUCCESSOR_FROM}'
                    then '{MODELS[0].model}' else asked end as model
            from (
                select
                    i,
                    i // 5 as trace,
                    {u(2, 10, "(i // 5)")} < 3 as traced,
                    timestamp '{self.first_day}'
                        + to_microseconds(cast(i * {step!r} as bigint)) as moment,
                    {u(1, 1000)} < 12 as failed,
                    {u(18, 1000)} as m,
                    'C-' || lpad(cast(floor(exp(
                        {u(19, 1_000_000_000)} / 1e9 * ln({self.customers}.0)
                    )) as bigint)::varchar, 5, '0') as customer,
                    least({u(20, 12)}, {u(21, 12)}) as feature,
                    {u(22, 100)} < 3 as is_batch,
                    case{names} end as asked
                from range({start}, {end}) as numbers (i)
            )
        )
    )
)
)"""

    def _traffic(self) -> str:
        """FROM clause of all log rows, each once."""
        return f"read_parquet(['{self.folder}/log/2*.parquet', '{self.folder}/new_day.parquet'])"

    def _usage(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Both usage reports; returns the newest day's usage at our prices, in femto-dollars."""
        read = "cast(floor(epoch(occurred_at) / 86400) as bigint) * 86400"
        # What nobody logged: a key outside the gateway, about 1 % of the volume.
        share = max(self.rows // self.days // 100, 1)
        self._copy(
            connection,
            "openai_usage_completions",
            f"""
            select
                start_time, start_time + 86400 as end_time,
                cast(sum(input_tokens) as bigint) as input_tokens,
                cast(sum(cached_read_tokens) as bigint) as input_cached_tokens,
                cast(sum(output_tokens) as bigint) as output_tokens,
                count(*) as num_model_requests,
                project_id, cast(null as varchar) as user_id, api_key_id, model, batch,
                'default' as service_tier,
                to_timestamp(start_time + 86400 + 4020)::timestamp as loaded_at
            from (
                select
                    {read} as start_time, input_tokens, cached_read_tokens, output_tokens,
                    'proj_' || (cast(right(api_key_id, 1) as integer) % 3) as project_id,
                    api_key_id, model_served as model, is_batch as batch
                from {self._traffic()}
                where platform = 'openai' and input_tokens is not null
                union all
                select
                    epoch(day)::bigint, {share} * 1500, {share} * 200, {share} * 150, 'proj_0',
                    'key_unlogged', '{MODELS[2].raw}', false
                from range(timestamp '{self.first_day}', timestamp '{NEW_DAY}' + interval 1 day,
                    interval 1 day) as days (day)
            )
            group by all order by start_time
            """,
        )
        self._copy(
            connection,
            "anthropic_usage_messages",
            f"""
            select
                strftime(day, '%Y-%m-%dT00:00:00Z') as starting_at,
                strftime(day + interval 1 day, '%Y-%m-%dT00:00:00Z') as ending_at,
                cast(sum(input_tokens) as bigint) as uncached_input_tokens,
                cast(sum(cache_write_5m_tokens) as bigint)
                    as cache_creation__ephemeral_5m_input_tokens,
                cast(0 as bigint) as cache_creation__ephemeral_1h_input_tokens,
                cast(sum(cached_read_tokens) as bigint) as cache_read_input_tokens,
                cast(sum(output_tokens) as bigint) as output_tokens,
                cast(0 as bigint) as server_tool_use__web_search_requests,
                api_key_id, workspace_id, model, 'standard' as service_tier, context_window,
                'not_available' as inference_geo, 'standard' as speed,
                day + interval 1507 minute as loaded_at
            from (
                select
                    date_trunc('day', occurred_at)::timestamp as day, input_tokens,
                    cache_write_5m_tokens, cached_read_tokens, output_tokens, api_key_id,
                    'wrkspc_' || (cast(right(api_key_id, 1) as integer) % 2) as workspace_id,
                    model_served as model,
                    case when input_tokens + cached_read_tokens + cache_write_5m_tokens
                        > {LONG_CONTEXT} then '200k-1M' else '0-200k' end as context_window
                from {self._traffic()}
                where platform = 'anthropic' and input_tokens is not null
            )
            group by all order by starting_at
            """,
        )
        return sum(
            quantity * price
            for day, _, _, _, quantity, price, _ in self._priced_usage(connection)
            if day == NEW_DAY
        )

    def _priced_usage(
        self, connection: duckdb.DuckDBPyConnection
    ) -> Iterable[tuple[date, str, str, str, int, int, str]]:
        """(day, project, model, class, quantity, femto-dollars a token, window) of the reports."""
        models = {model.raw: model.model for model in MODELS}
        openai = connection.execute(
            f"""select cast(to_timestamp(start_time) at time zone 'UTC' as date), project_id, model,
                batch, sum(input_tokens - input_cached_tokens)::bigint,
                sum(input_cached_tokens)::bigint, sum(output_tokens)::bigint
            from '{self.folder}/openai_usage_completions.parquet' group by all order by all"""
        ).fetchall()
        for day, project, raw, batch, *counts in openai:
            for price_class, count in zip(CLASSES["openai"], counts, strict=True):
                price = self.book.price(
                    "openai", models[raw], price_class, "batch" if batch else "sync", day
                )
                yield day, project, raw, price_class, count, price, ""
        anthropic = connection.execute(
            f"""select cast(left(starting_at, 10) as date), workspace_id, model, context_window,
                sum(uncached_input_tokens)::bigint, sum(cache_read_input_tokens)::bigint,
                sum(cache_creation__ephemeral_5m_input_tokens)::bigint, sum(output_tokens)::bigint
            from '{self.folder}/anthropic_usage_messages.parquet' group by all order by all"""
        ).fetchall()
        for day, project, raw, window, *counts in anthropic:
            size = LONG_CONTEXT + 1 if window == "200k-1M" else 1
            for price_class, count in zip(CLASSES["anthropic"], counts, strict=True):
                price = self.book.price("anthropic", models[raw], price_class, "sync", day, size)
                yield day, project, raw, price_class, count, price, window

    def _bills(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Both bills, of every day but the newest; returns their sum in femto-dollars."""
        lines: dict[tuple[date, str, str, str, str], list[int]] = {}
        for day, project, raw, price_class, quantity, price, window in self._priced_usage(
            connection
        ):
            if day < NEW_DAY and quantity:
                line = lines.setdefault((day, project, raw, price_class, window), [0, 0])
                line[0] += quantity
                line[1] += quantity * price
        total = 0
        openai: list[dict[str, object]] = []
        anthropic: list[dict[str, object]] = []
        for (day, project, raw, price_class, window), (quantity, femto) in sorted(lines.items()):
            # bills are rounded to 12 decimals
            pico = (femto * DISCOUNTED.get(project, 100) // 100 + 500) // 1000
            total += pico * 1000
            next_day = day + timedelta(days=1)
            if not window:
                start = int((day - date(1970, 1, 1)).total_seconds())
                openai.append(
                    {
                        "start_time": start,
                        "end_time": start + 86_400,
                        "amount__value": _plain(pico, 12),
                        "amount__currency": "usd",
                        "line_item": f"{raw}, {OPENAI_ITEMS[price_class]}",
                        "quantity": quantity,
                        "project_id": project,
                        "loaded_at": f"{next_day} 05:07:00",
                    }
                )
            else:
                anthropic.append(
                    {
                        "starting_at": f"{day}T00:00:00Z",
                        "ending_at": f"{next_day}T00:00:00Z",
                        "amount": _plain(pico, 10),
                        "currency": "USD",
                        "cost_type": "tokens",
                        "token_type": ANTHROPIC_ITEMS[price_class],
                        "description": f"{raw} Usage - {ANTHROPIC_ITEMS[price_class]} {window}",
                        "model": raw,
                        "context_window": window,
                        "service_tier": "standard",
                        "inference_geo": "not_available",
                        "workspace_id": project,
                        "loaded_at": f"{next_day} 05:07:00",
                    }
                )
        for name, rows, extra in (
            ("openai_costs", openai, ", cast(quantity as decimal(38, 9)) as quantity"),
            ("anthropic_cost_report", anthropic, ""),
        ):
            text = self.folder / f"{name}.text.parquet"
            pq.write_table(pa.Table.from_pylist(rows), text)
            left_out = "(loaded_at, quantity)" if extra else "(loaded_at)"
            self._copy(
                connection,
                name,
                f"select * exclude {left_out}{extra}, cast(loaded_at as timestamp) as loaded_at "
                f"from '{text}'",
            )
            text.unlink()
        return total

    def _metered(self, connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
        """(femto-dollars of all logged requests at our prices, how many have tokens)."""
        rows = connection.execute(
            f"""select cast(occurred_at as date), platform, model_requested, is_batch,
                input_tokens + case when platform = 'anthropic'
                    then cached_read_tokens + cache_write_5m_tokens else 0 end > {LONG_CONTEXT},
                count(*),
                sum(input_tokens - case when platform = 'openai' then cached_read_tokens else 0 end)
                    ::hugeint,
                sum(cached_read_tokens)::hugeint, sum(cache_write_5m_tokens)::hugeint,
                sum(output_tokens)::hugeint
            from {self._traffic()} where input_tokens is not null group by all"""
        ).fetchall()
        total = requests = 0
        for day, platform, model, batch, is_long, number, fresh, cached, written, answer in rows:
            counts = {
                "input_uncached": fresh,
                "input_cached": cached,
                "cache_write_5m": written,
                "output": answer,
            }
            requests += number
            for price_class in CLASSES[platform]:
                total += counts[price_class] * self.book.price(
                    platform,
                    model,
                    price_class,
                    "batch" if batch else "sync",
                    day,
                    LONG_CONTEXT + 1 if is_long else 1,
                )
        return total, requests

    def _business(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Customers, plans, subscriptions, revenue, features, teams, rules of attribution."""
        loaded = f"timestamp '{NEW_DAY - timedelta(days=1)}' as loaded_at"
        number = f"range(1, {self.customers + 1}) as numbers (i)"
        plan = (
            f"case when hash(i, {SEED + 30}) % 10 < 4 then 'free' "
            f"when hash(i, {SEED + 30}) % 10 < 8 then 'starter' else 'pro' end"
        )
        price = {"free": 0, "starter": 20, "pro": 120}
        rates = "".join(f" when '{name}' then {usd}" for name, usd in price.items())
        self._copy(
            connection,
            "customers",
            f"""select 'C-' || lpad(i::varchar, 5, '0') as customer_id, 'Customer ' || i as name,
                i = 3 as is_internal, cast(null as varchar) as parent_customer_id,
                cast(null as varchar) as merged_into,
                timestamp '2025-06-01' as created_at, cast(null as timestamp) as deleted_at,
                {loaded}
            from {number}""",
        )
        self._copy(
            connection,
            "plans",
            " union all ".join(
                f"""select '{name}' as plan_id, date '2025-01-01' as valid_from, '{name}' as name,
                    cast({usd} as decimal(18, 6)) as monthly_price, 'customer' as price_per,
                    'USD' as currency, {usd == 0} as is_free, {loaded}"""
                for name, usd in price.items()
            ),
        )
        self._copy(
            connection,
            "subscriptions",
            f"""select 'sub-' || i as subscription_id,
                'C-' || lpad(i::varchar, 5, '0') as customer_id,
                {plan} as plan_id, 'active' as status, true as is_primary, false as is_trial,
                1 as seats, cast(case {plan}{rates} end as decimal(18, 6)) as mrr,
                timestamp '2025-06-01' as valid_from, cast(null as timestamp) as valid_to, {loaded}
            from {number} where i <> 3""",
        )
        self._copy(
            connection,
            "revenue_lines",
            f"""select 'il-' || i || '-' || strftime(m, '%Y%m') as line_id,
                'in-' || i || '-' || strftime(m, '%Y%m') as invoice_id,
                'C-' || lpad(i::varchar, 5, '0') as customer_id, 'sub-' || i as subscription_id,
                {plan} as plan_id, 'subscription' as line_kind,
                cast(case {plan}{rates} end as decimal(18, 6)) as amount,
                cast(0 as decimal(18, 6)) as discount_amount,
                cast(0 as decimal(18, 6)) as tax_amount, 'USD' as currency,
                m as service_period_start, m + interval 1 month as service_period_end,
                m::date as invoice_date, cast(1 as decimal(18, 6)) as quantity,
                false as is_proration, 'paid' as status, m + interval 22 hour as loaded_at
            from {number}, range(timestamp '{self.months()[0]}', timestamp '{NEW_DAY}',
                interval 1 month) as months (m)
            where i <> 3 and {plan} <> 'free'""",
        )
        for name, count in (("feature", 12), ("team", 8)):
            text = "lpad(i::varchar, 2, '0')" if name == "feature" else "i"
            self._copy(
                connection,
                f"{name}s",
                f"""select '{name}_' || {text} as {name}_id, '{name} ' || i as name,
                    cast(null as varchar) as owner, {loaded} from range({count}) as numbers (i)""",
            )
        self._copy(
            connection,
            "bench_attribution_rules",
            """select dimension, evidence, platform, 'equals' as match_type, match_value,
                target_id, cast(null as date) as valid_from, cast(null as date) as valid_to,
                100 as priority, cast(null as varchar) as note
            from (
                select 'team' as dimension, 'api_key_map' as evidence, 'openai' as platform,
                    'key_' || i as match_value, 'team_' || i as target_id
                from range(6) as numbers (i)
                union all select 'team', 'api_key_map', 'anthropic', 'apikey_' || i, 'team_' || i
                from range(6) as numbers (i)
                union all select 'feature', 'project_map', 'anthropic', 'wrkspc_1', 'feature_03'
            )""",
        )


def _plain(units: int, digits: int) -> str:
    """units × 10^-digits as plain decimal text."""
    whole, part = divmod(abs(units), 10**digits)
    text = f"{whole}.{part:0{digits}d}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text


def load(data: Data, path: Path, history_from: date | None = None, new_day: bool = True) -> None:
    """Load the raw tables into the DuckDB file `path`, as scripts/load_raw.py lands them.

    `history_from`: leave out requests, usage and bills before that day; `new_day`: also what the
    last day's load brings.
    """
    first = history_from or data.first_day
    with _open(path) as connection:
        connection.execute("create schema if not exists raw")
        for name in SMALL_TABLES:
            connection.execute(
                f"create or replace table raw.{name} as "
                f"select * from '{data.folder}/{name}.parquet'"
            )
        months = ", ".join(
            f"'{data.folder}/log/{kind}{month:%Y-%m}.parquet'"
            for month in data.months()
            if month >= first.replace(day=1)
            for kind in ("", "copies_")
        )
        connection.execute(
            "create or replace table raw.app_requests as select * from read_parquet("
            f"[{months}]) where occurred_at >= timestamp '{first}'"
        )
        for name, day in REPORTS.items():
            connection.execute(
                f"create or replace table raw.{name} as select * from "
                f"'{data.folder}/{name}.parquet' where {day} >= date '{first}' "
                f"and loaded_at < timestamp '{NEW_DAY}' + interval 5 hour"
            )
    if new_day:
        load_new_day(data, path)


def load_new_day(data: Data, path: Path) -> None:
    """Append what the last day's load brings: its log with late rows, its usage, a day's bill."""
    with _open(path) as connection:
        connection.execute(
            f"insert into raw.app_requests select * from '{data.folder}/new_day.parquet'"
        )
        for name in REPORTS:
            connection.execute(
                f"insert into raw.{name} select * from '{data.folder}/{name}.parquet' "
                f"where loaded_at >= timestamp '{NEW_DAY}' + interval 5 hour"
            )


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path), config={"storage_compatibility_version": "v1.0.0"})
    connection.execute("set timezone = 'UTC'")
    return connection


SMALL_TABLES = (
    "customers",
    "plans",
    "subscriptions",
    "revenue_lines",
    "features",
    "teams",
    "bench_attribution_rules",
)
# Reports by day: {table: SQL of a row's day}
REPORTS = {
    "openai_usage_completions": "to_timestamp(start_time)::date",
    "anthropic_usage_messages": "left(starting_at, 10)::date",
    "openai_costs": "to_timestamp(start_time)::date",
    "anthropic_cost_report": "left(starting_at, 10)::date",
}
