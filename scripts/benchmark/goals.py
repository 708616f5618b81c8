"""The goals G1 to G13: what each is made of, and whether it is met.

A ratio is computed in each round from that round's own measurements; the figure is the median of
the rounds. A goal that is stated for a size is not judged at a smaller one (`met` is None), nor is
one whose cases did not run (`figure` is None too).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmark.data import Manifest
from benchmark.measure import Measured

Round = dict[str, Measured]


@dataclass(frozen=True)
class Goal:
    """`compute` gives the figure of one round; `most`: the figure must not exceed the target."""

    name: str
    text: str
    target: float
    unit: str
    compute: Callable[[Round, Manifest], float]
    most: bool = True
    judged_from: int = 0
    # the same ratio by the CPU of the whole process, dbt's own included: steady on a busy machine
    by_cpu: tuple[str, str] | None = None


@dataclass
class Verdict:
    """One goal's outcome."""

    goal: str
    text: str
    figure: float | None
    target: float
    unit: str
    met: bool | None
    why: str
    by_cpu: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return asdict(self)


def _speed(peer: str) -> Callable[[Round, Manifest], float]:
    return lambda r, _: r["P ours"].result["per_second"] / r[f"P {peer}"].result["per_second"]


GOALS = (
    Goal(
        "G1",
        "full refresh of the DAG, database time / hand-written SQL",
        1.1,
        "x",
        lambda r, _: r["D"].database / r["H"].database,
        by_cpu=("D", "H"),
        judged_from=10_000_000,
    ),
    Goal(
        "G2",
        "full refresh of the DAG, database time / copy of the raw rows",
        3.0,
        "x",
        lambda r, _: r["D"].database / r["C"].database,
        by_cpu=("D", "C"),
        judged_from=10_000_000,
    ),
    Goal(
        "G3",
        "customer-months priced / the same scan unpriced, CPU",
        1.2,
        "x",
        lambda r, _: r["S priced"].result["cpu"] / r["S unpriced"].result["cpu"],
    ),
    Goal(
        "G4",
        "priced requests a second and core / litellm cost_per_token",
        300,
        "x",
        _speed("litellm"),
        most=False,
    ),
    Goal(
        "G5",
        "the same / genai-prices calc_price with a time",
        250,
        "x",
        _speed("genai-prices"),
        most=False,
    ),
    Goal(
        "G6",
        "the same / polars join_asof in memory, in floats",
        1.0,
        "x",
        _speed("polars"),
        most=False,
    ),
    Goal(
        "G7",
        "a new day at 13 months / full refresh, database time",
        2.0,
        "%",
        lambda r, _: 100 * r["N13"].database / r["D"].database,
        by_cpu=("N13", "D"),
    ),
    Goal(
        "G8",
        "a new day at 13 months / at 1 month, CPU",
        1.2,
        "x",
        lambda r, _: r["N13"].cpu / r["N1"].cpu,
    ),
    Goal(
        "G9",
        "a price of one model and month edited / full refresh, database time",
        5.0,
        "%",
        lambda r, _: 100 * r["R"].database / r["D"].database,
        by_cpu=("R", "D"),
    ),
    Goal(
        "G10",
        "peak memory of a full refresh",
        4.0,
        "GiB",
        lambda r, _: r["D"].peak_mib / 1024,
        judged_from=100_000_000,
    ),
    Goal(
        "G11",
        "bytes a request in the stored facts / in the Parquet input",
        1.5,
        "x",
        lambda r, m: r["D"].result["fact_bytes"] / m.parquet_bytes,
        judged_from=1_000_000,
    ),
    Goal(
        "G13",
        "dbt run of two platforms on an unchanged warehouse, wall",
        8.0,
        "s",
        lambda r, _: r["U"].wall,
    ),
)


def judge(
    rounds: list[Round], manifest: Manifest, checks_done: list[str], problems: list[str]
) -> list[Verdict]:
    """All goals in order. G12, exactness, is the outcome of the checks."""
    verdicts = []
    for goal in GOALS:
        figures = []
        for measured in rounds:
            try:
                figures.append(goal.compute(measured, manifest))
            except KeyError:
                continue
        figure = round(median(figures), 4) if figures else None
        met: bool | None = None
        why = "its cases did not run"
        if figure is not None:
            if manifest.rows < goal.judged_from:
                why = f"judged from {goal.judged_from:,} requests on"
            else:
                met = figure <= goal.target if goal.most else figure >= goal.target
                why = "" if met else f"missed by {abs(figure / goal.target - 1):.0%} of the target"
        by_cpu = None
        if goal.by_cpu and figure is not None:
            above, below = goal.by_cpu
            times = 100 if goal.unit == "%" else 1
            by_cpu = round(times * median(m[above].cpu / m[below].cpu for m in rounds), 4)
        verdicts.append(
            Verdict(goal.name, goal.text, figure, goal.target, goal.unit, met, why, by_cpu)
        )
    done = len(set(checks_done))
    exact = Verdict(
        "G12",
        "differences to the independent exact totals, and between two runs",
        float(len(problems)) if done else None,
        0.0,
        "problems",
        not problems if done else None,
        f"{done} kinds of checks" if done else "no check ran",
    )
    verdicts.insert(-1, exact)
    return verdicts
