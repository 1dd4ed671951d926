"""Timed claims: every word of the method, earned by intervals over blocks, and Holm."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judged import CASE, PAIR, SMALL, judge, only, ratio
from synthetic import claim, evidence

pytestmark = pytest.mark.filterwarnings("error")


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


@pytest.mark.parametrize(("loop_ns", "flagged"), [(45.0, False), (55.0, True)])
def test_a_ratio_that_is_mostly_the_workloads_own_loop_is_flagged(loop_ns, flagged):
    found = evidence([claim()], {**PAIR, "null": {CASE: loop_ns}}, noise=0)
    assert ("mostly loop" in only(found)["flags"]) is flagged


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


TAILS = {name: {CASE: {"p99-ns": lambda block, k=k: k * (100 + block % 3)}} for name, k in
         (("a", 2.0), ("b", 1.0))}  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "word"), [({"low": 1.5}, "reproduced"), ({"high": 1.5}, "refuted")]
)
def test_a_tail_is_judged_like_a_time(keys, word):
    asked = claim(rule=ratio(**keys), metric="p99-ns")
    verdict = only(evidence([asked], PAIR, counts=TAILS))
    (cell,) = verdict["cells"]
    assert (verdict["kind"], verdict["margin"], verdict["word"]) == ("timed", 0.05, word)
    assert cell["estimate"] == pytest.approx(2.0) and cell["blocks"] == 10
    assert cell["p_holm"] is not None


def test_a_tail_that_no_trial_gave_is_told():
    asked = claim(rule=ratio(low=1.5), metric="p99.9-ns")
    assert only(evidence([asked], PAIR, counts=TAILS))["word"] == "not run"
    found = evidence([asked], PAIR, counts=TAILS)
    for entry in found.run["topics"][0]["subjects"]:
        entry["tails"] = {CASE: ["p99.9-ns"]}
    verdict = only(found)
    assert verdict["word"] == "invalid"
    assert "a ran, but did not report p99.9-ns of Append/n=10" in verdict["sentence"]
