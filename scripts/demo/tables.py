"""Columnar tables with NULLs, and how they become Parquet files that are equal byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo.money import FEMTO, I64

NULL = int(np.iinfo(np.int64).min)
MONEY = pa.decimal128(38, 15)
TIMESTAMP = pa.timestamp("us")


@dataclass
class Text:
    """Strings as codes into a vocabulary; NULL is code −1."""

    codes: I64
    words: Sequence[str]


@dataclass
class Number:
    """64-bit values; `kind` is bigint, timestamp (µs), date (days), boolean or micro (1e-6)."""

    values: I64
    kind: str = "bigint"


Column = Text | Number


@dataclass
class Frame:
    """Named columns of equal length; `None` words stay NULL."""

    columns: dict[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of rows."""
        column = next(iter(self.columns.values()))
        return len(column.codes if isinstance(column, Text) else column.values)

    def map(self, change: Callable[[I64], I64]) -> Frame:
        """The same columns with `change` applied to each array of codes or values."""
        result: dict[str, Column] = {}
        for name, column in self.columns.items():
            if isinstance(column, Text):
                result[name] = Text(change(column.codes), column.words)
            else:
                result[name] = Number(change(column.values), column.kind)
        return Frame(result)

    def take(self, rows: I64) -> Frame:
        """The given rows, in that order."""
        return self.map(lambda values: values[rows])

    def append(self, other: Frame) -> Frame:
        """This frame's rows, then the other's (equal columns and vocabularies)."""
        result: dict[str, Column] = {}
        for name, column in self.columns.items():
            more = other.columns[name]
            if isinstance(column, Text):
                assert isinstance(more, Text)
                result[name] = Text(np.concatenate([column.codes, more.codes]), column.words)
            else:
                assert isinstance(more, Number)
                result[name] = Number(np.concatenate([column.values, more.values]), column.kind)
        return Frame(result)

    def values(self, name: str) -> I64:
        """The raw array of a column: values, or codes of a text."""
        column = self.columns[name]
        return column.codes if isinstance(column, Text) else column.values

    def arrow(self) -> pa.Table:
        """An Arrow table with plain types."""
        arrays = {}
        for name, column in self.columns.items():
            if isinstance(column, Text):
                codes = pa.array(column.codes, mask=column.codes < 0, type=pa.int64())
                words = pa.array(list(column.words) or [""], type=pa.string())
                arrays[name] = pa.DictionaryArray.from_arrays(codes, words).cast(pa.string())
                continue
            mask = column.values == NULL
            values = np.where(mask, 0, column.values)
            if column.kind == "micro":
                micros = pa.array(values, mask=mask).cast(pa.decimal128(19, 0))
                arrays[name] = pa.Array.from_buffers(
                    pa.decimal128(18, 6), len(micros), micros.buffers()
                )
            elif column.kind == "boolean":
                arrays[name] = pa.array(values.astype(bool), mask=mask)
            elif column.kind == "date":
                arrays[name] = pa.array(values.astype(np.int32), mask=mask).cast(pa.date32())
            else:
                kind = TIMESTAMP if column.kind == "timestamp" else pa.int64()
                arrays[name] = pa.array(values, mask=mask).cast(kind)
        return pa.table(arrays)


def money_array(femtos: Sequence[int | None]) -> pa.Array:
    """Femto-dollars as decimal(38, 15): the unscaled 128-bit integers, little endian."""
    raw = b"".join((0 if f is None else int(f)).to_bytes(16, "little", signed=True) for f in femtos)
    valid = None
    if any(f is None for f in femtos):
        valid = pa.array([f is not None for f in femtos]).buffers()[1]
    return pa.Array.from_buffers(MONEY, len(femtos), [valid, pa.py_buffer(raw)])


def rows_table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """An Arrow table of dictionaries; money columns hold femto-dollars as int."""
    arrays = []
    for entry in schema:
        values = [row[entry.name] for row in rows]
        if entry.type == MONEY:
            arrays.append(money_array(values))
        else:
            arrays.append(pa.array(values, type=entry.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file; equal tables give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", row_group_size=122_880)


def micro(femtos: int) -> int:
    """Femto-units as millionths; the rest is cut."""
    return femtos // (FEMTO // 10**6)
