"""The commands of the Makefile, the lock file, the CI entry and the raw loader."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import load_raw
from conftest import ROOT, load_duckdb

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
TARGETS = sorted(set(re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.MULTILINE)))


def make(
    *args: str, folder: Path = ROOT, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run make in `folder`, apart from a make that runs these tests.

    `home`: also without this machine's settings for paths and caches, and with this HOME.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    if home is not None:
        for name in ("AI_DUCKDB_PATH", "PIP_CACHE_DIR", "VIRTUAL_ENV", "XDG_CACHE_HOME"):
            env.pop(name, None)
        env["HOME"] = str(home)
    return subprocess.run(
        ["make", *args], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [["help"], []])
def test_make_lists_every_target_with_a_line(arguments: list[str]) -> None:
    shown = make(*arguments)
    assert shown.returncode == 0, shown.stderr
    listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", shown.stdout, re.MULTILINE))
    assert sorted(listed) == TARGETS
    assert {"help", "setup", "demo", "build", "lint", "test", "test-all", "bench"} <= set(listed)
    assert {"docs", "demo-snowflake", "lock", "clean"} <= set(listed)


def test_every_target_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert sorted(phony.group(1).split()) == TARGETS


def test_every_command_ends_with_what_to_do_next() -> None:
    recipes = re.split(r"^(?=[a-z$][^\n]*:)", MAKEFILE, flags=re.MULTILINE)
    named = {recipe.split(":")[0]: recipe for recipe in recipes}
    for target in set(TARGETS) - {"help", "setup", "clean"}:
        assert "$(call next," in named[target], target


def test_make_texts_have_no_comma_that_make_would_cut() -> None:
    for text in re.findall(r"\$\(call (?:say|next),(.*)\)$", MAKEFILE, re.MULTILINE):
        assert "," not in re.sub(r"\(.*\)", "", text), text


def test_setup_refuses_another_python(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "profiles.example.yml"):
        shutil.copy(ROOT / name, tmp_path)
    refused = make("setup", "PYTHON=false", folder=tmp_path)
    assert refused.returncode != 0
    assert "not Python 3.11, 3.12 or 3.13" in refused.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("version", ["3.10.4", "3.11.0", "3.12.9", "3.13.1", "3.14.0", "4.0.0"])
def test_setup_takes_the_pythons_of_pyproject(version: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    check = re.search(r"-c 'import sys; (sys\.exit\(.*\))'", MAKEFILE)
    assert check is not None
    refused: list[bool] = []
    numbers = tuple(int(part) for part in version.split("."))
    exec(check.group(1), {"sys": SimpleNamespace(version_info=numbers, exit=refused.append)})
    assert refused == [version not in SpecifierSet(project["requires-python"])]


def test_the_lock_names_no_host_and_hashes_every_file() -> None:
    for word in ("://", "index-url", "find-links", "trusted-host", "http:", "https:"):
        assert word not in LOCK
    pins = re.findall(
        r"^([A-Za-z0-9_.\[\],-]+)==\S+(?: ;[^\n]*)? \\\n    --hash=", LOCK, re.MULTILINE
    )
    assert len(pins) == len(re.findall(r"^\S+==", LOCK, re.MULTILINE)) > 100


def test_the_lock_fulfils_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[\S+\])?==(\S+)", LOCK, re.MULTILINE):
        locked.setdefault(canonicalize_name(name), []).append(version)
    for line in project["dependencies"]:
        wanted = Requirement(line)
        versions = locked.get(canonicalize_name(wanted.name), [])
        assert versions, f"{line} is not in requirements.lock: run `make lock`"
        assert all(wanted.specifier.contains(version) for version in versions), (line, versions)


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in text
    assert re.search(r"^make test$", text, re.MULTILINE)


def test_the_workflow_has_no_logic_of_its_own() -> None:
    workflow: dict[str, Any] = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    )
    commands = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert commands
    for command in commands:
        program, *words = shlex.split(command)
        is_target = program == "make" and words[0] in TARGETS
        assert command == ".ci/run" or (is_target and all("=" in word for word in words[1:])), (
            command
        )


def test_the_profile_and_the_loader_write_the_same_kind_of_file() -> None:
    profile = yaml.safe_load((ROOT / "profiles.example.yml").read_text(encoding="utf-8"))
    outputs = profile["ai_unit_economics"]["outputs"]
    assert outputs["duckdb"]["config_options"] == load_raw.DUCKDB_CONFIG
    assert load_raw.DEFAULT_DUCKDB_PATH in outputs["duckdb"]["path"]


def test_the_loader_replaces_tables_and_keeps_types(tmp_path: Path, duckdb_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for rows in (5, 2):
        duckdb.execute(
            f"""
            copy (
                select i as tokens, cast('0.15' as decimal(18, 9)) as price,
                    timestamp '2026-01-01' as loaded_at
                from range({rows}) as t(i)
            ) to '{raw}/prices.parquet'
            """
        )
        load_duckdb(raw, duckdb_path)
    with duckdb.connect(str(duckdb_path), read_only=True) as connection:
        types = connection.execute(
            "select data_type from information_schema.columns where table_schema = 'raw' "
            "order by ordinal_position"
        ).fetchall()
        loaded = connection.execute("select count(*) from raw.prices").fetchall()
    assert types == [("BIGINT",), ("DECIMAL(18,9)",), ("TIMESTAMP",)]
    assert loaded == [(2,)]


@pytest.mark.parametrize(
    ("file", "message"),
    [(None, "no folder"), ("note.txt", "no *.parquet file"), ("a b.parquet", "no table or schema")],
)
def test_the_loader_says_what_is_wrong(tmp_path: Path, file: str | None, message: str) -> None:
    folder = tmp_path / "raw"
    if file:
        folder.mkdir()
        (folder / file).touch()
    with pytest.raises(load_raw.LoadError, match=re.escape(message)):
        load_raw.find_files(folder, "raw")


def test_the_loader_names_a_file_that_another_process_has_open(
    tmp_path: Path, duckdb_path: Path
) -> None:
    hold = f"import duckdb, sys; c = duckdb.connect({str(duckdb_path)!r}); print(1, flush=True); "
    with subprocess.Popen(
        [sys.executable, "-c", hold + "sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(load_raw.LoadError, match="open in another process"):
            load_raw.open_duckdb(duckdb_path)
        other.stdin.close()


def test_the_loader_without_an_account_names_the_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT", raising=False)
    monkeypatch.delenv("SNOWFLAKE_USER", raising=False)
    with pytest.raises(load_raw.LoadError, match="SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER"):
        load_raw.open_snowflake()


@pytest.fixture(scope="module")
def fresh_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as a clone would have it: what git tracks, or would on `git add`."""
    clone = tmp_path_factory.mktemp("clone") / "ai_unit_economics"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    subprocess.run(["git", "init", "--quiet"], cwd=clone, check=True)
    subprocess.run(["git", "add", "--all"], cwd=clone, check=True)
    return clone


@pytest.mark.slow
@pytest.mark.parametrize("command", ["demo", "test"])
def test_a_fresh_clone_passes(command: str, fresh_clone: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = make(command, f"PYTHON={sys.executable}", folder=fresh_clone, home=home)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert "\nNext: " in done.stdout[-500:]
    # pip asks rustc, where there is one, for its version; rustup then writes its settings.
    outside = [path.name for path in home.iterdir() if path.name != ".rustup"]
    assert outside == [], "something was written outside of the project"
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=fresh_clone,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in changed.stdout.splitlines() if not line.startswith("A ")] == []
