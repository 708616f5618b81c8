"""The DAGs, tested in Airflow's own environment; skipped where `make airflow-setup` has not run.

`make test-all` makes that environment first.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, DemoData

PYTHON = ROOT / "airflow" / ".venv" / "bin" / "python"
TESTS = ROOT / "airflow" / "tests"
LOCK = ROOT / "airflow" / "requirements.lock"
needs_airflow = pytest.mark.skipif(
    not PYTHON.exists(), reason="Airflow is not installed: `make airflow-setup`"
)


def run_tests(file: str, scratch: Path, **env: str) -> None:
    """Run a file of airflow/tests with Airflow's Python; raises AssertionError with its output."""
    done = subprocess.run(
        [str(PYTHON), "-m", "pytest", "-q", "-p", "airflow_scratch", "-p", "no:cacheprovider",
         "-p", "no:warnings", "--show-capture=no", "--durations=0", "-c", os.devnull,
         "--rootdir", str(TESTS), str(TESTS / file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(TESTS), "AI_TEST_HOME": str(scratch), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )  # fmt: skip
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_lock_pins_and_hashes_everything_and_names_no_host() -> None:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if re.match(r"[a-z0-9]", line)]
    assert len(pins) > 100
    assert all("==" in pin for pin in pins)
    hashed = sum(1 for line in lines if line.strip().startswith("--hash=sha256:"))
    assert hashed >= len(pins)
    assert not [line for line in lines if "://" in line]
    wanted = re.findall(r"^([a-z-]+)", (ROOT / "airflow" / "requirements.in").read_text(), re.M)
    assert {name for name in wanted if not any(p.startswith(f"{name}==") for p in pins)} == set()


@needs_airflow
def test_dags_are_as_they_should_be(tmp_path: Path) -> None:
    run_tests("test_structure.py", tmp_path)


@needs_airflow
@pytest.mark.slow
def test_dags_run(small_demo: DemoData, tmp_path: Path) -> None:
    run_tests("test_runs.py", tmp_path, AI_TEST_RAW=str(small_demo.raw))
