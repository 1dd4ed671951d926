"""Broken evidence: checksums, crashes, values that are none; nothing of it counts as a number."""

from __future__ import annotations

import dataclasses

import pytest

from claimslab.evidence import Fact
from judged import CASE, PAIR, SMALL, judge, only, ratio
from synthetic import TOPIC, claim, evidence

pytestmark = pytest.mark.filterwarnings("error")


def test_a_different_checksum_makes_the_case_invalid_and_names_the_minority():
    times = {name: {CASE: 100.0, SMALL: 10.0} for name in "abc"}
    claims = [claim("timed"), claim("other", case=SMALL, rule=ratio(low=0.5))]
    found = judge(evidence(claims, times, checksums={("c", CASE): 8}))
    bad, good = found["claims"]
    assert bad["word"] == "invalid"
    assert "a, b compute 7; c compute 8" in bad["sentence"]
    assert good["word"] == "reproduced"
    assert found["family"]["tests"] == 1


def test_a_different_checksum_needs_no_finished_run():
    found = evidence([claim()], PAIR, blocks=1, checksums={("a", CASE): 8})
    found.planned = 10
    assert judge(found)["unfinished"]
    assert only(found)["word"] == "invalid"


def test_a_crash_leaves_the_common_blocks():
    verdict = only(evidence([claim()], PAIR, crashes={"a": [1], "b": [2]}))
    assert verdict["word"] == "reproduced"
    assert verdict["cells"][0]["blocks"] == 8
    assert verdict["flags"] == ["crashes"]


def test_crashes_that_leave_too_few_blocks_are_told_with_their_signal():
    verdict = only(evidence([claim()], PAIR, crashes={"b": range(1, 9)}))
    assert verdict["word"] == "invalid"
    assert "b crashed with SIGSEGV in 8 of 10 trials, which leaves 2 blocks" in verdict["sentence"]
    verdict = only(evidence([claim()], PAIR, crashes={"a": range(1, 11)}))
    assert "a crashed with SIGSEGV in 10 of 10 trials" in verdict["sentence"]


def test_too_few_blocks_are_unclear():
    verdict = only(evidence([claim()], PAIR, blocks=2))
    assert verdict["word"] == "unclear"
    assert "measured in 2 blocks, and it takes 3 to decide" in verdict["sentence"]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_invalid(value):
    found = evidence([claim()], PAIR)
    found.samples[0] = dataclasses.replace(found.samples[0], value=value)
    verdict = only(found)
    assert verdict["word"] == "invalid"
    assert "block 1 of Append/n=10 reports" in verdict["sentence"]


def test_a_planned_value_that_never_came_is_invalid():
    found = evidence([claim()], PAIR)
    found.samples = [s for s in found.samples if s.subject == "b"]
    assert only(found)["word"] == "invalid"


def test_too_many_rejected_blocks_spare_only_what_needs_no_clock():
    claims = [claim("timed"), claim("exact", {"kind": "holds"}, metric="f")]
    found = evidence(claims, PAIR, [("a", CASE, "f", True)], rejected=5)
    verdicts = judge(found)
    assert not verdicts["valid"]
    assert "5 of 15 blocks were rejected, more than 30%" in verdicts["invalid_reason"]
    assert [v["word"] for v in verdicts["claims"]] == ["invalid", "reproduced"]
    assert verdicts["blocks"] == {TOPIC: {"accepted": 10, "rejected": 5, "planned": 10}}
    found = judge(evidence(claims, PAIR, [("a", CASE, "f", True)], rejected=4))
    assert found["valid"]


def test_the_summary_counts_every_word_and_the_mode_is_kept():
    facts = [("a", CASE, "f", True), ("a", CASE, "g", False)]
    claims = [claim(m, {"kind": "holds"}, metric=m) for m in ("f", "g", "h")]
    verdicts = judge(evidence(claims, facts=facts, mode="smoke"))
    counts = {"reproduced": 1, "refuted": 1, "mixed": 0, "unclear": 0, "invalid": 0, "not run": 1}
    assert verdicts["summary"] == counts
    assert verdicts["mode"] == "smoke"


def test_a_fact_of_another_topic_is_not_taken():
    asked = claim(rule={"kind": "holds"}, metric="f")
    found = evidence([asked], PAIR)
    found.facts.append(Fact("elsewhere", "a", CASE, "f", True))
    assert only(found)["word"] == "not run"
