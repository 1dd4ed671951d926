"""charts: which charts a run gets, their words, and their files; lines and forest draw them.

Every sweep gets the chart that its claims file asks for; every timed claim one of its effects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from claimslab import claims as claims_module
from claimslab import wording
from claimslab.claims import Sweep
from claimslab.errors import LabError
from claimslab.evidence import Evidence
from claimslab.report import series
from claimslab.report.canvas import RC, Labels
from claimslab.report.forest import Row, Ruler, forest
from claimslab.report.lines import curve, steps
from claimslab.report.looks import Look, assign, order
from claimslab.theory import CURVES

Draw = Callable[[bool], Figure]  # True draws the narrow shape


@dataclass(frozen=True)
class Chart:
    """A drawn chart. Files are beside the report; `narrow_path` is the shape for a phone."""

    id: str
    title: str
    claim_or_sweep: str
    svg_path: Path
    narrow_path: Path
    alt: str
    caption: str


@dataclass(frozen=True)
class Plan:
    """A chart that is worth drawing: there is data for it."""

    id: str
    title: str
    draw: Draw
    alt: str
    caption: str


def draw(
    evidence: Evidence, verdicts: Mapping[str, Any], folder: Path, png: bool = False
) -> list[Chart]:
    """Draw all charts of a run into folder/charts; the same evidence gives the same bytes."""
    target = folder / "charts"
    target.mkdir(parents=True, exist_ok=True)
    drawn = []
    with matplotlib.rc_context(RC):
        for plan in plans(evidence, verdicts):
            stem = re.sub(r"[^\w.-]+", "-", plan.id) or "chart"
            wide, narrow = target / f"{stem}.svg", target / f"{stem}.narrow.svg"
            _save(plan.draw(False), wide, plan.title, png)
            _save(plan.draw(True), narrow, plan.title, False)
            drawn.append(Chart(plan.id, plan.title, plan.id, wide, narrow, plan.alt, plan.caption))
    return drawn


def _save(figure: Figure, path: Path, title: str, png: bool) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    if png:
        figure.savefig(path.with_suffix(".png"), dpi=160)


def plans(evidence: Evidence, verdicts: Mapping[str, Any]) -> Iterator[Plan]:
    """Claims in the order of the verdicts, then sweeps in the order of their files."""
    looks = assign(evidence.run)
    topics = [claims_module.from_json(t) for t in evidence.run.get("topics", [])]
    rules = {c.id: c.rule.kind for t in topics for c in t.claims}
    by = {c.id: str(c.rule.keys.get("by", "")) for t in topics for c in t.claims}
    for claim in verdicts.get("claims", []):
        id_ = claim["id"]
        plan = claim_plan(claim, rules.get(id_, ""), by.get(id_, ""), looks)
        if plan:
            yield plan
    for topic in topics:
        for sweep in topic.sweeps:
            plan = sweep_plan(evidence, sweep, looks)
            if plan:
                yield plan


# ---- A claim's effects ---------------------------------------------------------------------------


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


# ---- A sweep's curve, staircase or list ----------------------------------------------------------


def sweep_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    """The chart a sweep asks for; None where nothing of it was measured."""
    if sweep.chart.get("kind") == "steps":
        return _steps_plan(evidence, sweep, looks)
    found = series.curve(evidence, sweep)
    if not found:
        return None
    per = sweep.chart.get("per")
    measured = f"{sweep.metric} of {sweep.case}" + (f", divided by {per}" if per else "")
    axis = str(sweep.chart.get("y") or sweep.metric)
    unit = "" if axis == sweep.metric or sweep.metric in axis else f" ({sweep.metric})"
    caption = _noise(found)
    if not sweep.chart.get("x") or len({p.x for s in found for p in s.points}) == 1:
        return _values_plan(found, sweep, looks, measured, caption)
    x, none = str(sweep.chart["x"]), sweep.chart.get("none")
    names = sweep.chart.get("theory", [])
    theory = [_closed_form(sweep, n) for n in ([names] if isinstance(names, str) else names)]
    if theory:
        caption += " Thin dashed: the closed form."
    if none is not None:
        caption += " Never: there is none; no line leads there."
    x_label = str(sweep.chart.get("x_label", x))
    labels = Labels(sweep.title, measured, x=x_label, y=axis + (unit if not per else ""))
    ends = sorted(
        ((s.points[-1].y, " = ".join(s.subjects), s.points[-1].x) for s in found),
        key=lambda e: e[0],
    )
    count = sum(len(s.subjects) for s in found)
    alt = (
        f"Line chart: {labels.y} against {labels.x} for {wording.counted(count, 'subject')}. "
        f"Where each line ends, lowest first: "
        + "; ".join(
            f"{n} {'never' if y == none else wording.number(y)} at {x}={_x(v)}" for y, n, v in ends
        )
        + "."
    )
    xscale, yscale = (str(sweep.chart.get(k, "linear")) for k in ("xscale", "yscale"))
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: curve(
            found,
            looks,
            labels,
            xscale=xscale,
            yscale=yscale,
            theory=theory,
            none=none,
            narrow=narrow,
        ),
        alt,
        caption,
    )


def _x(value: Any) -> str:
    return value if isinstance(value, str) else wording.number(value)


def _noise(found: list[series.Series]) -> str:
    blocks = [p.blocks for s in found for p in s.points]
    if max(blocks) == 1:
        return "Exact values: one run per subject decides."
    few, many = min(b for b in blocks if b > 1), max(blocks)
    how = f"{few}" if few == many else f"{few} to {many}"
    what = "95 % interval of the median" if few >= 6 else "range"
    return f"Points are medians of {how} blocks, whiskers the {what}."


def _closed_form(sweep: Sweep, name: str) -> Any:
    if name not in CURVES:
        known = ", ".join(CURVES)
        raise LabError(f"sweep {sweep.id}: chart.theory '{name}' is not a closed form ({known})")
    return CURVES[name]


def _values_plan(
    found: list[series.Series], sweep: Sweep, looks: Mapping[str, Look], measured: str, noise: str
) -> Plan:
    """Without a parameter, or with one value of it: absolute values side by side."""
    axis = str(sweep.chart.get("y") or sweep.metric)
    unit = axis if sweep.chart.get("per") else sweep.metric
    x = found[0].points[0].x
    if x is not None:
        measured += f", at {sweep.chart['x']}={x if isinstance(x, str) else f'{x:.12g}'}"
    rows = [
        Row(
            subject,
            "",
            p.y,
            p.low,
            p.high,
            "",
            wording.interval({"estimate": p.y, "low": p.low, "high": p.high}, unit),
        )
        for s in found
        for subject in s.subjects
        for p in s.points[:1]
    ]
    positive = [r.estimate for r in rows if r.estimate and r.estimate > 0]
    wide = len(positive) == len(rows) and max(positive) / min(positive) > 20
    labels = Labels(sweep.title, measured, x=axis)
    alt = f"Values side by side, {labels.x}; {measured}. " + " ".join(
        f"{r.subject}: {r.text}." for r in rows
    )
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: forest(rows, looks, labels, Ruler(log=wide), narrow=narrow),
        alt,
        noise,
    )


def _steps_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    found = series.steps(evidence, sweep)
    if not found:
        return None
    axis = str(sweep.chart.get("y") or sweep.metric)
    labels = Labels(sweep.title, f"{sweep.metric} of {sweep.case}", x="number of appends", y=axis)
    alt = f"Staircases of {axis} against the number of appends. " + " ".join(
        f"{' = '.join(s.subjects)}: {wording.counted(len(s.values), 'step')}, "
        f"last {wording.number(s.values[-1])}."
        for s in found
    )
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: steps(found, looks, labels, narrow=narrow),
        alt,
        "Exact values. Subjects named together have the same staircase. Dotted: 256 and 1024, the "
        "lengths at which Go's rules change over.",
    )
