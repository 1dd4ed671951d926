"""series: what a chart draws, taken from evidence: points with intervals, and lists as they are."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from claimslab.claims import Sweep, matches, parameters
from claimslab.claims.tables import is_number
from claimslab.evidence import Evidence
from claimslab.report.looks import order


@dataclass(frozen=True)
class Point:
    """A median over blocks and the interval of the median; without an interval for exact values."""

    x: Any  # the parameter's value, or None where the chart has no parameter
    y: float
    low: float | None = None
    high: float | None = None
    blocks: int = 0


@dataclass(frozen=True)
class Series:
    """One line of a chart; several subjects where their exact values are the same."""

    subjects: tuple[str, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Steps:
    """A list fact, and the length up to which its case goes."""

    subjects: tuple[str, ...]
    values: tuple[float, ...]
    until: float | None


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median by order statistics; the whole range under 6 values,
    where no such interval exists."""
    if len(values) < 6:
        return min(values), max(values)
    # Imported late: scipy.stats costs most of a second, and charts of facts need none of it.
    from scipy.stats import quantile_test

    low, high = quantile_test(values, p=0.5).confidence_interval(0.95)
    return float(low), float(high)


def _value(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _drawable(value: Any) -> bool:
    """Whether it has a place on an axis: a whole number beyond every float has none."""
    return isinstance(value, bool) or is_number(value)


def _case_pattern(case: str) -> re.Pattern[str]:
    """`{n}` takes any value of n; `*` anything within a part of the name."""
    parts = re.split(r"(\{\w+\}|\*)", case)
    return re.compile("".join("[^/]+" if p[:1] in ("{", "*") else re.escape(p) for p in parts))


def _measured(evidence: Evidence, sweep: Sweep) -> dict[tuple[str, str], list[Any]]:
    """(subject, case) to its values: one a block, or one fact."""
    pattern = _case_pattern(sweep.case)
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    entries: Iterable[Any] = (*evidence.samples, *(f for f in evidence.facts if not f.not_run))
    for e in entries:
        if (
            e.topic == sweep.topic
            and e.metric == sweep.metric
            and pattern.fullmatch(e.case)
            and any(matches(wanted, e.subject) for wanted in sweep.subjects)
        ):
            found[e.subject, e.case].append(e.value)
    return found


def curve(evidence: Evidence, sweep: Sweep) -> list[Series]:
    """A sweep's points by subject; `per` divides them by a parameter of the case."""
    x, per = sweep.chart.get("x"), sweep.chart.get("per")
    lines: dict[str, list[Point]] = defaultdict(list)
    for (subject, case), values in _measured(evidence, sweep).items():
        given = parameters(case)
        scale = float(given[per]) if per in given else 1.0
        numbers = [float(v) / scale for v in values if _drawable(v)]
        if numbers and (x is None or x in given):
            at = None if x is None else _value(given[x])
            lines[subject].append(_point(at, numbers))
    # Numbers before words, so that a sweep over names keeps an order of its own.
    ranked = {
        s: tuple(sorted(p, key=lambda p: (isinstance(p.x, str), p.x or 0)))
        for s, p in lines.items()
    }
    return merge([Series((s,), ranked[s]) for s in order(ranked)])


def _point(x: Any, values: list[float]) -> Point:
    if len(values) == 1:
        return Point(x, values[0], blocks=1)
    low, high = median_interval(values)
    return Point(x, statistics.median(values), low, high, len(values))


def merge(series: Sequence[Series]) -> list[Series]:
    """Exact lines that coincide become one line with several names."""
    same: dict[tuple[Point, ...], tuple[str, ...]] = {}
    for one in series:
        same[one.points] = same.get(one.points, ()) + one.subjects
    return [Series(names, points) for points, names in same.items()]


def steps(evidence: Evidence, sweep: Sweep) -> list[Steps]:
    """A sweep's list facts; subjects whose lists are equal share one."""
    same: dict[tuple[tuple[float, ...], float | None], tuple[str, ...]] = {}
    found = _measured(evidence, sweep)
    rank = {s: i for i, s in enumerate(order(s for s, _ in found))}
    for (subject, case), values in sorted(found.items(), key=lambda kv: rank[kv[0][0]]):
        if isinstance(values[-1], list | tuple) and values[-1] and all(map(_drawable, values[-1])):
            n = parameters(case).get("n")
            key = tuple(float(v) for v in values[-1]), float(n) if n else None
            same[key] = (*same.get(key, ()), subject)
    return [Steps(names, values, until) for (values, until), names in same.items()]
