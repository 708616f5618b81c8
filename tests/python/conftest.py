"""Fixtures of all Python tests: dbt in this process, a demo warehouse, a fake Snowflake.

Nothing here touches the user's own profiles.yml, DuckDB file or target folder: dbt runs with
profiles.example.yml, and writes to pytest's temporary folders.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import jinja2
import pytest

import answer_questions
import fake_snowflake as fake_snowflake_server
import load_raw

ROOT = Path(__file__).resolve().parents[2]

# Before dbt and Great Expectations are imported, which read them once.
os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
os.environ["DBT_VERSION_CHECK"] = "false"
os.environ["GX_ANALYTICS_ENABLED"] = "false"


def _once_per_template(method: Any) -> Any:
    """`method` of a Jinja environment, which answers from memory where it is asked again.

    dbt parses and compiles the same 5,000 templates each time it reads the project with other
    vars, which is nearly half of that time. What a template becomes depends on its text and on the
    kind of environment only.
    """
    answers: dict[Any, Any] = {}

    def ask(self: jinja2.Environment, source: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(source, str):
            return method(self, source, *args, **kwargs)
        key = (type(self), tuple(self.extensions), source, args, tuple(kwargs.items()))
        if key not in answers:
            answers[key] = method(self, source, *args, **kwargs)
        return answers[key]

    return ask


jinja2.Environment.compile = _once_per_template(jinja2.Environment.compile)  # type: ignore[method-assign]
jinja2.Environment.parse = _once_per_template(jinja2.Environment.parse)  # type: ignore[method-assign]


@dataclass(frozen=True)
class DemoData:
    """Folders of one generated data set: raw tables, and the right answers for them (Parquet)."""

    raw: Path
    truth: Path


class Dbt:
    """dbt commands on one database.

    `dbt("build", "--select", "marts")` returns dbt's result; `check=False` also returns a
    failed one. `variables` is passed as `--vars`. On DuckDB dbt runs in this process, which saves
    its start; on Snowflake as one of its own, because two adapters in one process leave DuckDB
    half open at the end.
    """

    def __init__(
        self, scratch: Path, target: str = "duckdb", env: dict[str, str] | None = None
    ) -> None:
        """`scratch`: folder for target, logs and profiles; `env`: environment of every run."""
        self.target = target
        self.target_path = scratch / "target"
        self.log_path = scratch / "logs"
        self.profiles_path = scratch / "profiles"
        self.env = env or {}
        self.profiles_path.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "profiles.example.yml", self.profiles_path / "profiles.yml")

    def __call__(
        self,
        *args: str,
        variables: dict[str, Any] | None = None,
        check: bool = True,
        project: Path = ROOT,
    ) -> Any:
        """Run one command; raises AssertionError with dbt's messages when it fails."""
        command = [
            *args,
            "--project-dir",
            str(project),
            "--profiles-dir",
            str(self.profiles_path),
            "--target",
            self.target,
            *([] if args[0] == "deps" else ["--target-path", str(self.target_path)]),
            "--log-path",
            str(self.log_path),
            "--no-use-colors",
        ]
        if variables:
            command += ["--vars", json.dumps(variables)]
        result = self._in_process(command) if self.target == "duckdb" else self._apart(command)
        if check and not result.success:
            raise AssertionError(f"dbt {' '.join(args)} failed\n{_problems(result)}")
        return result

    def _in_process(self, command: list[str]) -> Any:
        """dbt's own result."""
        from dbt.cli.main import dbtRunner

        folder = Path.cwd()
        try:
            with mock.patch.dict(os.environ, self.env):
                return dbtRunner().invoke(command)
        finally:
            os.chdir(folder)
            _close_duckdb()

    def _apart(self, command: list[str]) -> Any:
        """An object with dbtRunnerResult's fields; without results by node."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("dbt")), *command],
            cwd=ROOT,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(done.stdout)
        return SimpleNamespace(
            success=done.returncode == 0, exception=None, result=done.stdout[-5000:]
        )

    def manifest(self) -> dict[str, Any]:
        """The project as dbt read it in the last command that parsed it."""
        with (self.target_path / "manifest.json").open(encoding="utf-8") as file:
            manifest: dict[str, Any] = json.load(file)
        return manifest


def _problems(result: Any) -> str:
    """What went wrong in a dbt run, one line per node."""
    if result.exception is not None:
        return str(result.exception)
    bad = ("error", "fail", "runtime error", "partial success")
    lines = [
        f"{node.node.unique_id}: {node.status}: {node.message}"
        for node in getattr(result.result, "results", None) or []
        if str(node.status) in bad
    ]
    return "\n".join(lines) or str(result.result)


def _close_duckdb() -> None:
    """Close the file that dbt keeps open in this process, so that a test can open it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
    gc.collect()


def run_script(name: str, *args: str, env: dict[str, str] | None = None) -> str:
    """Run `scripts/<name>` as a process of its own; returns what it printed.

    Raises AssertionError with its output when the exit code is not 0.
    """
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *args],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{name} {' '.join(args)} ended with {done.returncode}\n{output}"
    return output


def generate_demo(folder: Path, *args: str) -> DemoData:
    """Generate a demo data set below `folder`; `args` go to the generator."""
    run_script("generate_demo_data.py", "--out", str(folder), *args)
    return DemoData(raw=folder / "raw", truth=folder / "truth")


def load_duckdb(raw: Path, path: Path) -> None:
    """Load a folder of raw Parquet files into the DuckDB file `path`."""
    with mock.patch.dict(os.environ, {"AI_DUCKDB_PATH": str(path)}):
        load_raw.load(raw, quiet=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name what stays in one process when tests run side by side.

    A file's tests share its fixtures, and all tests of the demo company share its warehouse: each
    is built once.
    """
    for item in items:
        on_demo = "demo_data" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("demo company" if on_demo else item.path.stem))


@pytest.fixture
def duckdb_path(tmp_path: Path) -> Path:
    """Path of a DuckDB file that does not exist yet."""
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def dbt(tmp_path: Path, duckdb_path: Path) -> Dbt:
    """The dbt command on an empty DuckDB file of its own (`duckdb_path`)."""
    return Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(duckdb_path)})


@pytest.fixture(scope="session")
def note(request: pytest.FixtureRequest) -> Any:
    """A function that shows a line to the user at once, so that long fixtures are not silent."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")

    def show(text: str) -> None:
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(f"    {text}")

    return show


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory, note: Any) -> DemoData:
    """The demo company's data, as `make demo` generates it."""
    note("generating the demo company …")
    return generate_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory, note: Any) -> DemoData:
    """A small company of the same kind, for tests that build a warehouse of their own."""
    note("generating a small company …")
    return generate_demo(
        tmp_path_factory.mktemp("small_demo"), "--requests", "3000", "--customers", "80"
    )


@pytest.fixture(scope="session")
def demo_dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The dbt command on the file of `demo_warehouse`."""
    folder = tmp_path_factory.mktemp("demo_warehouse")
    return Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(folder / "demo.duckdb")})


@pytest.fixture(scope="session")
def demo_warehouse(demo_data: DemoData, demo_dbt: Dbt, note: Any) -> Path:
    """DuckDB file of the demo company, loaded and built once with all data and unit tests.

    Open it with `duckdb.connect(str(demo_warehouse), read_only=True)` and close it again; a test
    that writes copies it first.
    """
    path = Path(demo_dbt.env["AI_DUCKDB_PATH"])
    note("loading the demo company …")
    load_duckdb(demo_data.raw, path)
    note("dbt build of the demo company …")
    demo_dbt("build")
    return path


@pytest.fixture(scope="session")
def demo_analyses(demo_warehouse: Path, demo_dbt: Dbt) -> dict[str, str]:
    """Compiled SQL of each analysis, by name, for `demo_warehouse`."""
    demo_dbt("compile", "--select", "path:analyses")
    return answer_questions.compiled_analyses(demo_dbt.target_path)


@pytest.fixture(scope="session")
def fake_snowflake(note: Any) -> Iterator[fake_snowflake_server.FakeServer]:
    """A running fake Snowflake; its `env` leads dbt and load_raw to it."""
    note("starting the fake Snowflake …")
    with fake_snowflake_server.running() as server:
        yield server
