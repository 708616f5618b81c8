"""What the doctor finds, and how it is printed: errors, warnings and notes with a remedy each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

# Findings of one kind that are shown; the rest is counted (errors: their rows are listed).
SHOWN = 5
SHOWN_LINES = 6


@dataclass(frozen=True)
class Finding:
    """One problem. `lines`: rows to add to a seed, headed by what `lines_title` says."""

    level: str  # error, warning, note
    kind: str
    text: str
    remedy: str = ""
    file: str = ""
    row: int | None = None
    lines: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`seeds/prices/ai_model_prices.csv, row 17`."""
        return self.file if self.row is None else f"{self.file}, row {self.row}"


class Report(list[Finding]):
    """All findings, in the order in which they were made."""

    def of(self, level: str) -> list[Finding]:
        """The findings of a level."""
        return [finding for finding in self if finding.level == level]


LEVELS = (("error", "bold red"), ("warning", "bold yellow"), ("note", "bold"))


def plural(number: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def ranges(numbers: Sequence[int]) -> str:
    """`7-9, 12` of 7, 8, 9 and 12."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The findings of each file and kind, in the order of the first of each."""
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.file, finding.kind].append(finding)
    return list(groups.values())


def show(report: Report, console: Console, is_all: bool) -> None:
    """Print errors, warnings and notes; repeated ones are shortened unless `is_all`."""

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style), soft_wrap=True)

    for level, style in LEVELS:
        findings = report.of(level)
        if not findings:
            continue
        say(plural(len(findings), level), style)
        for group in grouped(findings):
            first = group if is_all else group[:SHOWN]
            for finding in first:
                say("  " + ": ".join(part for part in (finding.place, finding.text) if part))
                if finding.remedy:
                    say(f"      {finding.remedy}", "cyan")
                lines = finding.lines if is_all else finding.lines[:SHOWN_LINES]
                for line in lines:
                    say(f"      {line}" if line.endswith(":") else f"        {line}", "cyan")
                if len(lines) < len(finding.lines):
                    say(f"        ... and {len(finding.lines) - len(lines)} more rows (--all)")
            rest = group[len(first) :]
            numbers = [finding.row for finding in rest if finding.row is not None]
            if numbers:
                say(f"  {rest[0].file}: the same in {plural(len(rest), 'row')} {ranges(numbers)}")
            elif rest:
                say(f"  ... and {len(rest)} more of this kind (--all shows them)")
        say("")
