"""Fixtures of the browser tests.

They run in dashboard/.venv on the demo company's marts, Parquet files in the folder that
AI_DASHBOARD_TEST_MARTS names; tests/python/test_dashboard.py sets it. Without it, or without
Chromium, they are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.tab import CHROMIUM_OPTIONS, Tab, chromium, running


@pytest.fixture(scope="session")
def marts_dir() -> Path:
    """Marts of the demo company."""
    given = os.environ.get("AI_DASHBOARD_TEST_MARTS")
    if not given:
        pytest.skip("AI_DASHBOARD_TEST_MARTS names no marts: run `make test-all`")
    return Path(given)


@pytest.fixture(scope="session")
def marts(marts_dir: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Rows of SQL on the same marts, past the dashboard's own code."""
    connection = duckdb.connect()
    for file in marts_dir.glob("*.parquet"):
        connection.execute(f"create view {file.stem} as select * from read_parquet('{file}')")
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a screen."""
    path = chromium()
    if path is None:
        pytest.skip(
            "no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def dashboard(marts_dir: Path) -> Iterator[str]:
    """The dashboard on the demo company."""
    with running(marts_dir) as address:
        yield address


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    """A new tab with a storage of its own; checked at the end."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, accept_downloads=True, locale="en-US"
    )
    opened = Tab(context.new_page())
    yield opened
    opened.check()
    context.close()
