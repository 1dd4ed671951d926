"""charts: which charts a run gets, and their files.

Every sweep gets the chart that its claims file asks for (sweeps), or a table (tables); every timed
claim one of its effects (effects).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from claimslab import claims as claims_module
from claimslab.evidence import Evidence
from claimslab.report.canvas import RC
from claimslab.report.effects import claim_plan
from claimslab.report.looks import assign
from claimslab.report.plans import Plan
from claimslab.report.sweeps import sweep_plan


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
