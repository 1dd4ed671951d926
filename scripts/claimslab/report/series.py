"""series: what a chart draws, taken from evidence: points with intervals, and lists as they are."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from claimslab.claims import Sweep, matches, parameters
from claimslab.claims import cases as cases_of
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


def _case_pattern(sweep: Sweep) -> re.Pattern[str]:
    """`{n}` takes any value of n, but only its own where these are whole cases; `*` anything
    within a part of the name."""
    parts = re.split(r"(\{\w+\}|\*)", sweep.case)
    return re.compile("".join(_part_pattern(sweep, part) for part in parts))


def _part_pattern(sweep: Sweep, part: str) -> str:
    if part[:1] not in ("{", "*"):
        return re.escape(part)
    values = [str(v) for v in given(sweep, part[1:-1])]
    whole = any("/" in value for value in values) or part == sweep.case
    return f"({'|'.join(map(re.escape, values))})" if whole else "[^/]+"


def given(sweep: Sweep, name: str) -> tuple[Any, ...]:
    """All values of a parameter, of quick and of full runs."""
    return (*sweep.values.get(name, ()), *sweep.full_values.get(name, ()))


def measured(
    evidence: Evidence, sweep: Sweep, metric: str = ""
) -> dict[tuple[str, str], list[Any]]:
    """(subject, case) to its values: one a block, or one fact."""
    pattern, metric = _case_pattern(sweep), metric or sweep.metric
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    entries: Iterable[Any] = (*evidence.samples, *(f for f in evidence.facts if not f.not_run))
    for e in entries:
        if (
            e.topic == sweep.topic
            and e.metric == metric
            and pattern.fullmatch(e.case)
            and any(matches(wanted, e.subject) for wanted in sweep.subjects)
        ):
            found[e.subject, e.case].append(e.value)
    return found


def curve(evidence: Evidence, sweep: Sweep) -> list[Series]:
    """A sweep's points by subject; `per` divides them by a parameter of the case.

    The sweep's own places only, quick and full: claims measure others for other reasons.
    """
    x, per = sweep.chart.get("x"), sweep.chart.get("per")
    lines: dict[str, list[Point]] = defaultdict(list)
    known = {str(v) for v in given(sweep, str(x))}
    for (subject, case), values in measured(evidence, sweep).items():
        have = parameters(case)
        scale = float(have[per]) if per in have else 1.0
        numbers = [float(v) / scale for v in values if _drawable(v)]
        if numbers and (x is None or (x in have and (not known or have[x] in known))):
            at = None if x is None else _value(have[x])
            lines[subject].append(point(at, numbers))
    # Numbers before words, so that a sweep over names keeps an order of its own.
    ranked = {
        s: tuple(sorted(p, key=lambda p: (isinstance(p.x, str), p.x or 0)))
        for s, p in lines.items()
    }
    return merge([Series((s,), ranked[s]) for s in order(ranked)])


def point(x: Any, values: list[float]) -> Point:
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
    found = measured(evidence, sweep)
    rank = {s: i for i, s in enumerate(order(s for s, _ in found))}
    for (subject, case), values in sorted(found.items(), key=lambda kv: rank[kv[0][0]]):
        if isinstance(values[-1], list | tuple) and values[-1] and all(map(_drawable, values[-1])):
            n = parameters(case).get("n")
            key = tuple(float(v) for v in values[-1]), float(n) if n else None
            same[key] = (*same.get(key, ()), subject)
    return [Steps(names, values, until) for (values, until), names in same.items()]


def tails(evidence: Evidence, sweep: Sweep) -> list[Series]:
    """By subject a point a metric: `p50-ns` stands at `p50`."""
    lines: dict[str, list[Point]] = defaultdict(list)
    for metric in sweep.metrics:
        for (subject, _), values in measured(evidence, sweep, metric).items():
            if numbers := [float(v) for v in values if _drawable(v) and v > 0]:
                lines[subject].append(point(metric.removesuffix("-ns"), numbers))
    return [Series((s,), tuple(lines[s])) for s in order(lines)]


@dataclass(frozen=True)
class Bar:
    """A value of one subject; bars of one case and metric stand together."""

    subject: str
    case: str
    metric: str
    at: Point


def bars(evidence: Evidence, sweep: Sweep) -> list[Bar]:
    """Every value, metric by metric and case by case in the order in which the sweep names them.

    `per` divides them by the first of its parameters that the case has.
    """
    found = []
    per = sweep.chart.get("per", [])
    names = [per] if isinstance(per, str) else list(per)
    for metric in sweep.metrics:
        values = measured(evidence, sweep, metric)
        cases = dict.fromkeys([*cases_of(sweep, True), *cases_of(sweep), *(c for _, c in values)])
        for case in cases:
            have = parameters(case)
            for subject in order(s for s, c in values if c == case):
                scale = next((float(have[n]) for n in names if n in have), 1.0)
                numbers = [float(v) / scale for v in values[subject, case] if _drawable(v)]
                if numbers:
                    found.append(Bar(subject, case, metric, point(None, numbers)))
    return found


@dataclass(frozen=True)
class Record:
    """Lists of one subject that belong together: places, values, and what stands beside them."""

    subject: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    beside: tuple[float, ...] = ()


def records(evidence: Evidence, sweep: Sweep) -> list[Record]:
    """A list fact against another (`x`; else the places 1, 2, …), with a third one `beside` it.

    Lists of different lengths do not belong together: such a subject is left out.
    """
    columns = [sweep.metric, *(str(sweep.chart[k]) for k in ("x", "beside") if k in sweep.chart)]
    lists = [{k[0]: v[-1] for k, v in measured(evidence, sweep, m).items()} for m in columns]
    found = []
    for subject in order(lists[0]):
        mine = [one.get(subject) for one in lists]
        if not all(isinstance(v, list | tuple) and v and all(map(_drawable, v)) for v in mine):
            continue
        whole = [tuple(float(v) for v in values) for values in mine if values is not None]
        if len({len(values) for values in whole}) != 1:
            continue
        ys, *more = whole
        xs = more.pop(0) if "x" in sweep.chart else tuple(float(i + 1) for i in range(len(ys)))
        found.append(Record(subject, xs, ys, *more))
    return found
