"""calibrate: rates with intervals, verdicts per round, and a judge that errs is seen."""

from __future__ import annotations

import itertools

import pytest

from claimslab import calibrate
from claimslab.calibrate import Tally


def a_round(base: float, other: float, blocks: int = 10) -> list[dict[str, dict[str, float]]]:
    """Blocks in which the arm takes other/base as long, the machine's mood changing by block."""
    jitter = [1 + 0.01 * ((7 * j) % 5 - 2) for j in range(blocks)]
    return [
        {
            "base": {"C": base * mood},
            "same binary": {"C": other * mood * (1 + 0.001 * (-1) ** j)},
        }
        for j, mood in enumerate(jitter)
    ]


def test_identical_programs_raise_no_alarm() -> None:
    tallies: dict[str, Tally] = {}
    calibrate.judge_round(a_round(100.0, 100.0), tallies)
    assert tallies == {"same binary": Tally(verdicts=1, alarms=0, wrong=0)}


@pytest.mark.parametrize(("other", "wrong"), [(102.0, 0), (110.0, 1)])
def test_a_difference_is_an_alarm_and_wrong_beyond_the_margin(other: float, wrong: int) -> None:
    tallies: dict[str, Tally] = {}
    calibrate.judge_round(a_round(100.0, other), tallies)
    assert tallies["same binary"] == Tally(verdicts=1, alarms=1, wrong=wrong)


def test_the_base_is_compared_with_nobody() -> None:
    tallies: dict[str, Tally] = {}
    calibrate.judge_round(a_round(100.0, 100.0), tallies)
    assert "base" not in tallies


def test_rates_carry_binomial_intervals() -> None:
    found = calibrate.rate(5, 100)
    assert found["rate"] == 0.05
    assert 0.01 < found["low"] < 0.05 < found["high"] < 0.12
    assert calibrate.rate(0, 0) == {"rate": 0.0, "low": 0.0, "high": 1.0}


def test_the_summary_tells_false_alarms_from_planted_effects() -> None:
    tallies = {"same binary": Tally(40, 2, 0), "slowed by 5 %": Tally(40, 36, 0)}
    document = calibrate.summary(tallies)
    assert [(row["arm"], row["alarms"]) for row in document["aa"]] == [("same binary", 2)]
    assert [(row["effect"], row["caught"]) for row in document["planted"]] == [(0.05, 36)]


def test_every_slowdown_is_an_arm_beside_three_that_must_equal_the_base() -> None:
    arms = calibrate.arms_of("bin/p", "bin/p_relinked", "copy/p")
    assert [arm.slowdown for arm in arms] == [0, 0, 0, 0, *calibrate.SLOWDOWNS]
    assert {arm.command[0] for arm in arms[:4]} == {"bin/p", "bin/p_relinked", "copy/p"}


def test_operations_too_short_or_too_long_to_slow_are_left_out() -> None:
    times = {"Empty": 0.3, "tiny": 60.0, "short": 900.0, "long": 90_000.0, "huge": 4e7}
    assert calibrate.short_cases(times) == ["long", "short"]


def test_cases_of_every_length_are_taken() -> None:
    times = {str(ns): float(ns) for ns in range(1_000, 101_000, 1_000)}
    chosen = [int(case) for case in calibrate.short_cases(times)]
    assert len(chosen) == calibrate.CASES
    assert (chosen[0], chosen[-1]) == (100_000, 1_000)
    gaps = [more - less for more, less in itertools.pairwise(chosen)]
    assert max(gaps) - min(gaps) <= 1_000
    assert calibrate.short_cases({}) == []
