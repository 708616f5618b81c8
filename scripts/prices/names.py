"""Raw model strings to models of the price book: the rules of `int_ai_models`, for scripts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# Geography prefixes of Bedrock's inference profiles. India, Canada and South America have no word
# of their own: their profiles cost what the region itself costs.
GEOGRAPHIES = {
    "global.": "global",
    "us.": "us",
    "eu.": "eu",
    "apac.": "apac",
    "jp.": "jp",
    "au.": "au",
    "us-gov.": "us_gov",
    "in.": "regional",
    "ca.": "regional",
    "sa.": "regional",
}
# Bedrock ids whose `-v2` tells another model, not another release of it.
VERSIONED = (
    "amazon.titan-embed",
    "amazon.titan-image",
    "anthropic.claude-v",
    "cohere.embed",
    "nvidia.nemotron",
)
KINDS = ("equals", "prefix", "contains")


class Alias(NamedTuple):
    """One row of ai_model_aliases."""

    platform: str
    match_type: str
    pattern: str
    model: str
    provider: str
    priority: int
    note: str


def read_aliases(path: Path) -> list[Alias]:
    """All rows of ai_model_aliases."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Alias(
                row["platform"],
                row["match_type"],
                row["pattern"],
                row["model"],
                row["provider"],
                int(row["priority"] or 0),
                row["note"],
            )
            for row in csv.DictReader(file)
        ]


def normalise(raw: str) -> str:
    """Trimmed, lower case, `@date` as `-date`."""
    return raw.strip().lower().replace("@", "-")


def forms(platform: str, raw: str) -> list[tuple[str, str]]:
    """The strings to look for, in order, each with the region scope that the string tells."""
    text = normalise(raw)
    parts = [text, text.rsplit("/", 1)[1]] if "/" in text else [text]
    if platform != "aws_bedrock":
        return [(part, "global") for part in parts]
    if text.startswith("arn:"):
        parts = parts[-1:]
    is_gov = text.startswith("arn:aws-us-gov:") or "us-gov-" in text
    found = []
    for part in parts:
        scope = "us_gov" if is_gov else "regional"
        for prefix, word in GEOGRAPHIES.items():
            if part.startswith(prefix):
                part, scope = part.removeprefix(prefix), word
                break
        found.append((part, scope))
    return found


class Resolver:
    """Exactly one model, or none: never a near miss."""

    def __init__(self, models: Iterable[tuple[str, str]], aliases: Iterable[Alias]) -> None:
        """`models` are (platform, model) pairs of the price book."""
        self.models = set(models)
        self.equals: dict[tuple[str, str], list[Alias]] = {}
        self.wrappers: list[Alias] = []
        for alias in aliases:
            if alias.match_type == "equals":
                self.equals.setdefault((alias.platform, alias.pattern), []).append(alias)
            else:
                self.wrappers.append(alias)

    def resolve(self, platform: str, raw: str) -> tuple[str | None, str]:
        """The model, and the region scope that the string tells (`global` where it tells none)."""
        candidates: list[tuple[int, int, int, int, str, str]] = []
        looked_for = forms(platform, raw)
        for rank, (form, scope) in enumerate(looked_for):
            if (platform, form) in self.models:
                candidates.append((0, rank, 0, -len(form), form, scope))
            for alias in self.equals.get((platform, form), ()):
                candidates.append((1, rank, alias.priority, -len(form), alias.model, scope))
            for alias in self.wrappers:
                if alias.platform != platform:
                    continue
                if alias.match_type == "prefix":
                    matches = form.startswith(alias.pattern)
                else:
                    matches = alias.pattern in form
                if matches:
                    kind = 1 + KINDS.index(alias.match_type)
                    candidates.append(
                        (kind, rank, alias.priority, -len(alias.pattern), alias.model, scope)
                    )
        if candidates:
            best = min(candidates)
            return best[4], best[5]
        return None, looked_for[-1][1]


def book_id(platform: str, raw: str) -> str:
    """The id under which the book would keep a model that it does not know yet."""
    text = raw.strip().lower()
    if platform == "aws_bedrock":
        text = forms(platform, text)[-1][0]
        # Amazon's ids end in version and throughput, some with the maker's date before it.
        if not text.startswith(VERSIONED):
            text = re.sub(r"(-v\d+)?:\d+$", "", text)
        text = re.sub(r"^(anthropic\.claude-.*)-v1$", r"\1", text)
        text = re.sub(r"-20\d{6}$", "", text)
        text = re.sub(r"^(openai\.gpt-oss-.*)-1$", r"\1", text)
        return re.sub(r":\d+$", "", text)
    text = text.rsplit("/", 1)[-1]
    if platform == "google_vertex":
        text = re.sub(r"@(20\d{6}|00\d|default)$", "", text)
    if platform == "azure_openai":
        text = text.replace("gpt-35-", "gpt-3.5-").replace("_", "-")
    return normalise(text)
