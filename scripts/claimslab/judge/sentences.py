"""sentences: one sentence a claim, with what holds for whom, the effect and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from claimslab.claims import Claim
from claimslab.judge import rules
from claimslab.judge.cells import Cell, Word
from claimslab.judge.stats import Region
from claimslab.wording import HOPELESS, HOPELESS_TEXT, amount, counted, distinct, named, number

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
    counts = MOST_NAMES < len(group) < len(cells)
    if counts:
        text += f" in {len(group)} of {len(cells)} cells"
    elif len(cells) > 1:
        text += f" for {whom(group, cells)}"
    if how:
        text += f" ({how})"
    several = len({cell.detail for cell in group}) > 1
    said = "" if counts and several and claim.kind != "timed" else numbers(claim, group)
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
    """A cell by its subject, by its case where the subject has several, and by the case alone
    where there is no other subject."""
    mine = [other for other in cells if other.subject == cell.subject]
    if len(mine) < 2:
        return cell.subject
    case = distinct([other.case for other in mine])[cell.case]
    return case if len(mine) == len(cells) else f"{cell.subject} at {case}"


def numbers(claim: Claim, group: Sequence[Cell]) -> str:
    if claim.kind != "timed" or all(cell.estimate is None for cell in group):
        return details(claim, group)
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
    least = min(cell.blocks for cell in known)
    lead = "exponent " if claim.rule.kind == "growth" else ""
    text = f"{lead}{between(claim, known)} in {counted(least, 'block')}"
    return f"{text}, {against(claim, group[0].word)}{need(group)}"


def between(claim: Claim, known: Sequence[Cell]) -> str:
    """`between 0.0420× (n=1000) and 0.159× (n=10)`: where the estimates lie, not an interval."""
    unit = unit_of(claim)
    ends = [pick(known, key=lambda cell: cell.estimate or 0.0) for pick in (min, max)]
    low, high = (amount(cell.estimate or 0.0, unit) for cell in ends)
    if low == high:
        return low
    return f"between {low} ({name(ends[0], known)}) and {high} ({name(ends[1], known)})"


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
    clock = claim.metric if claim.kind == "timed" else ""
    return {"ratio": "×", "growth": ""}.get(claim.rule.kind, clock)


def need(group: Sequence[Cell]) -> str:
    """What would decide the unclear cells of a group: the most that one of them needs."""
    unclear = [cell for cell in group if cell.word == Word.UNCLEAR and cell.estimate is not None]
    if not unclear:
        return ""
    blocks = [cell.needed_blocks for cell in unclear]
    if any(count is None for count in blocks):
        return "; no number of blocks that anyone would measure decides it"
    most = max(count for count in blocks if count is not None)
    if most > HOPELESS * min(cell.blocks for cell in unclear):
        return f"; {HOPELESS_TEXT}"
    minutes = [cell.needed_minutes for cell in unclear if cell.needed_minutes is not None]
    time = f" ({number(max(minutes))} minutes)" if minutes else ""
    return f"; about {most} blocks{time} would decide"


def details(claim: Claim, group: Sequence[Cell]) -> str:
    """What the cells say of themselves; of several numbers the ends, of other things the first
    two, by name."""
    told: dict[str, list[Cell]] = {}
    for cell in group:
        if cell.detail:
            text = named(cell.detail, claim.rule.kind, claim.metric, cell.word)
            told.setdefault(text, []).append(cell)
    if len(told) < 2:
        return next(iter(told), "")
    judged = group[0].word in (Word.REPRODUCED, Word.REFUTED)
    if judged and all(cell.estimate is not None for cell in group):
        lead = {"ratio": claim.metric, "growth": "exponent"}.get(claim.rule.kind, claim.metric)
        text = f"{lead} {between(claim, group)}"
        if group[0].word == Word.REPRODUCED:
            return text
        never = claim.rule.kind == "never"
        region = bounds(rules.region_of(claim.rule.keys), unit_of(claim))
        return f"{text}, not {'0' if never else region}"
    parts = [
        detail if members[0].subject in detail else f"{detail} ({name(members[0], group)})"
        for detail, members in told.items()
    ]
    more = len(parts) - 2
    return "; ".join(parts[:2]) + (f"; and {more} more" if more > 0 else "")


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
