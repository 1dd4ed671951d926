"""history: draws lists of a run's course: memory held beside the memory that lives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from claimslab import wording
from claimslab.claims import Sweep
from claimslab.evidence import Evidence
from claimslab.report import series
from claimslab.report.canvas import (
    LINE_IN,
    Labels,
    Named,
    canvas,
    handle,
    name_lines,
    room_below,
    scale,
)
from claimslab.report.looks import BAND, MUTED, Look
from claimslab.report.plans import Plan
from claimslab.report.series import Record

MOST_POINTS = 400  # of one line; more cannot be seen


def plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    found = series.records(evidence, sweep)
    if not found:
        return None
    x = str(sweep.chart.get("x_label") or sweep.chart.get("x") or "place in the list")
    axis, beside = str(sweep.chart.get("y") or sweep.metric), str(sweep.chart.get("beside", ""))
    labels = Labels(sweep.title, f"{sweep.metric} of {sweep.case}", x=x, y=axis)
    unit = wording.unit(sweep.metric)
    alt = f"Line chart: {axis} against {x}. " + " ".join(
        f"{r.subject}: at most {wording.amount(max(r.ys), unit)}, at the end "
        f"{wording.amount(r.ys[-1], unit)}."
        for r in found
    )
    caption = "Exact values of one process a subject."
    if beside:
        caption += f" Grey: {beside}, at most {wording.amount(max(found[0].beside), unit)}."
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: draw(found, looks, labels, beside, narrow=narrow),
        alt,
        caption,
    )


def draw(
    records: Sequence[Record],
    looks: Mapping[str, Look],
    labels: Labels,
    beside: str,
    *,
    narrow: bool = False,
) -> Figure:
    """A line a subject; what stands `beside` them is a grey ground, as the first subject has it."""
    names = [r.subject for r in records] + ([beside] if records[0].beside else [])
    tall = 3.0 if narrow else max(3.3, LINE_IN * len(names) + 0.1)
    right = 0.2 if narrow else 2.0
    on = canvas(labels, narrow, tall, left=0.72, right=right, below=room_below(names, narrow))
    drawn = []
    if records[0].beside:
        xs, ys = thinned(records[0].xs, records[0].beside)
        style: dict[str, Any] = {"color": MUTED, "linewidth": 1.0, "linestyle": (0, (4, 2))}
        on.axes.fill_between(xs, ys, color=BAND, linewidth=0, zorder=1)
        on.axes.plot(xs, ys, zorder=2, **style)
        drawn.append(Named(beside, style, xs[-1], ys[-1]))
    for record in records:
        xs, ys = thinned(record.xs, record.ys)
        style = {**handle(looks[record.subject]), "markersize": 4.5}
        every = max(1, len(xs) // 8)
        on.axes.plot(xs, ys, zorder=3, markevery=every, **{**style, "linewidth": 1.3})
        drawn.append(Named(record.subject, style, xs[-1], ys[-1]))
    on.axes.set_ylim(bottom=0)
    on.axes.margins(x=0.01)
    for axis in (on.axes.xaxis, on.axes.yaxis):
        scale(axis, "linear")
    name_lines(on, drawn)
    return on.figure


def thinned(xs: Sequence[float], ys: Sequence[float]) -> tuple[list[float], list[float]]:
    """Every n-th place, and the last: what is left of more than MOST_POINTS.

    >>> [len(part) for part in thinned(range(1000), range(1000))]
    [334, 334]
    """
    step = math.ceil(len(xs) / MOST_POINTS)
    places = [*range(0, len(xs), step)]
    places += [len(xs) - 1] if places[-1] != len(xs) - 1 else []
    return [float(xs[i]) for i in places], [float(ys[i]) for i in places]
