"""The pages. Each opens with how far to trust it, then answers one question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from unit_economics.pages.company import overview, trust
from unit_economics.pages.cost import cost, savings, unit_cost
from unit_economics.pages.margin import customers, plans, what_if
from unit_economics.pages.shared import PAGES, footer
from unit_economics.pages.watch import anomalies, forecast, requests

__all__ = ["footer", "navigation"]

SECTIONS: dict[str, list[tuple[str, str, str, Callable[[], None]]]] = {
    "Company": [
        ("overview", "Overview", ":material/dashboard:", overview),
        ("trust", "Trust", ":material/verified:", trust),
    ],
    "Margin": [
        ("plans", "Plans", ":material/sell:", plans),
        ("customers", "Customers", ":material/groups:", customers),
        ("whatif", "What if", ":material/tune:", what_if),
    ],
    "Cost": [
        ("cost", "Cost", ":material/bar_chart:", cost),
        ("unit", "Unit cost", ":material/straighten:", unit_cost),
        ("savings", "Savings", ":material/savings:", savings),
    ],
    "Watch": [
        ("forecast", "Forecast", ":material/trending_up:", forecast),
        ("anomalies", "Anomalies", ":material/bolt:", anomalies),
        ("requests", "Requests", ":material/list:", requests),
    ],
}


def navigation() -> dict[str, list[Any]]:
    """Pages for st.navigation; the first is the start."""
    found: dict[str, list[Any]] = {}
    for section, listed in SECTIONS.items():
        found[section] = []
        for name, title, icon, function in listed:
            page = st.Page(
                function, title=title, icon=icon, url_path=name, default=name == "overview"
            )
            PAGES[name] = page
            found[section].append(page)
    return found
