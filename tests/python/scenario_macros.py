"""The macros of macros/scenarios without dbt: milliseconds in place of a parse of the project.

`dbt parse` of the same cases is tested too, for a few of them.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml

from conftest import ROOT

FILES = (
    *sorted((ROOT / "macros" / "scenarios").glob("*.sql")),
    ROOT / "macros" / "sources" / "business_table.sql",
    ROOT / "macros" / "ledger" / "revenue_known.sql",
)
MACRO = re.compile(r"{%-?\s*macro (\w+)\(.*?{%-?\s*endmacro\s*-?%}", re.DOTALL)
DEFAULTS: dict[str, Any] = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))[
    "vars"
]


class CompilationError(Exception):
    """What `exceptions.raise_compiler_error` raises in dbt."""


class _ReturnError(Exception):
    """How dbt's `return` leaves a macro."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _give_back(value: Any) -> None:
    raise _ReturnError(value)


def _fail(message: str) -> None:
    raise CompilationError(message)


def macros(project: str = "ai_unit_economics", **variables: Any) -> SimpleNamespace:
    """The macros as functions, under these vars (others: the defaults) in this project."""
    chosen = DEFAULTS | variables
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    package = SimpleNamespace()
    environment.globals |= {
        "var": lambda name, default=None: chosen.get(name, default),
        "return": _give_back,
        "exceptions": SimpleNamespace(raise_compiler_error=_fail),
        "project_name": project,
        "ai_unit_economics": package,
    }

    def function(name: str, source: str) -> Any:
        template = environment.from_string(source)

        def call(*args: Any) -> Any:
            try:
                return str(getattr(template.module, name)(*args))
            except _ReturnError as given:
                return given.value

        return call

    for path in FILES:
        for match in MACRO.finditer(path.read_text(encoding="utf-8")):
            macro = function(match.group(1), match.group(0))
            setattr(package, match.group(1), macro)
            environment.globals[match.group(1)] = macro
    return package
