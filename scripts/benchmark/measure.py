"""One step as a process of its own: its wall-clock time, CPU of its tree, and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class BenchError(Exception):
    """A step failed; its text names the step and where its output is."""


@dataclass
class Measured:
    """A process: seconds by the wall clock, user + system CPU seconds, peak resident MiB."""

    wall: float
    cpu: float
    peak_mib: float
    # seconds inside the database, where the step tells them
    database: float = 0.0
    # database seconds by model or statement
    parts: dict[str, float] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)


class _Peak(threading.Thread):
    """Watches a process's own high-water mark of resident memory, where /proc tells it.

    What wait4 tells begins with the memory of the process that started it, which can be larger.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.status = Path(f"/proc/{pid}/status")
        self.mib: float | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        while True:
            try:
                text = self.status.read_text(encoding="utf-8")
            except OSError:
                return
            for line in text.splitlines():
                if line.startswith("VmHWM:"):
                    self.mib = max(self.mib or 0, int(line.split()[1]) / 1024)
            if self.ended.wait(0.1):
                return


def run(name: str, command: list[str], log: Path, env: dict[str, str] | None = None) -> Measured:
    """Run a command with its output in `log`. Raises BenchError when it fails."""
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        watch = _Peak(process.pid)
        watch.start()
        try:
            # resources of the process and of all children that it waited for
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            watch.ended.set()
            watch.join()
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise BenchError(f"{name} ended with {process.returncode}; its output: {log}\n{tail}")
    # kibibytes on Linux, bytes on macOS
    waited = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Measured(wall, usage.ru_utime + usage.ru_stime, watch.mib or waited)


def run_worker(name: str, arguments: list[str], log: Path, python: str | None = None) -> Measured:
    """Run scripts/benchmark/worker.py; `database` and `parts` are what it measured inside."""
    command = [python or sys.executable, str(Path(__file__).with_name("worker.py")), *arguments]
    measured = run(name, command, log)
    measured.result = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    measured.database = float(measured.result["wall"])
    measured.parts = dict(measured.result.get("parts", {}))
    return measured
