"""reasons: whether the metric that a claim names as its reason moved as the claim needs it to.

That it moved does not prove it the cause; that it did not move proves that it is none.
Right for the wrong reason is a result of its own: a program may be faster without allocating less.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from claimslab.claims import MARGINS, Claim
from claimslab.judge import rules, sentences
from claimslab.judge.cells import Cell, Word
from claimslab.judge.lookup import Lookup
from claimslab.wording import spelled


def because(claim: Claim, cells: Sequence[Cell], lookup: Lookup) -> dict[str, Any]:
    """{metric, moved, detail}: `moved` is true if it moved in every cell that reproduces the claim
    (in every cell with a word, if none does), false if in some it did not, null if nobody knows.
    """
    region = rules.region_of(claim.rule.keys)
    up, down = region.low >= 1, region.high <= 1
    result: dict[str, Any] = {"metric": claim.because, "moved": None, "detail": ""}
    if up == down:
        return {**result, "detail": "the claim has no direction that a reason could share"}
    live = [cell for cell in cells if cell.word not in (Word.NOT_RUN, Word.INVALID) and cell.over]
    live = [cell for cell in live if cell.word == Word.REPRODUCED] or live
    moves = []
    for cell in live:
        assert cell.over is not None
        pair = [
            lookup.values((claim.topic, subject, case, claim.because))
            for subject, case in ((cell.subject, cell.cases[0]), cell.over)
        ]
        if all(found and all(map(rules.is_number, found)) for found in pair):
            moves.append((cell, median(pair[0]), median(pair[1])))
    if not moves:
        return {**result, "detail": f"no subject reports {claim.because}"}
    slack = 1 + MARGINS.get(claim.because, 0.0)
    stuck = [m for m in moves if not (m[1] > m[2] * slack if up else m[1] * slack < m[2])]
    told = [
        f"{spelled(above)} against {spelled(below)} for {sentences.name(cell, live)}"
        for cell, above, below in (stuck or moves)
    ]
    moved = "did not move" if stuck else "moved the same way"
    detail = f"{claim.because} {moved}: {sentences.listed(told)}"
    if len(moves) == len(live) or stuck:
        return {**result, "moved": not stuck, "detail": detail}
    silent = [cell for cell in live if all(cell is not move[0] for move in moves)]
    names = sentences.listed([sentences.name(cell, live) for cell in silent])
    return {**result, "detail": f"{detail}; not reported for {names}"}
