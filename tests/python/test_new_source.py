"""scripts/new_source.py: what it writes works as it is, and it never overwrites or guesses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import new_source
from conftest import ROOT, Dbt
from test_consumer_project import installed_copy

KINDS = sorted(new_source.KINDS)


def project(folder: Path, name: str, variables: str = "") -> Path:
    """A dbt project in `folder`; returns its folder of models."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(f"name: {name}\n{variables}", encoding="utf-8")
    return folder / "models" / "staging"


def run(*arguments: str | Path) -> int:
    """The command's exit code; argparse's own error is one too."""
    try:
        return new_source.main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        return int(stopped.code or 0)


@pytest.mark.parametrize("kind", KINDS)
def test_yml_has_every_canonical_column_described_and_tested(tmp_path: Path, kind: str) -> None:
    models = project(tmp_path, new_source.PACKAGE)
    assert run(kind, "zz_sample", "--into", models) == 0
    path = models / f"stg_ai_{kind}__zz_sample.yml"
    text = path.read_text(encoding="utf-8")
    lint = [sys.executable, "-m", "yamllint", "--strict", "-c", str(ROOT / ".yamllint"), str(path)]
    assert subprocess.run(lint, check=False).returncode == 0
    content = yaml.safe_load(text)
    (model,) = content["models"]
    names = [column["name"] for column in model["columns"]]
    assert names == new_source.contract_columns(new_source.KINDS[kind])
    assert len(names) == len(set(names)) > 25
    assert all(column["description"] for column in model["columns"])
    assert sum("data_tests" in column for column in model["columns"]) >= 2
    ((source,),) = [entry["tables"] for entry in content["sources"]]
    assert source["name"] == f"zz_sample_{kind}"
    assert {column["name"] for column in source["columns"]} == set(
        content["unit_tests"][0]["overrides"]["macros"]["ai_raw_columns"]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_files_in_own_project_name_the_package(tmp_path: Path, kind: str) -> None:
    models = project(tmp_path, "acme")
    assert run(kind, "zz_sample", "--into", models, "--table", "zz_raw") == 0
    sql = (models / f"stg_ai_{kind}__zz_sample.sql").read_text(encoding="utf-8")
    # Every macro with the package's name, and no line beyond the style's width.
    assert sql.count("ai_unit_economics.ai_") == sql.count("ai_raw_") + sum(
        sql.count(macro)
        for macro in (
            *("ai_defect(", "ai_usage_staging(", "ai_billing_staging(", "ai_request_staging("),
            *("ai_platform(", "ai_maker(", "ai_tag(", "ai_tag_columns(", "ai_http_status("),
        )
    )
    assert max(map(len, sql.splitlines())) <= 120
    yml = (models / f"stg_ai_{kind}__zz_sample.yml").read_text(encoding="utf-8")
    assert "doc('ai_unit_economics', 'ai_" in yml
    assert "doc('ai_" not in yml.replace("doc('ai_unit_economics', 'ai_", "")
    assert "ai_unit_economics.ai_raw_columns:" in yml
    assert "zz_raw" in sql
    assert "zz_raw" in yml


def test_says_which_word_goes_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = project(tmp_path, "acme", "vars: {ai_usage_platforms: [openai]}\n")
    assert run("usage", "mistral", "--into", models) == 0
    output = capsys.readouterr().out
    assert "ai_usage_platforms: [openai, mistral]" in output
    assert f"{tmp_path.name}/dbt_project.yml" in output
    assert "move the vars" not in output


def test_vars_under_the_package_name_are_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = "vars: {ai_unit_economics: {ai_request_sources: [app]}}\n"
    assert run("requests", "gateway", "--into", project(tmp_path, "acme", variables)) == 0
    output = capsys.readouterr().out
    assert "ai_request_sources: [app, gateway]" in output
    assert "move the vars" in output


@pytest.mark.parametrize("suffix", ["sql", "yml"])
def test_never_overwrites(tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    models = project(tmp_path, "acme")
    models.mkdir(parents=True)
    path = models / f"stg_ai_usage__mistral.{suffix}"
    path.write_text("mine", encoding="utf-8")
    assert run("usage", "mistral", "--into", models) == 2
    assert "already there" in capsys.readouterr().err
    assert [file.name for file in models.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8") == "mine"


def test_refuses_a_source_that_the_package_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two models of one name do not parse."""
    assert run("usage", "openai", "--into", project(tmp_path, "acme")) == 2
    assert "already there" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Mistral", "1st", "mistral-ai", "a b", "a__b", "a_", "", "a'b"])
def test_refuses_names_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    models = project(tmp_path, "acme")
    assert run("usage", name, "--into", models) == 2
    assert run("usage", "good", "--into", models, "--table", name or "-") == 2
    assert not models.exists()


def test_refuses_unknown_kinds_and_folders_without_project(tmp_path: Path) -> None:
    assert run("invoices", "mistral") == 2
    assert run("usage", "mistral", "--into", tmp_path) == 2
    project(tmp_path, "acme")
    assert run("usage", "mistral", "--into", tmp_path / "seeds") == 2
    assert not (tmp_path / "seeds").exists()


@pytest.mark.slow
def test_written_files_pass_as_they_are(tmp_path: Path) -> None:
    """Parsed, unit-tested and linted in a copy of the package."""
    package = installed_copy(tmp_path).parent
    paths = []
    for kind in KINDS:
        folder = package / "models" / "staging" / kind
        assert run(kind, "zz_sample", "--into", folder) == 0
        paths.append(str(folder / f"stg_ai_{kind}__zz_sample.sql"))
    lists = {kind.list_var: ["zz_sample"] for kind in new_source.KINDS.values()}
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(tmp_path / "empty.duckdb")})
    result = dbt(
        *("test", "--select", "test_type:unit,*zz_sample"),
        variables=lists | {"ai_business_tables": []},
        project=package,
    )
    assert [str(test.status) for test in result.result.results] == ["pass"] * 3

    project_file = package / "dbt_project.yml"
    text = project_file.read_text(encoding="utf-8")
    for variable in lists:
        text = text.replace(f"  {variable}: [", f"  {variable}: [zz_sample, ")
    project_file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sqlfluff", "lint", "--dialect", "duckdb", *paths],
        cwd=package,
        env={
            **os.environ,
            "DBT_PROFILES_DIR": str(dbt.profiles_path),
            "DBT_TARGET": "duckdb",
            "AI_DUCKDB_PATH": str(tmp_path / "lint.duckdb"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
