"""rules: one function a rule for values that need no clock; each says the word and why.

What a rule says speaks of `values`; wording.named puts the metric's own name there.
A value of the wrong type decides nothing: it is the program that is wrong, so the cell is invalid.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from claimslab.judge import stats
from claimslab.judge.cells import Word
from claimslab.judge.stats import Interval, Region
from claimslab.wording import number, ordinal, spelled


@dataclass(frozen=True)
class Finding:
    """What a rule says of a value."""

    word: Word
    detail: str
    estimate: float | None = None
    how: str = ""


def region_of(keys: Mapping[str, Any], margin: float = 0.0) -> Region:
    """The region C of a rule; `equals` is a region of one point, give or take the margin.

    Whole numbers stay whole: as a float, one above 2^53 would be another number.
    """
    if isinstance(keys.get("equals"), (int, float)):
        slack = abs(keys["equals"]) * margin if margin else 0
        return Region(keys["equals"] - slack, keys["equals"] + slack)
    return Region(keys.get("low", -math.inf), keys.get("high", math.inf))


def word(good: bool) -> Word:
    return Word.REPRODUCED if good else Word.REFUTED


def value(keys: Mapping[str, Any], found: Any, margin: float) -> Finding:
    if isinstance(keys.get("equals"), str):
        good = found == keys["equals"]
        return Finding(word(good), f"{found}" if good else f"{found}, not {keys['equals']}")
    if not is_number(found):
        return wrong_type(found, "a number")
    region = region_of(keys, margin)
    good = region.contains(found)
    claimed = plain(keys["equals"]) if "equals" in keys else shown(region)
    return Finding(
        word(good), brief(found, region) + ("" if good else f", not {claimed}"), float(found)
    )


def ratio(keys: Mapping[str, Any], over: Any, under: Any, margin: float) -> Finding:
    if not is_number(over) or not is_number(under):
        return wrong_type(under if is_number(over) else over, "a number")
    if under == 0:
        if over <= 0:
            return Finding(Word.INVALID, f"{spelled(over)} against 0 is no ratio")
        good = "high" not in keys
        return Finding(word(good), f"{spelled(over)} against 0 is beyond every ratio")
    found = over / under
    region = region_of(keys)
    detail = f"{spelled(over)} against {spelled(under)} is {number(found)}×"
    if region.contains(quotient(over, under)):
        return Finding(Word.REPRODUCED, detail, found)
    spot = math.log(found) if found > 0 else -math.inf
    how = direction(region, Interval(spot, spot, spot, 1), abs(spot) <= math.log1p(margin))
    return Finding(Word.REFUTED, f"{detail}, not {shown(region)}×", found, how)


def growth(keys: Mapping[str, Any], x: Sequence[float], y: Sequence[Any]) -> Finding:
    for item in y:
        if not is_number(item):
            return wrong_type(item, "a number")
    slope = float(stats.slopes(x, np.asarray([y], dtype=np.float64))[0])
    if not math.isfinite(slope):
        return Finding(Word.INVALID, "values that are not above zero have no exponent of growth")
    region = region_of(keys)
    good = region.contains(slope)
    detail = f"exponent {number(slope)}" + ("" if good else f", not {shown(region)}")
    return Finding(word(good), detail, slope)


def holds(found: Any) -> Finding:
    if not isinstance(found, bool):
        return wrong_type(found, "true or false")
    return Finding(word(found), "it holds" if found else "it does not hold")


def never(found: Any) -> Finding:
    if not is_number(found):
        return wrong_type(found, "a count")
    times = "no values found" if found == 0 else f"values found: {plain(found)}"
    return Finding(word(found == 0), times, float(found))


def sequence(keys: Mapping[str, Any], found: Any) -> Finding:
    if not isinstance(found, list) or not all(is_number(item) for item in found):
        return wrong_type(found, "a list of numbers")
    if "factor" in keys:
        return factors(keys, found)
    whole = "equals" in keys
    wanted = keys["equals"] if whole else keys["starts"]
    for place, (is_, should) in enumerate(zip(found, wanted, strict=False), 1):
        if is_ != should:
            return Finding(Word.REFUTED, f"{spot(place)} is {plain(is_)}, not {plain(should)}")
    if len(found) < len(wanted) or (whole and len(found) > len(wanted)):
        return Finding(Word.REFUTED, f"{len(found)} values, not {len(wanted)}")
    which = f"all {len(wanted)}" if whole else f"the first {len(wanted)}"
    return Finding(Word.REPRODUCED, f"{which} values as claimed")


def factors(keys: Mapping[str, Any], found: Sequence[float]) -> Finding:
    """Every next/current within [factor] for current in [from, until)."""
    region = Region(*keys["factor"])
    pairs = [(a, b) for a, b in itertools.pairwise(found) if keys["from"] <= a < keys["until"]]
    if not pairs:
        between = f"from {plain(keys['from'])} until {plain(keys['until'])}"
        return Finding(Word.INVALID, f"the list has no step {between}, so it decides nothing")
    for a, b in pairs:
        if a == 0 or not region.contains(quotient(b, a)):
            is_ = number(b / a) if a else "no ratio"
            detail = f"{plain(a)} → {plain(b)} is {is_}, not {shown(region)}"
            return Finding(Word.REFUTED, detail)
    steps = "the one step" if len(pairs) == 1 else f"all {len(pairs)} steps"
    return Finding(Word.REPRODUCED, f"{steps} by {shown(region)}")


def same(names: Sequence[str], lists: Sequence[Any]) -> Finding:
    """The same value in every case; `names` are those of the cases."""
    for name, found in zip(names[1:], lists[1:], strict=True):
        if found == lists[0]:
            continue
        if isinstance(found, list) and isinstance(lists[0], list):
            pairs = enumerate(zip(lists[0], found, strict=False), 1)
            place = next(((i, a, b) for i, (a, b) in pairs if a != b), None)
            if place is None:
                what = f"{len(lists[0])} values with {names[0]}, {len(found)} with {name}"
                return Finding(Word.REFUTED, what)
            first, other = plain(place[1]), plain(place[2])
            what = f"{spot(place[0])} is {first} with {names[0]}, {other} with {name}"
            return Finding(Word.REFUTED, what)
        what = f"values: {plain(lists[0])} with {names[0]}, {plain(found)} with {name}"
        return Finding(Word.REFUTED, what)
    return Finding(Word.REPRODUCED, f"the same values in all {len(lists)} cases")


def direction(region: Region, log_interval: Interval, no_difference: bool) -> str:
    """How a ratio is refuted, seen from a claim that one side of 1 is right.

    Empty where the claim is parity itself (the region contains 1 or has no clear side), or where
    the interval leaves even the direction open.
    """
    if region.low <= 1 <= region.high and not (region.low == 1 or region.high == 1):
        return ""
    if no_difference:
        return "no difference"
    up = region.low >= 1
    above, below = log_interval.low > 0, log_interval.high < 0
    if not above and not below:
        return ""
    return "direction holds" if above == up else "opposite"


def quotient(over: float, under: float) -> float | Fraction:
    """over / under; exact where a float would round it to a whole number that it is not."""
    found = over / under
    if isinstance(over, int) and isinstance(under, int) and found.is_integer():
        return Fraction(over, under)
    return found


def is_number(found: Any) -> bool:
    """Whether it is a finite number; a whole number that no float can hold is none."""
    if not isinstance(found, (int, float)) or isinstance(found, bool):
        return False
    try:
        return math.isfinite(found)
    except OverflowError:
        return False


def wrong_type(found: Any, wanted: str) -> Finding:
    for item in found if isinstance(found, list) else [found]:
        if isinstance(item, int) and not is_number(item) and not isinstance(item, bool):
            what = f"the program reports a number of more than {sys.float_info.max_10_exp} digits"
            return Finding(Word.INVALID, f"{what}, which is too large to judge")
    text = repr(found)
    return Finding(Word.INVALID, f"the program reports {text[:40]}, which is not {wanted}")


def spot(place: int) -> str:
    """A place in a list, counted from 1."""
    return f"the {ordinal(place)} of values"


def brief(found: float, region: Region) -> str:
    """Whole numbers in full, others to three digits, unless these would not tell it from an edge
    of the region or put it on the other side."""
    short = float(f"{found:.3g}")
    same_side = region.contains(short) == region.contains(found)
    if float(found).is_integer() or not same_side or short in (region.low, region.high):
        return plain(found)
    return f"{short:g}"


def plain(found: Any) -> str:
    """An exact value as it is: whole numbers in full, others to six digits."""
    if is_number(found):
        return str(int(found)) if float(found).is_integer() else f"{found:.6g}"
    return str(found)


def shown(region: Region) -> str:
    """`2`, `1.24–1.26`, `at most 22`."""
    if region.low == region.high:
        return plain(region.low)
    if math.isinf(region.low):
        return f"at most {plain(region.high)}"
    if math.isinf(region.high):
        return f"at least {plain(region.low)}"
    return f"{plain(region.low)}–{plain(region.high)}"
