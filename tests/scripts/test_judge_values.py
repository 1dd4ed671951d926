"""Exact and counted claims: one value decides, whole numbers are compared whole."""

from __future__ import annotations

import pytest

from judged import CASE, NEW, OLD, PAIR, SMALL, only, ratio
from synthetic import claim, evidence

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("rule", "value", "word", "detail"),
    [
        ({"kind": "value", "equals": 14}, 14, "reproduced", "fact 14"),
        ({"kind": "value", "equals": 14}, 12, "refuted", "fact 12, not 14"),
        ({"kind": "value", "equals": "heap"}, "stack", "refuted", "fact stack, not heap"),
        ({"kind": "value", "low": 4, "high": 5}, 4.5, "reproduced", "fact 4.5"),
        ({"kind": "value", "low": 4, "high": 5}, 6, "refuted", "fact 6, not 4–5"),
        ({"kind": "value", "high": 1}, 1.5, "refuted", "fact 1.5, not at most 1"),
        ({"kind": "value", "high": 1}, 1.00002, "refuted", "fact 1.00002, not at most 1"),
        ({"kind": "value", "high": 1}, 0.99999, "reproduced", "fact 0.99999"),
        ({"kind": "value", "low": 4, "high": 5}, 4.51191, "reproduced", "fact 4.51"),
        ({"kind": "value", "low": 4}, 123456, "reproduced", "fact 123456"),
        ({"kind": "value", "low": 1}, [1], "invalid", "not a number"),
        ({"kind": "holds"}, True, "reproduced", "it holds"),
        ({"kind": "holds"}, False, "refuted", "it does not hold"),
        ({"kind": "holds"}, 1, "invalid", "not true or false"),
        ({"kind": "never"}, 0, "reproduced", "no fact found"),
        ({"kind": "never"}, 3, "refuted", "fact found: 3"),
        ({"kind": "never"}, "x", "invalid", "not a count"),
        ({"kind": "sequence", "equals": OLD}, OLD, "reproduced", "all 7 fact as claimed"),
        ({"kind": "sequence", "equals": OLD}, NEW, "refuted", "the 6th of fact is 848, not 1024"),
        ({"kind": "sequence", "equals": OLD}, OLD[:6], "refuted", "6 fact, not 7"),
        ({"kind": "sequence", "equals": OLD}, [*OLD, 9], "refuted", "8 fact, not 7"),
        ({"kind": "sequence", "starts": OLD[:3]}, NEW, "reproduced", "the first 3 fact as claimed"),
        ({"kind": "sequence", "starts": [1, 2, 3]}, NEW, "refuted", "the 3rd of fact is 4, not 3"),
        ({"kind": "sequence", "starts": OLD}, [], "refuted", "0 fact, not 7"),
        ({"kind": "sequence", "starts": OLD}, 3, "invalid", "not a list"),
        (
            {"kind": "sequence", "factor": [2.0, 2.0], "from": 512, "until": 1024},
            *(OLD, "reproduced", "the one step by 2"),
        ),
        (
            {"kind": "sequence", "factor": [2.0, 2.0], "from": 512, "until": 1024},
            *(NEW, "refuted", "512 → 848 is 1.66, not 2"),
        ),
        (
            {"kind": "sequence", "factor": [1.2, 1.3], "from": 1024, "until": 9999},
            *(OLD, "reproduced", "the one step by 1.2–1.3"),
        ),
        (
            {"kind": "sequence", "factor": [2, 2], "from": 5000, "until": 9999},
            *(OLD, "invalid", "no step from 5000 until 9999"),
        ),
        (
            {"kind": "sequence", "factor": [2, 2], "from": 0, "until": 9},
            *([0, 1], "refuted", "0 → 1 is no ratio"),
        ),
    ],
)
def test_one_fact_decides(rule, value, word, detail):
    asked = claim(rule=rule, metric="fact")
    verdict = only(evidence([asked], facts=[("a", CASE, "fact", value)]))
    assert (verdict["kind"], verdict["word"]) == ("exact", word)
    assert verdict["sentence"].count(detail) == 1


MOST = 2**63 - 1  # as a float it is 2^63


@pytest.mark.parametrize(
    ("rule", "value", "word", "detail"),
    [
        ({"kind": "value", "equals": MOST}, MOST, "reproduced", f"fact {MOST}."),
        ({"kind": "value", "equals": MOST}, MOST + 1, "refuted", f"{MOST + 1}, not {MOST}."),
        ({"kind": "value", "high": MOST}, MOST + 1, "refuted", f"not at most {MOST}."),
        ({"kind": "value", "low": MOST + 1}, MOST, "refuted", f"not at least {MOST + 1}."),
        ({"kind": "sequence", "equals": [MOST]}, [MOST + 1], "refuted", f"not {MOST}."),
        ({"kind": "sequence", "equals": [MOST]}, [MOST], "reproduced", "all 1 fact"),
        (
            {"kind": "sequence", "factor": [2, 2], "from": 1, "until": MOST},
            *([2**62, MOST], "refuted", f"{2**62} → {MOST}"),
        ),
    ],
)
@pytest.mark.parametrize("metric", ["fact", "allocs/op"])
def test_whole_numbers_are_compared_whole(rule, value, word, detail, metric):
    facts = [("a", CASE, metric, value)] * 2
    verdict = only(evidence([claim(rule=rule, metric=metric)], facts=facts))
    assert verdict["word"] == word
    assert detail.replace("fact", metric) in verdict["sentence"]


def test_a_ratio_of_whole_numbers_is_whole():
    facts = [("a", CASE, "f", MOST), ("b", CASE, "f", 2**62)]
    assert only(evidence([claim(rule=ratio(low=2), metric="f")], facts=facts))["word"] == "refuted"


@pytest.mark.parametrize("value", [10**400, [1, 10**400]])
@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "value", "low": 1},
        {"kind": "never"},
        {"kind": "sequence", "starts": [1]},
        {"kind": "sequence", "factor": [2, 2], "from": 1, "until": 9},
        {"kind": "growth", "by": "n", "low": 1},
        ratio(low=1),
    ],
)
def test_a_number_that_no_float_can_hold_is_invalid(rule, value):
    asked = claim(rule=rule, case=[SMALL, CASE], metric="f", subjects=["a"])
    facts = [(subject, case, "f", value) for subject in "ab" for case in (SMALL, CASE)]
    verdict = only(evidence([asked], facts=facts))
    assert verdict["word"] == "invalid"
    assert "more than 308 digits" in verdict["sentence"]


@pytest.mark.parametrize(
    ("over", "under", "word", "how"),
    [
        (20, 10, "reproduced", ""),
        (13, 10, "refuted", "direction holds"),
        (10, 10, "refuted", "no difference"),
        (5, 10, "refuted", "opposite"),
        (0, 10, "refuted", "opposite"),
        (5, 0, "reproduced", ""),
        (0, 0, "invalid", ""),
    ],
)
def test_a_ratio_of_facts(over, under, word, how):
    facts = [("a", CASE, "copies", over), ("b", CASE, "copies", under)]
    verdict = only(evidence([claim(rule=ratio(low=1.8), metric="copies")], facts=facts))
    assert (verdict["word"], verdict["cells"][0]["how"]) == (word, how)


@pytest.mark.parametrize(
    ("lists", "word", "detail"),
    [
        ([OLD, OLD], "reproduced", "the same values in all 2 cases"),
        ([OLD, NEW], "refuted", "the 6th of values is 1024 with e=1, 848 with e=8"),
        ([OLD, OLD[:4]], "refuted", "7 values with e=1, 4 with e=8"),
        ([1, 2], "refuted", "values: 1 with e=1, 2 with e=8"),
    ],
)
def test_the_same_in_every_case_of_a_subject(lists, word, detail):
    cases = ["Cap/e=1", "Cap/e=8"]
    asked = claim(rule={"kind": "sequence", "same": True}, case=cases, metric="caps")
    facts = [("a", case, "caps", found) for case, found in zip(cases, lists, strict=True)]
    verdict = only(evidence([asked], facts=facts))
    assert verdict["word"] == word
    assert verdict["cells"][0]["detail"] == detail
    assert detail.replace("values", "caps") in verdict["sentence"]


def test_growth_of_a_count():
    asked = claim(
        rule={"kind": "growth", "by": "n", "low": 0.9, "high": 1.1}, case="Load/*", metric="steps"
    )
    for power, word in ((1, "reproduced"), (2, "refuted")):
        facts = [("a", f"Load/n={n}", "steps", n**power) for n in (10, 100)]
        assert only(evidence([asked], facts=facts))["word"] == word


def test_facts_that_differ_between_trials_are_invalid():
    asked = claim(rule={"kind": "value", "equals": 1}, metric="fact")
    facts = [("a", CASE, "fact", value) for value in (1, 1, 2)]
    verdict = only(evidence([asked], facts=facts))
    assert verdict["word"] == "invalid"
    assert "differs between trials: 1 and 2" in verdict["sentence"]


def test_counts_are_medians_over_blocks_and_facts():
    asked = claim(rule={"kind": "value", "equals": 5}, metric="allocs/op")
    counts = {"a": {CASE: {"allocs/op": 5.0}}}
    verdict = only(evidence([asked], PAIR, counts=counts))
    assert (verdict["kind"], verdict["word"]) == ("counted", "reproduced")
    facts = [("a", CASE, "allocs/op", 6)]
    assert only(evidence([asked], {}, facts))["word"] == "refuted"


@pytest.mark.parametrize(
    ("over", "word", "how"),
    [
        (120, "reproduced", ""),
        (105, "refuted", "direction holds"),
        (101, "refuted", "no difference"),
        (90, "refuted", "opposite"),
    ],
)
def test_instructions_have_a_margin_of_two_percent(over, word, how):
    asked = claim(rule=ratio(low=1.1), metric="ir/op")
    facts = [("a", CASE, "ir/op", over), ("b", CASE, "ir/op", 100)]
    verdict = only(evidence([asked], facts=facts))
    assert (verdict["word"], verdict["cells"][0]["how"]) == (word, how)
