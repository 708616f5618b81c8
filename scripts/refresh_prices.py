"""Bring the price book up to date with the two public price sets.

    refresh_prices.py --dry-run                   show what would change, write nothing
    refresh_prices.py                             add the rows to seeds/prices
    refresh_prices.py --only 'openai/gpt-5*'      some models only
    refresh_prices.py --correct 'REASON'          rewrite prices that were never right
    refresh_prices.py --coverage                  write docs/price_coverage.md

genai-prices is the primary source, litellm the cross-check; both must be installed in the versions
of the lock file, and neither is asked over the network. The book is append-only: a changed price is
one added row per class, valid from the day that the source gives, else from --today. What a source
drops stays in the book. Where the sources differ by more than 0.01 %, both prices are listed in
target/price_discrepancies.csv and .md and the book is never given a mean of the two.

Differences that somebody has looked at are in scripts/prices/settled_differences.csv, ids that the
book leaves out in scripts/prices/left_out.csv, corrections in scripts/prices/corrections.csv.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from prices.book import Book, PriceError, Row, price_text, read_book, write_book
from prices.compare import Difference, LeftOut, Plan, Settled, compare
from prices.names import Alias, Resolver, read_aliases
from prices.upstream import Upstream, installed_genai, installed_litellm

ROOT = Path(__file__).resolve().parent.parent
PRICES = Path("seeds/prices/ai_model_prices.csv")
ALIASES = Path("seeds/prices/ai_model_aliases.csv")
SETTLED = Path("scripts/prices/settled_differences.csv")
LEFT_OUT = Path("scripts/prices/left_out.csv")
CORRECTIONS = Path("scripts/prices/corrections.csv")
COVERAGE = Path("docs/price_coverage.md")
REPORT = Path("target/price_discrepancies")
SHOWN = 40  # lines of one kind on the console; the seed's diff has all


def load(root: Path) -> tuple[Book, Resolver, Settled, LeftOut]:
    """The book and what has been decided about it."""
    rows = read_book(root / PRICES)
    book = Book(rows)
    resolver = Resolver(book.providers, read_aliases(root / ALIASES))
    settled = Settled.read(root / SETTLED) if (root / SETTLED).exists() else Settled()
    left_out = LeftOut.read(root / LEFT_OUT) if (root / LEFT_OUT).exists() else LeftOut()
    return book, resolver, settled, left_out


def write_aliases(path: Path, aliases: Sequence[Alias]) -> None:
    """Write ai_model_aliases in its order."""
    kinds = ("equals", "prefix", "contains")
    ordered = sorted(
        aliases, key=lambda a: (a.platform, a.model, kinds.index(a.match_type), a.pattern)
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Alias._fields)
        writer.writerows(ordered)


def apply(root: Path, plan: Plan, reason: str, today: date) -> None:
    """Write the plan into the seeds; corrections are logged with their reason."""
    rows = read_book(root / PRICES)
    replaced = {(old.key, old.valid_from): new for old, new in plan.corrected}
    rows = [replaced.get((row.key, row.valid_from), row) for row in rows]
    rows += plan.rows
    Book(rows)  # two rows of one key and day would show here, before anything is written
    write_book(root / PRICES, rows)
    if plan.aliases:
        write_aliases(root / ALIASES, [*read_aliases(root / ALIASES), *plan.aliases])
    if plan.corrected:
        path = root / CORRECTIONS
        is_new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(("corrected_on", "key", "valid_from", "old", "new", "reason"))
            for old, new in plan.corrected:
                prices = (price_text(old.price_usd), price_text(new.price_usd))
                writer.writerow((today, old.key, old.valid_from, *prices, reason))


def write_report(root: Path, plan: Plan, versions: str) -> None:
    """All differences of the two price sets, as CSV and as a page."""
    (root / REPORT).parent.mkdir(parents=True, exist_ok=True)
    columns = (
        "platform",
        "model",
        "price_class",
        "region_scope",
        "service_tier",
        "processing",
        "context_over_tokens",
        "book_usd",
        "genai_prices_usd",
        "litellm_usd",
        "difference_ratio",
        "cause",
    )
    with (root / REPORT).with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for item in plan.differences:
            prices = (price_text(item.book), price_text(item.genai), price_text(item.litellm))
            writer.writerow((*item.key, *prices, f"{item.ratio:.6f}", item.cause))
    lines = [
        "# Where the price sets differ",
        "",
        f"{versions}. More than 0.01 % apart on {len(plan.differences)} prices; the book's own is",
        "in the first column of prices. A difference without a cause waits for somebody to settle",
        f"it: add a row to {SETTLED}.",
        "",
        "| what | book | genai-prices | litellm | cause |",
        "| --- | --- | --- | --- | --- |",
    ]
    for item in sorted(plan.differences, key=lambda item: (bool(item.cause), item.key)):
        prices = (price_text(item.book), price_text(item.genai), price_text(item.litellm))
        lines.append(f"| {item.key} | {' | '.join(prices)} | {item.cause or '**open**'} |")
    lines += ["", "## In the book, no longer in either price set", ""]
    lines += [f"- {platform}: {model}" for platform, model in plan.gone]
    (root / REPORT).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(old: Row | None, new: Row) -> str:
    before = price_text(old.price_usd) if old and old.price_usd is not None else "none"
    after = price_text(new.price_usd) or "ends"
    return f"{new.key}: {before} → {after} from {new.valid_from} ({new.source})"


def show(console: Console, plan: Plan, dry_run: bool) -> None:
    """What changes, for a reviewer."""
    console.print("\n[bold]Price book[/bold]" + (" (dry run)" if dry_run else ""))
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    names = ("added", "changed", "derived", "closed", "corrected", "refused", "differ", "open")
    for name in ("platform", *names):
        table.add_column(name, justify="left" if name == "platform" else "right")
    counts: dict[str, Counter[str]] = {}

    def count(platform: str, name: str) -> None:
        counts.setdefault(platform, Counter())[name] += 1

    for row in plan.added:
        count(row.key.platform, "added")
    for row in plan.closed:
        count(row.key.platform, "closed")
    for name, pairs in (
        ("changed", plan.changed),
        ("derived", plan.derived),
        ("corrected", plan.corrected),
        ("refused", plan.refused),
    ):
        for _, new in pairs:
            count(new.key.platform, name)
    for item in plan.differences:
        count(item.key.platform, "differ")
        if not item.cause:
            count(item.key.platform, "open")
    for platform in sorted(counts):
        table.add_row(platform, *(str(counts[platform][name]) for name in names))
    console.print(table)
    console.print(
        f"{plan.unchanged:,} prices unchanged, {plan.settled:,} differ for a settled reason, "
        f"{len(plan.gone):,} models of the book are in neither price set any more (kept)"
    )
    sections: list[tuple[str, list[str]]] = [
        ("changed", [_line(old, new) for old, new in plan.changed]),
        ("derived from them", [_line(old, new) for old, new in plan.derived]),
        ("added", [_line(None, row) for row in plan.added]),
        ("closed", [_line(None, row) for row in plan.closed]),
        ("corrected", [_line(old, new) for old, new in plan.corrected]),
        (
            "refused: a row of that day exists. If that was never right: --correct REASON",
            [_line(old, new) for old, new in plan.refused],
        ),
        (
            "perhaps renamed upstream: add an alias to ai_model_aliases.csv, or, if it is another "
            "model, its rows to ai_model_prices.csv",
            [f"{where}: {new}, like {old}" for where, new, old in plan.renamed],
        ),
        (
            "new aliases",
            [f"{alias.platform}: {alias.pattern} → {alias.model}" for alias in plan.aliases],
        ),
        (
            f"the price sets differ and nobody has settled it (all in {REPORT}.md)",
            [_difference(item) for item in plan.differences if not item.cause],
        ),
    ]
    for title, lines in sections:
        if lines:
            console.print(f"\n[bold]{title}[/bold]: {len(lines)}")
            for line in lines[:SHOWN]:
                console.print(f"  {line}", highlight=False, soft_wrap=True)
            if len(lines) > SHOWN:
                console.print(f"  … and {len(lines) - SHOWN} more")


def _difference(item: Difference) -> str:
    prices = (price_text(item.genai), price_text(item.litellm), price_text(item.book) or "none")
    return f"{item.key}: genai-prices {prices[0]}, litellm {prices[1]}, book {prices[2]}"


# -------------------------------------------------------------------------------------- coverage


def coverage(
    book: Book, resolver: Resolver, left_out: LeftOut, upstreams: Sequence[Upstream]
) -> str:
    """The page that tells which models of the price sets have a price, and why not the others."""
    priced = {
        (key.platform, key.model)
        for key, rows in book.rows.items()
        if any(row.price_usd is not None for row in rows)
    }
    names = {
        "openai": "OpenAI",
        "anthropic": "Anthropic",
        "aws_bedrock": "AWS Bedrock",
        "google_vertex": "Google Vertex AI",
        "google_ai": "Google Gemini API",
        "azure_openai": "Azure OpenAI",
    }
    table = [
        "| platform | models in the book | rows | " + " | ".join(u.name for u in upstreams) + " |",
        "| --- | --- | --- |" + " --- |" * len(upstreams),
    ]
    missing: dict[str, dict[str, list[str]]] = {}
    for platform, title in names.items():
        cells = []
        for upstream in upstreams:
            ids = sorted(upstream.ids.get(platform, ()))
            good = 0
            for identity in ids:
                bare = identity.removeprefix("regional.")
                model, _ = resolver.resolve(platform, bare)
                reason = left_out.reason(platform, identity)
                if model and (platform, model) in priced and not reason:
                    good += 1
                    continue
                why = reason or "not looked at yet"
                where = f"`{identity}` ({upstream.name})"
                missing.setdefault(title, {}).setdefault(why, []).append(where)
            share = f"{100 * good / len(ids):.1f} %" if ids else "none"
            cells.append(f"{good} of {len(ids)} ({share})")
        rows = sum(len(history) for key, history in book.rows.items() if key.platform == platform)
        table.append(f"| {title} | {len(book.models(platform))} | {rows:,} | {' | '.join(cells)} |")
    versions = " and ".join(f"{u.name} {u.version}" for u in upstreams)
    lines = [
        "# Which models have a price",
        "",
        "Written by `scripts/refresh_prices.py --coverage` from",
        f"{versions}. The shares count the ids of each price set: one model under",
        "several ids (dates, regions, gateway prefixes) counts several times, in the book once.",
        "An id counts when it resolves to a model of the book with a price.",
        "",
        *table,
        "",
        "A model that is not listed here can be priced at once: add its rows to",
        "`seeds/prices/ai_model_prices.csv`, or a fixed price to `ai_price_overrides`. Usage of a",
        "model without a price costs NULL, never 0; the test `assert_models_are_priced` names it.",
        "",
        "## What a price here stands for",
        "",
        "- Bedrock's bare ids are in-region (`regional`), at the price of us-east-1, GovCloud's at",
        "  that of us-gov-west-1. Other regions with own prices (London, São Paulo …) need a row",
        "  in `ai_price_overrides`.",
        "- `in.`, `ca.` and `sa.` profiles of Bedrock are `regional` too.",
        "- Azure's price is that of the deployment type: global, a data zone, or one region.",
        "- Vertex AI bills text embeddings by character; their price per token is litellm's.",
        "",
        "## Left out, and why",
    ]
    for title in names.values():
        if title not in missing:
            continue
        lines += ["", f"### {title}", ""]
        for why, ids in sorted(missing[title].items()):
            lines.append(f"- {why}: {', '.join(ids)}")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------ main


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dry-run", action="store_true", help="show, write nothing to the seeds")
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        help="UTC day of changes for which the source gives none (default: today)",
    )
    parser.add_argument(
        "--correct",
        metavar="REASON",
        default="",
        help="rewrite the rows in force in place of adding rows; the reason is kept",
    )
    parser.add_argument("--only", default="*", help="platform/model, with * (default: all)")
    parser.add_argument("--coverage", action="store_true", help=f"write {COVERAGE} and stop")
    parser.add_argument("--project", type=Path, default=ROOT, help="folder of the dbt project")
    return parser.parse_args(arguments)


def run(
    options: argparse.Namespace, upstreams: tuple[Upstream, Upstream], console: Console
) -> Plan:
    """Compare, report, and write unless it is a dry run."""
    today = options.today or datetime.now(UTC).date()
    root: Path = options.project
    book, resolver, settled, left_out = load(root)
    plan = compare(
        book,
        resolver,
        *upstreams,
        today=today,
        left_out=left_out,
        settled=settled,
        correct=bool(options.correct),
        only=options.only,
    )
    versions = " and ".join(f"{upstream.name} {upstream.version}" for upstream in upstreams)
    console.print(f"{versions}, as of {today}")
    write_report(root, plan, versions)
    show(console, plan, options.dry_run)
    for upstream in upstreams:
        for word, number in sorted(upstream.unmapped.items()):
            console.print(
                f"{upstream.name} has a price `{word}` ({number}×) that no class of the book holds"
            )
    if plan.is_empty:
        console.print("\nNothing to add.")
    elif options.dry_run:
        console.print("\nDry run: nothing written.")
    else:
        apply(root, plan, options.correct, today)
        console.print(f"\nWritten: {PRICES}. Review the diff, then run `dbt build`.")
    return plan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; a problem that the user can solve is one line on stderr."""
    options = parse(arguments)
    console = Console()
    try:
        upstreams = (installed_genai(), installed_litellm())
        if options.coverage:
            book, resolver, _, left_out = load(options.project)
            path = options.project / COVERAGE
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(coverage(book, resolver, left_out, upstreams), encoding="utf-8")
            console.print(f"Written: {COVERAGE}")
        else:
            run(options, upstreams, console)
    except PriceError as error:
        print(f"refresh_prices: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
