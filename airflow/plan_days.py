"""Which UTC days a run rebuilds: the days asked for, or all of them in a first build.

Bounds would leave the days before them out of a warehouse that has none. The last line is a JSON
object of vars for `dbt build`. Runs in the environment of dbt.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "expectations"))

import warehouse  # noqa: E402


def planned(asked: dict[str, Any], variables: dict[str, Any], is_stored: bool) -> dict[str, Any]:
    """The vars of the build; a var that the user sets wins over the interval."""
    return {**(asked if is_stored else {}), **variables}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 2 with a message on standard error."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--target", default="duckdb")
    parser.add_argument("--vars", default="{}", help="the user's own vars, as JSON")
    parser.add_argument("--manifest", type=Path, help="manifest.json, in place of `dbt parse`")
    parser.add_argument("--asked", default="{}", help="ai_run_from and ai_run_to, as JSON")
    given = parser.parse_args(argv)
    variables = json.loads(given.vars)
    try:
        project = warehouse.read_project(given.target, given.vars, given.manifest)
        with warehouse.opened(given.target) as found:
            is_stored = bool(found.columns(project.models["int_ai_requests"]))
    except warehouse.CannotLookError as problem:
        print(f"plan_days: {problem}", file=sys.stderr)
        return 2
    if not is_stored:
        print("Nothing is stored yet: the first build takes all days.")
    print(json.dumps(planned(json.loads(given.asked), variables, is_stored)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
