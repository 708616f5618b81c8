"""The refresh of the price book: fake price sets for each behaviour, the real ones if installed."""

import csv
import importlib.util
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from prices.book import COLUMNS, Book, Key, PriceError, Row, read_book, write_book
from prices.compare import LeftOut
from prices.names import Resolver, read_aliases
from prices.upstream import (
    GENAI_PLATFORMS,
    Upstream,
    installed_genai,
    installed_litellm,
    litellm_cells,
    read_genai,
    read_litellm,
)
from refresh_prices import (
    ALIASES,
    CORRECTIONS,
    LEFT_OUT,
    PRICES,
    REPORT,
    ROOT,
    SETTLED,
    coverage,
    load,
    main,
    parse,
    run,
)

TODAY = "2026-11-23"
OLD = date(2026, 1, 1)
SETTLED_HEADER = (
    "upstream,platform,model,price_class,region_scope,service_tier,processing,"
    "context_over_tokens,upstream_price_usd,cause\n"
)
MODEL = "gpt-x"
M = Decimal(1_000_000)


def price(**words: str) -> SimpleNamespace:
    """A ModelPrice of genai-prices; `3|200000:6` is a price with a long-context tier."""
    values: dict[str, Any] = {}
    for word, text in words.items():
        base, *tiers = text.split("|")
        if tiers:
            steps = [tier.split(":") for tier in tiers]
            parts = [SimpleNamespace(start=int(a), price=Decimal(b)) for a, b in steps]
            values[word] = SimpleNamespace(base=Decimal(base), tiers=parts)
        else:
            values[word] = Decimal(base)
    return SimpleNamespace(**values)


def since(day: str | None, prices: SimpleNamespace) -> SimpleNamespace:
    """A ConditionalPrice: from `day` on, or always."""
    constraint = SimpleNamespace(start_date=date.fromisoformat(day)) if day else None
    return SimpleNamespace(constraint=constraint, prices=prices)


def batch(prices: SimpleNamespace) -> SimpleNamespace:
    """A PriceVariant for batch jobs."""
    return SimpleNamespace(when={"processing": "batch"}, constraint=None, prices=prices)


def model(identity: str, prices: Any, *variants: SimpleNamespace) -> SimpleNamespace:
    """A ModelInfo of genai-prices."""
    match = SimpleNamespace(equals=identity)
    return SimpleNamespace(id=identity, match=match, prices=prices, price_variants=list(variants))


def genai(*models: SimpleNamespace, provider: str = "openai", version: str = "9.9") -> Upstream:
    """genai-prices with these models of one provider, and all other providers without any."""
    return read_genai(
        [
            SimpleNamespace(id=name, models=list(models) if name == provider else [])
            for name in GENAI_PLATFORMS
        ],
        version,
    )


def litellm(entries: Mapping[str, Mapping[str, Any]] | None = None) -> Upstream:
    """litellm with these entries, and one without a price for every platform."""
    empty: dict[str, Mapping[str, Any]] = {f"none-{p}": {"litellm_provider": p} for p in PROVIDERS}
    return read_litellm({**empty, **(entries or {})}, "9.9")


PROVIDERS = ("openai", "anthropic", "bedrock", "vertex_ai-x", "gemini", "azure")


def entry(provider: str = "openai", **words: str) -> dict[str, Any]:
    """An entry of litellm's map; prices are USD per million tokens, as in the book."""
    names = {
        "input": "input_cost_per_token",
        "output": "output_cost_per_token",
        "cached": "cache_read_input_token_cost",
        "batch": "input_cost_per_token_batches",
    }
    prices = {names[word]: Decimal(text) / M for word, text in words.items()}
    return {"litellm_provider": provider, "mode": "chat", **prices}


def row(price_class: str, usd: str, **changes: Any) -> Row:
    """A row of the book for gpt-x."""
    keys = {name: changes.pop(name) for name in list(changes) if name in Key._fields}
    key = Key("openai", MODEL, price_class, "global", "standard", "sync", 0)._replace(**keys)
    base = Row(key, "openai", OLD, Decimal(usd), "provider_declared", "genai-prices", "1", OLD)
    return replace(base, **changes)


BOOK = (
    row("input_uncached", "2"),
    row("input_cached", "0.2"),
    row("input_image", "2"),
    row("output", "8"),
    row("input_uncached", "1", processing="batch"),
    row("output", "4", processing="batch"),
)
AS_IT_IS = model(
    MODEL,
    price(input_mtok="2", cache_read_mtok="0.2", output_mtok="8"),
    batch(price(input_mtok="1", output_mtok="4")),
)


class Project:
    """A folder with the seeds, and a run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for path in (PRICES, SETTLED):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_book(root / PRICES, BOOK)
        (root / ALIASES).write_text(
            "platform,match_type,pattern,model,provider,priority,note\n"
            f"openai,equals,gpt-x-2026-01-01,{MODEL},openai,100,dated\n"
        )
        self.output = ""

    def refresh(self, first: Upstream, second: Upstream | None = None, *options: str) -> Any:
        """Run the refresh; the console's text is in `output`."""
        arguments = ["--project", str(self.root), "--today", TODAY, *options]
        text = io.StringIO()
        console = Console(width=200, file=text)
        plan = run(parse(arguments), (first, second or litellm()), console)
        self.output = text.getvalue()
        return plan

    def lines(self) -> list[str]:
        """Lines of the price seed."""
        return (self.root / PRICES).read_text().splitlines()

    def report(self) -> list[dict[str, str]]:
        """Rows of the discrepancy report."""
        with (self.root / REPORT).with_suffix(".csv").open() as file:
            return list(csv.DictReader(file))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_nothing_new_adds_nothing(project: Project) -> None:
    before = project.lines()
    plan = project.refresh(genai(AS_IT_IS))
    assert plan.is_empty and plan.unchanged == 5
    assert project.lines() == before
    assert "Nothing to add" in project.output


def test_changed_price_is_one_row_per_class_from_today(project: Project) -> None:
    before = project.lines()
    cheaper = model(
        MODEL,
        price(input_mtok="1", cache_read_mtok="0.2", output_mtok="8"),
        batch(price(input_mtok="1", output_mtok="4")),
    )
    project.refresh(genai(cheaper))
    added = [line for line in project.lines() if line not in before]
    assert set(before) <= set(project.lines())  # append-only, to the byte
    assert [line.split(",")[3] for line in added] == ["input_uncached", "input_image"]
    assert added[0].endswith(f",{TODAY},1,observed,genai-prices,9.9,{TODAY}")


def test_price_that_no_set_names_keeps_its_ratio(project: Project) -> None:
    rows = [*BOOK, row("input_uncached", "2.2", region_scope="eu")]
    write_book(project.root / PRICES, rows)
    cheaper = model(
        MODEL,
        price(input_mtok="1", cache_read_mtok="0.2", output_mtok="8"),
        batch(price(input_mtok="1", output_mtok="4")),
    )
    plan = project.refresh(genai(cheaper))
    derived = {(new.key.price_class, new.key.region_scope): new for _, new in plan.derived}
    assert derived["input_uncached", "eu"].price_usd == Decimal("1.1")
    assert derived["input_image", "global"].price_usd == Decimal(1)


def test_second_run_adds_nothing(project: Project) -> None:
    changed = genai(model(MODEL, price(input_mtok="1", cache_read_mtok="0.2", output_mtok="8")))
    project.refresh(changed)
    once = project.lines()
    plan = project.refresh(changed)
    assert plan.is_empty
    assert project.lines() == once


def test_day_that_the_source_gives_is_taken(project: Project) -> None:
    periods = [
        since(None, price(input_mtok="2", output_mtok="8")),
        since("2026-11-01", price(input_mtok="3", output_mtok="8")),
        since("2027-01-01", price(input_mtok="4", output_mtok="8")),
    ]
    plan = project.refresh(genai(model(MODEL, periods)))
    rows = [(str(new.valid_from), new.price_usd, new.date_basis) for _, new in plan.changed]
    assert rows == [
        ("2026-11-01", Decimal(3), "provider_declared"),
        ("2027-01-01", Decimal(4), "provider_declared"),
    ]
    assert project.refresh(genai(model(MODEL, periods))).is_empty


def test_what_the_source_drops_stays(project: Project) -> None:
    before = project.lines()
    plan = project.refresh(genai(model("gpt-y", price(input_mtok="7"))))
    assert ("openai", MODEL) in plan.gone
    assert set(before) <= set(project.lines())
    assert MODEL in (project.root / REPORT).with_suffix(".md").read_text()


def test_context_band_that_ends_is_closed_by_an_empty_price(project: Project) -> None:
    band = row("input_uncached", "4", context_over_tokens=200000)
    write_book(project.root / PRICES, [*BOOK, band])
    periods = [
        since(None, price(input_mtok="2|200000:4", output_mtok="8")),
        since("2026-10-01", price(input_mtok="2", output_mtok="8")),
    ]
    plan = project.refresh(genai(model(MODEL, periods)))
    (closed,) = plan.closed
    assert (closed.key.context_over_tokens, closed.price_usd) == (200000, None)
    assert closed.valid_from == date(2026, 10, 1)
    ending = f",200000,2026-10-01,,provider_declared,genai-prices,9.9,{TODAY}"
    assert [line for line in project.lines() if line.endswith(ending)]


def test_row_of_the_same_day_is_not_rewritten_without_a_reason(project: Project) -> None:
    today = date.fromisoformat(TODAY)
    rows = [replace(item, valid_from=today) for item in BOOK]
    write_book(project.root / PRICES, rows)
    before = project.lines()
    dearer = genai(model(MODEL, price(input_mtok="3", cache_read_mtok="0.2", output_mtok="8")))
    plan = project.refresh(dearer)
    assert {new.key.price_class for _, new in plan.refused} == {"input_uncached", "input_image"}
    assert project.lines() == before
    assert "--correct REASON" in project.output

    project.refresh(dearer, None, "--correct", "typing error in the first version")
    after = read_book(project.root / PRICES)
    assert len(after) == len(rows)
    prices = {item.key.price_class: item.price_usd for item in after if item.key[5] == "sync"}
    assert prices["input_uncached"] == prices["input_image"] == Decimal(3)
    log = (project.root / CORRECTIONS).read_text()
    assert "typing error in the first version" in log and ",2,3," in log


def test_sets_that_differ_are_listed_and_never_averaged(project: Project) -> None:
    other = litellm({MODEL: entry(input="2.5", output="8", cached="0.2", batch="1")})
    plan = project.refresh(genai(AS_IT_IS), other)
    assert plan.is_empty
    (line,) = project.report()
    assert (line["book_usd"], line["genai_prices_usd"], line["litellm_usd"]) == ("2", "2", "2.5")
    assert line["cause"] == "" and "nobody has settled it" in project.output

    changed = model(MODEL, price(input_mtok="3", cache_read_mtok="0.2", output_mtok="8"))
    plan = project.refresh(genai(changed), other)
    assert [new.price_usd for _, new in plan.changed] == [Decimal(3)]  # the primary source's


def test_difference_below_a_ten_thousandth_is_none(project: Project) -> None:
    near = litellm({MODEL: entry(input="2.0001", output="8", cached="0.2")})
    project.refresh(genai(AS_IT_IS), near)
    assert project.report() == []


def test_settled_difference_is_kept_until_the_source_moves(project: Project) -> None:
    (project.root / SETTLED).write_text(
        SETTLED_HEADER + f"genai-prices,openai,{MODEL},input_uncached,*,*,sync,*,2.5,another unit\n"
    )
    wrong = model(MODEL, price(input_mtok="2.5", cache_read_mtok="0.2", output_mtok="8"))
    plan = project.refresh(genai(wrong))
    assert plan.is_empty and plan.settled == 1
    moved = model(MODEL, price(input_mtok="2.6", cache_read_mtok="0.2", output_mtok="8"))
    assert [new.price_usd for _, new in project.refresh(genai(moved)).changed] == [Decimal("2.6")]


def test_second_source_speaks_where_the_first_is_silent(project: Project) -> None:
    more = litellm({MODEL: {**entry(), "output_cost_per_token_flex": Decimal("0.000004")}})
    plan = project.refresh(genai(AS_IT_IS), more)
    (added,) = plan.added
    assert (added.key.service_tier, added.price_usd, added.source) == (
        "flex",
        Decimal(4),
        "litellm",
    )


def test_new_model_comes_with_rows_and_alias(project: Project) -> None:
    name = "us.anthropic.claude-new-6-20261101-v1:0"
    extra = litellm({name: entry("bedrock_converse", input="3", output="15")})
    plan = project.refresh(genai(AS_IT_IS), extra)
    keys = {(new.key.model, new.key.region_scope, new.key.price_class) for new in plan.added}
    assert keys == {
        ("anthropic.claude-new-6", "us", "input_uncached"),
        ("anthropic.claude-new-6", "us", "output"),
    }
    rows = read_book(project.root / PRICES)
    resolver = Resolver(Book(rows).providers, read_aliases(project.root / ALIASES))
    assert resolver.resolve("aws_bedrock", name) == ("anthropic.claude-new-6", "us")
    assert project.refresh(genai(AS_IT_IS), extra).is_empty


def test_renamed_model_is_shown_and_not_added(project: Project) -> None:
    renamed = model("gpt-x1", price(input_mtok="2", cache_read_mtok="0.2", output_mtok="8"))
    plan = project.refresh(genai(renamed))
    assert plan.renamed == [("openai", "gpt-x1", MODEL)]
    assert plan.is_empty
    assert "perhaps renamed" in project.output


def test_left_out_ids_are_no_new_models(project: Project) -> None:
    (project.root / LEFT_OUT).write_text("platform,pattern,reason\nopenai,gpt-video*,no class\n")
    plan = project.refresh(genai(AS_IT_IS, model("gpt-video-1", price(input_mtok="7"))))
    assert plan.is_empty and not plan.new_models


def test_dry_run_writes_no_seed(project: Project) -> None:
    before = project.lines()
    plan = project.refresh(genai(model(MODEL, price(input_mtok="9"))), None, "--dry-run")
    assert plan.changed
    assert project.lines() == before
    assert "Dry run" in project.output


def test_only_some_models(project: Project) -> None:
    assert project.refresh(
        genai(model(MODEL, price(input_mtok="9"))), None, "--only", "x/*"
    ).is_empty


def test_removed_provider_is_named() -> None:
    providers = [SimpleNamespace(id=name, models=[]) for name in GENAI_PLATFORMS if name != "aws"]
    with pytest.raises(PriceError, match="no provider aws: renamed or removed"):
        read_genai(providers, "9.9")


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (SimpleNamespace(models=[]), r"Provider\.id"),
        (SimpleNamespace(id="openai"), r"Provider\.models"),
        (SimpleNamespace(id="openai", models=[SimpleNamespace(id="a")]), r"ModelInfo\.prices"),
        (
            SimpleNamespace(
                id="openai",
                models=[
                    SimpleNamespace(
                        id="a", prices=price(), price_variants=[SimpleNamespace(prices=price())]
                    )
                ],
            ),
            r"PriceVariant\.when",
        ),
    ],
)
def test_renamed_part_of_the_package_is_named(broken: SimpleNamespace, name: str) -> None:
    with pytest.raises(PriceError, match=name):
        read_genai([broken], "9.9")


def test_price_word_without_a_class_is_counted() -> None:
    upstream = genai(model(MODEL, price(input_mtok="2", smell_mtok="1")))
    assert upstream.unmapped == {"smell_mtok": 1}


def test_provider_word_that_litellm_renames_is_named() -> None:
    entries = {f"none-{p}": {"litellm_provider": p} for p in PROVIDERS if p != "gemini"}
    with pytest.raises(PriceError, match="no model of google_ai"):
        read_litellm(entries, "9.9")


def test_package_that_is_not_installed_is_a_line_for_the_user(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(_: str) -> None:
        raise ImportError("No module named 'genai_prices'")

    monkeypatch.setattr("prices.upstream.importlib.import_module", absent)
    assert main(["--dry-run", "--today", TODAY]) == 1
    assert "pip install genai-prices" in capsys.readouterr().err


def test_words_of_litellm() -> None:
    cells = litellm_cells(
        "claude-x",
        {
            "mode": "chat",
            "cache_creation_input_token_cost": Decimal("0.00000375"),
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens": Decimal("0.000012"),
            "output_cost_per_token_above_272k_tokens_priority": Decimal("0.00003"),
            "input_cost_per_token_ultrafast": Decimal("0.001"),
            "search_context_cost_per_query": {"search_context_size_medium": Decimal("0.01")},
            "input_cost_per_query": Decimal("0.002"),
        },
    )
    assert cells == {
        ("cache_write_5m", "standard", "sync", 0): Decimal("3.75"),
        ("cache_write_other", "standard", "sync", 0): Decimal("3.75"),
        ("cache_write_1h", "standard", "sync", 200000): Decimal(12),
        ("output", "priority", "sync", 272000): Decimal(30),
        ("web_search", "standard", "sync", 0): Decimal(10),
        ("request", "standard", "sync", 0): Decimal(2),
    }


def test_bad_cell_names_file_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "ai_model_prices.csv"
    write_book(path, BOOK)
    path.write_text(path.read_text().replace(",8,", ",eight,", 1))
    with pytest.raises(PriceError, match=r"ai_model_prices\.csv, line \d+: .*Correct it"):
        read_book(path)
    path.write_text(path.read_text().replace(COLUMNS[0], "where", 1))
    with pytest.raises(PriceError, match="the header must be"):
        read_book(path)


def test_coverage_tells_what_is_missing_and_why(project: Project) -> None:
    book, resolver, _, _ = load(project.root)
    left_out = LeftOut([("openai", "gpt-video*", "billed per second of video")])
    upstream = genai(AS_IT_IS, model("gpt-video-1", price()), model("gpt-z", price()))
    page = coverage(book, resolver, left_out, [upstream])
    assert "| OpenAI | 1 | 6 | 1 of 3 (33.3 %) |" in page
    assert "- billed per second of video: `gpt-video-1` (genai-prices)" in page
    assert "- not looked at yet: `gpt-z` (genai-prices)" in page


def test_seed_is_in_its_order(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    write_book(copy, read_book(ROOT / PRICES))
    assert copy.read_bytes() == (ROOT / PRICES).read_bytes()


def test_aliases_name_priced_models_and_no_model_is_an_alias() -> None:
    models = set(Book(read_book(ROOT / PRICES)).providers)
    aliases = read_aliases(ROOT / ALIASES)
    assert {(a.platform, a.model) for a in aliases} <= models
    assert not {(a.platform, a.pattern) for a in aliases} & models
    keys = [(a.platform, a.match_type, a.pattern) for a in aliases]
    assert len(keys) == len(set(keys))


def test_ids_that_platforms_send_resolve_to_one_model_or_to_none() -> None:
    resolver = Resolver(Book(read_book(ROOT / PRICES)).providers, read_aliases(ROOT / ALIASES))
    with (Path(__file__).parent / "data/model_ids.csv").open(newline="") as file:
        cases = list(csv.DictReader(file))
    wrong = []
    for case in cases:
        model_id, scope = resolver.resolve(case["platform"], case["raw_model"])
        expected = (case["model"] or None, case["region_scope"])
        if (model_id, scope if model_id else "") != expected:
            wrong.append((case["raw_model"], model_id, scope))
    assert not wrong
    assert sum(bool(case["model"]) for case in cases) >= 300
    assert sum(not case["model"] for case in cases) >= 20


INSTALLED = all(importlib.util.find_spec(name) for name in ("genai_prices", "litellm"))


@pytest.mark.skipif(not INSTALLED, reason="genai-prices or litellm is not installed")
def test_book_agrees_with_the_installed_price_sets() -> None:
    upstreams = (installed_genai(), installed_litellm())
    if [u.version for u in upstreams] != ["0.2.3", "1.106.2"]:
        pytest.skip("the book was compared with genai-prices 0.2.3 and litellm 1.106.2")
    console = Console(quiet=True)
    plan = run(parse(["--dry-run", "--today", TODAY]), upstreams, console)
    assert plan.is_empty and not plan.refused and not plan.renamed
    assert [item for item in plan.differences if not item.cause] == []
