"""waste: draws what size classes leave unused: a request takes the smallest class that holds it.

The worst request of a class is one byte above the class before it; the staircase joins those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

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
    names_of,
    parameter_label,
    room_below,
    scale,
)
from claimslab.report.looks import INK, Look
from claimslab.report.plans import Plan
from claimslab.report.series import Steps

FROM_BYTES, MOST_SHOWN = 8.0, 0.6  # smaller requests waste more, and would flatten all others


def plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    found = [s for s in series.steps(evidence, sweep) if min(s.values) > 0]
    if not found:
        return None
    bound = sweep.chart.get("bound")
    what = f"{sweep.metric} of {sweep.case}"
    labels = Labels(sweep.title, what, x=parameter_label("bytes"), y="unused part of the block")
    alt = "Staircases of the part of a block that its worst request leaves unused, by size. "
    alt += " ".join(
        f"{' = '.join(s.subjects)}: {len(s.values)} classes, {_worst_from(s.values, 129)}."
        for s in found
    )
    caption = (
        f"Exact values. Lines: the request that wastes most of each class; filled: what every size "
        f"wastes with {', '.join(found[0].subjects)}."
    )
    if bound is not None:
        caption += f" Dotted: {bound * 100:g} %."
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: draw(found, looks, labels, bound, narrow=narrow),
        alt,
        caption,
    )


def _worst_from(classes: Sequence[float], low: float) -> str:
    pairs = zip([0.0, *classes[:-1]], classes, strict=True)
    parts = [(c - max(before + 1, low)) / c for before, c in pairs if c >= low]
    return f"at worst {max(parts) * 100:.1f} % from {low:g} bytes on" if parts else "none so large"


def draw(
    lists: Sequence[Steps],
    looks: Mapping[str, Look],
    labels: Labels,
    bound: float | None,
    *,
    narrow: bool = False,
) -> Figure:
    """The worst waste of each class as staircases; of the first list also what each size wastes."""
    names = [names_of(s.subjects) for s in lists]
    rows = sum(n.count("\n") + 1 for n in names)
    tall = 3.2 if narrow else max(4.2, LINE_IN * rows + 0.1)
    right = 0.2 if narrow else 2.15
    on = canvas(labels, narrow, tall, left=0.72, right=right, below=room_below(names, narrow))
    axes = on.axes
    first = looks[lists[0].subjects[0]]
    xs, ys = each(lists[0].values)
    axes.fill_between(xs, ys, color=first.color, alpha=0.22, linewidth=0, zorder=1)
    drawn = []
    for i, (one, name) in enumerate(zip(lists, names, strict=True)):
        style = {**handle(looks[one.subjects[0]]), "marker": "none"}
        style["linewidth"] = 2.0 if i == 0 else 1.2
        xs, ys = worst(one.values)
        axes.step(xs, ys, where="post", zorder=4 if i == 0 else 3, **style)
        drawn.append(Named(name, style, xs[-1], ys[-1]))
    if bound is not None:
        axes.axhline(bound, color=INK, linewidth=0.9, linestyle=(0, (1.5, 2)), zorder=2)
        axes.yaxis.set_major_locator(MultipleLocator(bound))
    axes.set_xlim(FROM_BYTES, max(s.values[-1] for s in lists))
    axes.set_ylim(0, MOST_SHOWN)
    scale(axes.xaxis, "log", 2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v * 100:g} %"))
    name_lines(on, drawn)
    return on.figure


def worst(classes: Sequence[float]) -> tuple[list[float], list[float]]:
    """From each class's smallest request on, the unused part of its block for that request.

    >>> worst([8, 16])
    ([1.0, 9.0, 16.0], [0.875, 0.4375, 0.4375])
    """
    starts = [1.0, *(c + 1.0 for c in classes[:-1])]
    parts = [(c - s) / c for s, c in zip(starts, classes, strict=True)]
    kept = thinned(starts, parts)
    xs, ys = [starts[i] for i in kept], [parts[i] for i in kept]
    return [*xs, float(classes[-1])], [*ys, ys[-1]]


def thinned(xs: Sequence[float], ys: Sequence[float]) -> list[int]:
    """The steps that can be seen: two thousand of glibc's would fill the file."""
    kept = [0]
    for i in range(1, len(xs)):
        if xs[i] > 1.01 * xs[kept[-1]] or abs(ys[i] - ys[kept[-1]]) > 0.01:
            kept.append(i)
    return kept


def each(classes: Sequence[float]) -> tuple[list[float], list[float]]:
    """The unused part for each size: a saw, straight from a class's worst request to its best.

    >>> each([8, 16])
    ([1.0, 8.0, 9.0, 16.0], [0.875, 0.0, 0.4375, 0.0])
    """
    xs, ys = [], []
    for before, c in zip([0.0, *classes[:-1]], classes, strict=True):
        xs += [before + 1.0, float(c)]
        ys += [(c - before - 1) / c, 0.0]
    return xs, ys
