"""A running dashboard, and a browser tab that notes what must not happen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1]
SCREENSHOTS = FOLDER.parent / "target" / "dashboard" / "screenshots"
# What Chromium may not do on its own, so that a request from outside is the dashboard's.
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Of a page's own address Streamlit first asks for these below it, and falls back to the root.
PROBES = ("/_stcore/health", "/_stcore/host-config")


def chromium() -> str | None:
    """Path of Chromium or Chrome; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A dashboard on the marts in `folder`; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = SCREENSHOTS.parent / f"streamlit-{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.headless", "true", "--server.port", str(port)),
            ],
            cwd=FOLDER,
            env={**os.environ, "AI_MARTS_SOURCE": "parquet", "AI_MARTS_DIR": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(240):
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                        break
                except OSError:
                    if process.poll() is not None:
                        raise AssertionError(f"Streamlit ended:\n{log.read_text()}") from None
                    time.sleep(0.25)
            else:
                raise AssertionError(f"Streamlit did not start:\n{log.read_text()}")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text, text


class Tab:
    """A browser tab that notes what must not happen: errors, and requests to other hosts."""

    def __init__(self, page: Any) -> None:
        """`page`: of Playwright."""
        self.page = page
        self.faults: list[str] = []
        self.missing: set[str] = set()
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("console", self._console)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(
            ("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:", "about:")
        ):
            self.faults.append(f"outside request: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            if response.url.endswith(PROBES):
                self.missing.add(response.url)
            else:
                self.faults.append(f"{response.status}: {response.url}")

    def _console(self, message: Any) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            if not where.endswith(PROBES):
                self.faults.append(f"console: {message.text} {where}")

    @contextmanager
    def served(self, folder: Path) -> Iterator[str]:
        """A dashboard on the marts in `folder`, left before it ends: a lost server is an error."""
        with running(folder) as address:
            yield address
            self.check()
            self.page.goto("about:blank")

    def open(self, address: str) -> None:
        """Go there and wait until the page is drawn."""
        self.page.goto(address, timeout=120_000)
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and nothing changes any more."""
        app = self.page.get_by_test_id("stApp")
        self.page.get_by_test_id("drawn").wait_for(state="attached", timeout=120_000)
        unrest = self.page.locator("[data-stale=true], [data-testid=stSkeleton]")
        quiet = 0
        for _ in range(1200):
            state = app.get_attribute("data-test-script-state")
            quiet = quiet + 1 if state == "notRunning" and not unrest.count() else 0
            if quiet == 5:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{self.page.url} does not come to rest: {state}")

    def metric(self, label: str) -> str:
        """Value in the box with this label."""
        box = self.page.get_by_test_id("stMetric").filter(has_text=label).first
        return str(box.get_by_test_id("stMetricValue").inner_text()).strip()

    def month(self) -> str:
        """The month that the sidebar shows."""
        box = self.page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").first
        return str(box.get_by_role("combobox").input_value())

    def text(self) -> str:
        """All text of the main part."""
        return str(self.page.get_by_test_id("stMain").inner_text())

    def shoot(self, name: str) -> None:
        """A picture of the whole page as test output."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        height = self.page.evaluate(
            "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
        )
        self.page.set_viewport_size({"width": 1440, "height": min(max(900, int(height)), 2400)})
        self.page.wait_for_timeout(800)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def check(self) -> None:
        """No trace, no error, nothing from outside."""
        assert self.page.get_by_test_id("stException").count() == 0, self.text()
        assert self.faults == []
