"""Plan: patterns become cases, names nobody lists are errors, and orders are balanced and fixed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import standin
from claimslab import evidence
from claimslab.claims import Claim, Rule, Sweep, Topic
from claimslab.errors import LabError
from claimslab.measure import gate, host, plan
from claimslab.measure import resolve as resolver
from claimslab.measure.programs import Subject

VECTOR = Subject(
    "std::vector", "cpp", "slices", ["p"], timed=["Append/n=10", "Append/n=100", "Presized/n=10"],
    facts=[("Append/n=10", "allocs/op"), ("Capacities", "capacities")],
)  # fmt: skip
GO = Subject("go@1.26", "go", "slices", ["g"], timed=["Append/n=10", "Presized/n=10"],
             facts=[("Capacities", "capacities")])  # fmt: skip
ABSENT = Subject("go@1.17", "go", "slices", not_run="no network")
SUBJECTS = [VECTOR, GO, ABSENT]


def claim(
    metric: str = "ns/op",
    case: str = "Append/n=10",
    subjects: tuple[str, ...] = ("*",),
    rule: Rule | None = None,
    **more: Any,
) -> Claim:
    cases = (case,)
    return Claim("q1", "slices", 1, "s", "lab", metric, cases, subjects,
                 rule or Rule("value", {"low": 1}), **more)  # fmt: skip


def resolve(*items: Claim | Sweep, full: bool = False, subjects: Any = SUBJECTS) -> dict[str, Any]:
    claims = tuple(item for item in items if isinstance(item, Claim))
    sweeps = tuple(item for item in items if isinstance(item, Sweep))
    return resolver.resolve(Topic("slices", "t", "s", claims, sweeps), subjects, full)


def test_patterns_become_what_programs_list() -> None:
    needs = resolve(claim(case="Append/*"))
    assert list(needs["std::vector"].timed) == ["Append/n=10", "Append/n=100"]
    assert list(needs["go@1.26"].timed) == ["Append/n=10"]
    assert not needs["go@1.17"].timed


def test_a_tail_is_measured_where_its_case_is_timed() -> None:
    tailed = Subject("a", "cpp", "slices", ["p"], timed=["Put", "Get"], tails={"Put": ["p99-ns"]})
    topic = Topic("slices", "t", "s", (claim("p99-ns", "Put"), claim(case="Get")), ())
    described = plan.describe(topic, [tailed], full=False)["subjects"][0]
    assert described["timed"] == ["Put", "Get"] and described["tails"] == {"Put": ["p99-ns"]}
    with pytest.raises(LabError, match=r"no program lists 'p99-ns' of Get; there is: ns/op"):
        resolve(claim("p99-ns", "Get"), subjects=[tailed])
    with pytest.raises(LabError, match=r"no program lists 'p50-ns' of Put; did you mean 'p99-ns'"):
        resolve(claim("p50-ns", "Put"), subjects=[tailed])


def test_a_chart_of_several_metrics_asks_for_all_of_them() -> None:
    facts = [("Age", name) for name in ("rss", "live", "at")]
    ager = Subject("a", "cpp", "slices", ["p"], facts=facts)
    chart = {"kind": "history", "x": "at", "beside": "live"}
    history = Sweep("s", "slices", "t", "rss", "Age", {}, {}, ("*",), chart)
    assert list(resolve(history, subjects=[ager])["a"].facts) == [
        ("Age", "rss"), ("Age", "at"), ("Age", "live"),
    ]  # fmt: skip


def test_what_a_ratio_is_over_is_measured_too() -> None:
    over_case = Rule("ratio", {"over_case": "Presized/n=10", "low": 1})
    needs = resolve(claim(subjects=("go@*",), rule=over_case))
    assert list(needs["go@1.26"].timed) == ["Append/n=10", "Presized/n=10"]
    over_subject = Rule("ratio", {"over_subject": "go@1.26", "low": 1})
    needs = resolve(claim(subjects=("std::vector",), rule=over_subject))
    assert list(needs["go@1.26"].timed) == ["Append/n=10"]


def test_the_reason_is_measured_where_it_can_be() -> None:
    needs = resolve(claim(because="allocs/op"))
    assert list(needs["std::vector"].facts) == [("Append/n=10", "allocs/op")]
    assert list(needs["go@1.26"].timed) == ["Append/n=10"], "Go prints allocs/op beside the time"


def test_counted_and_facts() -> None:
    needs = resolve(claim("ir/op"), claim("capacities", "Capacities"))
    assert list(needs["std::vector"].counted) == ["Append/n=10"]
    assert not needs["go@1.26"].counted
    assert list(needs["go@1.26"].facts) == [("Capacities", "capacities")]


def test_full_claims_and_sweeps_wait_for_full() -> None:
    sweep = Sweep("s1", "slices", "t", "ns/op", "Append/n={n}", {"n": (10,)}, {"n": (100,)},
                  ("std::vector",), {})  # fmt: skip
    late = claim(case="Presized/n=10", full=True)
    assert list(resolve(late, sweep)["std::vector"].timed) == ["Append/n=10"]
    full = resolve(late, sweep, full=True)["std::vector"].timed
    assert list(full) == ["Presized/n=10", "Append/n=100"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (claim(subjects=("std::vektor",)), "claim q1: subjects: .*did you mean 'std::vector'"),
        (claim(case="Apend/n=10", subjects=("std::*",)), "case: .*did you mean 'Append/n=10'"),
        (claim("capacity", "Capacities", ("std::*",)), "metric: .*did you mean 'capacities'"),
        (claim("size", "Sizes", ("std::*",)), "metric: no program lists 'size' of any case"),
        (claim(rule=Rule("ratio", {"over_subject": "go@2"})), "rule.over_subject: .*'go@2'"),
        (claim(subjects=("std::*",), rule=Rule("ratio", {"over_case": "None"})), "rule.over_case"),
        (claim(subjects=("std::*",), because="faults"), "because: no program lists 'faults'"),
    ],
)
def test_names_nobody_lists_are_errors(wrong: Claim, says: str) -> None:
    with pytest.raises(LabError, match=r"^slices: ") as caught:
        resolve(wrong)
    assert caught.match(says) and "\n" not in str(caught.value)


def test_absent_subjects_and_empty_patterns_are_no_errors() -> None:
    assert not resolve(claim(case="Only/in=old", subjects=("go@1.17",)))["go@1.17"].timed
    resolve(claim(case="Only/in=old", subjects=("go@*",)))
    resolve(claim(subjects=("rust/*",)))


def test_blocks_fit_the_budget() -> None:
    assert plan.fit_blocks("quick", 120, 10, 5) == 18
    assert plan.fit_blocks("quick", 120, 10, 0.1) == plan.MOST["quick"]
    assert plan.fit_blocks("quick", 120, 10, 10) == 10  # the reserve gives way first
    assert plan.fit_blocks("quick", 10, 10, 5) == plan.LEAST
    assert plan.fit_blocks("full", None, 10, 5) == 30
    assert plan.fit_blocks("full", 3600, 60, 50) == 60
    assert "BUDGET=1m would do" not in plan.too_few("quick", 6, 12, 0)
    assert "unclear" in plan.too_few("quick", 6, 12, 0)
    assert not plan.too_few("quick", 10, 12, 0)


@given(st.integers(1, 9), st.integers(1, 2**31), st.integers(0, 3))
def test_orders_are_latin_squares(size: int, seed: int, square: int) -> None:
    names = [f"s{n}" for n in range(size)]
    rows = [plan.trial_order(seed, "t", square * size + row + 1, names) for row in range(size)]
    for column in zip(*rows, strict=True):
        assert sorted(column) == names
    for row in rows:
        assert sorted(row) == names
    assert rows[0] == plan.trial_order(seed, "t", square * size + 1, names)


def test_orders_are_drawn_afresh() -> None:
    names = [f"s{n}" for n in range(4)]
    first = Counter(plan.trial_order(seed, "t", 1, names)[0] for seed in range(400))
    assert min(first.values()) > 60
    assert len({tuple(plan.trial_order(1, "t", block, names)) for block in range(1, 41)}) > 8


def test_the_plan_is_a_valid_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "fitness", lambda: {"fit": True, "notes": []})
    topics = standin.repository(tmp_path, {"toys": {"a": "ok", "b": "ok"}})
    from claimslab.measure import programs

    found = programs.find(tmp_path, tmp_path / "build/bench", topics)
    for mode in ("smoke", "quick", "full"):
        run = plan.make(tmp_path, topics, found, mode=mode)
        read = evidence.read(evidence.create(tmp_path / "results", run))
        assert read.run["mode"] == mode and read.run["seed"] > 0
        assert read.planned == {"smoke": 2, "quick": 30, "full": 30}[mode]
    assert run["budget_s"] is None and run["commit"] == {"id": "", "dirty": None}


def test_host_names_are_safe_in_paths() -> None:
    assert host.sanitise("../Box of Ann.example.org") == "host"
    assert host.sanitise("Böx_1.local") == "b-x_1"
    assert host.huge_pages("always [madvise] never") == "madvise"
