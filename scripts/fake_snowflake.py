"""A fake Snowflake for local runs: fakesnow's HTTP server plus the fixes that dbt-snowflake needs.

It answers on 127.0.0.1 and keeps its tables in memory (DuckDB); nothing is left when it ends.

    fake_snowflake.py                      serve until Ctrl-C, on a free port
    fake_snowflake.py -- dbt build ...     start it, run the command against it, stop it

A command that is run this way finds the server through the SNOWFLAKE_* variables which
profiles.example.yml reads. In Python: `with running() as server: ... server.env ...`.

What it proves: the SQL transpiles, dbt's Snowflake paths and contracts work. What it does not:
Snowflake's own decimal and type rules, temporary tables, transactions and rollback (a temporary
relation becomes a permanent one, and each statement commits by itself).
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
START_SECONDS = 60.0  # a slow machine needs some 10 seconds to import the server
KEPT_RESULTS = 20  # results that the server keeps for later requests; fakesnow keeps all of them
_LISTENING = "fake Snowflake listens on "

# Snowflake divides decimals exactly, DuckDB as DOUBLE. The overload is chosen by type: whole
# numbers give 6 decimals, decimals 15 (Snowflake: 12 to 15, as the left side has), floats a float.
# Beside aggregates DuckDB does not know the type yet: they are divided as decimals.
_DIVIDE = """
create or replace macro {catalog}._fs_divide
    (a double, b double) as a / b,
    (a hugeint, b hugeint) as cast(
        cast(sign(a) * sign(b) * {whole_numbers} as decimal(38, 0))
        * cast(0.000001 as decimal(7, 6)) as decimal(38, 6)
    ),
    (a decimal(38, 15), b decimal(38, 15)) as {decimals};
create or replace macro {catalog}._fs_divide_decimals(a, b) as {cast_decimals};
"""
_DECIMALS = """cast(
    cast(sign({a}) * sign({b}) * {quotient} as decimal(38, 0))
    * cast(0.000000000000001 as decimal(16, 15)) as decimal(38, 15)
)"""
_QUOTIENT = """(
    case when {b} = 0 then cast(error('Division by zero') as hugeint) else
        abs({a}) // abs({b}) * {one}
        + (abs({a}) % abs({b}) * {one} + abs({b}) // 2) // abs({b})
    end
)"""


@dataclass(frozen=True)
class FakeServer:
    """A running server: its port, and the environment variables that lead a client to it."""

    port: int
    env: dict[str, str]


def connection_env(port: int) -> dict[str, str]:
    """Environment that points profiles.example.yml and load_raw.py at the server on `port`.

    Every variable of a real account is overwritten too, so that no real name or secret is sent.
    """
    no_proxy = [part for part in os.environ.get("NO_PROXY", "").split(",") if part]
    bypass = ",".join([*no_proxy, HOST, "localhost"])
    return {
        "SNOWFLAKE_ACCOUNT": "fakesnow",
        "SNOWFLAKE_HOST": HOST,
        "SNOWFLAKE_PORT": str(port),
        "SNOWFLAKE_PROTOCOL": "http",
        "SNOWFLAKE_USER": "demo",
        "SNOWFLAKE_ROLE": "DEMO",
        "SNOWFLAKE_WAREHOUSE": "DEMO",
        "SNOWFLAKE_DATABASE": "AI_UNIT_ECONOMICS",
        "SNOWFLAKE_SCHEMA": "PUBLIC",
        "SNOWFLAKE_THREADS": "1",
        "SNOWFLAKE_AUTHENTICATOR": "",
        "SNOWFLAKE_PRIVATE_KEY_PATH": "",
        "DBT_ENV_SECRET_SNOWFLAKE_PASSWORD": "demo",
        "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "",
        "NO_PROXY": bypass,
        "no_proxy": bypass,
    }


@contextmanager
def running() -> Iterator[FakeServer]:
    """Start the server as a process of its own, wait until it answers, stop it at the end.

    Raises RuntimeError with the server's output when it does not answer in START_SECONDS.
    The server also ends by itself when this process dies, because its standard input closes.
    """
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--until-input-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            port = _announced_port(process)
            if port is None or not _answers(port):
                log.seek(0)
                raise RuntimeError(f"the fake Snowflake did not start; it said:\n{log.read()}")
            yield FakeServer(port=port, env=connection_env(port))
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _announced_port(process: subprocess.Popen[str]) -> int | None:
    """The port from the server's first line of output; None when it ended or hangs."""
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
    finally:
        timer.cancel()
    found = re.search(rf"{_LISTENING}\S+:(\d+)", line)
    return int(found.group(1)) if found else None


def _answers(port: int) -> bool:
    """Whether the server answers any HTTP request within START_SECONDS."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            direct.open(f"http://{HOST}:{port}/", timeout=5).close()
            return True
        except urllib.error.HTTPError:  # 404: it has no start page, but it answered
            return True
        except OSError:
            time.sleep(0.1)
    return False


class _LastResults(dict[str, Any]):
    """fakesnow's cache of results, limited to the newest ones so that memory stays flat."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        while len(self) > KEPT_RESULTS:
            del self[next(iter(self))]


def _divide_macros(catalog: str) -> str:
    """SQL of the division macros, rounding half away from zero; no DOUBLE on the way."""

    def decimals(a: str, b: str) -> str:
        digits = "cast(replace(cast({} as varchar), '.', '') as hugeint)"
        one = "cast(1000000000000000 as hugeint)"
        quotient = _QUOTIENT.format(a=digits.format(a), b=digits.format(b), one=one)
        return _DECIMALS.format(a=a, b=b, quotient=quotient)

    return _DIVIDE.format(
        catalog=catalog,
        whole_numbers=_QUOTIENT.format(a="a", b="b", one="cast(1000000 as hugeint)"),
        decimals=decimals("a", "b"),
        cast_decimals=decimals("cast(a as decimal(38, 15))", "cast(b as decimal(38, 15))"),
    )


def _fixed_app() -> Any:
    """The server's application, with the fixes applied to fakesnow.

    Imported late: fakesnow makes its stage folder in `tempfile.tempdir` at import.
    """
    import fakesnow.macros as macros
    import fakesnow.server
    import fakesnow.transforms as transforms
    import snowflake.connector.errors as errors
    from fakesnow.cursor import FakeSnowflakeCursor
    from sqlglot import exp

    original_create = transforms.create_table_as
    original_merge = transforms.merge
    original_integer = transforms.integer_precision
    original_timestamp = transforms.to_timestamp
    original_macros = macros.creation_sql
    original_execute = FakeSnowflakeCursor.execute
    original_transform = FakeSnowflakeCursor._transform
    transaction = re.compile(
        r"(\s|--[^\n]*\n|/\*.*?\*/)*(begin|commit|rollback)\b", re.IGNORECASE | re.DOTALL
    )
    no_table = re.compile(r'Catalog Error: Table with name "?([^" ]+)"? does not exist')
    temporary = (exp.TemporaryProperty, exp.TransientProperty)

    def create_table_as(expression: Any, *args: Any, **kwargs: Any) -> Any:
        """Make dbt's temporary relations, which are named db.schema.name, plain tables.

        DuckDB takes only an unqualified temporary name. A table-level constraint goes as well:
        fakesnow would count it as a column.
        """
        if isinstance(expression, exp.Create) and expression.kind in ("TABLE", "VIEW"):
            target = expression.this
            if expression.kind == "TABLE" and isinstance(target, exp.Schema):
                columns = [e for e in target.expressions if isinstance(e, exp.ColumnDef)]
                target.set("expressions", columns or target.expressions)
            table = target.this if isinstance(target, exp.Schema) else target
            properties = expression.args.get("properties")
            if properties is not None and table.args.get("db"):
                keep = [p for p in properties.expressions if not isinstance(p, temporary)]
                if len(keep) != len(properties.expressions):
                    expression = expression.copy()
                    expression.set("properties", exp.Properties(expressions=keep) if keep else None)
                    expression.set("replace", True)
        return original_create(expression, *args, **kwargs)

    def merge(expression: Any) -> Any:
        """Read bare names in MERGE ... VALUES from the source; DuckDB calls them ambiguous."""
        if isinstance(expression, exp.Merge):
            source = expression.args["using"].alias_or_name
            for when in expression.find_all(exp.When):
                then = when.args.get("then")
                values = then.args.get("expression") if isinstance(then, exp.Insert) else None
                for column in values.find_all(exp.Column) if values is not None else []:
                    if not column.table:
                        column.set("table", exp.to_identifier(source))
        return original_merge(expression)

    def integer_precision(expression: Any) -> Any:
        """Keep the 38 digits of NUMBER(38, 0), which fakesnow cuts to the 19 of BIGINT."""
        if (
            isinstance(expression, exp.DataType)
            and expression.this == exp.DataType.Type.DECIMAL
            and [digits.name for digits in expression.expressions] == ["38", "0"]
        ):
            return exp.DataType.build("hugeint", dialect="duckdb")
        return original_integer(expression)

    def arithmetic(expression: Any) -> Any:
        """Divide by the macro, and add days to a date as INTEGER, the one type DuckDB adds.

        It takes the place of fakesnow's cast of every summed decimal to DOUBLE.
        """
        if isinstance(expression, exp.Add | exp.Sub) and expression.left.is_type("date"):
            days = expression.right
            if isinstance(days, exp.Cast) and days.is_type("bigint"):
                days.set("to", exp.DataType.build("int"))
        if not isinstance(expression, exp.Div):
            return expression
        name = "_fs_divide_decimals" if expression.find(exp.AggFunc, exp.Window) else "_fs_divide"
        sides = [side.transform(arithmetic) for side in (expression.left, expression.right)]
        return exp.Anonymous(this=name, expressions=sides)

    def to_timestamp(expression: Any) -> Any:
        """Let TRY_CAST to a timestamp give NULL for text that is no time; fakesnow raises there."""
        if isinstance(expression, exp.TryCast):
            return expression
        return original_timestamp(expression)

    def transform(self: Any, expression: Any, params: Any) -> Any:
        """Walk one row of a seed's INSERT, not each: its literals are the same in both dialects.

        fakesnow walks a statement some eighty times, which takes longer than the connector waits
        for an answer when it holds 10,000 rows; it would ask again and again.
        """
        values = expression.args.get("expression") if isinstance(expression, exp.Insert) else None
        if not isinstance(values, exp.Values):
            return original_transform(self, expression, params)
        rows = values.expressions
        literal = (exp.Literal, exp.Null, exp.Boolean)
        if not all(isinstance(value, literal) for row in rows for value in row.expressions):
            return original_transform(self, expression, params)
        values.set("expressions", rows[:1])
        transformed = original_transform(self, expression, params)
        transformed.args["expression"].set("expressions", rows)
        return transformed

    def roll_back(cursor: Any) -> None:
        """End the transaction that an error dooms on DuckDB, though not on Snowflake."""
        with suppress(Exception):  # there was none
            cursor._duck_conn.rollback()

    def execute(self: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        """Commit every statement, and report an error that fakesnow does not know at once.

        It would answer with HTTP 500, which the connector repeats for minutes. A table that is not
        there is named as Snowflake names it: dbt-snowflake looks for these words.
        """
        if isinstance(command, str) and transaction.match(command):
            command = "select 1"
        try:
            return original_execute(self, command, *args, **kwargs)
        except errors.Error as error:
            roll_back(self)
            missing = no_table.match(error.raw_msg or "")
            if missing:
                message = f"Object '{missing.group(1)}' does not exist or not authorized."
                raise errors.ProgrammingError(msg=message, errno=2003, sqlstate="42S02") from error
            raise
        except Exception as error:
            roll_back(self)
            message = f"{type(error).__name__}: {error}"
            raise errors.ProgrammingError(msg=message, errno=1003, sqlstate="42000") from error

    fakes: Any = transforms
    fakes.create_table_as = create_table_as
    fakes.merge = merge
    fakes.integer_precision = integer_precision
    fakes.to_timestamp = to_timestamp
    fakes.numeric_agg_implicit_cast = arithmetic
    fake_macros: Any = macros
    fake_macros.creation_sql = lambda catalog: (
        f"{original_macros(catalog)};{_divide_macros(catalog)}"
    )
    cursor_class: Any = FakeSnowflakeCursor
    cursor_class.execute = execute
    cursor_class._transform = transform
    fakesnow.server.shared_fs.results_cache = _LastResults()
    return fakesnow.server.app


def serve(port: int, until_input_closes: bool) -> None:
    """Serve on `port` of 127.0.0.1 (0: any free one) until a signal, or until input closes."""
    # An exit by SystemExit, so that the stage folder is removed after a SIGTERM as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="fake_snowflake_") as scratch:
        tempfile.tempdir = scratch
        import uvicorn

        app = _fixed_app()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
            if until_input_closes:

                def stop_with_parent() -> None:
                    sys.stdin.read()
                    server.should_exit = True

                threading.Thread(target=stop_with_parent, daemon=True).start()
            listener.listen()
            print(f"{_LISTENING}{HOST}:{listener.getsockname()[1]}", flush=True)
            server.run(sockets=[listener])


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code (that of the command, when one is given)."""
    arguments = sys.argv[1:] if argv is None else argv
    command: list[str] = []
    if "--" in arguments:
        split = arguments.index("--")
        arguments, command = arguments[:split], arguments[split + 1 :]
    parser = argparse.ArgumentParser(
        description="A fake Snowflake on this machine, for dbt-snowflake without an account.",
        epilog="After -- : a command to run against the server, which is stopped when it ends.",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free)")
    parser.add_argument("--until-input-closes", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if command:
        with running() as server:
            print(f"==> fake Snowflake on {HOST}:{server.port}", flush=True)
            return subprocess.run(command, env={**os.environ, **server.env}, check=False).returncode
    try:
        serve(options.port, options.until_input_closes)
    except OSError as error:
        print(f"Cannot listen on {HOST}:{options.port}: {error.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
