"""judge: verdicts from evidence: each claim's cells, their words, and one readable sentence.

The order of doubt: what was not run, what broke, different work (checksums), an unfit run, and
only then the numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from claimslab import claims
from claimslab.claims import Claim
from claimslab.evidence import Evidence
from claimslab.judge import reasons, rules, sentences, stats, timed
from claimslab.judge.cells import Cell, Word, expand, finite
from claimslab.judge.lookup import Lookup

SCHEMA = 1
NULL = "null"  # the subject that does all of a workload except what is compared
LOOP_AT_MOST = 0.5  # of a subject's time; beyond, a ratio says more of the loop than of subjects


def judge(evidence: Evidence) -> dict[str, Any]:
    """Every claim of the run judged: the content of verdicts.json (schemas/verdicts.json)."""
    run = evidence.run
    lookup = Lookup(evidence)
    blocks = count_blocks(evidence)
    unfit = unfit_reason(run, blocks)
    left = unfinished(evidence, blocks)
    if unfit and left:
        unfit += f" so far; {left}"
    cases = [
        (claim, cells_of(claim, lookup, run["mode"], unfit))
        for topic in run["topics"]
        for claim in claims.from_json(topic).claims
    ]
    timed_cells = [(c, cell) for c, cells in cases if c.kind == "timed" for cell in cells]
    tests = timed.decide(timed_cells, lookup)
    verdicts = [verdict(claim, cells, lookup) for claim, cells in cases]
    counted = Counter(v["word"] for v in verdicts)
    return {
        "schema": SCHEMA,
        "run": run["run"],
        "mode": run["mode"],
        "family": {"method": "holm", "alpha": stats.ALPHA, "tests": tests},
        "blocks": blocks,
        "valid": not unfit,
        "invalid_reason": unfit,
        "unfinished": left,
        "claims": verdicts,
        "summary": {str(word): counted[word] for word in Word},
    }


def count_blocks(evidence: Evidence) -> dict[str, dict[str, int]]:
    """Attempts of timed blocks by topic; block 0 needs no clock and is not counted."""
    planned = evidence.planned or evidence.run["plan"]["blocks"]
    result = {}
    for topic in evidence.run["topics"]:
        name = topic["name"]
        tried = [b["accepted"] for b in evidence.blocks if b["topic"] == name and b["block"] > 0]
        any_timed = any(subject["timed"] for subject in topic["subjects"])
        result[name] = {
            "accepted": sum(tried),
            "rejected": len(tried) - sum(tried),
            "planned": planned if any_timed else 0,
        }
    return result


def unfinished(evidence: Evidence, blocks: dict[str, dict[str, int]]) -> str:
    """What a stopped or running run has still to do and how to go on, or nothing.

    A block that was tried in vain is not left to do: the run gave it up.
    """
    tried = {(line["topic"], line["block"]) for line in evidence.blocks}
    gone = {(line["topic"], line["subject"]) for line in evidence.dropped}
    left = 0
    for topic in evidence.run["topics"]:
        name = topic["name"]
        alive = any(s["timed"] and (name, s["name"]) not in gone for s in topic["subjects"])
        numbers = range(1, blocks[name]["planned"] + 1)
        left += sum((name, number) not in tried for number in numbers) if alive else 0
    if not left:
        return ""
    run = evidence.run["run"]
    return f"{left} blocks are still to be measured; `make bench RESUME={run}` goes on"


def unfit_reason(run: dict[str, Any], blocks: dict[str, dict[str, int]]) -> str:
    """Why no time of this run may be believed, or nothing."""
    limit = run["limits"].get("rejected_share")
    rejected = sum(count["rejected"] for count in blocks.values())
    tried = rejected + sum(count["accepted"] for count in blocks.values())
    if limit is None or not tried or rejected / tried <= limit:
        return ""
    share = f"{rejected} of {tried} blocks were rejected, more than {limit:.0%}"
    return f"{share}: the machine was too busy to time anything"


def cells_of(claim: Claim, lookup: Lookup, mode: str, unfit: str) -> list[Cell]:
    """The claim's cells; timed ones are only measured, since their words wait for the family."""
    cells = expand(claim, lookup)
    for cell in cells:
        if cell.word == Word.NOT_RUN:
            continue
        if claim.full and mode != "full":
            cell.end(Word.NOT_RUN, "measured only with FULL=1")
        elif quarrel := quarrel_of(claim, cell, lookup):
            cell.end(Word.INVALID, quarrel)
        elif claim.kind == "timed":
            timed.measure(claim, cell, lookup)
            if unfit and cell.word not in (Word.NOT_RUN, Word.INVALID):
                cell.data = None
                cell.end(Word.INVALID, unfit)
        else:
            read(claim, cell, lookup)
    return cells


def quarrel_of(claim: Claim, cell: Cell, lookup: Lookup) -> str:
    cases = dict.fromkeys([*cell.cases, *([cell.over[1]] if cell.over else [])])
    return next(filter(None, (lookup.quarrel(claim.topic, case) for case in cases)), "")


def read(claim: Claim, cell: Cell, lookup: Lookup) -> None:
    """Judge a cell that needs no clock."""
    sources = [(cell.subject, case) for case in cell.cases] + ([cell.over] if cell.over else [])
    values = []
    for subject, case in sources:
        key = (claim.topic, subject, case, claim.metric)
        found = lookup.values(key)
        if not found:
            broke, why = lookup.missing(key)
            cell.end(Word.INVALID if broke else Word.NOT_RUN, why)
            return
        if claim.kind == "exact" and any(item != found[0] for item in found):
            other = next(item for item in found if item != found[0])
            what = f"{rules.plain(found[0])} and {rules.plain(other)}"
            cell.end(Word.INVALID, f"{claim.metric} of {case} differs between trials: {what}")
            return
        cell.blocks = max(cell.blocks, len(found)) if claim.kind == "counted" else 0
        values.append(found[0] if claim.kind == "exact" else middle(found))
    finding = apply(claim, cell, values)
    cell.end(finding.word, finding.detail)
    cell.estimate, cell.how = finite(finding.estimate), finding.how


def middle(found: Sequence[Any]) -> Any:
    """The median of a count over blocks; a value that is no number stays to be complained of."""
    odd = [item for item in found if not rules.is_number(item)]
    if odd or all(item == found[0] for item in found):
        return (odd or found)[0]  # the median of two whole numbers would be a float
    return median(found)


def apply(claim: Claim, cell: Cell, values: Sequence[Any]) -> rules.Finding:
    keys, margin = claim.rule.keys, timed.margin_of(claim)
    names = sentences.short(cell.cases)
    by = [timed.parameter(case, keys.get("by", "")) for case in cell.cases]
    kinds: dict[str, Callable[[], rules.Finding]] = {
        "value": lambda: rules.value(keys, values[0], margin),
        "ratio": lambda: rules.ratio(keys, values[0], values[1], margin),
        "holds": lambda: rules.holds(values[0]),
        "never": lambda: rules.never(values[0]),
        "growth": lambda: rules.growth(keys, by, values),
        "sequence": lambda: (
            rules.same(names, values) if "same" in keys else rules.sequence(keys, values[0])
        ),
    }
    return kinds[claim.rule.kind]()


def verdict(claim: Claim, cells: Sequence[Cell], lookup: Lookup) -> dict[str, Any]:
    word = whole(cells)
    because = reasons.because(claim, cells, lookup) if claim.because else None
    region = list(rules.region_of(claim.rule.keys))
    if "factor" in claim.rule.keys:
        region = list(claim.rule.keys["factor"])
    bounded = any(math.isfinite(edge) for edge in region)
    return {
        **{name: getattr(claim, name) for name in ("id", "topic", "question", "says", "source")},
        "kind": claim.kind,
        "rule_kind": claim.rule.kind,
        "metric": claim.metric,
        "word": str(word),
        "sentence": sentences.sentence(claim, cells, word, because),
        "region": [finite(float(edge)) for edge in region] if bounded else None,
        "margin": timed.margin_of(claim),
        "cells": [cell.to_json() for cell in cells],
        "because": because,
        "flags": flags(claim, cells, lookup, because),
    }


def whole(cells: Sequence[Cell]) -> Word:
    """The claim's word from its cells' words; cells that were not run hide nothing.

    One invalid cell makes the claim invalid: something is broken, and until it is mended nobody
    knows what else is.
    """
    words = {cell.word for cell in cells} - {Word.NOT_RUN}
    if not words:
        return Word.NOT_RUN
    if Word.INVALID in words:
        return Word.INVALID
    if {Word.REPRODUCED, Word.REFUTED} <= words:
        return Word.MIXED
    return Word.UNCLEAR if Word.UNCLEAR in words else words.pop()


def flags(
    claim: Claim, cells: Sequence[Cell], lookup: Lookup, because: dict[str, Any] | None
) -> list[str]:
    """Warnings that travel with a verdict: the words that `view.FLAGS` explains."""
    raised = []
    if because and because["moved"] is False and any(c.word == Word.REPRODUCED for c in cells):
        raised.append("wrong reason")
    if any(cell.check and not cell.check["agrees"] for cell in cells):
        raised.append("check disagrees")
    names = {cell.subject for cell in cells} | {cell.over[0] for cell in cells if cell.over}
    if any(lookup.troubles(claim.topic, name) for name in names):
        raised.append("crashes")
    if any(mostly_loop(claim, cell, lookup) for cell in cells):
        raised.append("mostly loop")
    return raised


def mostly_loop(claim: Claim, cell: Cell, lookup: Lookup) -> bool:
    """Whether half the time of one side or more is what the `null` subject takes as well."""
    sources = [(cell.subject, case) for case in cell.cases] + ([cell.over] if cell.over else [])
    for subject, case in sources:
        own = lookup.samples.get((claim.topic, subject, case, claim.metric))
        loop = lookup.samples.get((claim.topic, NULL, case, claim.metric))
        if subject == NULL or cell.data is None or not (own and loop):
            continue
        if median(loop.values()) >= LOOP_AT_MOST * median(own.values()):
            return True
    return False
