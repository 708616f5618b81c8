"""What several pages use: their registry, heading, and amounts under each other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from unit_economics import figures
from unit_economics.marts import Marts, ParquetMarts
from unit_economics.parts import (
    Month,
    heading,
    show,
    trust_strip,
)

# Filled by navigation(); pages link to one another by name.
PAGES: dict[str, Any] = {}


def start(title: str, question: str) -> tuple[Marts, Month]:
    """Heading and trust of a page."""
    marts, month = st.session_state.marts, st.session_state.month
    heading(title, question)
    show(trust_strip, marts, month)
    return marts, month


def footer(marts: Marts) -> None:
    """Where the figures come from."""
    manifest = marts.manifest if isinstance(marts, ParquetMarts) else {}
    told = [marts.source]
    for name in ("exported_at", "created_at", "generated_at"):
        if manifest.get(name):
            told.append(f"exported {manifest[name]}")
            break
    st.sidebar.caption(
        " · ".join(told)
        + ". Amounts in USD, days and months in UTC. Management reporting: costs are "
        "effective costs, margins are after AI cost only."
    )


def ledger(lines: Sequence[tuple[str, Decimal | None]], digits: int = 2) -> str:
    """Amounts under each other."""
    rows = [
        f"| {text} | {figures.money(amount, digits).replace('$', chr(92) + '$')} |"
        for text, amount in lines
    ]
    return "\n".join(["| | USD |", "|:--|--:|", *rows])
