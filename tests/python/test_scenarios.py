"""`ai_scenarios`: what each situation builds, what it needs, and that no number depends on it."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import list_scenarios
from conftest import ROOT, Dbt
from golden_company import (
    HISTORY_TABLES,
    VARIABLES,
    golden_company,
    opened,
    query,
    records,
    table_contents,
)
from list_scenarios import SCENARIOS, SETUPS, golden, inventory
from scenario_macros import CompilationError, macros

PARTS = ("teams", "requests", "customers", "seats")
NEEDS = re.compile(r"ai_scenario_needs\('(\w+)'\)")
CONFIG = re.compile(r"{{\s*config\((.*?)\)\s*}}", re.DOTALL)
# A yml file repeats the scenarios of its part: var('ai_scenarios', []) | select('in', [...])
IN_YAML = re.compile(r"var\('ai_scenarios', \[\]\) \| select\('in', (\[[^]]*\])\) \| list != \[\]")
# dbt parses this one in `make test`; of the others the macro is asked there.
PARSED_ALWAYS = "pre_revenue"


def assert_nothing_dangles(manifest: dict[str, Any]) -> None:
    """What is on refers to nothing that is off."""
    known = {*manifest["nodes"], *manifest["sources"]}
    dangling = {
        f"{key} needs {needed}"
        for section in ("nodes", "unit_tests", "exposures")
        for key, node in manifest[section].items()
        for needed in node["depends_on"].get("nodes", [])
        if needed not in known
    }
    assert dangling == set()


def assert_as_golden(manifest: dict[str, Any], setup: str) -> None:
    """What dbt parsed is what the golden list has for the set-up."""
    assert_nothing_dangles(manifest)
    found, expected = inventory(manifest), golden()[setup]
    message = "look at the difference, then scripts/list_scenarios.py"
    assert sorted(found.items() - expected.items()) == [], message
    assert sorted(expected.items() - found.items()) == [], message


# --- What is built --------------------------------------------------------------------------------


def test_golden_list_has_every_setup() -> None:
    assert list(golden()) == list(SETUPS)
    assert set(macros().ai_scenario_matrix()) == set(SCENARIOS)
    assert set(macros().ai_scenario_inputs()) == set(SCENARIOS)


@pytest.mark.parametrize(
    "setup",
    [
        pytest.param(name, marks=[] if name == PARSED_ALWAYS else [pytest.mark.slow])
        for name in SETUPS
    ],
)
def test_dbt_lists_what_the_golden_list_has(dbt: Dbt, setup: str) -> None:
    dbt("parse", "--no-partial-parse", variables={"ai_scenarios": list(SETUPS[setup])})
    assert_as_golden(dbt.manifest(), setup)


def switches() -> dict[str, set[str]]:
    """{model or analysis: parts of the package without any of which it is off}, from the SQL."""
    found: dict[str, set[str]] = {}
    for folder in ("models", "analyses"):
        for path in (ROOT / folder).rglob("*.sql"):
            configs = " ".join(CONFIG.findall(path.read_text(encoding="utf-8")))
            found[path.stem] = set(NEEDS.findall(configs))
    return found


@pytest.mark.parametrize("setup", SETUPS)
def test_golden_list_follows_the_macro(setup: str) -> None:
    """Each set-up has what the whole has, less what the macro switches off."""
    is_on = macros(ai_scenarios=list(SETUPS[setup])).ai_scenario_needs
    parts = switches()
    everything, found = golden()["everything"], golden()[setup]
    for kind in ("model", "analysis"):
        expected = {
            name
            for node_kind, name in everything
            if node_kind == kind and all(is_on(part) for part in parts[name])
        }
        assert {name for node_kind, name in found if node_kind == kind} == expected


def test_several_scenarios_build_what_any_of_them_needs() -> None:
    for pair in combinations(SCENARIOS, 2):
        both = macros(ai_scenarios=list(pair)).ai_scenario_needs
        alone = [macros(ai_scenarios=[scenario]).ai_scenario_needs for scenario in pair]
        for part in PARTS:
            assert both(part) is any(needs(part) for needs in alone)
    for name, scenarios in SETUPS.items():
        nodes = {key for key in golden()[name] if key[0] != "count"}
        if len(scenarios) > 1:
            each = [{k for k in golden()[one] if k[0] != "count"} for one in scenarios]
            assert nodes == set.union(*each)


@pytest.mark.parametrize("chosen", [[], None])
def test_without_a_choice_everything_is_built(chosen: Any) -> None:
    assert all(macros(ai_scenarios=chosen).ai_scenario_needs(part) for part in PARTS)


def test_yml_repeats_the_matrix() -> None:
    """Yaml knows no macros: its lists are those of a part."""
    matrix = macros().ai_scenario_matrix()
    of_part = [{name for name in matrix if part in matrix[name]} for part in PARTS]
    found = 0
    for folder in ("models", "seeds"):
        for path in (ROOT / folder).rglob("*.yml"):
            text = path.read_text(encoding="utf-8")
            lists = IN_YAML.findall(text)
            # The list is asked whether it is empty, and once more for its words.
            assert text.count("var('ai_scenarios'") == 2 * len(lists), path
            for words in lists:
                assert set(re.findall(r"\w+", words)) in of_part, path
            found += len(lists)
    assert found > 10


@pytest.mark.slow
def test_revenue_of_stripe_is_off_with_the_rest_of_revenue(dbt: Dbt) -> None:
    from test_source_vars import EVERYTHING

    dbt("parse", "--no-partial-parse", variables=EVERYTHING)
    everything = dbt.manifest()
    dbt(
        *("parse", "--no-partial-parse"),
        variables={**EVERYTHING, "ai_scenarios": ["internal_tooling"]},
    )
    manifest = dbt.manifest()
    assert_nothing_dangles(manifest)
    left_out = {
        key.split(".")[-1] for key in everything["sources"].keys() - manifest["sources"].keys()
    }
    assert left_out == {
        "credit_ledger",
        "line_item_enhanced",
        *(
            f"stripe_{table}"
            for table in (
                *("charges", "credit_note_lines", "credit_notes", "invoice_lines"),
                *("invoice_payments", "invoices", "line_credits", "line_discounts"),
                *("line_taxes", "refunds"),
            )
        ),
    }
    read = {
        needed
        for node in manifest["nodes"].values()
        for needed in node["depends_on"].get("nodes", [])
    }
    assert manifest["sources"].keys() - read == set()


# --- The docs -------------------------------------------------------------------------------------


def test_matrix_of_the_docs_is_that_of_the_golden_list() -> None:
    page = list_scenarios.PAGE.read_text(encoding="utf-8")
    assert page == list_scenarios.page_text(page, golden())
    assert page.count("| yes |") > 50


def test_inputs_of_the_docs_are_those_of_the_macro() -> None:
    page = list_scenarios.PAGE.read_text(encoding="utf-8")
    for scenario, inputs in macros().ai_scenario_inputs().items():
        assert f"| `{scenario}` | {', '.join(inputs)} |" in page


@pytest.mark.parametrize("file", ["README.md", "docs/scenarios.md", "dbt_project.yml"])
def test_every_scenario_is_explained(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert [scenario for scenario in SCENARIOS if scenario not in text] == []


# --- Errors ---------------------------------------------------------------------------------------

NO_LOG: dict[str, Any] = {"ai_request_sources": []}
NO_SPEND = NO_LOG | {"ai_usage_platforms": [], "ai_billing_platforms": []}
MISSING: dict[str, tuple[str, dict[str, Any], str]] = {
    "usage_based without a log": ("usage_based", NO_LOG, "a request log.*ai_request_sources"),
    "usage_based without customers": (
        "usage_based",
        {"ai_business_tables": ["revenue_lines"]},
        "customers: add customers to ai_business_tables",
    ),
    "usage_based without revenue": (
        "usage_based",
        {"ai_business_tables": ["customers", "plans"]},
        "revenue: add revenue_lines.*ai_business_tables",
    ),
    "bundled without seats": (
        "bundled",
        {"ai_business_tables": ["customers", "revenue_lines"]},
        "seats: add subscriptions to ai_business_tables",
    ),
    "freemium without plans": (
        "freemium",
        {"ai_business_tables": ["customers", "subscriptions"]},
        "plans, to know who is free: .*ai_business_tables",
    ),
    "internal_tooling without spend": ("internal_tooling", NO_SPEND, "ai_usage_platforms"),
    "pre_revenue without spend": ("pre_revenue", NO_SPEND, "ai_billing_platforms"),
}


@pytest.mark.parametrize("case", MISSING)
def test_missing_input_names_scenario_input_and_var(case: str) -> None:
    scenario, variables, message = MISSING[case]
    with pytest.raises(CompilationError, match=f"'{scenario}' needs .*{message}"):
        macros(ai_scenarios=[scenario], **variables).ai_scenario_needs("teams")
    # The same inputs are no error where nothing needs them.
    macros(ai_scenarios=[], **variables).ai_scenario_needs("teams")


def test_enough_inputs_are_no_error() -> None:
    for scenario, variables in (
        ("usage_based", {"ai_business_tables": ["customers", "plans", "subscriptions"]}),
        ("usage_based", {"ai_business_tables": ["customers", "revenue_lines"]}),
        ("freemium", {"ai_business_tables": ["customers", "plans", "subscriptions"]}),
        ("internal_tooling", {**NO_SPEND, "ai_billing_platforms": ["openai"]}),
        ("pre_revenue", {**NO_SPEND, "ai_request_sources": ["litellm"], "ai_business_tables": []}),
    ):
        assert macros(ai_scenarios=[scenario], **variables).ai_scenarios() == [scenario]


def test_a_project_that_installs_the_package_needs_rules_or_tags_for_its_teams() -> None:
    with pytest.raises(CompilationError, match=r"'internal_tooling' needs rules.*_relation"):
        macros("acme", ai_scenarios=["internal_tooling"], **NO_LOG).ai_scenarios()
    macros("acme", ai_scenarios=["internal_tooling"]).ai_scenarios()
    macros(
        "acme",
        ai_scenarios=["internal_tooling"],
        ai_attribution_rules_relation="raw.acme_rules",
        **NO_LOG,
    ).ai_scenarios()


def test_wrong_name_lists_the_right_ones() -> None:
    with pytest.raises(CompilationError) as error:
        macros(ai_scenarios=["usage_base", "bundled"]).ai_scenario_needs("teams")
    assert "'usage_base' is no scenario" in str(error.value)
    assert all(scenario in str(error.value) for scenario in SCENARIOS)


@pytest.mark.parametrize("chosen", ["freemium", {"freemium": True}, 1])
def test_what_is_no_list_is_an_error(chosen: Any) -> None:
    with pytest.raises(CompilationError, match="must be a list, such as"):
        macros(ai_scenarios=chosen).ai_scenario_needs("teams")


def test_unknown_part_is_an_error() -> None:
    with pytest.raises(CompilationError, match="'users' is no part"):
        macros().ai_scenario_needs("users")


def test_dbt_stops_with_every_mistake_at_once(dbt: Dbt) -> None:
    result = dbt(
        *("parse", "--no-partial-parse"),
        variables={
            "ai_scenarios": ["usage_base", "bundled"],
            "ai_business_tables": ["customers", "revenue_lines"],
        },
        check=False,
    )
    assert not result.success
    message = str(result.exception)
    assert "'usage_base' is no scenario" in message
    assert "'bundled' needs seats: add subscriptions to ai_business_tables" in message


# --- Builds ---------------------------------------------------------------------------------------


def build(folder: Path, scenarios: tuple[str, ...], *without: str) -> tuple[Dbt, Path]:
    """The golden company built in a folder with these scenarios, with its data tests.

    `without`: more resource types that are left out. Where no revenue is read, there is no table
    of it either.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "golden.duckdb"
    golden_company().write(path)
    if ("source", "revenue_lines") not in golden()["+".join(scenarios) or "everything"]:
        with opened(path) as connection:
            connection.execute("drop table raw.revenue_lines")
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("build", "--exclude-resource-types", "unit_test", *without),
        variables=VARIABLES | {"ai_scenarios": list(scenarios)},
    )
    return dbt, path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dbt, Path]:
    """The golden company with everything on; test_golden_company.py runs its data tests."""
    return build(tmp_path_factory.mktemp("everything"), (), "test")


@pytest.fixture(scope="module")
def everything(whole: tuple[Dbt, Path]) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of it."""
    return table_contents(whole[1], ("marts", "intermediate"))


@pytest.mark.slow
@pytest.mark.parametrize("setup", [name for name in SETUPS if name != "everything"])
def test_no_number_depends_on_the_scenario(
    tmp_path: Path, everything: dict[str, list[tuple[Any, ...]]], setup: str
) -> None:
    """Builds, with the tests that are on, and holds nothing else and no other number."""
    _, path = build(tmp_path, SETUPS[setup])
    found = table_contents(path, ("marts", "intermediate"))
    expected = {
        name
        for kind, name in golden()[setup]
        if kind == "model" and not name.startswith(("stg_", "base_"))
    } - HISTORY_TABLES
    assert {table.split(".")[-1] for table in found} == expected
    # Where revenue is not read, its bad rows are not listed either; the company has none.
    assert found == {table: everything[table] for table in found}
    assert query(path, "select sum(effective_cost_usd) from marts.cost_ledger") == [(310,)]


# --- Which scenario fits --------------------------------------------------------------------------

ANALYSIS = "do_we_need_unit_economics"
# What a company lacks of the golden one (rows of raw tables), and what must be said of it.
COMPANIES: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
    # Nothing but the provider's report: no log, no bill, no customer.
    "usage only": (
        ("app_requests", "openai_costs", *VARIABLES["ai_business_tables"], "attribution_rules"),
        "[pre_revenue]",
        {"usage_report": "there", "bill": "empty", "request_log": "empty", "customer": "missing"},
    ),
    # Customers are in the log, and nothing tells what they pay.
    "logs without revenue": (
        ("revenue_lines", "subscriptions"),
        "[pre_revenue]",
        {"request_log": "there", "customer": "captured", "revenue": "empty", "plans": "empty"},
    ),
    # Of the customers with a plan all are on the free one, and nothing is sold.
    "freemium without revenue": (
        ("revenue_lines", "subscriptions where customer_id <> 'F'"),
        "[freemium]",
        {"freemium": "fits", "bundled": "does_not_fit", "plans": "there", "revenue": "empty"},
    ),
    "nothing": (
        (
            *("app_requests", "openai_costs", "openai_usage_completions", "attribution_rules"),
            *VARIABLES["ai_business_tables"],
        ),
        "[]",
        {"request_log": "empty", "usage_report": "empty", "pre_revenue": "does_not_fit"},
    ),
}


def advice(dbt: Dbt, path: Path) -> dict[str, dict[str, Any]]:
    """The analysis on a built company: its rows by subject."""
    dbt("compile", "--select", ANALYSIS, variables=VARIABLES | {"ai_scenarios": []})
    compiled = dbt.target_path / "compiled" / "ai_unit_economics" / "analyses" / f"{ANALYSIS}.sql"
    rows = records(path, compiled.read_text(encoding="utf-8"))
    by_subject = {row["subject"]: row for row in rows}
    assert len(by_subject) == len(rows)
    ranks = [row["next_step_rank"] for row in rows if row["next_step"] is not None]
    assert sorted(ranks) == list(range(1, len(ranks) + 1))
    return by_subject


def test_advice_on_the_golden_company(whole: tuple[Dbt, Path]) -> None:
    """Two customers pay a flat price, a third is on the free plan; every request has a customer."""
    rows = advice(*whole)
    assert rows["ai_scenarios"]["status"] == "[bundled, freemium]"
    assert "Unit economics pay" in rows["ai_scenarios"]["finding"]
    assert {scenario: rows[scenario]["status"] for scenario in SCENARIOS} == {
        "usage_based": "does_not_fit",
        "bundled": "fits",
        "freemium": "fits",
        "internal_tooling": "does_not_fit",
        "pre_revenue": "does_not_fit",
    }
    # 292 of 310 USD are logged requests, each with its customer; 18 are not logged.
    customer = rows["customer"]
    assert customer["status"] == "captured"
    assert customer["share_of_requests_ratio"] == 1
    assert customer["share_of_cost_ratio"] == Decimal("0.941935")
    assert customer["finding"] == "292.00 of 310.00 USD have one"
    assert rows["request_log"]["finding"] == "8 rows from 2026-10-15 to 2026-10-16"
    assert rows["prices"]["status"] == "there"
    assert rows["customer"]["next_step"] is None


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPANIES)
def test_advice_follows_what_is_there(tmp_path: Path, name: str) -> None:
    lacks, verdict, expected = COMPANIES[name]
    path = tmp_path / "golden.duckdb"
    golden_company().write(path)
    with opened(path) as connection:
        for rows in lacks:
            connection.execute(f"delete from raw.{rows}")
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("seed", variables=VARIABLES | {"ai_scenarios": []})
    dbt("run", variables=VARIABLES | {"ai_scenarios": []})
    found = advice(dbt, path)
    assert found["ai_scenarios"]["status"] == verdict
    assert {subject: found[subject]["status"] for subject in expected} == expected
    first = {row["next_step_rank"]: subject for subject, row in found.items()}
    assert (
        first[1]
        == {
            "usage only": "bill",
            "logs without revenue": "revenue",
            "freemium without revenue": "revenue",
            "nothing": "request_log",
        }[name]
    )
