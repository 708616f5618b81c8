"""Write what each set-up of `ai_scenarios` builds: the tests' golden list, and the docs' matrix.

    list_scenarios.py            after a model, analysis, source, seed or test was added or moved

dbt parses the project once per set-up (about half a minute each), with its default vars and without
a database. Writes tests/python/data/scenarios.csv and the tables in docs/scenarios.md; look at the
difference before you commit it.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "python" / "data" / "scenarios.csv"
PAGE = ROOT / "docs" / "scenarios.md"

# In the order of the docs; the last two have several scenarios.
SCENARIOS = ("usage_based", "bundled", "freemium", "internal_tooling", "pre_revenue")
SETUPS: dict[str, tuple[str, ...]] = {
    "everything": (),
    **{scenario: (scenario,) for scenario in SCENARIOS},
    "freemium+bundled": ("freemium", "bundled"),
    "pre_revenue+internal_tooling": ("pre_revenue", "internal_tooling"),
}
KINDS = ("model", "analysis", "seed", "source")
COUNTS = ("data tests", "unit tests")

# What one set-up builds: names by kind, and how many tests there are of each sort.
Inventory = dict[tuple[str, str], int]


def inventory(manifest: Mapping[str, Any]) -> Inventory:
    """{(kind, name): 1} of what is switched on, and {("count", sort of test): number}.

    Only the package's own nodes of the kinds in KINDS are listed.
    """
    # The manifest keeps the tests of a model that is off, and marks them.
    nodes = [
        node
        for node in (*manifest["nodes"].values(), *manifest["sources"].values())
        if node["config"]["enabled"]
    ]
    found: Inventory = {
        (node["resource_type"], node["name"]): 1 for node in nodes if node["resource_type"] in KINDS
    }
    found["count", "data tests"] = sum(node["resource_type"] == "test" for node in nodes)
    found["count", "unit tests"] = len(manifest["unit_tests"])
    return found


def parsed(scenarios: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """dbt's manifest of the project with these scenarios; raises RuntimeError with dbt's words."""
    from dbt.cli.main import dbtRunner

    shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
    command = ["--quiet", "parse", "--no-partial-parse", "--target", "duckdb"]
    command += ["--project-dir", str(ROOT), "--profiles-dir", str(folder)]
    command += ["--target-path", str(folder), "--log-path", str(folder)]
    result = dbtRunner().invoke([*command, "--vars", json.dumps({"ai_scenarios": list(scenarios)})])
    if not result.success:
        raise RuntimeError(f"dbt parse of ai_scenarios {list(scenarios)}: {result.exception}")
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def golden_text(found: Mapping[str, Inventory]) -> str:
    """The golden list: a line per node with an x where a set-up has it, then the tests' numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["kind", "name", *found])
    keys = sorted(
        {key for setup in found.values() for key in setup if key[0] != "count"},
        key=lambda key: (KINDS.index(key[0]), key[1]),
    )
    for key in keys:
        writer.writerow([*key, *("x" if key in setup else "" for setup in found.values())])
    for sort in COUNTS:
        writer.writerow(["count", sort, *(setup["count", sort] for setup in found.values())])
    return text.getvalue()


def golden() -> dict[str, Inventory]:
    """The golden list as it is kept, by set-up."""
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, Inventory] = {name: {} for name in rows[0] if name not in ("kind", "name")}
    for row in rows:
        for name, setup in found.items():
            if row[name]:
                setup[row["kind"], row["name"]] = 1 if row[name] == "x" else int(row[name])
    return found


def matrix(found: Mapping[str, Inventory], kind: str, names: list[str]) -> str:
    """A table of the docs: one line per name, one column per scenario, those with most first."""
    head = {"model": "mart", "analysis": "analysis"}[kind]
    lines = [
        f"| {head} | " + " | ".join(f"`{scenario}`" for scenario in SCENARIOS) + " |",
        "|---|" + "---|" * len(SCENARIOS),
    ]
    cells = {
        name: ["yes" if (kind, name) in found[scenario] else "–" for scenario in SCENARIOS]
        for name in names
    }
    for name in sorted(names, key=lambda name: (-cells[name].count("yes"), name)):
        lines.append(f"| `{name}` | " + " | ".join(cells[name]) + " |")
    return "\n".join(lines)


def page_text(page: str, found: Mapping[str, Inventory]) -> str:
    """The page with its tables as `found` has them.

    Raises ValueError where the page lacks the marks between which a table belongs.
    """
    marts = [path.stem for path in (ROOT / "models" / "marts").glob("*.sql")]
    always = found["everything"]
    analyses = [name for kind, name in always if kind == "analysis"]
    for kind, names in {"model": marts, "analysis": analyses}.items():
        begin, end = f"<!-- {kind}-matrix:begin -->", f"<!-- {kind}-matrix:end -->"
        if begin not in page or end not in page:
            raise ValueError(f"{PAGE.name} lacks the lines {begin} and {end}")
        table = matrix(found, kind, names)
        page = re.sub(
            f"{begin}.*{end}",
            lambda _, text=f"{begin}\n{table}\n{end}": text,  # type: ignore[misc]
            page,
            flags=re.DOTALL,
        )
    return page


def main() -> None:
    """Parse every set-up and write the two files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    found: dict[str, Inventory] = {}
    for name, scenarios in track(SETUPS.items(), description="dbt parse"):
        with tempfile.TemporaryDirectory() as folder:
            found[name] = inventory(parsed(scenarios, Path(folder)))
    GOLDEN.write_text(golden_text(found), encoding="utf-8")
    PAGE.write_text(page_text(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    for path in (GOLDEN, PAGE):
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
