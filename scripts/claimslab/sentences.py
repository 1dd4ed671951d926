"""sentences: one sentence a claim, with what holds for whom, the effect and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from claimslab import rules
from claimslab.cells import Cell, Word
from claimslab.claims import Claim
from claimslab.stats import Region
from claimslab.wording import amount, counted, distinct, number

LEADS = {
    Word.REPRODUCED: "Holds",
    Word.REFUTED: "Refuted",
    Word.UNCLEAR: "Unclear",
    Word.INVALID: "Invalid",
    Word.NOT_RUN: "Not run",
}
MOST_NAMES = 6  # more subjects than this are counted, not named
MOST_CASES = 12  # of one subject; more are counted


def sentence(
    claim: Claim, cells: Sequence[Cell], word: Word, because: dict[str, Any] | None
) -> str:
    """`Holds for go@1.17: 1.97× (1.91–2.03×) in 10 blocks, inside 1.5–5×; refuted for go@1.26.`

    Cells of one word and one manner share a clause; a claim with a single cell names nobody.
    """
    groups: dict[tuple[Word, str], list[Cell]] = {}
    for lead in LEADS:
        for cell in cells:
            if cell.word == lead:
                groups.setdefault((lead, cell.how), []).append(cell)
    clauses = [clause(claim, key, group, cells) for key, group in groups.items()]
    text = "; ".join([clauses[0], *(c[0].lower() + c[1:] for c in clauses[1:])])
    if because and because["moved"] is False:
        text += f"; but the reason fails: {because['detail']}"
    return text + "."


def clause(
    claim: Claim, key: tuple[Word, str], group: Sequence[Cell], cells: Sequence[Cell]
) -> str:
    word, how = key
    text = LEADS[word]
    if len(cells) > 1:
        text += f" for {whom(group, cells)}"
    if how:
        text += f" ({how})"
    said = numbers(claim, group, cells)
    return f"{text}: {said}" if said else text


def whom(group: Sequence[Cell], cells: Sequence[Cell]) -> str:
    """`go@1.17 and go@1.26 (n=10)`; `all 8 cells` where names would fill the page."""
    if len(group) == len(cells) and len(cells) > MOST_NAMES:
        return f"all {len(cells)} cells"
    names: list[str] = []
    for subject in dict.fromkeys(cell.subject for cell in group):
        mine = [cell for cell in group if cell.subject == subject]
        everything = [cell for cell in cells if cell.subject == subject]
        if len(mine) == len(everything):
            names.append(subject)
        elif len(mine) > MOST_CASES:
            names.append(f"{subject} at {len(mine)} of {len(everything)} cases")
        else:
            labels = dict(zip(map(id, everything), labels_of(everything), strict=True))
            names.append(f"{subject} at {listed([labels[id(cell)] for cell in mine])}")
    if len({cell.subject for cell in cells}) == 1 and len(group) < len(cells):
        names = [name.partition(" at ")[2] or name for name in names]
    return listed(names)


def labels_of(cells: Sequence[Cell]) -> list[str]:
    return short([cell.case for cell in cells])


def short(cases: Sequence[str]) -> list[str]:
    """Each case by the part in which it differs from the others."""
    parts = distinct(cases)
    return [parts[case] for case in cases]


def name(cell: Cell, cells: Sequence[Cell]) -> str:
    """A cell by its subject, and by its case where the subject has several."""
    mine = [other for other in cells if other.subject == cell.subject]
    if len(mine) < 2:
        return cell.subject
    return f"{cell.subject} at {distinct([other.case for other in mine])[cell.case]}"


def numbers(claim: Claim, group: Sequence[Cell], cells: Sequence[Cell]) -> str:
    if claim.kind != "timed" or all(cell.estimate is None for cell in group):
        return details(group)
    if len(group) > 1:
        return spread(claim, group)
    cell = group[0]
    text = f"{effect(claim, cell)} in {counted(cell.blocks, 'block')}"
    text += f", {against(claim, cell.word)}"
    if cell.detail:
        text += f"; {cell.detail}"
    return text + need(group)


def effect(claim: Claim, cell: Cell) -> str:
    """`1.97× (1.91–2.03×)`."""
    unit = unit_of(claim)
    assert cell.estimate is not None
    lead = "exponent " if claim.rule.kind == "growth" else ""
    if cell.low is None or cell.high is None:
        return lead + amount(cell.estimate, unit)
    clinging = unit if unit == "×" else ""
    return f"{lead}{amount(cell.estimate, unit)} ({number(cell.low)}–{number(cell.high)}{clinging})"


def spread(claim: Claim, group: Sequence[Cell]) -> str:
    known = [cell for cell in group if cell.estimate is not None]
    unit, values = unit_of(claim), [cell.estimate for cell in known if cell.estimate is not None]
    ends = [number(min(values)), number(max(values))]
    lead = "exponents " if claim.rule.kind == "growth" else ""
    clinging = "×" if unit == "×" else f" {unit}" if unit else ""
    span = ends[0] if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"
    least = min(cell.blocks for cell in known)
    text = f"{lead}{span}{clinging} in {counted(least, 'block')}"
    return f"{text}, {against(claim, group[0].word)}{need(group)}"


def against(claim: Claim, word: Word) -> str:
    region = rules.region_of(claim.rule.keys)
    unit = unit_of(claim)
    if math.isinf(region.low) or math.isinf(region.high):
        return f"claimed {bounds(region, unit)}"
    place = {Word.REPRODUCED: "inside", Word.REFUTED: "outside"}.get(word, "across an edge of")
    return f"{place} {bounds(region, unit)}"


def bounds(region: Region, unit: str) -> str:
    tail = unit if unit in ("", "×") else f" {unit}"
    return rules.shown(region) + tail


def unit_of(claim: Claim) -> str:
    return {"ratio": "×", "growth": ""}.get(claim.rule.kind, claim.metric)


def need(group: Sequence[Cell]) -> str:
    """What would decide the unclear cells of a group: the most that one of them needs."""
    unclear = [cell for cell in group if cell.word == Word.UNCLEAR and cell.estimate is not None]
    if not unclear:
        return ""
    blocks = [cell.needed_blocks for cell in unclear]
    if any(count is None for count in blocks):
        return "; no number of blocks that anyone would measure decides it"
    most = max(count for count in blocks if count is not None)
    minutes = [cell.needed_minutes for cell in unclear if cell.needed_minutes is not None]
    time = f" ({number(max(minutes))} minutes)" if minutes else ""
    return f"; about {most} blocks{time} would decide"


def details(group: Sequence[Cell]) -> str:
    """What the cells say of themselves; of several different things the first two, by name."""
    told: dict[str, list[Cell]] = {}
    for cell in group:
        if cell.detail:
            told.setdefault(cell.detail, []).append(cell)
    if len(told) < 2:
        return next(iter(told), "")
    parts = [
        detail if members[0].subject in detail else f"{detail} ({name(members[0], group)})"
        for detail, members in told.items()
    ]
    more = len(parts) - 2
    return "; ".join(parts[:2]) + (f"; and {more} more" if more > 0 else "")


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
