"""Run the FOCUS project's own validator on the exported files, in an environment of its own.

    validate_focus.py                          all periods of target/focus/current, as one data set
    validate_focus.py --file focus_2026-10.csv one file
    validate_focus.py --require                fail, not skip, where Python 3.12 is missing

The validator ends with 0 whatever it finds, so its report is read: it passes when every failed rule
is in scripts/focus_validator/allowed_failures.csv, each with its reason. It needs Python 3.12
(FOCUS_PYTHON names one); the environment, made once from requirements.lock, and the reports are in
target/focus_validator.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "scripts" / "focus_validator"
WORK = ROOT / "target" / "focus_validator"
DEFAULT_FOLDER = ROOT / "target" / "focus" / "current"
RULES = "1.2.0.1"
PYTHON = (3, 12)

TOTALS = re.compile(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)")
FAILED = re.compile(r"^\W*([A-Za-z]+-C-\d+-[A-Z]): FAIL\b(.*)$", re.MULTILINE)


class ValidationError(Exception):
    """A problem that the user can solve; its text says what, where and how."""


@dataclass(frozen=True)
class Report:
    """What the validator said: numbers of rules, and {failed rule: its message}."""

    total: int
    passed: int
    failed: int
    skipped: int
    failures: dict[str, str]


def read_report(text: str) -> Report:
    """The validator's output in numbers; raises ValidationError where it has no summary, or one
    that does not count its failures.
    """
    totals = TOTALS.search(text)
    if totals is None:
        raise ValidationError(f"The validator gave no summary. It ended with:\n{text[-2000:]}")
    total, passed, failed, skipped = map(int, totals.groups())
    failures = {rule: message.strip() for rule, message in FAILED.findall(text)}
    if len(failures) != failed:
        raise ValidationError(
            f"The validator counts {failed} failed rules and names {len(failures)}: "
            "its output has changed, see validate_focus.py."
        )
    return Report(total, passed, failed, skipped, failures)


def allowed_failures() -> dict[str, str]:
    """{rule: reason} of the rules that may fail."""
    with (SETTINGS / "allowed_failures.csv").open(encoding="utf-8", newline="") as file:
        return {row["rule"]: row["reason"] for row in csv.DictReader(file)}


def find_python() -> Path | None:
    """A Python 3.12: FOCUS_PYTHON, else on PATH, else of pyenv; None where there is none."""
    named = os.environ.get("FOCUS_PYTHON")
    candidates = [Path(named)] if named else []
    if not named:
        for name in ("python3.12", "python3", "python"):
            if found := shutil.which(name):
                candidates.append(Path(found))
        candidates.append(Path(sys.executable))
        candidates += sorted(Path.home().glob(".pyenv/versions/3.12*/bin/python"))
    probe = f"import sys; sys.exit(sys.version_info[:2] != {PYTHON})"
    for candidate in candidates:
        try:
            done = subprocess.run([str(candidate), "-c", probe], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


def environment(python: Path) -> Path:
    """The validator's environment, made anew when its lock has changed; returns its folder."""
    lock = SETTINGS / "requirements.lock"
    venv = WORK / "venv"
    stamp = venv / "installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        print("Installing the validator (about half a minute; 700 MB)", flush=True)
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(python), "-m", "venv", "--clear", str(venv)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r"]
        subprocess.run([str(venv / "bin" / "python"), *install, str(lock)], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return venv


def gathered(folder: Path) -> Path:
    """All periods of an export in one Parquet file; raises ValidationError when there is none."""
    files = sorted(folder.resolve().glob("focus_*.parquet")) if folder.is_dir() else []
    if not files:
        raise ValidationError(f"{folder} holds no focus_*.parquet. Run `make export` first.")
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / "all_periods.parquet"
    pq.write_table(pa.concat_tables([pq.read_table(file) for file in files]), path)
    print(f"{len(files)} billing periods, {pq.read_metadata(path).num_rows:,} rows", flush=True)
    return path


def validate(venv: Path, file: Path) -> Report:
    """Run the validator on one file; its whole output stays in target/focus_validator."""
    packages = next((venv / "lib").glob("python*/site-packages"))
    done = subprocess.run(
        [
            str(venv / "bin" / "focus-validator"),
            *("--data-file", str(file.resolve())),
            *("--validate-version", RULES, "--block-download", "--show-violations"),
        ],
        # It opens its list of currencies relative to the folder in which it runs.
        cwd=packages,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (WORK / f"{file.name}.txt").write_text(done.stdout, encoding="utf-8")
    return read_report(done.stdout)


def judge(report: Report, allowed: dict[str, str]) -> int:
    """Print the result; returns the exit code: 0, or 1 when a rule fails that may not."""
    bad = {rule: text for rule, text in report.failures.items() if rule not in allowed}
    print(
        f"FOCUS {RULES}: {report.total} rules, {report.passed} passed, {report.failed} failed "
        f"({report.failed - len(bad)} of them known defects of the validator), "
        f"{report.skipped} skipped"
    )
    for rule in sorted(report.failures):
        print(
            f"  known   {rule}: {allowed[rule]}"
            if rule in allowed
            else f"  FAILED  {rule} {bad[rule]}"
        )
    return 1 if bad else 0


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="of export_focus.py")
    parser.add_argument("--file", type=Path, help="one CSV or Parquet file in place of the folder")
    parser.add_argument("--require", action="store_true", help="fail without Python 3.12")
    options = parser.parse_args(argv)
    python = find_python()
    if python is None:
        where = "" if options.require else "; skipped, the data tests of dbt hold the same rules"
        print(
            f"validate_focus: the validator needs Python 3.12, and there is none here{where}. "
            "FOCUS_PYTHON=<path> names one.",
            file=sys.stderr,
        )
        return 1 if options.require else 0
    try:
        file = options.file or gathered(options.folder)
        if not file.is_file():
            raise ValidationError(f"There is no file {file}.")
        return judge(validate(environment(python), file), allowed_failures())
    except (ValidationError, subprocess.CalledProcessError) as error:
        print(f"validate_focus: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
