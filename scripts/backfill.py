"""Build a long history month by month, so that memory follows a month and not the history.

    backfill.py --from 2025-01 --to 2025-12        from the first month to the last, both inclusive

Each month is one dbt call with ai_run_from and ai_run_to, of the requests and of all that is stored
by day or month above them; a last call builds the marts. A month that is done is written down in
<state>, so a call that was killed goes on where it was; --again begins anew. Days whose raw rows
have gone since they were stored stay as they are (ai_reprocess decides that, not this command).

Ends with the exit code of the first dbt call that fails.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / "target" / "backfill.json"
# What is stored by day or month: with a month of requests, each of these builds that month alone.
STORED = (
    "int_ai_rejected_requests",
    "int_ai_ledger__requests",
    "int_ai_ledger__request_customer_months",
    "int_ai_request_units",
    "int_ai_focus_costs",
    "int_ai_workflow_runs",
    "int_ai_scenario_costs",
)
NO_TESTS = ("--exclude-resource-types", "test", "unit_test")


class BackfillError(Exception):
    """Options that cannot be followed, or a dbt call that failed; the text says what to do."""


def month(text: str) -> date:
    """The first day of a month written YYYY-MM; raises BackfillError for any other text."""
    found = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if not found or not 1 <= int(found[2]) <= 12:
        raise BackfillError(f"'{text}' is no month. Write it as 2025-01.")
    return date(int(found[1]), int(found[2]), 1)


def months(first: date, last: date) -> list[date]:
    """First days of all months from `first` to `last`; raises BackfillError when there are none."""
    found = []
    while first <= last:
        found.append(first)
        first = (first + timedelta(days=31)).replace(day=1)
    if not found:
        raise BackfillError("The first month is after the last one: swap FROM and TO.")
    return found


def last_day(of_month: date) -> date:
    """The last day of the month."""
    return (of_month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def months_done(state: Path, key: str) -> list[str]:
    """Months that an earlier call with the same `key` (what it builds where) has finished."""
    if not state.exists():
        return []
    saved = json.loads(state.read_text(encoding="utf-8"))
    return list(saved["months"]) if saved.get("key") == key else []


def write_down(state: Path, key: str, done: list[str]) -> None:
    """Replace the state in one step: a kill leaves the old one or the new one."""
    state.parent.mkdir(parents=True, exist_ok=True)
    new = state.with_suffix(".new")
    new.write_text(json.dumps({"key": key, "months": done}), encoding="utf-8")
    os.replace(new, state)


def call_dbt(arguments: list[str], variables: dict[str, Any], log: Path) -> None:
    """One dbt call with its output in `log`; raises BackfillError when it fails."""
    command = [str(Path(sys.executable).with_name("dbt")), *arguments]
    if variables:
        command += ["--vars", json.dumps(variables)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise BackfillError(
            f"dbt ended with {done.returncode}; its output: {log}\n{tail}\n"
            "Correct the cause and run the same command again: months that are done stay done."
        )


def backfill(
    console: Console,
    first: date,
    last: date,
    variables: dict[str, Any],
    state: Path,
    dbt_options: list[str],
    again: bool = False,
) -> list[str]:
    """Build the months that are not done yet, then the marts; returns the months built now.

    `variables` are the project's own vars for every call, `dbt_options` go to each dbt call.
    Raises BackfillError.
    """
    wanted = [f"{start:%Y-%m}" for start in months(first, last)]
    key = json.dumps([wanted, variables, dbt_options], sort_keys=True)
    done = [] if again else months_done(state, key)
    log = state.with_suffix(".log")
    skipped = [name for name in wanted if name in done]
    if skipped:
        console.print(
            f"skipped {skipped[0]} to {skipped[-1]} ({len(skipped)} months): done by an earlier "
            f"call, as {state} says; --again builds them anew"
        )
    built = []
    columns = (
        TextColumn("{task.description:>16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(wanted) + 1, completed=len(skipped))
        for start in months(first, last):
            name = f"{start:%Y-%m}"
            if name in done:
                continue
            progress.update(task, description=name)
            bounds = {"ai_run_from": f"{start}", "ai_run_to": f"{last_day(start)}"}
            # Seeds are the same in each month.
            kinds = NO_TESTS if not done else (*NO_TESTS, "seed")
            select = [f"+{model}" for model in STORED]
            call_dbt(["build", "--select", *select, *kinds, *dbt_options], variables | bounds, log)
            done.append(name)
            built.append(name)
            write_down(state, key, done)
            progress.advance(task)
        progress.update(task, description="marts")
        # With seeds: some are read by marts alone.
        call_dbt(["build", *NO_TESTS, *dbt_options], variables, log)
        progress.advance(task)
    state.unlink(missing_ok=True)
    return built


def main(arguments: list[str] | None = None) -> int:
    """Read the options, build, say what was done; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="first", required=True, metavar="YYYY-MM")
    parser.add_argument("--to", dest="last", required=True, metavar="YYYY-MM")
    parser.add_argument("--vars", default="{}", help="the project's vars, as JSON")
    parser.add_argument("--state", type=Path, default=STATE, help="where finished months stand")
    parser.add_argument("--again", action="store_true", help="also build months that are done")
    options, dbt_options = parser.parse_known_args(arguments)
    console = Console()
    try:
        built = backfill(
            console,
            month(options.first),
            month(options.last),
            json.loads(options.vars),
            options.state,
            dbt_options,
            options.again,
        )
    except BackfillError as error:
        console.print(str(error), style="red", highlight=False)
        return 1
    console.print(f"built {len(built)} months and the marts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
