"""cells: a claim taken apart: what it says of one subject in one case, and the word on that."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from claimslab.claims import Claim, matches
from claimslab.judge.lookup import Lookup
from claimslab.judge.stats import Array


class Word(StrEnum):
    """The words of a verdict (docs/method.md); `mixed` is only ever said of a whole claim."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    MIXED = "mixed"
    UNCLEAR = "unclear"
    INVALID = "invalid"
    NOT_RUN = "not run"


@dataclass
class Cell:
    """One subject in one case, or in all cases of a rule that compares cases.

    `data` holds one number a block, in the scale in which it is tested: a logarithm for ratios and
    times, the number itself for exponents.
    """

    subject: str
    cases: tuple[str, ...]
    over: tuple[str, str] | None = None  # subject and case that are divided by
    word: Word = Word.UNCLEAR
    how: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    blocks: int = 0
    check: dict[str, Any] | None = None
    needed_blocks: int | None = None
    needed_minutes: float | None = None
    detectable: float | None = None
    detail: str = ""
    data: Array | None = field(default=None, repr=False)

    def end(self, word: Word, detail: str) -> Cell:
        self.word, self.detail = word, detail
        return self

    @property
    def case(self) -> str:
        return joint(self.cases)

    def to_json(self) -> dict[str, Any]:
        over = {"subject": self.over[0], "case": self.over[1]} if self.over else None
        names = ("how", "estimate", "low", "high", "p", "p_holm", "blocks", "check")
        more = ("needed_blocks", "needed_minutes", "detectable", "detail")
        known = {name: finite(getattr(self, name)) for name in (*names, *more)}
        head = {"subject": self.subject, "case": self.case, "cases": list(self.cases), "over": over}
        return {**head, "word": str(self.word), **known}


def finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: null says that there is no such number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def joint(cases: tuple[str, ...]) -> str:
    """One name for several cases, `*` where they differ: `Append/elem=8/n=*`."""
    parts = [case.split("/") for case in cases]
    if len({len(p) for p in parts}) != 1:
        return ", ".join(cases)
    merged = []
    for column in zip(*parts, strict=True):
        key = column[0].partition("=")[0]
        same_key = all(p.partition("=")[0] == key and "=" in p for p in column)
        merged.append(column[0] if len(set(column)) == 1 else f"{key}=*" if same_key else "*")
    return "/".join(merged)


def expand(claim: Claim, lookup: Lookup) -> list[Cell]:
    """The cells of a claim: its patterns against what the run planned and the evidence holds.

    A subject named in full always gets its cells, if only to say `not run`; one that a pattern
    finds gets cells only for what it has, or the reason why the whole subject is not there.
    What a ratio divides by gets no cell of its own: compared with itself it would prove nothing.
    """
    joins = claim.rule.kind == "growth" or "same" in claim.rule.keys
    cells: list[Cell] = []
    for pattern in claim.subjects:
        named = "*" not in pattern
        found = [s for s in lookup.subjects(claim.topic) if matches(pattern, s)]
        for subject in found or ([pattern] if named else []):
            if any(cell.subject == subject for cell in cells):
                continue
            cases = cases_of(claim, subject, named, lookup)
            groups: Iterable[tuple[str, ...]] = ((case,) for case in cases)
            if joins:
                groups = [cases] if cases else []
            cells += [Cell(subject, group, over(claim, subject, group[0])) for group in groups]
    compared = [cell for cell in cells if cell.over != (cell.subject, cell.case)]
    if compared:
        return compared
    if cells:
        key = "over_subject" if "over_subject" in claim.rule.keys else "over_case"
        lone = f"nothing to compare {claim.rule.keys[key]} with"
        return [Cell(c.subject, c.cases, word=Word.NOT_RUN, detail=lone) for c in cells]
    return [
        Cell(pattern, claim.cases, word=Word.NOT_RUN, detail="the run has no such subject and case")
        for pattern in claim.subjects
    ]


def cases_of(claim: Claim, subject: str, named: bool, lookup: Lookup) -> tuple[str, ...]:
    held = lookup.cases(claim.topic, subject, claim.metric)
    absent = lookup.absent(claim.topic, subject)
    compared = claim.rule.kind == "growth" or "same" in claim.rule.keys
    hit = any(matches(pattern, case) for pattern in claim.cases for case in held)
    cases: list[str] = []
    for pattern in claim.cases:
        found = [case for case in held if matches(pattern, case)]
        keep_unmet = absent or named or (compared and hit)
        cases += found or ([pattern] if keep_unmet else [])
    return tuple(dict.fromkeys(cases))


def over(claim: Claim, subject: str, case: str) -> tuple[str, str] | None:
    keys = claim.rule.keys
    if claim.rule.kind != "ratio":
        return None
    return (keys.get("over_subject", subject), keys.get("over_case", case))
