"""timed: cells that a clock decides: paired blocks, the t interval, Holm over the run, the words.

Two passes, because Holm needs every p value of a run before any word can be said:
`measure` estimates each cell, `decide` says the words over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from claimslab.claims import MARGINS, Claim, parameters
from claimslab.judge import rules, stats
from claimslab.judge.cells import Cell, Word, finite
from claimslab.judge.lookup import Lookup
from claimslab.judge.stats import Interval, Region
from claimslab.wording import counted


@dataclass(frozen=True)
class Scale:
    """In which a cell is tested, and the way back to what a reader wants to see."""

    region: Region
    back: Callable[[Interval], Interval]


def scale_of(claim: Claim) -> Scale:
    """Exponents are tested as they are, ratios and times as logarithms."""
    region = rules.region_of(claim.rule.keys)
    if claim.rule.kind == "growth":
        return Scale(region, lambda interval: interval)
    return Scale(region.log(), Interval.exp)


def measure(claim: Claim, cell: Cell, lookup: Lookup) -> Cell:
    """Put the cell's estimate and interval in place, or the reason why there is none."""
    sources = [(cell.subject, case) for case in cell.cases] + ([cell.over] if cell.over else [])
    found = []
    for subject, case in sources:
        key = (claim.topic, subject, case, claim.metric)
        samples = lookup.samples.get(key, {})
        if not samples:
            broke, why = lookup.missing(key)
            return cell.end(Word.INVALID if broke else Word.NOT_RUN, why)
        for block, value in sorted(samples.items()):
            if not (math.isfinite(value) and value > 0):
                what = f"block {block} of {case} reports {value:g} {claim.metric} for {subject}"
                return cell.end(Word.INVALID, what)
        found.append(samples)
    common = sorted(set.intersection(*(set(samples) for samples in found)))
    table = [[samples[block] for samples in found] for block in common]
    cell.blocks = len(common)
    if len(common) < stats.MIN_BLOCKS:
        return too_few(claim, cell, lookup, sources)
    if claim.rule.kind == "growth":
        x = [parameter(case, claim.rule.keys["by"]) for case in cell.cases]
        cell.data = stats.slopes(x, np.asarray(table))
    elif cell.over:
        cell.data = stats.log_ratios([row[0] for row in table], [row[1] for row in table])
    else:
        cell.data = stats.logs([row[0] for row in table])
    if not np.isfinite(cell.data).all():
        return cell.end(Word.INVALID, "the cases give no exponent of growth")
    scale = scale_of(claim)
    raw = stats.mean_interval(cell.data)
    seen = scale.back(raw)
    cell.estimate, cell.low, cell.high = seen.estimate, seen.low, seen.high
    cell.p = stats.edge_test(cell.data, scale.region)
    cell.detectable = None if claim.rule.kind == "growth" else stats.detectable(cell.data)
    rank = stats.rank_interval(cell.data)
    if rank is not None:
        view = scale.back(rank)
        agrees = scale.region.side(rank) == scale.region.side(raw)
        limits = {"estimate": view.estimate, "low": view.low, "high": view.high}
        cell.check = {"method": "wilcoxon", **limits, "agrees": agrees}
    return cell


def parameter(case: str, name: str) -> float:
    """A case parameter as a number; NaN where it is none, so that no exponent comes of it."""
    try:
        return float(parameters(case).get(name, "nan"))
    except ValueError:
        return math.nan


def too_few(claim: Claim, cell: Cell, lookup: Lookup, sources: Sequence[tuple[str, str]]) -> Cell:
    have = counted(cell.blocks, "block")
    for subject in dict.fromkeys(subject for subject, _ in sources):
        if trouble := lookup.troubles(claim.topic, subject):
            return cell.end(Word.INVALID, f"{subject} {trouble}, which leaves {have}")
    return cell.end(Word.UNCLEAR, f"measured in {have}, and it takes {stats.MIN_BLOCKS} to decide")


def decide(pairs: Sequence[tuple[Claim, Cell]], lookup: Lookup) -> int:
    """Say the word on every measured cell of a run; return how many tests the family has."""
    tested = [(claim, cell) for claim, cell in pairs if cell.data is not None]
    ps = [math.nan if cell.p is None else cell.p for _, cell in tested]
    family = sum(math.isfinite(p) for p in ps)
    adjusted = stats.adjust(ps)
    # Holm stops at the first p that fails. What then is left undecided shares alpha: a p below
    # alpha / left decides its cell whatever becomes of the others.
    left = sum(p > stats.ALPHA for p in adjusted)
    for (claim, cell), p_holm in zip(tested, adjusted, strict=True):
        cell.p_holm = p_holm
        say(claim, cell, family, stats.ALPHA / max(1, left), lookup)
    return family


def say(claim: Claim, cell: Cell, family: int, level: float, lookup: Lookup) -> None:
    assert cell.data is not None
    scale = scale_of(claim)
    raw = stats.mean_interval(cell.data)
    side = scale.region.side(raw)
    passed = cell.p_holm is not None and cell.p_holm <= stats.ALPHA
    if passed and side == "inside":
        cell.word = Word.REPRODUCED
    elif passed and side == "outside":
        cell.word = Word.REFUTED
        if claim.rule.kind == "ratio":
            same = stats.equivalent(cell.data, margin_of(claim))
            cell.how = rules.direction(rules.region_of(claim.rule.keys), raw, same)
    else:
        cell.word = Word.UNCLEAR
        cell.needed_blocks = stats.needed_blocks(cell.data, scale.region, level)
        if cell.needed_blocks is not None:
            minutes = lookup.minutes.get(claim.topic, 0.0)
            cell.needed_minutes = round(cell.needed_blocks * minutes, 1) if minutes else None
        if side != "straddles":
            cell.detail = f"the interval lies {side}, but {family} tests ask for more (Holm)"
    for name in ("estimate", "low", "high", "p", "p_holm"):
        setattr(cell, name, finite(getattr(cell, name)))


def margin_of(claim: Claim) -> float:
    """The equivalence margin: 5 % for time, 2 % for instructions, none for what is exact."""
    if claim.margin is not None:
        return claim.margin
    return MARGINS.get(claim.metric, 0.0)
