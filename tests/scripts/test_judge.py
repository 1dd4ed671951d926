"""test_judge: every word of the method, on evidence made to earn it and on evidence that is not."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
import re
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimslab import judge as judging
from claimslab.evidence import Evidence, Fact
from synthetic import TOPIC, claim, evidence

SCHEMA = json.loads(
    (Path(judging.__file__).parents[1] / "schemas" / "verdicts.json").read_text(encoding="utf-8")
)
CASE, SMALL = "Append/n=10", "Append/n=1"
PAIR = {"a": {CASE: 200.0}, "b": {CASE: 100.0}}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def judge(found: Evidence) -> dict[str, Any]:
    """Judge, and check what comes of it as its readers will."""
    verdicts = judging.judge(found)
    jsonschema.validate(json.loads(json.dumps(verdicts, allow_nan=False)), SCHEMA)
    return verdicts


def only(found: Evidence) -> dict[str, Any]:
    (verdict,) = judge(found)["claims"]
    return verdict


def ratio(**keys: Any) -> dict[str, Any]:
    return {"kind": "ratio", "over_subject": "b", **keys}


# ---- Times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "true", "word", "how"),
    [
        ({"low": 1.5, "high": 5.0}, 200.0, "reproduced", ""),
        ({"low": 10.0}, 200.0, "refuted", "direction holds"),
        ({"low": 1.5}, 50.0, "refuted", "opposite"),
        ({"low": 1.5}, 100.0, "refuted", "no difference"),
        ({"high": 0.5}, 80.0, "refuted", "direction holds"),
        ({"high": 0.5}, 200.0, "refuted", "opposite"),
        ({"high": 0.5}, 40.0, "reproduced", ""),
        ({"low": 0.9, "high": 1.1}, 100.0, "reproduced", ""),
        ({"low": 0.9, "high": 1.1}, 200.0, "refuted", ""),
        ({"low": 2.0}, 201.0, "unclear", ""),
    ],
)
def test_a_ratio_of_times(keys, true, word, how):
    times = {"a": {CASE: true}, "b": {CASE: 100.0}}
    verdict = only(evidence([claim(rule=ratio(**keys))], times))
    (cell,) = verdict["cells"]
    assert (verdict["word"], cell["word"], cell["how"]) == (word, word, how)
    assert cell["low"] < cell["estimate"] < cell["high"]
    assert cell["check"]["low"] < cell["check"]["high"]
    assert cell["over"] == {"subject": "b", "case": CASE}
    assert verdict["kind"] == "timed"


def test_the_sentence_has_effect_interval_blocks_and_region():
    verdict = only(evidence([claim()], PAIR))
    effect = r"1\.9\d× \(1\.\d+–2\.\d+×\)"
    assert re.fullmatch(rf"Holds: {effect} in 10 blocks, inside 1\.5–5×\.", verdict["sentence"])


def test_an_unclear_cell_says_what_would_decide_it():
    verdict = only(evidence([claim(rule=ratio(low=1.9))], PAIR, noise=2))
    (cell,) = verdict["cells"]
    assert verdict["word"] == "unclear"
    assert cell["needed_blocks"] > 10
    assert cell["needed_minutes"] == pytest.approx(cell["needed_blocks"] * 0.1, abs=0.1)
    assert f"about {cell['needed_blocks']} blocks" in verdict["sentence"]


def test_a_run_that_nobody_will_make_is_not_proposed():
    found = evidence([claim(rule=ratio(low=2.0))], {"a": {CASE: 200.02}, "b": {CASE: 100.0}})
    (cell,) = only(found)["cells"]
    assert cell["needed_blocks"] is None or cell["needed_blocks"] > 100
    sentence = only(found)["sentence"]
    assert "would decide" not in sentence
    assert "more blocks will hardly decide this" in sentence or "no number of blocks" in sentence


def test_estimates_of_several_cells_do_not_look_like_an_interval():
    times = {"a": {SMALL: 20.0, CASE: 300.0}, "b": {SMALL: 10.0, CASE: 100.0}}
    sentence = only(evidence([claim(case=[SMALL, CASE])], times))["sentence"]
    low, high = r"between [12]\.\d+× \(n=1\)", r"and [23](\.\d+)?× \(n=10\)"
    assert re.fullmatch(rf"Holds for a: {low} {high} in 10 blocks, inside 1\.5–5×\.", sentence)


def test_swapped_subjects_give_the_inverse():
    there = only(evidence([claim()], PAIR))["cells"][0]
    rule = {"kind": "ratio", "over_subject": "a", "low": 0.2, "high": 1 / 1.5}
    back = only(evidence([claim(rule=rule, subjects=["b"])], PAIR))["cells"][0]
    assert there["word"] == back["word"] == "reproduced"
    assert (there["low"], there["high"]) == pytest.approx((1 / back["high"], 1 / back["low"]))
    assert there["p"] == pytest.approx(back["p"])


def test_a_case_can_be_divided_by_another():
    times = {"a": {CASE: 300.0, SMALL: 100.0}}
    rule = {"kind": "ratio", "over_case": SMALL, "low": 2.5}
    assert only(evidence([claim(rule=rule)], times))["word"] == "reproduced"


@pytest.mark.parametrize(
    ("rule", "more", "times"),
    [
        (ratio(low=1.5), {"subjects": ["*"]}, PAIR),
        (
            {"kind": "ratio", "over_case": CASE, "low": 1.5},
            {"case": "Append/*"},
            {"a": {CASE: 100.0, "Append/n=90": 200.0}},
        ),
    ],
)
def test_what_is_divided_by_is_no_evidence_of_its_own(rule, more, times):
    found = judge(evidence([claim(rule=rule, **more)], times))
    (verdict,) = found["claims"]
    assert (verdict["word"], len(verdict["cells"])) == ("reproduced", 1)
    assert found["family"]["tests"] == 1


@pytest.mark.parametrize(
    ("rule", "more", "what"),
    [
        (ratio(low=1.0), {"subjects": ["*"]}, "b"),
        ({"kind": "ratio", "over_case": CASE, "low": 1.0}, {"case": "Append/*"}, CASE),
    ],
)
def test_nothing_is_judged_against_itself(rule, more, what):
    asked = claim(rule=rule, **{"subjects": ["b"], **more})
    found = judge(evidence([asked], {"b": {CASE: 100.0}}))
    (verdict,) = found["claims"]
    assert verdict["word"] == "not run"
    assert verdict["sentence"] == f"Not run: nothing to compare {what} with."
    assert found["family"]["tests"] == 0


@pytest.mark.parametrize(
    ("high", "word"), [(300, "reproduced"), (150, "refuted"), (199, "unclear")]
)
def test_a_time_itself(high, word):
    rule = {"kind": "value", "high": high}
    assert only(evidence([claim(rule=rule)], PAIR))["word"] == word


@pytest.mark.parametrize(
    ("power", "word"), [(1.0, "reproduced"), (1.5, "refuted"), (1.1, "unclear")]
)
def test_growth(power, word):
    times = {"a": {f"Append/n={n}": 5.0 * n**power for n in (10, 100, 1000)}}
    rule = {"kind": "growth", "by": "n", "low": 0.9, "high": 1.1}
    verdict = only(evidence([claim(rule=rule, case=list(times["a"]))], times, noise=2))
    (cell,) = verdict["cells"]
    assert verdict["word"] == word
    assert cell["estimate"] == pytest.approx(power, abs=0.05)
    assert (cell["case"], len(cell["cases"])) == ("Append/n=*", 3)
    assert "exponent" in verdict["sentence"]


def test_holm_asks_more_of_a_claim_among_many():
    times = {"a": {CASE: 100.0}, "b": {CASE: 100.0}}
    close = claim("close", rule=ratio(high=1.04))
    alone = only(evidence([close], times))
    assert alone["word"] == "reproduced"
    crowd = [claim(f"edge{n}", rule=ratio(high=1.0 + n / 1000)) for n in range(20)]
    verdicts = judge(evidence([close, *crowd], times))
    assert verdicts["family"] == {"method": "holm", "alpha": 0.05, "tests": 21}
    (cell,) = verdicts["claims"][0]["cells"]
    assert cell["word"] == "unclear"
    assert cell["p"] < 0.05 < cell["p_holm"]
    assert "Holm" in cell["detail"]


def test_no_unclear_cell_is_told_that_fewer_blocks_would_decide():
    times, seen = {"a": {CASE: 100.0}, "b": {CASE: 100.0}}, 0
    for seed, edge in itertools.product(range(2), (1.03, 1.04, 1.05)):
        crowd = [claim(f"edge{n}", rule=ratio(high=edge + n / 1e6)) for n in range(30)]
        cells = [v["cells"][0] for v in judge(evidence(crowd, times, seed=seed))["claims"]]
        unclear = [cell for cell in cells if cell["word"] == "unclear"]
        assert all((cell["needed_blocks"] or 11) > 10 for cell in unclear)
        seen += len(unclear)
    assert seen


@pytest.mark.parametrize("blocks", [0, 1, 2])
@pytest.mark.parametrize("noise", [0, 1])
def test_next_to_no_blocks_decide_nothing(blocks, noise):
    asked = [
        claim("ratio"),
        claim("case", {"kind": "ratio", "over_case": SMALL, "low": 1.5}, CASE),
        claim("value", {"kind": "value", "high": 9}),
        claim("growth", {"kind": "growth", "by": "n", "low": 0.9}, "Append/*"),
    ]
    times = {name: {SMALL: 20.0, CASE: 200.0} for name in "ab"}
    found = judge(evidence(asked, times, blocks=blocks, noise=noise))
    assert {v["word"] for v in found["claims"]} == {"unclear" if blocks else "not run"}
    assert found["family"]["tests"] == 0


@settings(max_examples=12, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(0, 50), st.sampled_from([0.0, 1.0]))
def test_scaling_all_samples_changes_no_verdict(scale, seed, noise):
    def at(scale):
        claims = [
            claim("ratio", rule=ratio(low=1.9)),
            claim("edge", rule=ratio(low=2)),
            claim("case", {"kind": "ratio", "over_case": SMALL, "low": 9.0, "high": 10}, CASE),
            claim("growth", {"kind": "growth", "by": "n", "low": 0.9}, [SMALL, CASE], ["a", "b"]),
            claim("value", {"kind": "value", "low": 19.0 * scale, "high": 200 * scale}, "Append/*"),
        ]
        return judge(evidence(claims, times, seed=seed, scale=scale, noise=noise))

    times = {"a": {SMALL: 20.0, CASE: 200.0}, "b": {SMALL: 12.0, CASE: 100.0}}
    plain, scaled = at(1.0), at(scale)
    assert [c["word"] for c in plain["claims"]] == [c["word"] for c in scaled["claims"]]
    for one, other in zip(plain["claims"], scaled["claims"], strict=True):
        for mine, theirs in zip(one["cells"], other["cells"], strict=True):
            unit = scale if one["id"] == "value" else 1
            assert mine["estimate"] * unit == pytest.approx(theirs["estimate"])
            assert mine["p"] == pytest.approx(theirs["p"], abs=1e-9)


def test_the_order_of_lines_does_not_matter():
    found = evidence([claim(), claim("c2", subjects=["*"])], PAIR, crashes={"b": [2]})
    mixed = dataclasses.replace(found)
    for name in ("samples", "facts", "trials", "blocks"):
        lines = list(getattr(found, name))
        random.Random(1).shuffle(lines)
        setattr(mixed, name, lines)
    assert judge(found) == judge(mixed)


def test_a_disagreeing_rank_check_is_flagged():
    found = evidence([claim(rule=ratio(low=1.5))], PAIR, noise=0.5, blocks=30)
    odd = found.samples.index(next(s for s in found.samples if s.subject == "a"))
    found.samples[odd] = dataclasses.replace(found.samples[odd], value=1e-3)  # one wild block
    verdict = only(found)
    assert verdict["word"] == "unclear"
    assert "check disagrees" in verdict["flags"]


def test_identical_samples_decide_without_noise():
    verdict = only(evidence([claim()], PAIR, noise=0))
    (cell,) = verdict["cells"]
    assert verdict["word"] == "reproduced"
    assert cell["low"] == cell["estimate"] == cell["high"] == pytest.approx(2.0)


@pytest.mark.parametrize("true", [2.0, 3.0, 7.0, 0.1])
@pytest.mark.parametrize("edge", ["low", "high"])
def test_a_time_ratio_on_the_edge_holds_whatever_the_rounding(edge, true):
    for unit in (1.0, 0.3, 12345.678):
        times = {"a": {CASE: true * unit}, "b": {CASE: unit}}
        for noise in (0, 1e-14):
            found = evidence([claim(rule=ratio(**{edge: true}))], times, noise=noise)
            assert only(found)["word"] == "reproduced"


# ---- Exact values and counts --------------------------------------------------------------------

OLD = [1, 2, 4, 8, 512, 1024, 1280]
NEW = [1, 2, 4, 8, 512, 848, 1280]


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


# ---- Reasons ------------------------------------------------------------------------------------


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


# ---- Several cells ------------------------------------------------------------------------------


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


# ---- What is broken -----------------------------------------------------------------------------


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
    assert "b crashed with SIGSEGV in 8 of 10 trials, which leaves 2" in verdict["sentence"]
    verdict = only(evidence([claim()], PAIR, crashes={"a": range(1, 11)}))
    assert "a crashed with SIGSEGV in 10 of 10 trials" in verdict["sentence"]


def test_too_few_blocks_are_unclear():
    verdict = only(evidence([claim()], PAIR, blocks=2))
    assert verdict["word"] == "unclear"
    assert "2 common blocks, and 3 are the fewest" in verdict["sentence"]


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
