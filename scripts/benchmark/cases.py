"""The cases of the benchmark, each in processes of its own on a copy of a prepared file.

H  hand-written SQL that builds the main tables from the same raw tables
C  copy of the raw log into a table: the physical floor of storing it once
S  scan of the stored log by customer and month; unpriced, and priced through the package's SQL
D  full refresh of the whole DAG through dbt
N  one new day, on 13 months (N13) and on one month (N1) of history
U  dbt run on an unchanged warehouse
R  a price edited for one model and one month
P  other price engines on one core, and the package's SQL with one thread beside them
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmark import checks
from benchmark.data import (
    CLASSES,
    MODELS,
    NEW_DAY,
    Data,
    Manifest,
    load,
    load_new_day,
)
from benchmark.measure import ROOT, BenchError, Measured, run, run_worker

VARIABLES = {
    "ai_usage_platforms": ["openai", "anthropic"],
    "ai_billing_platforms": ["openai", "anthropic"],
    "ai_request_sources": ["app"],
    "ai_business_tables": [
        *("customers", "plans", "subscriptions", "revenue_lines", "features", "teams"),
    ],
    "ai_attribution_rules_relation": "raw.bench_attribution_rules",
}
# dbt works on one node at a time, so that its seconds add up; DuckDB uses `threads` inside it.
PROFILE = """ai_unit_economics:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: "{{{{ env_var('AI_DUCKDB_PATH') }}}}"
      schema: main
      threads: 1
      config_options:
        storage_compatibility_version: v1.0.0
      settings:
        threads: {threads}
        {memory}
"""
# The edit: this model's input price rises in this month and returns after it.
EDITED = {
    "platform": "openai",
    "model": "gpt-5-mini",
    "first": "2026-10-01",
    "after": "2026-11-01",
}
EDIT = "".join(
    f"{EDITED['platform']},openai,{EDITED['model']},input_uncached,1000000 tokens,global,standard,"
    f"sync,0,{day},{usd},observed,edited by the benchmark,,2026-11-23\n"
    for day, usd in ((EDITED["first"], "0.30"), (EDITED["after"], "0.25"))
)
WITHOUT_TESTS = ("--exclude-resource-types", "test", "unit_test")
SCAN = {
    "priced": """
select
    {{ ai_month('requests.usage_date') }} as usage_month,
    requests.customer_tag,
    count(*) as attempts,
    sum({{ ai_cost('requests', 'prices') }}) as metered_cost_usd
from {{ ref('int_ai_requests') }} as requests
left join {{ ref('int_ai_cell_prices') }} as prices
    on requests.cell_key = prices.cell_key
    and requests.usage_date = prices.usage_date
    and coalesce(requests.input_tokens, 0) >= prices.input_tokens_from
    and coalesce(requests.input_tokens, 0) <= prices.input_tokens_to
group by {{ ai_month('requests.usage_date') }}, requests.customer_tag
""",
    "unpriced": """
select
    {{ ai_month('requests.usage_date') }} as usage_month,
    requests.customer_tag,
    count(*) as attempts,
    count(requests.cell_key) as keyed_attempts,
    sum(
        {%- for column in ai_price_classes().values() %}
        coalesce(requests.{{ column }}, 0) +
        {%- endfor %}
        coalesce(requests.input_tokens, 0)
    ) as quantities
from {{ ref('int_ai_requests') }} as requests
group by {{ ai_month('requests.usage_date') }}, requests.customer_tag
""",
}


@dataclass
class Options:
    """How the benchmark runs."""

    threads: int = 2
    memory_limit: str | None = None
    peers: bool = True
    peer_python: str | None = None
    cases: tuple[str, ...] = ("H", "C", "S", "D", "N13", "N1", "U", "R", "P")


@dataclass
class Bench:
    """All cases of one size below `folder`; `tell(text)` shows progress."""

    folder: Path
    data: Data
    options: Options
    tell: Callable[[str], None]
    problems: list[str] = field(default_factory=list)
    checks_done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Name the places."""
        self.states = self.folder / "states"
        self.work = self.folder / "work"
        self.project = self.folder / "project"
        # dbt parses anew when the path in its profile changes, so it stays the same
        self.file = (self.work / "case.duckdb").resolve()
        # what the last full refresh built
        self.refreshed = self.states / "full.duckdb"
        self.full_rows: checks.Fingerprint | None = None
        self.manifest: Manifest

    # --- preparation ---------------------------------------------------------------------------

    def prepare(self) -> None:
        """Generate the data, and build the files that the cases start from."""
        self.manifest = self.data.make(lambda text: self.tell(f"  data: {text}"))
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.rmtree(self.project, ignore_errors=True)
        for path in (self.work, self.states, self.project, self.folder / "profiles"):
            path.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "dbt_project.yml", self.project)
        for part in ("models", "macros", "seeds", "tests/generic"):
            if (ROOT / part).exists():
                shutil.copytree(ROOT / part, self.project / part)
        (self.project / "analyses").mkdir()
        for name, text in SCAN.items():
            (self.project / "analyses" / f"bench_{name}.sql").write_text(text, encoding="utf-8")
        memory = f"memory_limit: {self.options.memory_limit}" if self.options.memory_limit else ""
        (self.folder / "profiles" / "profiles.yml").write_text(
            PROFILE.format(threads=self.options.threads, memory=memory), encoding="utf-8"
        )
        if not self._is_current():
            for path in self.states.iterdir():
                path.unlink()
        for name, first, new_day in self._states():
            path = self.states / f"{name}.duckdb"
            if path.exists():
                self.tell(f"  {name}: there already")
                continue
            self.tell(f"  {name}: loading raw tables")
            self.file.unlink(missing_ok=True)
            load(self.data, self.file, first, new_day)
            if name != "raw":
                self.tell(f"  {name}: full refresh")
                self.dbt("build", "--full-refresh", *WITHOUT_TESTS)
            shutil.move(self.file, path)
        (self.states / "version").write_text(self._version(), encoding="utf-8")

    def _states(self) -> list[tuple[str, date | None, bool]]:
        """(name, first day of history, with the new day?) of the files that are needed."""
        states: list[tuple[str, date | None, bool]] = [("raw", None, True)]
        # a full refresh that is measured leaves this file
        if {"S", "R", "P"} & set(self.options.cases) and "D" not in self.options.cases:
            states.append(("full", None, True))
        if {"N13", "U"} & set(self.options.cases):
            states.append(("history13", None, False))
        if "N1" in self.options.cases:
            states.append(("history1", NEW_DAY.replace(day=1), False))
        return states

    def _version(self) -> str:
        """Changes with the data and with the project's files."""
        digest = hashlib.sha256(f"{self.manifest.fingerprint} {duckdb.__version__}".encode())
        for path in sorted(self.project.rglob("*")):
            if path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def _is_current(self) -> bool:
        path = self.states / "version"
        return path.exists() and path.read_text(encoding="utf-8") == self._version()

    def _restore(self, state: str) -> None:
        self.file.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        shutil.copy(self.states / f"{state}.duckdb", self.file)

    # --- steps ---------------------------------------------------------------------------------

    def dbt(self, command: str, *options: str, results: bool = True) -> Measured:
        """One dbt command in a process of its own; seconds by node are in `parts`."""
        name = f"dbt {command}"
        measured = run(
            name,
            [
                *(str(Path(sys.executable).with_name("dbt")), command, *options),
                *("--project-dir", str(self.project.resolve())),
                *("--profiles-dir", str((self.folder / "profiles").resolve())),
                *("--target-path", str((self.work / "dbt").resolve())),
                *("--log-path", str((self.work / "logs").resolve())),
                *("--no-use-colors", "--vars", json.dumps(VARIABLES)),
            ],
            self.work / f"dbt_{command}.log",
            {
                "AI_DUCKDB_PATH": str(self.file),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DBT_VERSION_CHECK": "false",
            },
        )
        if results:
            text = (self.work / "dbt" / "run_results.json").read_text(encoding="utf-8")
            document = json.loads(text)
            measured.parts = {
                node["unique_id"].split(".")[2]: node["execution_time"]
                for node in document["results"]
            }
            measured.database = sum(measured.parts.values())
            # what is left of the wall clock: start, parsing, writing artifacts
            measured.result["start_and_parse"] = measured.wall - document["elapsed_time"]
        return measured

    def sql(
        self, name: str, script: Path, threads: int | None = None, one: bool = False
    ) -> Measured:
        """SQL statements in a process of their own."""
        return run_worker(
            name,
            [
                *(["--one-core"] if one else []),
                *("sql", str(self.file), str(script)),
                *("--threads", str(threads or self.options.threads)),
            ],
            self.work / f"{name}.log",
        )

    def case(self, name: str) -> dict[str, Measured]:
        """Run one case; {measurement: what it took}."""
        return {
            "H": self._by_hand,
            "C": self._copy,
            "S": self._scan,
            "D": self._full_refresh,
            "N13": lambda: self._new_day("N13", "history13"),
            "N1": lambda: self._new_day("N1", "history1"),
            "U": self._unchanged,
            "R": self._restate,
            "P": self._peers,
        }[name]()

    def check(self, name: str, problems: list[str]) -> None:
        """Book the outcome of a check."""
        self.checks_done.append(name)
        self.problems += problems

    def _by_hand(self) -> dict[str, Measured]:
        self._restore("raw")
        script = self.work / "handwritten.run.sql"
        text = (Path(__file__).with_name("handwritten.sql")).read_text(encoding="utf-8")
        script.write_text(text.replace("{seeds}", str(ROOT / "seeds")), encoding="utf-8")
        before = self.file.stat().st_size
        measured = self.sql("H", script)
        measured.result["file_bytes"] = self.file.stat().st_size - before
        self.check(
            "hand-written totals",
            checks.totals(self.file, self.manifest, "hand", checks.HAND_TOTALS),
        )
        if self.refreshed.exists():
            self.check("customers as by hand", checks.customers_agree(self.refreshed, self.file))
        return {"H": measured}

    def _copy(self) -> dict[str, Measured]:
        self._restore("raw")
        script = self.work / "copy.sql"
        script.write_text(
            "create table main.app_requests_copy as select * from raw.app_requests;\n",
            encoding="utf-8",
        )
        before = self.file.stat().st_size
        measured = self.sql("C", script)
        measured.result["file_bytes"] = self.file.stat().st_size - before
        return {"C": measured}

    def _compile(self) -> None:
        """Write the SQL of SCAN as dbt compiles it, once."""
        if (self.work / "priced.sql").exists():
            return
        self.dbt("compile", "--select", "bench_priced", "bench_unpriced", results=False)
        for name in SCAN:
            compiled = next(self.work.glob(f"dbt/compiled/**/bench_{name}.sql"))
            shutil.copy(compiled, self.work / f"{name}.sql")

    def _scan(self) -> dict[str, Measured]:
        self._restore("full")
        self._compile()
        return {f"S {name}": self.sql(f"S_{name}", self.work / f"{name}.sql") for name in SCAN}

    def _full_refresh(self) -> dict[str, Measured]:
        self._restore("raw")
        before = self.file.stat().st_size
        measured = self.dbt("build", "--full-refresh", *WITHOUT_TESTS)
        measured.result |= {
            "file_bytes": self.file.stat().st_size,
            "raw_file_bytes": before,
            "fact_bytes": checks.table_bytes(self.file, "intermediate.int_ai_requests"),
        }
        self.check("totals", checks.totals(self.file, self.manifest))
        self.check("no floats", checks.float_columns(self.file))
        self.full_rows = checks.marts(self.file)
        # where prices are edited, and scans are measured
        self.file.rename(self.refreshed)
        return {"D": measured}

    def _new_day(self, name: str, state: str) -> dict[str, Measured]:
        self._restore(state)
        load_new_day(self.data, self.file)
        measured = self.dbt("run")
        if state == "history13":
            self.check("totals after a new day", checks.totals(self.file, self.manifest))
            if self.full_rows is not None:
                self.check(
                    "a new day equals the full refresh",
                    checks.changed(self.full_rows, checks.marts(self.file), "a new day"),
                )
        return {name: measured}

    def _unchanged(self) -> dict[str, Measured]:
        self._restore("history13")
        before = checks.fingerprint(self.file)
        measured = self.dbt("run")
        self.check(
            "a second run changes nothing",
            checks.changed(before, checks.fingerprint(self.file), "a second run"),
        )
        return {"U": measured}

    def _restate(self) -> dict[str, Measured]:
        seed = self.project / "seeds" / "prices" / "ai_model_prices.csv"
        text = seed.read_bytes()
        self._restore("full")
        try:
            with seed.open("a", encoding="utf-8") as file:
                file.write(EDIT)
            seeded = self.dbt("seed", "--select", "ai_model_prices")
            measured = self.dbt("run")
        finally:
            seed.write_bytes(text)
        measured.parts |= seeded.parts
        measured.database += seeded.database
        measured.cpu += seeded.cpu
        measured.wall += seeded.wall
        self.check(
            "a price edit stays in its set",
            checks.restated_outside(self.states / "full.duckdb", self.file, EDITED),
        )
        return {"R": measured}

    def _peers(self) -> dict[str, Measured]:
        self._restore("full")
        self._compile()
        ours = self.sql("P_ours", self.work / "priced.sql", threads=1, one=True)
        ours.result["per_second"] = self.manifest.rows / ours.result["cpu"]
        found = {"P ours": ours}
        if not self.options.peers:
            return found
        sample, prices = self.work / "sample.parquet", self.work / "prices.json"
        self._sample(sample, prices)
        for name in ("litellm", "genai-prices", "polars", "python"):
            measured = run_worker(
                f"P {name}",
                ["--one-core", "peer", name, str(sample), str(prices)],
                self.work / f"P_{name}.log",
                self.options.peer_python if name == "polars" else None,
            )
            if measured.result.get("missing"):
                self.tell(f"  P {name}: not installed, left out")
            else:
                found[f"P {name}"] = measured
        return found

    def _sample(self, sample: Path, prices: Path) -> None:
        """Requests in a spread over all months, and the prices that they met, for the peers."""
        if sample.exists():
            return
        kept = 1_000_000
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(
                f"""copy (
                    select platform, model_requested as model, cast(occurred_at as date) as day,
                        occurred_at as requested_at, user_id as customer,
                        input_tokens
                            - case when platform = 'openai' then cached_read_tokens else 0 end
                            as uncached,
                        cached_read_tokens as cached, cache_write_5m_tokens as written,
                        output_tokens as answer
                    from read_parquet('{self.data.folder}/log/2*.parquet')
                    where input_tokens is not null and not is_batch
                    order by hash(request_id) limit {kept}
                ) to '{sample}' (format parquet)"""
            )
        book: dict[str, list[list[Any]]] = {}
        for model in MODELS:
            classes = ("input_uncached", "input_cached", "cache_write_5m", "output")
            for month in self.data.months():
                try:
                    rates = [
                        self.data.book.price(model.platform, model.model, name, "sync", month)
                        if name in CLASSES[model.platform]
                        else 0
                        for name in classes
                    ]
                except KeyError:  # before the model's first day
                    rates = [0, 0, 0, 0]
                book.setdefault(model.model, []).append([str(month), *rates])
        prices.write_text(json.dumps(book), encoding="utf-8")


__all__ = ["Bench", "BenchError", "Options"]
