"""comparison: subjects against one of them, block by block: the numbers of heat maps and means.

As in a claim, a ratio is of two values of one block, in logarithms; nothing here is a verdict.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimslab import claims as claims_module
from claimslab.claims import Sweep, matches, parameters
from claimslab.claims.tables import is_number
from claimslab.evidence import Evidence, Fact, Sample
from claimslab.judge import stats
from claimslab.judge.stats import Interval
from claimslab.report.looks import order

Blocks = Mapping[int, float]  # block -> value above zero; a fact is of block 0


def by_block(evidence: Evidence, sweep: Sweep) -> dict[tuple[str, str], dict[int, float]]:
    """(subject, case) of the sweep to its values; those that have no logarithm are left out."""
    known = set(cases(evidence, sweep))
    patterns = [*sweep.subjects, str(sweep.chart["over"])]
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    entries: list[tuple[Sample | Fact, int]] = [(s, s.block) for s in evidence.samples]
    entries += [(fact, 0) for fact in evidence.facts if not fact.not_run]
    for e, block in entries:
        meant = any(matches(pattern, e.subject) for pattern in patterns)
        mine = e.topic == sweep.topic and e.metric == sweep.metric and e.case in known
        if mine and meant and is_number(e.value) and e.value > 0:
            found[e.subject, e.case][block] = float(e.value)
    return found


def cases(evidence: Evidence, sweep: Sweep) -> tuple[str, ...]:
    """The sweep's cases in a run of this mode."""
    return claims_module.cases(sweep, evidence.run.get("mode") == "full")


# ---- One ratio a case ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Heat:
    """Ratios of every subject to `over`, whose own values are in `base`; a column a case."""

    over: str
    columns: tuple[str, ...]  # the parameter's value
    base: tuple[float | None, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


def heat(evidence: Evidence, sweep: Sweep) -> Heat | None:
    """None where nothing can be compared."""
    over, per = str(sweep.chart["over"]), str(sweep.chart.get("per", ""))
    found = by_block(evidence, sweep)
    have = [case for case in cases(evidence, sweep) if (over, case) in found]
    subjects = [s for s in order(s for s, _ in found) if s != over]
    rows = tuple((s, tuple(ratio(found, s, over, case) for case in have)) for s in subjects)
    if not have or not rows:
        return None
    base = tuple(
        float(np.median([*found[over, case].values()])) / float(parameters(case).get(per, 1))
        for case in have
    )
    return Heat(over, tuple(parameters(c)[sweep.chart["x"]] for c in have), base, rows)


def ratio(
    found: Mapping[tuple[str, str], Blocks], subject: str, over: str, case: str
) -> float | None:
    """The geometric mean over the blocks that both have."""
    ours, theirs = found.get((subject, case), {}), found.get((over, case), {})
    logs = [math.log(ours[b] / theirs[b]) for b in sorted(ours.keys() & theirs.keys())]
    return math.exp(sum(logs) / len(logs)) if logs else None


# ---- One mean over all cases ---------------------------------------------------------------------


@dataclass(frozen=True)
class Mean:
    """The geometric mean of a subject's ratios over cases, and what one case does to it.

    `without` gives the mean with that case left out. A subject that lacks cases has no mean: over
    fewer cases it would be another one.
    """

    subject: str
    interval: Interval | None
    without: Mapping[str, float]
    missing: tuple[str, ...] = ()

    @property
    def mover(self) -> str:
        """The case that moves the mean most."""
        assert self.interval is not None
        middle = self.interval.estimate
        return max(self.without, key=lambda case: abs(math.log(self.without[case] / middle)))


def means(evidence: Evidence, sweep: Sweep) -> list[Mean]:
    """One mean a subject: in each block that of its ratios to `over`, then the t interval."""
    over = str(sweep.chart["over"])
    found, wanted = by_block(evidence, sweep), cases(evidence, sweep)
    subjects = [s for s in order(s for s, _ in found) if s != over]
    return [mean(found, subject, over, wanted) for subject in subjects]


def mean(
    found: Mapping[tuple[str, str], Blocks], subject: str, over: str, wanted: Sequence[str]
) -> Mean:
    pairs = [(found.get((subject, c), {}), found.get((over, c), {})) for c in wanted]
    missing = tuple(c for c, (a, b) in zip(wanted, pairs, strict=True) if not a or not b)
    common = set.intersection(*(a.keys() & b.keys() for a, b in pairs)) if pairs else set()
    if not common:
        return Mean(subject, None, {}, missing)
    logs = np.array([[math.log(a[b] / o[b]) for a, o in pairs] for b in sorted(common)])
    interval = stats.mean_interval(logs.mean(axis=1)).exp()
    without = {
        case: math.exp(float(np.delete(logs, i, axis=1).mean())) for i, case in enumerate(wanted)
    }
    return Mean(subject, interval, without if len(wanted) > 1 else {})
