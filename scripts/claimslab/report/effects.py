"""effects: the chart of a claim: its effects with intervals, against the region claimed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimslab import wording
from claimslab.report.canvas import Labels
from claimslab.report.forest import Row, Ruler, forest
from claimslab.report.looks import Look, assign, order
from claimslab.report.plans import Plan


def claim_plan(
    claim: Mapping[str, Any], rule: str, by: str, looks: Mapping[str, Look]
) -> Plan | None:
    """Effects of a claim with intervals; None for exact claims and where nothing was measured."""
    cells = claim.get("cells", [])
    has_interval = any(c.get("low") is not None for c in cells)
    if not any(c.get("estimate") is not None for c in cells):
        return None
    if claim.get("kind") != "timed" and not has_interval:
        return None
    growth = rule == "growth"
    unit = "" if growth else wording.unit_of(claim)
    cases = wording.distinct([c["case"] for c in cells])
    several = len(cases) > 1 and not growth
    rank = {s: i for i, s in enumerate(order(c["subject"] for c in cells))}
    rows = [
        Row(
            c["subject"],
            cases.get(c["case"], "") if several else "",
            c.get("estimate"),
            c.get("low"),
            c.get("high"),
            c.get("word", ""),
            wording.interval(c, unit),
        )
        for _, c in sorted(
            enumerate(cells),
            key=lambda ic: (list(cases).index(ic[1]["case"]), rank[ic[1]["subject"]], ic[0]),
        )
    ]
    bounds = claim.get("region")
    region = (bounds[0], bounds[-1]) if bounds else None
    ratio = unit == "×"
    ruler = Ruler(
        log=not growth,
        region=region,
        margin=claim.get("margin") if ratio else None,
        unit=unit if ratio else "",
    )
    over = dict.fromkeys(_over(c) for c in cells if c.get("over"))
    if growth:
        by = by or "the parameter"
        axis, what = f"exponent of {by}", f"growth of {claim['metric']} with {by}"
    elif ratio:
        axis, what = f"ratio of {claim['metric']}", f"{claim['metric']} over {' or '.join(over)}"
        if len(rank) == 1 and all(c["case"] == c["over"]["case"] for c in cells if c.get("over")):
            what = f"{next(iter(rank))} over {' or '.join(over)}, {claim['metric']}"
    else:
        axis, what = claim["metric"], claim["metric"]
    shade = wording.region(bounds, unit)
    labels = Labels(_sentence(claim["says"]), _of(cases, several or growth, what), x=axis)
    caption = "Points are estimates over blocks, bars their 95 % intervals."
    if shade:
        caption += f" Shaded green: the region claimed ({shade})."
    if ruler.margin is not None:
        caption += f" Grey: no difference that matters (±{ruler.margin * 100:.0f} %)."
    alt = f"Effects with intervals. {axis}; {what}. " + " ".join(
        f"{r.subject}{' ' + r.case if r.case else ''}: {r.text or 'no number'}"
        f"{', ' + r.word if r.word else ''}."
        for r in rows
    )
    known = {**looks, **{s: looks.get(s) or _stranger(s) for s in rank}}
    return Plan(
        claim["id"],
        labels.title,
        lambda narrow: forest(rows, known, labels, ruler, narrow=narrow),
        alt,
        caption,
    )


def _sentence(says: str) -> str:
    return says[:1].upper() + says[1:]


def _over(cell: Mapping[str, Any]) -> str:
    """What a ratio is over: the other case or the other subject, whichever differs."""
    over = cell["over"]
    return str(over["case"] if over["case"] != cell["case"] else over["subject"])


def _of(cases: Mapping[str, str], hidden: bool, what: str) -> str:
    return what if hidden or len(cases) != 1 else f"{next(iter(cases))}: {what}"


def _stranger(subject: str) -> Look:
    """A look for a subject that the run does not list."""
    topic = {"subjects": [{"name": subject}]}
    return assign({"topics": [topic]})[subject]
