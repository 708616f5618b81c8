"""Everything that a user can see is described: models, columns, seeds, sources, macros, vars."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
import yaml
from jinja2 import nodes

from conftest import ROOT, Dbt

PACKAGE = "ai_unit_economics"
# The engines' versions of a macro are described by their dispatcher.
IMPLEMENTATION = re.compile(r"^[a-z]+__")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The project as dbt parses it, with all its default vars."""
    folder = tmp_path_factory.mktemp("documentation")
    dbt = Dbt(folder, env={"AI_DUCKDB_PATH": str(folder / "unused.duckdb")})
    dbt("parse", "--no-partial-parse")
    return dbt.manifest()


def own(manifest: dict[str, Any], section: str, kind: str = "") -> list[dict[str, Any]]:
    """The package's own entries of a section of the manifest, of one resource type."""
    return [
        node
        for node in manifest[section].values()
        if node["package_name"] == PACKAGE and kind in ("", node["resource_type"])
    ]


def without_description(nodes_: list[dict[str, Any]]) -> list[str]:
    """Names of the nodes, and of their listed columns, that nothing describes."""
    return [node["name"] for node in nodes_ if not node["description"].strip()] + [
        f"{node['name']}.{name}"
        for node in nodes_
        for name, column in node["columns"].items()
        if not column["description"].strip()
    ]


def signature(macro_sql: str) -> list[str]:
    """Names of a macro's arguments, from its first tag."""
    head = macro_sql[: macro_sql.index("%}") + 2]
    head = re.sub(r"^\{%-?\s*test\s+", "{% macro ", head.strip())
    macro = jinja2.Environment().parse(head + "{% endmacro %}").find(nodes.Macro)
    assert macro is not None
    return [argument.name for argument in macro.args]


def project_vars() -> dict[str, Any]:
    """The vars of dbt_project.yml with their defaults."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    variables: dict[str, Any] = project["vars"]
    return variables


def project_text() -> str:
    """All SQL and yml of the project, without dbt_project.yml."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("models", "macros", "tests", "seeds", "analyses")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".sql", ".yml")
    )


def test_every_model_is_described(manifest: dict[str, Any]) -> None:
    assert without_description(own(manifest, "nodes", "model")) == []


def test_every_model_lists_its_columns(manifest: dict[str, Any]) -> None:
    assert [n["name"] for n in own(manifest, "nodes", "model") if not n["columns"]] == []


def test_listed_columns_are_the_columns_of_the_warehouse(
    manifest: dict[str, Any], demo_warehouse: Path
) -> None:
    """No column is undocumented, and none is documented that is not there."""
    built: dict[tuple[str, str], set[str]] = {}
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        for schema, table, column in connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
        ).fetchall():
            built.setdefault((schema, table), set()).add(column)
    differences = {}
    for node in own(manifest, "nodes", "model"):
        columns = built.get((node["schema"], node["alias"]))
        if columns is None:
            continue
        if columns != set(node["columns"]):
            differences[node["name"]] = columns ^ set(node["columns"])
    assert differences == {}
    assert len(built) > 50


def test_every_source_is_described(manifest: dict[str, Any]) -> None:
    assert without_description(own(manifest, "sources")) == []


def test_every_seed_and_its_columns_are_described(manifest: dict[str, Any]) -> None:
    seeds = own(manifest, "nodes", "seed")
    assert without_description(seeds) == []
    for seed in seeds:
        with (ROOT / seed["original_file_path"]).open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert set(seed["columns"]) == set(header), seed["name"]
        assert set(seed["config"]["column_types"]) == set(header), seed["name"]


def test_every_macro_and_its_arguments_are_described(manifest: dict[str, Any]) -> None:
    missing = []
    for macro in own(manifest, "macros"):
        if IMPLEMENTATION.match(macro["name"]):
            continue
        if not macro["description"].strip():
            missing.append(macro["name"])
        described = {a["name"]: a for a in macro["arguments"] if a["description"].strip()}
        expected = signature(macro["macro_sql"])
        missing += [f"{macro['name']}({a})" for a in expected if a not in described]
        missing += [f"{macro['name']} has no {a}" for a in described if a not in expected]
        missing += [f"{macro['name']}({a}) type" for a in described if not described[a]["type"]]
    assert missing == []


def test_every_mart_has_a_contract_and_is_public(manifest: dict[str, Any]) -> None:
    models = own(manifest, "nodes", "model")
    marts = [node for node in models if node["path"].startswith("marts/")]
    assert len(marts) >= 10
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], mart["name"]
        assert mart["access"] == "public", mart["name"]
        untyped = [name for name, column in mart["columns"].items() if not column["data_type"]]
        assert untyped == [], mart["name"]
    private = [node["name"] for node in models if node not in marts and node["access"] == "public"]
    assert private == []


def test_every_mart_says_what_it_answers_and_what_not(manifest: dict[str, Any]) -> None:
    for node in own(manifest, "nodes", "model"):
        if node["path"].startswith("marts/"):
            for words in ("One row per ", "Answers: ", "Does not include: "):
                assert words in node["description"], f"{node['name']}: {words}"


def test_every_doc_block_is_used() -> None:
    text = project_text()
    blocks = re.findall(
        r"{% docs (\w+) %}", (ROOT / "models" / "_docs.md").read_text(encoding="utf-8")
    )
    assert [block for block in blocks if f"doc('{block}')" not in text] == []
    assert len(blocks) == len(set(blocks))


@pytest.mark.parametrize("name", sorted(project_vars()))
def test_every_var_is_wired(name: str) -> None:
    """A var that nothing reads would be a promise that nobody keeps."""
    reads = [rf"\bvar\(\s*['\"]{name}['\"]"]
    if name.endswith("_relation"):
        reads.append(rf"\bai_seed\(\s*['\"]{name.removesuffix('_relation')}['\"]")
    assert any(re.search(pattern, project_text()) for pattern in reads)


@pytest.mark.parametrize("name", sorted(project_vars()))
def test_every_var_is_in_the_readme(name: str) -> None:
    assert re.search(rf"\b{name}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


def test_every_var_that_is_read_is_declared() -> None:
    read = set(re.findall(r"\bvar\(\s*['\"](ai_\w+)['\"]", project_text()))
    assert read - set(project_vars()) == set()
