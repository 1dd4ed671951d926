"""A verdict's sentence: for whom a claim holds, for what reason, and why it was not run."""

from __future__ import annotations

import pytest

from judged import CASE, NEW, OLD, PAIR, SMALL, judge, only, ratio
from synthetic import claim, evidence

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("allocs", "moved", "flagged"),
    [((5, 1), True, False), ((1, 1), False, True), ((1, 5), False, True), ((5, 0), True, False)],
)
def test_right_for_the_wrong_reason_is_flagged(allocs, moved, flagged):
    counts = {s: {CASE: {"allocs/op": float(n)}} for s, n in zip("ab", allocs, strict=True)}
    verdict = only(evidence([claim(because="allocs/op")], PAIR, counts=counts))
    assert verdict["word"] == "reproduced"
    assert verdict["because"]["moved"] is moved
    assert ("wrong reason" in verdict["flags"]) is flagged
    assert ("the reason fails" in verdict["sentence"]) is flagged


def test_a_reason_that_nobody_reports_is_unknown():
    verdict = only(evidence([claim(because="allocs/op")], PAIR))
    assert verdict["because"]["moved"] is None
    assert verdict["flags"] == []


def test_mixed_names_for_whom_it_holds():
    asked = claim(rule={"kind": "sequence", "equals": OLD}, subjects=["go@*"], metric="caps")
    facts = [
        ("go@1.17", CASE, "caps", OLD),
        ("go@1.23", CASE, "caps", NEW),
        ("go@1.26", CASE, "caps", NEW),
        ("model/2x", CASE, "caps", NEW),
    ]
    verdict = only(evidence([asked], facts=facts))
    assert verdict["word"] == "mixed"
    assert verdict["sentence"].startswith("Holds for go@1.17: all 7 caps as claimed; ")
    told = "refuted for go@1.23 and go@1.26: the 6th of caps is 848, not 1024."
    assert told in verdict["sentence"]


def test_many_cells_are_counted_and_the_odd_one_is_named():
    cases = [f"Reuse/f={n}" for n in (1, 2, 3, 4)]
    facts = [(s, c, "reuse", i) for s in ("a", "b") for i, c in enumerate(cases, 3)]
    facts[-1] = ("b", cases[-1], "reuse", 0)
    asked = claim(rule={"kind": "value", "low": 1}, metric="reuse", case=cases, subjects=["a", "b"])
    sentence = only(evidence([asked], facts=facts))["sentence"]
    assert sentence == "Holds in 7 of 8 cells; refuted for b at f=4: reuse 0, not at least 1."


def test_what_never_happens_is_told_from_what_did():
    asked = claim(rule={"kind": "never"}, metric="faults", subjects=["*"])
    facts = [(s, CASE, "faults", v) for s, v in (("a", 14), ("b", 798), ("c", 16))]
    sentence = only(evidence([asked], facts=facts))["sentence"]
    assert sentence == "Refuted for a, b and c: faults between 14 (a) and 798 (b), not 0."


def test_values_of_several_subjects_are_told_by_their_ends():
    asked = claim(rule={"kind": "value", "low": 4, "high": 5}, metric="copies", subjects=["*"])
    facts = [(s, CASE, "copies", v) for s, v in (("a", 4.51191), ("b", 4.2), ("c", 4.154))]
    sentence = only(evidence([asked], facts=facts))["sentence"]
    assert sentence == "Holds for a, b and c: copies between 4.15 (c) and 4.51 (a)."


def test_a_ratio_of_counts_is_readable():
    asked = claim(rule=ratio(low=5), metric="ir/op")
    facts = [("a", CASE, "ir/op", 333993), ("b", CASE, "ir/op", 80367.5)]
    sentence = only(evidence([asked], facts=facts))["sentence"]
    assert "ir/op 334 thousand against 80.4 thousand is 4.16×, not at least 5×" in sentence


def test_mixed_names_the_cases_in_which_it_holds():
    times = {"a": {SMALL: 20.0, CASE: 200.0}, "b": {SMALL: 20.0, CASE: 100.0}}
    verdict = only(evidence([claim(case=[SMALL, CASE])], times))
    assert verdict["word"] == "mixed"
    assert "Holds for n=10: " in verdict["sentence"]
    assert "refuted for n=1 (no difference): " in verdict["sentence"]


def test_many_cases_of_a_subject_are_counted_not_named():
    rows = [f"Row/check={name}" for name in "abcdefghijklmnopqrst"]
    asked = claim(rule={"kind": "holds"}, metric="passed", case="Row/check=*", subjects=["x", "y"])
    facts = [(name, row, "passed", (name, row) != ("x", rows[2])) for name in "xy" for row in rows]
    verdict = only(evidence([asked], facts=facts))
    assert verdict["word"] == "mixed"
    assert verdict["sentence"].startswith("Holds in 39 of 40 cells: it holds; ")
    assert "refuted for x at check=c: it does not hold." in verdict["sentence"]


def test_what_was_not_run_hides_nothing_but_is_named():
    asked = claim(rule={"kind": "value", "equals": 1}, metric="f", subjects=["go@*", "zz"])
    found = evidence([asked], facts=[("go@1.26", CASE, "f", 1)], not_run={"go@1.17": "no network"})
    verdict = only(found)
    assert verdict["word"] == "reproduced"
    assert "no network" in verdict["sentence"]
    assert "the run has no subject zz" in verdict["sentence"]
    assert [cell["word"] for cell in verdict["cells"]] == ["reproduced", "not run", "not run"]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (evidence([claim()], {}, not_run={"a": "Go is missing"}), "Go is missing"),
        (evidence([claim(subjects=["x@*"])], PAIR), "no such subject"),
        (evidence([claim(case="Other/n=1")], PAIR), "the run has no ns/op of Other/n=1 for a"),
        (evidence([claim(rule=ratio(low=2))], {"a": {CASE: 1.0}}), "the run has no subject b"),
        (evidence([claim(full=True)], PAIR), "FULL=1"),
        (evidence([claim()], PAIR, blocks=0), "before its first trial"),
        (evidence([claim()], PAIR, [("a", CASE, "f", 1)], blocks=0), "no block with it yet"),
        (
            evidence([claim(metric="f")], facts_not_run=[("a", CASE, "f", "needs 12 GB")]),
            "needs 12 GB",
        ),
    ],
)
def test_not_run_says_why(found, reason):
    verdict = only(found)
    assert verdict["word"] == "not run"
    assert reason in verdict["sentence"]


def test_a_run_whose_blocks_were_all_rejected_is_invalid_not_missing():
    found = evidence([claim()], PAIR, [("a", CASE, "f", 1)], rejected=4, blocks=0)
    verdict = only(found)
    assert verdict["word"] == "invalid"
    assert "rejected" in verdict["sentence"]


def test_a_run_that_was_stopped_says_how_to_go_on():
    found = evidence([claim()], PAIR, blocks=6)
    assert judge(found)["unfinished"] == ""
    found.planned = 10
    left = judge(found)["unfinished"]
    assert left.startswith("4 blocks are still to be measured")
    assert f"RESUME={found.run['run']}" in left
    found.dropped = [{"topic": "topic", "subject": name} for name in PAIR]
    assert judge(found)["unfinished"] == ""


def test_full_claims_are_judged_in_full_runs():
    assert only(evidence([claim(full=True)], PAIR, mode="full"))["word"] == "reproduced"


def test_a_pattern_skips_subjects_that_never_had_the_case():
    times = {**PAIR, "a/other": {SMALL: 5.0}}
    verdict = only(evidence([claim(subjects=["a*"])], times))
    assert [cell["subject"] for cell in verdict["cells"]] == ["a"]
