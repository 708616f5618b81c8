"""Entry of the dashboard: `streamlit run app.py` in this folder, or Streamlit in Snowflake."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

# Streamlit in Snowflake starts in a folder of its own.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from unit_economics import pages, parts
from unit_economics.marts import MartsError, MissingMartError


def main() -> None:
    """Draw the chosen page."""
    st.set_page_config(page_title="AI unit economics", page_icon="📊", layout="wide")
    st.html(parts.STYLE)
    st.logo(str(parts.FOLDER / "logo.svg"), size="large")
    chosen = st.navigation(pages.navigation())
    try:
        marts = parts.load()
        month = parts.choose_month(marts)
    except MissingMartError as missing:
        st.title("No marts to show")
        st.info(
            f"None of the monthly marts is there ({missing.name} and others): build them first."
        )
        return
    except MartsError as error:
        st.title("No marts to show")
        st.info(str(error))
        return
    st.session_state.marts, st.session_state.month = marts, month
    chosen.run()
    pages.footer(marts)


main()
# What stands below is drawn last: tests wait for it.
st.html('<span data-testid="drawn"></span>')
