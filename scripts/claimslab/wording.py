"""wording: numbers, intervals and effects as text, the same in charts, tables and alt texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from claimslab.claims import TIMED

_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float | None, padded: bool = False) -> str:
    """Three significant digits, thousands by letter; `padded` writes 2.00 where 2 was measured.

    >>> number(2.4119), number(0.0312), number(1_250_000), number(10_000)
    ('2.41', '0.0312', '1.25M', '10k')
    """
    if value is None or not math.isfinite(value):
        return "–" if value is None or math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == 0:
        return "0"
    size = float(f"{abs(value):.3g}")
    sign = "−" if value < 0 else ""
    for scale, letter in _SI:
        if size >= scale:
            return sign + _plain(size / scale, padded) + letter
    return sign + _plain(size, padded)


def _plain(value: float, padded: bool) -> str:
    if value < 1e-4:
        return f"{value:.3g}"
    if abs(value - round(value)) < 1e-9 and not padded:
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def tick(value: float) -> str:
    """A number for an axis, without zeros that say nothing.

    >>> tick(0.5), tick(1.5), tick(10_000)
    ('0.5', '1.5', '10k')
    """
    text = number(float(f"{value:.6g}"))
    return re.sub(r"(\.\d*?)0+(?=\D*$)", r"\1", text).replace(".k", "k").rstrip(".")


def spelled(value: float) -> str:
    """A count for a sentence: in full below ten thousand, then in words.

    >>> spelled(20), spelled(4.5119), spelled(333_993), spelled(1_250_000)
    ('20', '4.51', '334 thousand', '1.25 million')
    """
    for scale, name in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if abs(value) >= max(scale, 1e4):
            return f"{number(float(f'{value:.3g}') / scale)} {name}"
    return f"{value:.0f}" if float(value).is_integer() else number(value)


def ordinal(n: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`.

    >>> [ordinal(n) for n in (1, 2, 3, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '11th', '12th', '13th', '21st', '112th']
    """
    last = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{'th' if n % 100 in (11, 12, 13) else last}"


HOPELESS = 10  # times the blocks of the run: a run that nobody will make
HOPELESS_TEXT = "more blocks will hardly decide this: the estimate lies near the edge"


def named(detail: str, rule_kind: str, metric: str, word: str) -> str:
    """What a rule says of a value, with the metric's name in it; other details as they are.

    >>> named("4, not 1", "value", "capacity", "refuted")
    'capacity 4, not 1'
    >>> named("the 11th of values is 848, not 1024", "sequence", "capacities", "refuted")
    'the 11th of capacities is 848, not 1024'
    """
    if word not in ("reproduced", "refuted") or metric in TIMED:
        return detail
    if rule_kind in ("value", "ratio"):
        return f"{metric} {detail}"
    return re.sub(r"\bvalues\b", lambda _: metric, detail)


def binary(value: float) -> str:
    """A size on an axis in powers of 1024.

    >>> binary(64), binary(4096), binary(1_048_576), binary(33_792)
    ('64', '4K', '1M', '33K')
    """
    for scale, letter in ((2**30, "G"), (2**20, "M"), (2**10, "K")):
        if value >= scale:
            return tick(value / scale) + letter
    return tick(value)


def unit(metric: str) -> str:
    """What a metric counts: `B` for peak-bytes, `ns` for p99-ns, else the metric itself."""
    return {"bytes": "B", "ns": "ns"}.get(metric.rpartition("-")[2], metric)


_NS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (0.0, "ns"))


def amount(value: float, unit: str, padded: bool = False) -> str:
    """A number with its unit; × clings to it.

    >>> amount(2.41, "×"), amount(111e6, "B"), amount(1190, "ns"), amount(310, "ns")
    ('2.41×', '111 MB', '1.19 µs', '310 ns')
    """
    if unit == "B":
        digits, letter = re.fullmatch(r"(.*?)([kMGT]?)", number(value, padded)).groups()  # type: ignore[union-attr]
        return f"{digits} {letter}B"
    if unit == "ns":
        scale, name = next(u for u in _NS if float(f"{abs(value):.3g}") >= u[0])
        return f"{number(value / (scale or 1), padded)} {name}"
    return number(value, padded) + (unit if unit in ("", "×") else f" {unit}")


def interval(cell: Mapping[str, Any], unit: str = "") -> str:
    """`2.41× [2.30, 2.52]`, or what is known of it."""
    if cell.get("estimate") is None:
        return ""
    low, high = cell.get("low"), cell.get("high")
    if low is None or high is None:
        return amount(float(cell["estimate"]), unit)
    ends = ", ".join(amount(v, unit, True) for v in (low, high)) if unit in ("B", "ns") else ""
    return amount(float(cell["estimate"]), unit, True) + f" [{ends or _range(low, high)}]"


def _range(low: float, high: float) -> str:
    return f"{number(low, True)}, {number(high, True)}"


def unit_of(claim: Mapping[str, Any]) -> str:
    """× for ratios, nothing for exponents and facts, otherwise the metric."""
    if any(c.get("over") for c in claim.get("cells", [])):
        return "×"
    rule = claim.get("rule_kind", "")
    exact = rule == "growth" or claim.get("kind") == "exact"
    return "" if exact else unit(str(claim.get("metric", "")))


def effect(claim: Mapping[str, Any]) -> str:
    """A claim's effect in a few characters: the estimate and its interval, or the range of several.

    Facts name the versions of real Go, or are counted: `Go 1.17; not 1.23`, `3 of 5 hold`.
    """
    cells = [c for c in claim.get("cells", []) if c.get("word") != "not run"]
    known = [c for c in cells if c.get("estimate") is not None]
    if claim.get("kind") == "exact" and cells:
        holds = sum(c.get("word") == "reproduced" for c in cells)
        return versions(cells) or f"{holds} of {len(cells)} hold"
    if not known:
        return "–"
    low, high = min(known, key=_estimate), max(known, key=_estimate)
    unit = unit_of(claim)
    if len(known) == 1:
        return interval(known[0], unit)
    padded = any(c.get("low") is not None for c in known)
    least, most = (number(c["estimate"], padded) for c in (low, high))
    end = amount(high["estimate"], unit, padded)
    return end if least == most else f"{least}…{end}"


def versions(cells: Sequence[Mapping[str, Any]]) -> str:
    """The versions of real Go for which it holds: `Go 1.17; not 1.23, 1.26`, or `no Go version`;
    nothing where no real Go was judged, since models count beside it in the cells."""
    held: dict[str, bool] = {}
    for cell in cells:
        subject = str(cell.get("subject", ""))
        if subject.startswith("go@"):
            version = subject.removeprefix("go@")
            held[version] = held.get(version, True) and cell.get("word") == "reproduced"
    yes, no = ([v for v, holds in held.items() if holds is wanted] for wanted in (True, False))
    if not yes:
        return "no Go version" if no else ""
    return f"Go {', '.join(yes)}" + (f"; not {', '.join(no)}" if no else "")


def _estimate(cell: Mapping[str, Any]) -> float:
    return float(cell["estimate"])


def region(bounds: Sequence[float | None] | None, unit: str = "") -> str:
    """The region a claim calls for: `1.5× to 5×`, `at most 0.5×`, or nothing."""
    if not bounds:
        return ""
    low, high = bounds[0], bounds[-1]
    if low is None and high is None:
        return ""
    scaled = unit in ("B", "ns")
    space = "" if unit in ("", "×") else " "
    least, most = (
        None if v is None else amount(v, unit) if scaled else tick(v) + space + unit
        for v in (low, high)
    )
    if least is None:
        return f"at most {most}"
    if most is None:
        return f"at least {least}"
    return least if low == high else f"{least} to {most}"


def counted(n: int, noun: str) -> str:
    """`1 block`, `2 blocks`; a noun that ends in y takes -ies.

    >>> counted(1, "block"), counted(2, "try")
    ('1 block', '2 tries')
    """
    if n == 1:
        return f"{n} {noun}"
    return f"{n} {noun[:-1]}ies" if re.search(r"[^aeiou]y$", noun) else f"{n} {noun}s"


def distinct(cases: Sequence[str]) -> dict[str, str]:
    """Each case's shortest telling part: what all of them share is left out.

    >>> distinct(["Append/elem=8/n=10", "Append/elem=8/n=100"])
    {'Append/elem=8/n=10': 'n=10', 'Append/elem=8/n=100': 'n=100'}
    """
    unique = list(dict.fromkeys(cases))
    if len(unique) < 2:
        return {c: c for c in unique}
    parts = [c.split("/") for c in unique]
    shared = set.intersection(*(set(p) for p in parts))
    telling = ("/".join(x for x in p if x not in shared) for p in parts)
    return {c: short or c for c, short in zip(unique, telling, strict=True)}
