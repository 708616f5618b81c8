"""Bad edits of the price seeds: what scripts/doctor.py says of each, and which dbt test stops.

The edits are made on a small set of seeds of the same shape as the shipped ones, with the shipped
yml; the shipped seeds themselves must pass.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import doctor
from conftest import ROOT, Dbt
from prices.book import UNITS

TODAY = "2026-11-23"
PRICES, ALIASES = "ai_model_prices", "ai_model_aliases"
OVERRIDES, ITEMS = "ai_price_overrides", "ai_bill_line_items"

TOKENS = "1000000 tokens"


def price_row(
    model: str,
    price_class: str,
    valid_from: str,
    price: str,
    *,
    unit: str = TOKENS,
    processing: str = "sync",
    over: int = 0,
    source: str = "genai-prices,0.2.3",
) -> str:
    """A line of the price book; `model` with its platform and provider."""
    scope = f"global,standard,{processing},{over}"
    dated = f"{valid_from},{price},provider_declared,{source},2026-11-23"
    return f"{model},{price_class},{unit},{scope},{dated}\n"


GPT, GEMINI = "openai,openai,gpt-4o", "google_ai,google,gemini-2.5-pro"
PAGE = "provider price page,"
GOOD = {
    PRICES: "platform,provider,model,price_class,unit,region_scope,service_tier,processing,"
    "context_over_tokens,valid_from,price_usd,date_basis,source,source_version,checked_date\n"
    + price_row(GPT, "input_uncached", "2024-05-13", "5")
    + price_row(GPT, "input_uncached", "2024-10-02", "2.5")
    + price_row(GPT, "input_cached", "2024-10-02", "1.25")
    + price_row(GPT, "output", "2024-05-13", "10")
    + price_row(GPT, "web_search", "2025-03-11", "25", unit="1000 calls", source=PAGE)
    + price_row(GPT, "input_uncached", "2024-10-02", "1.25", processing="batch", source=PAGE)
    + price_row(GPT, "input_cached", "2024-10-02", "1.25", processing="batch", source=PAGE)
    + price_row(GPT, "output", "2024-05-13", "5", processing="batch", source=PAGE)
    + price_row(GEMINI, "input_uncached", "2025-06-17", "1.25")
    + price_row(GEMINI, "output", "2025-06-17", "10")
    + price_row(GEMINI, "input_uncached", "2025-06-17", "2.5", over=200_000)
    + price_row(GEMINI, "output", "2025-06-17", "15", over=200_000)
    + price_row("openai,openai,text-embedding-3-small", "input_uncached", "2024-01-25", "0.02"),
    ALIASES: """\
platform,match_type,pattern,model,provider,priority,note
openai,equals,gpt-4o-2024-08-06,gpt-4o,openai,100,"dated snapshot, same price"
openai,equals,gpt-4o-2024-11-20,gpt-4o,openai,100,"dated snapshot, same price"
google_ai,equals,gemini-2.5-pro-preview,gemini-2.5-pro,google,100,
""",
    OVERRIDES: """\
platform,billing_account_id,model,price_class,service_tier,processing,price_usd,multiplier,unit,valid_from,valid_to,note
openai,org-1,gpt-4o,,,,,0.9,,2026-01-01,2027-01-01,contract
openai,org-1,gpt-4o,output,standard,sync,8,,1000000 tokens,2026-01-01,2027-01-01,contract
""",
    ITEMS: """\
platform,match_type,match_value,price_class,unit,charge_category,note
openai,equals,input,input_uncached,tokens,usage,
openai,prefix,assistants api | file,,gb_days,usage,
""",
}


@dataclass(frozen=True)
class Edit:
    """A bad edit: in line `row` of a seed `old` becomes `new`; without `old` a line is added there.

    `said`: what the doctor says of the row; `remedy`: what it says to do. `test`: the test on which
    plain dbt build stops; "" = dbt seed stops itself, None = dbt cannot see it (or it does no harm
    there).
    """

    name: str
    seed: str
    row: int
    old: str
    new: str
    said: str
    remedy: str
    test: str | None

    def apply(self, folder: Path) -> Path:
        """Make the edit in a folder of seeds; returns the file."""
        file = folder / f"{self.seed}.csv"
        lines = file.read_text(encoding="utf-8").split("\n")
        if self.old:
            assert self.old in lines[self.row - 1], self.name
            lines[self.row - 1] = lines[self.row - 1].replace(self.old, self.new, 1)
        else:
            lines.insert(self.row - 1, self.new)
        file.write_text("\n".join(lines), encoding="utf-8")
        return file


EDITS = [
    # --- the price book
    Edit(
        "duplicate key",
        PRICES,
        6,
        "",
        "openai,openai,gpt-4o,output,1000000 tokens,global,standard,sync,0,2024-05-13,12,"
        "observed,litellm,1.0,2026-11-23",
        "duplicate key, the same as row 5 (openai gpt-4o output",
        "delete one of the two; a price change is a row with a later valid_from",
        "ai_model_prices_has_no_duplicate_key",
    ),
    Edit(
        "negative price",
        PRICES,
        5,
        ",10,",
        ",-10,",
        "price_usd -10 is negative",
        "write it without the sign: 10",
        "ai_model_prices_has_no_negative_price",
    ),
    Edit(
        "negative context",
        PRICES,
        12,
        ",200000,",
        ",-200000,",
        "context_over_tokens -200000 is negative",
        "write it without the sign: 200000",
        "ai_model_prices_has_no_negative_context_over_tokens",
    ),
    Edit(
        "unknown class",
        PRICES,
        5,
        ",output,",
        ",ouput,",
        "price_class 'ouput' is unknown",
        "write output (known: input_uncached, ",
        "ai_model_prices_has_no_unknown_price_class",
    ),
    Edit(
        "unknown unit",
        PRICES,
        5,
        "1000000 tokens",
        "1M tokens",
        "unit '1M tokens' is unknown",
        "write 1000000 tokens",
        "ai_model_prices_has_no_unknown_unit",
    ),
    Edit(
        "unit of another class",
        PRICES,
        5,
        "1000000 tokens",
        "1000 calls",
        "unit '1000 calls' is not that of price_class output",
        "write 1000000 tokens, and the price for it",
        "ai_model_prices_has_no_unit_that_misfits_its_class",
    ),
    Edit(
        "unknown tier",
        PRICES,
        5,
        ",standard,",
        ",premium,",
        "service_tier 'premium' is unknown",
        "write one of standard, flex, priority",
        "ai_model_prices_has_no_unknown_service_tier",
    ),
    Edit(
        "unknown processing",
        PRICES,
        5,
        ",sync,",
        ",async,",
        "processing 'async' is unknown",
        "write sync",
        "ai_model_prices_has_no_unknown_processing",
    ),
    Edit(
        "unknown region",
        PRICES,
        5,
        ",global,",
        ",mars,",
        "region_scope 'mars' is unknown",
        "write one of global, us, eu",
        "ai_model_prices_has_no_unknown_region_scope",
    ),
    Edit(
        "unknown date basis",
        PRICES,
        5,
        ",provider_declared,",
        ",guessed,",
        "date_basis 'guessed' is unknown",
        "write one of provider_declared, observed, assumed_launch",
        "ai_model_prices_has_no_unknown_date_basis",
    ),
    Edit(
        "unknown source",
        PRICES,
        5,
        ",genai-prices,",
        ",a blog,",
        "source 'a blog' is unknown",
        "write one of genai-prices, litellm",
        "ai_model_prices_has_no_unknown_source",
    ),
    Edit(
        "text in a price",
        PRICES,
        5,
        ",10,",
        ",$10,",
        "price_usd '$10' is not a number",
        "write digits with a point before the decimals, as in 0.25",
        "",
    ),
    Edit(
        "text in a count",
        PRICES,
        12,
        ",200000,",
        ",200k,",
        "context_over_tokens '200k' is not a number",
        "write digits",
        "",
    ),
    Edit(
        "exponent",
        PRICES,
        5,
        ",10,",
        ",1E-05,",
        "price_usd '1E-05' has an exponent",
        "write 0.00001",
        None,
    ),
    Edit(
        "thousands separator",
        PRICES,
        5,
        ",10,",
        ',"1,000",',
        "price_usd '1,000' has a separator",
        "nothing between thousands",
        "",
    ),
    Edit(
        "thousands underscore",
        PRICES,
        12,
        ",200000,",
        ",200_000,",
        "context_over_tokens '200_000' has a separator",
        "nothing between thousands",
        None,
    ),
    Edit(
        "part of a token",
        PRICES,
        12,
        ",200000,",
        ",200000.6,",
        "context_over_tokens 200000.6 is not a whole number",
        "write 200000",
        None,
    ),
    Edit(
        "too many decimals",
        PRICES,
        5,
        ",10,",
        ",0.1234567891,",
        "price_usd 0.1234567891 has more than 9 decimals, which would be rounded",
        "shorten it",
        None,
    ),
    Edit(
        "too large",
        PRICES,
        5,
        ",10,",
        ",12345678901,",
        "price_usd 12345678901 is too large",
        "correct the number",
        "",
    ),
    Edit(
        "time in valid_from",
        PRICES,
        5,
        "2024-05-13",
        "2024-05-13 12:00",
        "valid_from '2024-05-13 12:00' has a time",
        "a UTC day alone: write 2024-05-13",
        "ai_model_prices_has_no_time_in_a_date",
    ),
    Edit(
        "ISO time in checked_date",
        PRICES,
        5,
        "2026-11-23",
        "2026-11-23T00:00:00Z",
        "checked_date '2026-11-23T00:00:00Z' has a time",
        "write 2026-11-23",
        "ai_model_prices_has_no_time_in_a_date",
    ),
    Edit(
        "date of a spreadsheet",
        PRICES,
        5,
        "2024-05-13",
        "5/13/2024",
        "valid_from '5/13/2024' is not a date",
        "write a UTC day as in 2026-11-23",
        "",
    ),
    Edit(
        "date without zeros",
        PRICES,
        5,
        "2024-05-13",
        "2024-5-13",
        "valid_from '2024-5-13' is not a date",
        "write a UTC day as in 2026-11-23",
        "ai_model_prices_has_no_time_in_a_date",
    ),
    Edit(
        "no such day",
        PRICES,
        5,
        "2024-05-13",
        "2024-02-30",
        "valid_from '2024-02-30' is no day of the calendar",
        "write a UTC day",
        "",
    ),
    Edit(
        "far future",
        PRICES,
        5,
        "2024-05-13",
        "2204-05-13",
        "valid_from 2204-05-13 is more than 400 days ahead of 2026-11-23",
        "correct the year",
        "ai_model_prices_has_no_valid_from_in_the_far_future",
    ),
    Edit(
        "far past",
        PRICES,
        5,
        "2024-05-13",
        "0024-05-13",
        "valid_from 0024-05-13 is before 2015-01-01",
        "correct the year",
        "ai_model_prices_has_no_valid_from_in_the_far_future",
    ),
    Edit(
        "checked in the future",
        PRICES,
        5,
        "2026-11-23",
        "2206-11-23",
        "checked_date 2206-11-23 has not come yet",
        "write a day up to 2026-11-23",
        "ai_model_prices_has_no_checked_date_in_the_future",
    ),
    Edit(
        "empty cell",
        PRICES,
        5,
        ",gpt-4o,",
        ",,",
        "model is empty",
        "fill the cell, or delete the row",
        "ai_model_prices_has_no_empty_model",
    ),
    Edit(
        "spaces",
        PRICES,
        5,
        ",gpt-4o,",
        ", gpt-4o,",
        "model has spaces around 'gpt-4o'",
        "delete the spaces",
        "ai_model_prices_has_no_capitals_or_spaces_in_its_key",
    ),
    Edit(
        "capitals",
        PRICES,
        5,
        ",gpt-4o,",
        ",GPT-4o,",
        "model 'GPT-4o' has capital letters and meets nothing",
        "write gpt-4o",
        "ai_model_prices_has_no_capitals_or_spaces_in_its_key",
    ),
    Edit(
        "a cell too few",
        PRICES,
        5,
        ",global,",
        ",",
        "14 cells, but the header has 15",
        "a comma is too few or too many",
        "",
    ),
    Edit(
        "a cell too many",
        PRICES,
        5,
        ",10,",
        ",10,5,",
        "16 cells, but the header has 15",
        'put text with a comma in "double quotes"',
        "",
    ),
    Edit(
        "an open quote",
        PRICES,
        14,
        ",genai-prices,",
        ',"genai-prices,',
        "the text cannot be read",
        "close the double quotes",
        "ai_model_prices_has_no_unknown_source",
    ),
    Edit(
        "header",
        PRICES,
        1,
        "price_usd",
        "price",
        "the header lacks price_usd and has unknown price",
        "begin the file with platform,provider,model,",
        None,
    ),
    Edit(
        "columns in another order",
        PRICES,
        1,
        "platform,provider",
        "provider,platform",
        "the header has the columns in another order",
        "begin the file with platform,provider,model,",
        None,
    ),
    # --- the aliases
    Edit(
        "alias key twice",
        ALIASES,
        3,
        "",
        "openai,equals,gpt-4o-2024-08-06,text-embedding-3-small,openai,100,",
        "duplicate key, the same as row 2 (openai equals gpt-4o-2024-08-06)",
        "keep the row with the right model",
        "ai_model_aliases_has_no_duplicate_key",
    ),
    Edit(
        "alias to an unknown model",
        ALIASES,
        2,
        ",gpt-4o,",
        ",gpt-4,",
        "model 'gpt-4' is not in the price book on platform openai",
        "write gpt-4o, or add its prices to ",
        "ai_model_aliases_has_no_alias_to_an_unknown_model",
    ),
    Edit(
        "alias on another platform",
        ALIASES,
        2,
        "openai,equals",
        "azure_openai,equals",
        "model 'gpt-4o' is not in the price book on platform azure_openai",
        "name a model of the price book, or add its prices to ",
        "ai_model_aliases_has_no_alias_to_an_unknown_model",
    ),
    Edit(
        "alias that is a model",
        ALIASES,
        2,
        "gpt-4o-2024-08-06",
        "text-embedding-3-small",
        "pattern 'text-embedding-3-small' is itself a model of the price book",
        "delete the row",
        "ai_model_aliases_has_no_alias_that_is_a_model",
    ),
    Edit(
        "alias with another provider",
        ALIASES,
        2,
        ",openai,100",
        ",microsoft,100",
        "provider 'microsoft' is not that of gpt-4o",
        "write openai",
        None,
    ),
    Edit(
        "unknown match type",
        ALIASES,
        2,
        ",equals,",
        ",regex,",
        "match_type 'regex' is unknown",
        "write one of equals, prefix, contains",
        "ai_model_aliases_has_no_unknown_match_type",
    ),
    Edit(
        "capitals in a pattern",
        ALIASES,
        2,
        "gpt-4o-2024-08-06",
        "GPT-4o-2024-08-06",
        "pattern 'GPT-4o-2024-08-06' has capital letters",
        "write gpt-4o-2024-08-06",
        "ai_model_aliases_has_no_capitals_or_spaces_in_a_pattern",
    ),
    Edit(
        "text in a priority",
        ALIASES,
        2,
        ",100,",
        ",high,",
        "priority 'high' is not a number",
        "write digits",
        "",
    ),
    # --- the overrides
    Edit(
        "price and multiplier",
        OVERRIDES,
        3,
        ",8,,",
        ",8,0.9,",
        "both price_usd and multiplier",
        "fill exactly one",
        "ai_price_overrides_has_no_row_with_both_or_none_of_price_and_multiplier",
    ),
    Edit(
        "neither price nor multiplier",
        OVERRIDES,
        2,
        ",0.9,",
        ",,",
        "neither price_usd nor multiplier",
        "fill exactly one",
        "ai_price_overrides_has_no_row_with_both_or_none_of_price_and_multiplier",
    ),
    Edit(
        "price without a unit",
        OVERRIDES,
        3,
        ",1000000 tokens,",
        ",,",
        "price_usd has no unit",
        "write the unit, such as 1000000 tokens",
        "ai_price_overrides_has_no_price_without_a_unit",
    ),
    Edit(
        "negative multiplier",
        OVERRIDES,
        2,
        ",0.9,",
        ",-0.1,",
        "multiplier -0.1 is negative",
        "write it without the sign: 0.1",
        "ai_price_overrides_has_no_negative_price",
    ),
    Edit(
        "override twice",
        OVERRIDES,
        3,
        "",
        "openai,org-1,gpt-4o,,,,,0.8,,2026-01-01,,",
        "duplicate key, the same as row 2 (openai org-1 gpt-4o 2026-01-01)",
        "delete one of the two, or give it a later valid_from",
        "ai_price_overrides_has_no_duplicate_key",
    ),
    Edit(
        "end before the beginning",
        OVERRIDES,
        2,
        "2027-01-01",
        "2025-01-01",
        "valid_to 2025-01-01 is not after valid_from 2026-01-01",
        "write the first UTC day on which it no longer holds",
        "ai_price_overrides_has_no_end_before_its_beginning",
    ),
    Edit(
        "override in the far future",
        OVERRIDES,
        2,
        "2026-01-01,2027-01-01",
        "2206-01-01,",
        "valid_from 2206-01-01 is more than 400 days ahead",
        "correct the year",
        "ai_price_overrides_has_no_valid_from_in_the_far_future",
    ),
    Edit(
        "time in an override",
        OVERRIDES,
        2,
        "2026-01-01",
        "2026-01-01 09:30",
        "valid_from '2026-01-01 09:30' has a time",
        "write 2026-01-01",
        "ai_price_overrides_has_no_time_in_a_date",
    ),
    Edit(
        "override of an unknown class",
        OVERRIDES,
        3,
        ",output,",
        ",completion,",
        "price_class 'completion' is unknown",
        "write one of input_uncached",
        "ai_price_overrides_has_no_unknown_price_class",
    ),
    # --- the texts of bills
    Edit(
        "bill text twice",
        ITEMS,
        3,
        "",
        "openai,equals,input,output,tokens,usage,",
        "duplicate key, the same as row 2 (openai equals input)",
        "delete one of the two",
        "ai_bill_line_items_has_no_duplicate_key",
    ),
    Edit(
        "unknown charge category",
        ITEMS,
        2,
        ",usage,",
        ",usages,",
        "charge_category 'usages' is unknown",
        "write usage (known: usage, purchase",
        "ai_bill_line_items_has_no_unknown_charge_category",
    ),
]
EDIT_IDS = [edit.name.replace(" ", "_") for edit in EDITS]
# A build by dbt takes a second or two: these in every run of the tests, all of them in test-all.
BUILT_ALWAYS = {
    "duplicate key",
    "negative price",
    "unknown class",
    "unknown tier",
    "unit of another class",
    "text in a price",
    "time in valid_from",
    "far future",
    "alias key twice",
    "alias to an unknown model",
    "price and multiplier",
}


def write_seeds(folder: Path) -> Path:
    """Write the good seeds with the shipped yml of them; returns their folder `prices`."""
    prices = folder / "prices"
    prices.mkdir(parents=True)
    shutil.copy(ROOT / "seeds" / "prices" / "_seeds.yml", prices)
    for name, text in GOOD.items():
        (prices / f"{name}.csv").write_text(text, encoding="utf-8")
    return prices


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A folder with good seeds in its folder `prices`."""
    write_seeds(tmp_path / "seeds")
    return tmp_path / "seeds"


Run = tuple[int, str]


class Doctor:
    """The command in this process: (exit code, what it printed)."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, seeds: Path, *args: str, is_warehouse: bool = False) -> Run:
        options = [] if is_warehouse else ["--no-warehouse"]
        code = doctor.main(["prices", "--seeds", str(seeds), "--today", TODAY, *options, *args])
        return code, self.capsys.readouterr().out


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(capsys)


# --- The seeds ------------------------------------------------------------------------------------


def test_good_seeds_pass_in_silence(seeds: Path, run: Doctor) -> None:
    assert run(seeds) == (0, "20 rows of 4 seeds checked: 0 errors, 0 warnings, 0 notes.\n")


def test_the_shipped_seeds_have_no_error(run: Doctor) -> None:
    code, said = run(ROOT / "seeds")
    assert code == 0, said
    assert " 0 errors, " in said


@pytest.mark.parametrize("edit", EDITS, ids=EDIT_IDS)
def test_a_bad_edit_is_named_with_file_row_and_remedy(edit: Edit, seeds: Path, run: Doctor) -> None:
    file = edit.apply(seeds / "prices")
    code, said = run(seeds)
    assert code == 1
    place = f"  {doctor.shown(file)}, row {edit.row}: "
    lines = said.splitlines()
    of_the_row = [number for number, line in enumerate(lines) if line.startswith(place)]
    found = [number for number in of_the_row if edit.said in lines[number]]
    assert found, said
    assert edit.remedy in lines[found[0] + 1]
    assert re.search(r"^1 error$", said, re.MULTILINE), said
    assert said.splitlines()[-1].startswith("Next: correct the rows above")


def test_every_bad_row_of_the_shipped_seeds_is_found_at_once(tmp_path: Path, run: Doctor) -> None:
    """Added to the shipped files, so that the row numbers are those of an editor there."""
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    expected = []
    for seed, edits in {
        PRICES: [
            "openai,openai,brand-new,{},1000000 tokens,global,standard,sync,0,{},{},observed,"
            "litellm,1,2026-11-23".format(*cells)
            for cells in (
                ("output", "2026-01-01", "-1"),
                ("outputs", "2026-01-01", "1"),
                ("output", "2026-01-01 10:00", "1"),
                ("output", "2062-01-01", "1"),
                ("output", "2026-01-02", "one"),
            )
        ],
        ALIASES: ["openai,equals,brand-newer,never-heard-of,openai,100,"],
        OVERRIDES: ["openai,,gpt-4o,,,,1,1,1000000 tokens,2026-01-01,,"],
    }.items():
        file = tmp_path / "seeds" / "prices" / f"{seed}.csv"
        text = file.read_text(encoding="utf-8")
        first = len(text.splitlines()) + 1
        file.write_text(text + "\n".join(edits) + "\n", encoding="utf-8")
        shown = doctor.shown(file)
        expected += [f"{shown}, row {first + number}: " for number in range(len(edits))]
    code, said = run(tmp_path / "seeds")
    assert code == 1
    assert [place for place in expected if place not in said] == []
    assert re.search(rf"^{len(expected)} errors$", said, re.MULTILINE)


def test_a_row_is_the_line_of_an_editor_also_after_a_cell_of_two_lines(
    seeds: Path, run: Doctor
) -> None:
    file = seeds / "prices" / f"{ALIASES}.csv"
    text = GOOD[ALIASES].replace("dated snapshot, same price", "dated snapshot,\nsame price", 1)
    file.write_text(text.replace("gemini-2.5-pro,google", "gemini,google"), encoding="utf-8")
    code, said = run(seeds)
    assert code == 1
    assert f"{doctor.shown(file)}, row 5: model 'gemini' is not in the price book" in said


def test_many_rows_of_one_kind_are_one_list(seeds: Path, run: Doctor) -> None:
    file = seeds / "prices" / f"{PRICES}.csv"
    file.write_text(re.sub(r"(\d+)-(\d+)-(\d+),", r"\2/\3/\1,", GOOD[PRICES]), encoding="utf-8")
    code, said = run(seeds)
    assert code == 1
    assert said.count("is not a date") == 5
    assert "the same in 8 rows 7-14" in said
    assert run(seeds, "--all")[1].count("is not a date") == 13


@pytest.mark.parametrize(
    ("data", "said", "remedy"),
    [
        (None, "the file is missing", "restore it"),
        (b"", "row 1: the file is empty", "begin it with platform,match_type,pattern"),
        (b"\xff\xfe\n", "row 1: the text is not UTF-8", "save the file as CSV UTF-8"),
        (b"platform;match_type;pattern\n", "row 1: the cells are not separated", "with commas"),
        (b"platform,pattern\n", "row 1: the header lacks match_type, model", "begin the file"),
    ],
)
def test_a_file_that_is_no_seed_is_named(
    data: bytes | None, said: str, remedy: str, seeds: Path, run: Doctor
) -> None:
    file = seeds / "prices" / f"{ALIASES}.csv"
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    code, printed = run(seeds)
    assert code == 1
    assert doctor.shown(file) in printed
    assert said in printed
    assert remedy in printed


def test_a_wrong_price_book_does_not_blame_the_aliases(seeds: Path, run: Doctor) -> None:
    (seeds / "prices" / f"{PRICES}.csv").write_text("platform,model\n", encoding="utf-8")
    code, said = run(seeds)
    assert code == 1
    assert ALIASES not in said


def test_a_mark_at_the_beginning_and_other_line_ends_do_no_harm(seeds: Path, run: Doctor) -> None:
    file = seeds / "prices" / f"{PRICES}.csv"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD[PRICES].replace("\n", "\r\n").encode() + b"\r\n")
    assert run(seeds)[0] == 0


def test_a_price_that_begins_soon_is_a_note(seeds: Path, run: Doctor) -> None:
    file = seeds / "prices" / f"{PRICES}.csv"
    row = price_row(GPT, "output", "2027-12-28", "9")
    file.write_text(GOOD[PRICES] + row, encoding="utf-8")
    code, said = run(seeds)
    assert code == 0
    assert "1 note\n" in said
    assert "1 row not yet in force on 2026-11-23: 1 from 2027-12-28" in said
    file.write_text(file.read_text(encoding="utf-8").replace("2027-12-28", "2027-12-29"))
    assert run(seeds)[0] == 1


def without(text: str, *parts: str) -> str:
    """The lines of `text` that do not have all `parts`."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not all(part in line for part in parts)
    )


@pytest.mark.parametrize(
    ("book", "said", "line"),
    [
        (
            without(GOOD[PRICES], "gemini", "output"),
            "google_ai gemini-2.5-pro: input has a price, output none",
            "google_ai,google,gemini-2.5-pro,output,1000000 tokens,global,standard,sync,0,"
            "2025-06-17,<price>,observed,provider price page,,2026-11-23",
        ),
        (
            without(GOOD[PRICES], "output", "200000"),
            "google_ai gemini-2.5-pro: long context lacks output, which the base band has "
            "(global standard sync over 200000 tokens)",
            "google_ai,google,gemini-2.5-pro,output,1000000 tokens,global,standard,sync,200000,"
            "2025-06-17,<price>,observed,provider price page,,2026-11-23",
        ),
        (
            without(GOOD[PRICES], "input_cached", "batch"),
            "openai gpt-4o: batch lacks input_cached, which sync has (global standard batch)",
            "openai,openai,gpt-4o,input_cached,1000000 tokens,global,standard,batch,0,"
            "2024-10-02,<price>,observed,provider price page,,2026-11-23",
        ),
    ],
    ids=["output", "long_context", "batch"],
)
def test_a_missing_class_is_a_warning_with_the_row_to_add(
    book: str, said: str, line: str, seeds: Path, run: Doctor
) -> None:
    file = seeds / "prices" / f"{PRICES}.csv"
    file.write_text(book, encoding="utf-8")
    code, printed = run(seeds)
    assert code == 0
    assert "1 warning\n" in printed
    assert f"{doctor.shown(file)}: {said}\n" in printed
    assert f"        {line}\n" in printed
    # with its price the row is what is asked for
    file.write_text(book + line.replace("<price>", "1") + "\n", encoding="utf-8")
    code, printed = run(seeds)
    assert code == 0
    assert said not in printed


def test_cache_reads_without_writes_warn_where_the_siblings_have_them(
    seeds: Path, run: Doctor
) -> None:
    classes = ("input_uncached", "input_cached", "cache_write_5m", "output")
    book = GOOD[PRICES] + "".join(
        price_row(f"anthropic,anthropic,claude-{number}", name, "2025-01-01", "1")
        for number in range(11)
        for name in classes
    )
    file = seeds / "prices" / f"{PRICES}.csv"
    file.write_text(without(book, "claude-3", "cache_write_5m"), encoding="utf-8")
    code, said = run(seeds)
    assert code == 0
    assert (
        "anthropic claude-3: no price of cache_write_5m, which its maker's other models have"
        in said
    )
    assert "anthropic,anthropic,claude-3,cache_write_5m,1000000 tokens,global,standard" in said
    # gpt-4o reads from the cache as well, but no model of its maker pays for writes
    assert "openai gpt-4o" not in said


def test_old_prices_are_one_warning_per_platform(seeds: Path, run: Doctor) -> None:
    book = GOOD[PRICES].replace("0.2.3,2026-11-23", "0.2.3,2026-05-26")
    (seeds / "prices" / f"{PRICES}.csv").write_text(book, encoding="utf-8")
    code, said = run(seeds)
    assert code == 0
    assert "2 warnings\n" in said
    # the row of 2024-05-13 was replaced on 2024-10-02: it is history
    assert (
        "openai: 4 of 8 prices in force were checked more than 180 days ago, the oldest on "
        "2026-05-26" in said
    )
    assert "google_ai: 4 of 4 prices" in said
    assert "renew checked_date" in said
    assert " 0 warnings" in run(seeds, "--max-age-days", "181")[1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("openai,,gpt-4o,,,,,90,,2026-01-01,,", "multiplier 90 makes the price 90 times"),
        ("openai,,gpt-5x,,,,,0.9,,2026-01-01,,", "multiplier on 'gpt-5x', which the price book"),
        ("openai,,gpt-5x,,,,1,,1000000 tokens,2026-01-01,,", "price_usd without a price_class"),
    ],
)
def test_an_override_that_hardly_means_what_it_says_is_a_warning(
    row: str, said: str, seeds: Path, run: Doctor
) -> None:
    file = seeds / "prices" / f"{OVERRIDES}.csv"
    file.write_text(GOOD[OVERRIDES] + row + "\n", encoding="utf-8")
    code, printed = run(seeds)
    assert code == 0
    assert f"{doctor.shown(file)}, row 4: {said}" in printed


def test_a_seed_that_nothing_describes_is_a_warning(seeds: Path, run: Doctor) -> None:
    (seeds / "prices" / "my_prices.csv").write_text("a,b\n", encoding="utf-8")
    code, said = run(seeds)
    assert code == 0
    assert "my_prices.csv: no yml describes this file" in said


def test_another_seed_is_checked_by_its_yml_alone(seeds: Path, run: Doctor) -> None:
    rules = {
        "seeds": [
            {
                "name": "ai_new",
                "config": {"column_types": {"id": "varchar", "from": "date", "unit": "varchar"}},
                "data_tests": [{"ai_unique_combination": {"arguments": {"columns": ["id"]}}}],
                "columns": [{"name": "id", "data_tests": ["not_null"]}],
            }
        ]
    }
    prices = seeds / "prices"
    (prices / "_more.yml").write_text(yaml.safe_dump(rules, sort_keys=False), encoding="utf-8")
    (prices / "ai_new.csv").write_text(
        "id,from,unit\na,2026-01-01,1 image\n,2026-01-01,\na,today,1 moment\n", encoding="utf-8"
    )
    code, said = run(seeds)
    assert code == 1
    assert "ai_new.csv, row 3: id is empty" in said
    assert "ai_new.csv, row 4: from 'today' is not a date" in said
    assert "ai_new.csv, row 4: unit '1 moment' is unknown" in said
    assert "ai_new.csv, row 4: duplicate key, the same as row 2 (a)" in said


def test_a_wrong_option_is_told(seeds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (["--seeds", str(seeds / "nowhere")], "there is no folder"),
        (["--today", "tomorrow"], "'tomorrow' is not a date as 2026-11-23"),
    ):
        with pytest.raises(SystemExit) as ended:
            doctor.main(["prices", *arguments])
        assert ended.value.code == 2
        assert said in capsys.readouterr().err


# --- The warehouse --------------------------------------------------------------------------------

COLUMNS = {
    "platform": "varchar",
    "provider": "varchar",
    "model_raw": "varchar",
    "model": "varchar",
    "service_tier": "varchar",
    "region_scope": "varchar",
    "pricing_status": "varchar",
    "is_batch": "boolean",
    "usage_date": "date",
    **{
        f"{name}_tokens": "bigint"
        for name in (
            *("input_uncached", "input_cached", "cache_write_5m", "cache_write_1h"),
            *("cache_write_other", "input_audio", "input_image"),
            *("output", "output_audio", "output_image", "input"),
        )
    },
    "web_search_requests": "bigint",
}
USUAL = {
    "platform": "openai",
    "provider": "openai",
    "service_tier": "standard",
    "region_scope": "global",
    "is_batch": False,
    "usage_date": date(2026, 10, 1),
    "input_uncached_tokens": 900,
    "input_tokens": 900,
    "output_tokens": 100,
}


def write_requests(path: Path, *requests: dict[str, Any]) -> None:
    """A warehouse that holds only the mart of requests."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        types = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"create table marts.cost_per_request ({types})")
        for request in requests:
            values = USUAL | request
            connection.execute(
                f"insert into marts.cost_per_request ({', '.join(values)}) "
                f"values ({', '.join('?' * len(values))})",
                list(values.values()),
            )


@pytest.fixture
def warehouse(duckdb_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Path of the warehouse that the doctor looks at."""
    monkeypatch.setenv("AI_DUCKDB_PATH", str(duckdb_path))
    return duckdb_path


PRICED = {"model_raw": "gpt-4o", "model": "gpt-4o", "pricing_status": "priced"}


def test_no_warehouse_is_a_note(seeds: Path, warehouse: Path, run: Doctor) -> None:
    code, said = run(seeds, is_warehouse=True)
    assert code == 0
    assert f"1 note\n  no warehouse at {warehouse}" in said
    assert not warehouse.exists()


def test_a_warehouse_without_marts_is_a_note(seeds: Path, warehouse: Path, run: Doctor) -> None:
    duckdb.connect(str(warehouse)).close()
    code, said = run(seeds, is_warehouse=True)
    assert code == 0
    assert "has no mart cost_per_request that this reads" in said


def test_a_priced_warehouse_has_nothing_to_say(seeds: Path, warehouse: Path, run: Doctor) -> None:
    write_requests(warehouse, PRICED)
    code, said = run(seeds, is_warehouse=True)
    assert code == 0
    assert said.startswith("20 rows of 4 seeds checked: 0 errors, 0 warnings, 0 notes.")


def test_an_unresolved_model_comes_with_its_share_and_the_rows_to_add(
    seeds: Path, warehouse: Path, run: Doctor
) -> None:
    unknown = {"model_raw": "GPT-4o-2099", "model": "gpt-4o-2099"}
    unknown |= {"pricing_status": "unpriced_model"}
    write_requests(
        warehouse, PRICED, PRICED, PRICED, unknown, unknown | {"usage_date": date(2026, 9, 30)}
    )
    code, said = run(seeds, is_warehouse=True)
    assert code == 0
    size = "40.0 % of the tokens, 2 calls (40.0 %)"
    alias = "openai,equals,gpt-4o-2099,<model of the price book>,openai,100,<why it costs the same>"
    row = "openai,openai,gpt-4o-2099,{},1000000 tokens,global,standard,sync,0,2026-09-30,<price>,"
    expected = [
        f"  openai gpt-4o-2099 (logged as GPT-4o-2099): not in the price book, {size}",
        "      if it costs the same as a model of the price book (similar names: gpt-4o), add to "
        f"{doctor.shown(seeds / 'prices' / ALIASES)}.csv:",
        f"        {alias}",
        f"      else add to {doctor.shown(seeds / 'prices' / PRICES)}.csv:",
        f"        {row.format('input_uncached')}observed,provider price page,,2026-11-23",
        f"        {row.format('output')}observed,provider price page,,2026-11-23",
    ]
    assert "\n".join(expected) in said
    # the row of the alias is one that the doctor and the seed take
    file = seeds / "prices" / f"{ALIASES}.csv"
    named = alias.replace("<model of the price book>", "gpt-4o")
    file.write_text(GOOD[ALIASES] + named + "\n", encoding="utf-8")
    code, said = run(seeds, is_warehouse=True)
    assert code == 0
    assert "but the seeds price it now\n      make build" in said


@pytest.mark.parametrize(
    ("request_", "said", "line"),
    [
        (
            {"service_tier": "flex", "pricing_status": "unpriced_model"},
            "openai gpt-4o: no price for 50.0 % of the tokens, 1 call (50.0 %); "
            "global flex sync, from 2026-10-01",
            "openai,openai,gpt-4o,output,1000000 tokens,global,flex,sync,0,2026-10-01,<price>,",
        ),
        (
            {"usage_date": date(2024, 5, 12), "pricing_status": "unpriced_model"},
            "global standard sync, from 2024-05-12",
            "openai,openai,gpt-4o,output,1000000 tokens,global,standard,sync,0,2024-05-12,<price>,",
        ),
        (
            {"input_audio_tokens": 5, "is_batch": True, "pricing_status": "unpriced_class"},
            "openai gpt-4o: no price of input_audio for ",
            "openai,openai,gpt-4o,input_audio,1000000 tokens,global,standard,batch,0,2026-10-01,",
        ),
        (
            {
                "platform": "google_ai",
                "model": "gemini-2.5-pro",
                "input_cached_tokens": 200_000,
                "input_tokens": 200_900,
                "pricing_status": "unpriced_class",
            },
            "global standard sync; global standard sync over 200000 tokens, from 2026-10-01",
            f"{GEMINI},input_cached,1000000 tokens,global,standard,sync,200000,2026-10-01,",
        ),
        (
            {
                "platform": "google_ai",
                "model": "gemini-2.5-pro",
                "web_search_requests": 1,
                "is_batch": True,
                "pricing_status": "unpriced_class",
            },
            "google_ai gemini-2.5-pro: no price of ",
            f"{GEMINI},web_search,1000 calls,global,standard,sync,0,2026-10-01,",
        ),
    ],
    ids=["tier", "before_the_first_price", "class_of_batch", "class_of_long_context", "fee"],
)
def test_a_known_model_without_a_price_comes_with_the_rows_to_add(
    request_: dict[str, Any], said: str, line: str, seeds: Path, warehouse: Path, run: Doctor
) -> None:
    write_requests(warehouse, PRICED, PRICED | request_)
    code, printed = run(seeds, is_warehouse=True)
    assert code == 0
    assert said in printed
    assert f"\n        {line}" in printed
    assert "Next: add the rows that the warnings name and run `make build`" in printed


def test_a_fixed_price_of_ours_needs_no_row(seeds: Path, warehouse: Path, run: Doctor) -> None:
    request = {"input_audio_tokens": 5, "pricing_status": "unpriced_class"}
    write_requests(warehouse, PRICED | request)
    row = "openai,,gpt-4o,input_audio,,,40,,1000000 tokens,2026-01-01,,\n"
    file = seeds / "prices" / f"{OVERRIDES}.csv"
    file.write_text(GOOD[OVERRIDES] + row, encoding="utf-8")
    assert "but the seeds price it now" in run(seeds, is_warehouse=True)[1]


def test_calls_that_name_no_model_or_count_no_tokens_are_told_apart(
    seeds: Path, warehouse: Path, run: Doctor
) -> None:
    write_requests(
        warehouse,
        PRICED | {"pricing_status": "missing_tokens"},
        PRICED | {"model": None, "model_raw": None, "pricing_status": "unpriced_model"},
        PRICED | {"platform": "unknown", "pricing_status": "unpriced_model"},
    )
    said = run(seeds, is_warehouse=True)[1]
    assert "calls that name no model have no price: 33.3 % of the tokens, 1 call" in said
    assert "calls that name no platform have no price: 33.3 % of the tokens, 1 call" in said
    assert "1 call logged without token counts" in said


# --- dbt, and make --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Project:
    """A copy of the project with the seeds and their tests alone, and a dbt to build it."""

    folder: Path
    dbt: Dbt

    @property
    def prices(self) -> Path:
        return self.folder / "seeds" / "prices"

    def restore(self) -> None:
        """The good seeds again."""
        for name, text in GOOD.items():
            (self.prices / f"{name}.csv").write_text(text, encoding="utf-8")

    def build(self, *seeds: str) -> dict[str, str]:
        """Load and test seeds; returns {name: status} of what did not pass."""
        result = self.dbt("build", "--select", *seeds, project=self.folder, check=False)
        assert result.exception is None, result.exception
        return {
            str(node.node.name): str(node.status)
            for node in result.result.results
            if str(node.status) not in ("success", "pass", "skipped")
        }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("doctor")
    copy = folder / "project"
    for name in ("macros", "scripts", "tests/generic"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "profiles.example.yml", "Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, copy)
    write_seeds(copy / "seeds")
    made = Project(copy, Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(folder / "s.duckdb")}))
    assert made.build(*GOOD) == {}
    yield made
    shutil.rmtree(copy)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(edit, marks=[] if edit.name in BUILT_ALWAYS else [pytest.mark.slow])
        for edit in EDITS
    ],
    ids=EDIT_IDS,
)
def test_dbt_build_stops_on_the_same_bad_edit(edit: Edit, project: Project) -> None:
    project.restore()
    edit.apply(project.prices)
    failed = project.build(edit.seed)
    if edit.test is None:
        assert failed == {}, "dbt sees it: name the test in EDITS"
    elif edit.test == "":
        assert failed == {edit.seed: "error"}
    else:
        assert failed.get(edit.test) == "fail", failed
        # what stops the build says the same: file, what is wrong and the remedy
        tests = project.dbt.manifest()["nodes"].values()
        description = next(t["description"] for t in tests if t["name"] == edit.test)
        assert description.startswith(f"File seeds/prices/{edit.seed}.csv: ")
        assert "Remedy: " in description


@pytest.mark.parametrize(
    "name", ["time in valid_from", "text in a price", "exponent", "too many decimals"]
)
def test_make_build_stops_before_dbt(name: str, project: Project) -> None:
    project.restore()
    (edit,) = (edit for edit in EDITS if edit.name == name)
    edit.apply(project.prices)
    venv = project.folder / ".venv"
    if not venv.exists():
        venv.mkdir()
        (venv / "installed").touch()  # else make would install one
    env = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        ["make", "build", f"BIN={Path(sys.executable).parent}"],
        cwd=project.folder,
        env=env | {"AI_DUCKDB_PATH": str(project.folder / "none.duckdb")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    place = f"seeds/prices/{edit.seed}.csv, row {edit.row}: "
    assert f"{place}{edit.said}" in done.stdout
    assert edit.remedy in done.stdout
    assert "==> building" not in done.stdout
    assert not (project.folder / "none.duckdb").exists()


def test_every_test_of_a_price_seed_names_its_file_and_a_remedy() -> None:
    described = yaml.safe_load((ROOT / "seeds/prices/_seeds.yml").read_text(encoding="utf-8"))
    for seed in described["seeds"]:
        tests = [
            *seed["data_tests"],
            *(t for c in seed["columns"] for t in c.get("data_tests", [])),
        ]
        for test in tests:
            (settings,) = test.values()
            assert settings["name"].startswith(f"{seed['name']}_has_no_")
            assert settings["description"].startswith(f"File seeds/prices/{seed['name']}.csv: ")
            assert "Remedy: " in settings["description"]


def test_the_units_are_those_of_the_dbt_test() -> None:
    """The unit of each class stands in Python and in SQL."""
    text = (ROOT / "seeds" / "prices" / "_seeds.yml").read_text(encoding="utf-8")
    rules = doctor.read_rules(ROOT / "seeds" / "prices")[PRICES]
    expression = text[text.index("unit = case") : text.index("else '1000000 tokens' end")]
    units = {
        name: unit
        for names, unit in re.findall(r"when price_class (?:in|=) (.*?) then '(.*?)'", expression)
        for name in re.findall(r"'(\w+)'", names)
    }
    assert units == UNITS
    assert set(units) < set(rules.columns["price_class"].words)
    assert {*units.values(), TOKENS} == set(rules.columns["unit"].words)
