"""Write a staging model for a further provider or log: SQL, yml and a unit test that passes.

    new_source.py usage mistral                          a provider's usage report, in this package
    new_source.py billing mistral --table mistral_bill   a provider's bill, from another raw table
    new_source.py requests gateway --into ../acme/models/staging
                                                         a request log, in your own dbt project

The files work as they are, on a raw table with the columns that the yml lists; then change the
mapping to the columns that you have. Which columns a model has comes from macros/contracts, what
they mean from models/_docs.md, and their tests from the package's own models, so nothing here can
differ from them. An existing file is never overwritten.

Exit code: 0; 2 when a name cannot be used, a file is already there or FOLDER is in no dbt project.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import jinja2
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ai_unit_economics"
TEMPLATES = Path(__file__).with_name("templates")
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


@dataclass(frozen=True)
class Kind:
    """What differs between the three kinds of sources."""

    list_var: str
    word: str  # in the unit test's name
    contract: str  # macro with the columns
    like: str  # the package's own model of this kind, for the tests of its columns


KINDS = {
    "usage": Kind("ai_usage_platforms", "usage", "ai_usage_columns", "stg_ai_usage__anthropic"),
    "billing": Kind(
        "ai_billing_platforms", "bill", "ai_billing_columns", "stg_ai_billing__anthropic"
    ),
    "requests": Kind("ai_request_sources", "log", "ai_request_columns", "stg_ai_requests__app"),
}
# Columns whose doc block has another name, or none.
OTHER_BLOCKS = {"description": "ai_line_description"}
OTHER_TEXTS = {"requests": "Model requests in the bucket. NULL = not reported."}


class SourceError(Exception):
    """A reason not to write anything, for the user."""


class _ReturnedError(Exception):
    """dbt's `return` inside a macro."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def contract_columns(kind: Kind) -> list[str]:
    """The canonical columns of a kind in order, as macros/contracts gives them."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])

    def give(value: Any) -> NoReturn:
        raise _ReturnedError(value)

    class Macros:
        """`ai_unit_economics.<macro>()`: what the macro returns."""

        # A user's own dimensions are columns of their project, not of the contract.
        @staticmethod
        def ai_extra_dimensions() -> dict[str, str]:
            return {}

        def __getattr__(self, name: str) -> Any:
            def call(*args: Any) -> Any:
                try:
                    return getattr(module, name)(*args)
                except _ReturnedError as returned:
                    return returned.value

            return call

    macros = Macros()
    environment.globals.update({"return": give, PACKAGE: macros})
    source = (ROOT / "macros" / "contracts" / "columns.sql").read_text(encoding="utf-8")
    module: Any = environment.from_string(source).module
    return [name for name, _ in getattr(macros, kind.contract)()]


def doc_blocks() -> set[str]:
    """Names of the blocks of models/_docs.md."""
    text = (ROOT / "models" / "_docs.md").read_text(encoding="utf-8")
    return set(re.findall(r"{%\s*docs\s+(\w+)\s*%}", text))


def column_tests(kind: Kind) -> dict[str, Any]:
    """{column: its tests} in the package's own model of this kind."""
    (path,) = (ROOT / "models" / "staging").rglob(f"{kind.like}.yml")
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {
        column["name"]: column["data_tests"]
        for column in model["columns"]
        if "data_tests" in column
    }


def described_columns(kind: Kind, is_own_package: bool) -> str:
    """The `columns:` of the model's yml."""
    blocks = doc_blocks()
    tests = column_tests(kind)
    package = "" if is_own_package else f"'{PACKAGE}', "
    lines = []
    for name in contract_columns(kind):
        block = OTHER_BLOCKS.get(name, f"ai_{name}")
        if block in blocks:
            text = f"\"{{{{ doc({package}'{block}') }}}}\""
        elif name in OTHER_TEXTS:
            text = OTHER_TEXTS[name]
        else:
            raise SourceError(f"no block {block} in models/_docs.md describes the column {name}")
        lines += [f"- name: {name}", f"  description: {text}"]
        if name in tests:
            dumped = yaml.safe_dump(tests[name], sort_keys=False, width=1000)
            lines += ["  data_tests:", *(f"    {line}" for line in dumped.splitlines())]
    return "\n".join(lines)


def project_of(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """The dbt project that a folder is in: its root and its dbt_project.yml."""
    for root in (folder, *folder.parents):
        file = root / "dbt_project.yml"
        if file.is_file():
            project = yaml.safe_load(file.read_text(encoding="utf-8"))
            if not isinstance(project, dict) or "name" not in project:
                raise SourceError(f"{file} has no name")
            return root, project
    raise SourceError(f"{shown(folder)} is in no dbt project: no dbt_project.yml there or above")


def shown(path: Path) -> str:
    """A path for reading: from the working directory where it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def checked_name(what: str, name: str) -> str:
    """A name that can be part of a model's or a table's name."""
    if not NAME.match(name):
        raise SourceError(
            f"{what} '{name}' cannot be used: lower-case letters, digits and single underscores, "
            "beginning with a letter"
        )
    return name


def in_model_paths(folder: Path, root: Path, project: Mapping[str, Any]) -> bool:
    """Whether dbt reads models from the folder."""
    paths = [root / path for path in project.get("model-paths", ["models"])]
    return any(folder == path or path in folder.parents for path in paths)


def new_source(kind_name: str, name: str, into: Path | None, table: str | None) -> list[str]:
    """Write both files; returns what to tell the user."""
    kind = KINDS[kind_name]
    checked_name("name", name)
    table = checked_name("raw table", table or f"{name}_{kind_name}")
    folder = (into or ROOT / "models" / "staging" / kind_name).resolve()
    root, project = project_of(folder)
    is_own_package = project["name"] == PACKAGE
    if not in_model_paths(folder, root, project):
        raise SourceError(
            f"{shown(folder)} is in no folder of models of {shown(root / 'dbt_project.yml')}"
        )
    model = f"stg_ai_{kind_name}__{name}"
    paths = [folder / f"{model}.{suffix}" for suffix in ("sql", "yml")]
    elsewhere = [*(ROOT / "models").rglob(f"{model}.*"), *root.glob(f"models/**/{model}.*")]
    for path in [*paths, *elsewhere]:
        if path.exists():
            raise SourceError(f"{shown(path)} is already there; nothing was written")

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        # Not dbt's own: the templates hold Jinja that dbt reads later.
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        keep_trailing_newline=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    values = {
        "name": name,
        "table": table,
        "model": model,
        "kind": kind_name,
        "word": kind.word,
        "list_var": kind.list_var,
        "ai": "" if is_own_package else f"{PACKAGE}.",
        "columns": described_columns(kind, is_own_package),
    }
    texts = [
        environment.get_template(f"{kind_name}.sql").render(values),
        environment.get_template("source.yml").render(values),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8", newline="\n")
    return [*(f"wrote {shown(path)}" for path in paths), *next_steps(values, root, project)]


def next_steps(values: Mapping[str, str], root: Path, project: Mapping[str, Any]) -> list[str]:
    """What is left to do, with the exact place."""
    variable, name = values["list_var"], values["name"]
    variables = project.get("vars") or {}
    listed = variables.get(variable, variables.get(PACKAGE, {}).get(variable))
    words = [*listed, name] if isinstance(listed, list) and name not in listed else listed or [name]
    lines = [
        "",
        "Next:",
        f"1. In {shown(root / 'dbt_project.yml')}, under `vars:`, add the word to the list:",
        f"       {variable}: [{', '.join(words)}]",
    ]
    if PACKAGE in variables:
        lines += [
            f"   and move the vars of `{PACKAGE}:` up, directly under `vars:`. Vars under the name",
            "   of a package are seen by it alone, so your own model would stay switched off.",
        ]
    lines += [
        f"2. Load the raw table {values['table']} into the schema ai_raw_schema (or ai_sources).",
        f"3. Change the mapping in {values['model']}.sql to its columns, and the yml with it.",
        f'4. dbt test --select "test_type:unit,{values["model"]}"',
        f"   dbt build --select +int_ai_{values['kind']}__unioned",
    ]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=KINDS, help="usage report, bill or request log")
    parser.add_argument("name", help="word of the source, as it goes into the list var")
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", help="models folder; default: this package"
    )
    parser.add_argument("--table", metavar="RAW", help="raw table; default: NAME_KIND")
    options = parser.parse_args(arguments)
    try:
        print("\n".join(new_source(options.kind, options.name, options.into, options.table)))
    except SourceError as error:
        print(f"new_source: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
