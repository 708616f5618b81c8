"""Makes Data Docs readable without a network: no page asks another host for anything.

The pages of Great Expectations take style, icons, tables and tabs from public hosts. Those links
are taken out, and a small style sheet and script of this folder, written into each page, do what
the pages need of them.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
STYLE = HERE / "offline_docs.css"
SCRIPT = HERE / "offline_docs.js"
MARK = "<!-- readable without a network -->"

# What asks another host, and what only makes sense there.
OUTSIDE = (
    re.compile(r"<link\b[^>]*href=[\"']https?://[^>]*>", re.IGNORECASE),
    re.compile(r"<script\b[^>]*src=[\"']https?://[^>]*>\s*</script>", re.IGNORECASE),
    re.compile(r"<img\b[^>]*src=[\"']https?://[^>]*>", re.IGNORECASE),
    re.compile(r"<footer>.*?</footer>", re.DOTALL),
    re.compile(r"background: url\('https?://[^']*'\)[^;]*;"),
)
# A request that the page would make by itself; a link that a reader may follow is none.
REQUEST = re.compile(r"(?:src|<link[^>]*href)\s*=\s*[\"']?https?://|url\(\s*[\"']?https?://")


def make_offline(folder: Path) -> int:
    """Rewrite every page below `folder` in place; returns how many were changed."""
    head = (
        f"{MARK}<style>{STYLE.read_text(encoding='utf-8')}</style>"
        f"<script>{SCRIPT.read_text(encoding='utf-8')}</script></head>"
    )
    changed = 0
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if MARK in text:
            continue
        for pattern in OUTSIDE:
            text = pattern.sub("", text)
        page.write_text(text.replace("</head>", head, 1), encoding="utf-8")
        changed += 1
    return changed


def outside_requests(folder: Path) -> list[str]:
    """Pages below `folder` that would still ask another host, with what they ask."""
    return [
        f"{page.relative_to(folder)}: {found}"
        for page in sorted(folder.rglob("*.html"))
        for found in REQUEST.findall(page.read_text(encoding="utf-8"))
    ]
