"""Comparisons: ratios within blocks, geometric means, and what one workload does to them.

The expected numbers were worked out by hand.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimslab.claims import Sweep
from claimslab.evidence import Evidence, Fact, Sample
from claimslab.report import comparison, tables
from synthetic import TOPIC, evidence

Times = dict[str, dict[str, list[float]]]  # subject -> case -> a time a block


def measured(times: Times) -> Evidence:
    """Exactly these times, from block 1 on; NaN where a subject has no sample."""
    found = evidence()
    found.samples = [
        Sample(TOPIC, subject, case, "ns/op", block, value, (value,), (1,), 7)
        for subject, cases in times.items()
        for case, values in cases.items()
        for block, value in enumerate(values, 1)
        if not math.isnan(value)
    ]
    return found


def sweep(kind: str, works: list[str], **chart: str) -> Sweep:
    return Sweep("s", TOPIC, "T", "ns/op", "{work}", {"work": tuple(works)}, {}, ("*",),
                 {"kind": kind, "over": "glibc", **chart})  # fmt: skip


def sizes(*bytes_: int) -> Sweep:
    chart = {"kind": "heat", "x": "bytes", "per": "pairs", "over": "glibc"}
    return Sweep("s", TOPIC, "T", "ns/op", "Lifo/bytes={bytes}/pairs=10", {"bytes": bytes_}, {},
                 ("glibc", "golike", "jemalloc"), chart)  # fmt: skip


# ---- Heat maps -----------------------------------------------------------------------------------

SMALL, LARGE = "Lifo/bytes=8/pairs=10", "Lifo/bytes=64/pairs=10"


def test_a_cell_is_the_geometric_mean_of_ratios_within_blocks() -> None:
    times = {"glibc": {SMALL: [100, 200], LARGE: [100, 100]},
             "golike": {SMALL: [200, 800], LARGE: [50, 50]},
             "null": {SMALL: [1, 1]}}  # fmt: skip
    heat = comparison.heat(measured(times), sizes(8, 64, 512))
    assert heat is not None and heat.columns == ("8", "64"), "512 was not measured"
    assert heat.base == (15.0, 10.0), "medians, divided by the pairs"
    ((subject, ratios),) = heat.rows
    assert subject == "golike", "null is not of the sweep"
    assert ratios == pytest.approx((math.sqrt(2 * 4), 0.5))


def test_only_blocks_that_both_have_are_compared() -> None:
    gone = float("nan")
    times = {"glibc": {SMALL: [100, gone, 100]}, "golike": {SMALL: [50, 9000, gone]},
             "jemalloc": {SMALL: [gone, 70, gone]}}  # fmt: skip
    heat = comparison.heat(measured(times), sizes(8))
    assert heat is not None
    assert dict(heat.rows) == {"golike": (pytest.approx(0.5),), "jemalloc": (None,)}


def test_without_what_is_divided_by_there_is_no_heat_map() -> None:
    assert comparison.heat(measured({"golike": {SMALL: [1.0]}}), sizes(8)) is None
    assert comparison.heat(measured({"glibc": {SMALL: [1.0]}}), sizes(8)) is None


# ---- Geometric means -----------------------------------------------------------------------------

A, B, C = "A/n=1", "B/n=1", "C/n=1"


def test_a_mean_its_interval_and_the_workload_that_moves_it() -> None:
    # Ratios 1/2, 1/2 and 4 in every block, times 1, e^0.1 and e^-0.1, which so are the block means.
    # t(0.975, 2) = 4.302653, s = 0.1, so the interval is exp(± 4.302653 · 0.1 / √3).
    drift = [1.0, math.exp(0.1), math.exp(-0.1)]
    ones = {case: [100.0] * 3 for case in (A, B, C)}
    ours = {A: [50 * f for f in drift], B: [50 * f for f in drift], C: [400 * f for f in drift]}
    (mean,) = comparison.means(
        measured({"glibc": ones, "golike": ours}), sweep("geomean", [A, B, C])
    )
    assert mean.subject == "golike" and mean.interval is not None
    assert mean.interval.estimate == pytest.approx(1.0)
    assert math.log(mean.interval.high) == pytest.approx(4.302653 * 0.1 / math.sqrt(3), rel=1e-5)
    assert mean.interval.low == pytest.approx(1 / mean.interval.high)
    assert mean.without == pytest.approx({A: math.sqrt(2), B: math.sqrt(2), C: 0.5})
    assert mean.mover == C


def test_a_subject_that_lacks_a_workload_has_no_mean() -> None:
    times = {"glibc": {A: [1.0], B: [1.0]}, "golike": {A: [1.0]}, "jemalloc": {A: [2.0], B: [8.0]}}
    found = comparison.means(measured(times), sweep("geomean", [A, B]))
    golike, jemalloc = found
    assert golike.interval is None and golike.missing == (B,)
    assert jemalloc.interval is not None and jemalloc.interval.estimate == pytest.approx(4.0)
    table = tables.of(measured(times), sweep("geomean", [A, B]))
    assert table is not None
    texts = [[cell.text for cell in row] for row in table.rows]
    assert texts[0] == ["golike", "–", "not measured: B", ""]
    assert texts[1][:2] == ["jemalloc", "4×"], "one block has no interval"


def test_blocks_that_lack_a_workload_count_in_none() -> None:
    gone = float("nan")
    times = {"glibc": {A: [1, 1, 1], B: [1, 1, 1]}, "golike": {A: [2, 2, 99], B: [8, 8, gone]}}
    (mean,) = comparison.means(measured(times), sweep("geomean", [A, B]))
    assert mean.interval is not None
    assert (mean.interval.blocks, mean.interval.estimate) == (2, pytest.approx(4.0))


def test_the_table_gives_interval_range_and_mover() -> None:
    times = {"glibc": {c: [1.0] * 4 for c in (A, B, C)},
             "golike": {A: [0.5] * 4, B: [0.5] * 4, C: [4.0] * 4}}  # fmt: skip
    table = tables.of(measured(times), sweep("geomean", [A, B, C]))
    assert table is not None
    ((name, middle, ends, mover),) = [[c.text for c in row] for row in table.rows]
    assert (name, middle) == ("golike", "1.00× [1.00, 1.00]")
    assert ends == "0.500 to 1.41×" and mover == "C: 0.500× without it"
    assert "over 4 blocks" in table.caption and "3 workloads: A, B, C." in table.caption


def test_facts_are_compared_without_an_interval() -> None:
    found = evidence()
    values = (("glibc", A, 10), ("golike", A, 40), ("glibc", B, 10), ("golike", B, 10))
    found.facts = [Fact(TOPIC, subject, case, "ns/op", v) for subject, case, v in values]
    (mean,) = comparison.means(found, sweep("geomean", [A, B]))
    assert mean.interval is not None and mean.interval.estimate == pytest.approx(2.0)
    assert not math.isfinite(mean.interval.high)


Rows = list[tuple[list[float], list[float]]]
positive = st.lists(st.floats(0.01, 100), min_size=3, max_size=3)


@given(st.lists(st.tuples(positive, positive), min_size=2, max_size=5))
def test_swapping_the_subjects_inverts_the_mean(
    rows: list[tuple[list[float], list[float]]],
) -> None:
    works = [f"W{i}/n=1" for i in range(len(rows))]
    ours = dict(zip(works, (a for a, _ in rows), strict=True))
    theirs = dict(zip(works, (b for _, b in rows), strict=True))
    (there,) = comparison.means(measured({"glibc": theirs, "x": ours}), sweep("geomean", works))
    (back,) = comparison.means(measured({"glibc": ours, "x": theirs}), sweep("geomean", works))
    assert there.interval is not None and back.interval is not None
    assert there.interval.estimate == pytest.approx(1 / back.interval.estimate)
    ends = min(there.without.values()), max(there.without.values())
    assert ends[0] <= there.interval.estimate * (1 + 1e-9)
    assert ends[1] >= there.interval.estimate * (1 - 1e-9)
