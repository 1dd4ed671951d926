"""canvas: a figure with room for its words, its axes, and the names of its lines beside them.

Every chart exists in two shapes: wide (names stand at the ends of their lines) and narrow, for a
phone (names stand below). Nothing is ever drawn over data.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from claimslab.report.looks import GRID, INK, MUTED, PAPER, Look
from claimslab.wording import binary, tick

RC = {
    "svg.hashsalt": "claimslab",  # the same data gives the same bytes
    "svg.fonttype": "none",  # text stays text; what replaces DejaVu is narrower
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.5,
    "lines.markersize": 5.2,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}
DENSE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)  # labels within one decade
WIDE_IN, NARROW_IN = 7.6, 4.2  # widths of the two shapes
LINE_IN = 0.175  # height of a line of 9-point text, inches


@dataclass(frozen=True)
class Labels:
    """Words around a chart."""

    title: str
    subtitle: str = ""
    x: str = ""
    y: str = ""


@dataclass(frozen=True)
class Canvas:
    """A figure and the axes on it, laid out in inches so that text never meets text."""

    figure: Figure
    axes: Axes
    narrow: bool
    plot_in: tuple[float, float]  # width and height of the axes
    below_in: float  # room under the x axis for names


def canvas(
    labels: Labels,
    narrow: bool,
    height: float,
    *,
    left: float,
    right: float,
    below: float = 0.0,
) -> Canvas:
    """Axes `height` inches high, with margins for names to the left, the right and below."""
    width = NARROW_IN if narrow else WIDE_IN
    title, subtitle = (
        _wrap(labels.title, int(width * 11)),
        _wrap(labels.subtitle, int(width * 14.5)),
    )
    head = 0.24 + 0.19 * (title.count("\n") + 1)
    head += 0.16 * (subtitle.count("\n") + 1) if subtitle else 0
    foot = 0.56 + below
    total = head + height + foot
    figure = Figure(figsize=(width, total))
    plot = width - left - right
    axes = figure.add_axes((left / width, foot / total, plot / width, height / total))
    figure.text(
        0.12 / width,
        1 - 0.1 / total,
        title,
        fontsize=10.5,
        fontweight="bold",
        va="top",
        linespacing=1.25,
    )
    if subtitle:
        top = 0.12 + 0.19 * (title.count("\n") + 1)
        figure.text(
            0.12 / width,
            1 - top / total,
            subtitle,
            fontsize=8,
            color=MUTED,
            va="top",
            linespacing=1.25,
        )
    axes.set_xlabel(labels.x)
    axes.set_ylabel(upright(labels.y, height))
    axes.grid(True)
    axes.tick_params(length=3, width=0.7)
    return Canvas(figure, axes, narrow, (plot, height), below)


def upright(text: str, height: float) -> str:
    """A y label in as many lines as the axes' height asks for."""
    return _wrap(text, int(height * 12.5))


def _wrap(text: str, columns: int) -> str:
    return "\n".join(textwrap.wrap(text, columns)) if text else ""


def scale(axis: Axis, kind: str, base: int = 10) -> None:
    """A linear axis, or a logarithmic one that always has at least three labels."""
    set_scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale  # type: ignore[attr-defined]
    if kind != "log":
        axis.set_major_formatter(FuncFormatter(lambda v, _: tick(v)))
        return
    set_scale("log", base=base)
    low, high = sorted(axis.get_view_interval())
    decades = math.log(high / low, 10) if low > 0 else 1
    if base == 2:
        wide = axis.axes.get_figure().get_size_inches()[0] > NARROW_IN  # type: ignore[union-attr]
        axis.set_major_locator(LogLocator(base=2, numticks=12 if wide else 7))
    else:
        every = (1.0,) if decades > 2.5 else (1.0, 2.0, 5.0) if decades > 0.8 else DENSE
        axis.set_major_locator(LogLocator(base=10, subs=every, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda v, _: binary(v) if base == 2 else tick(v)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


def parameter_label(name: str) -> str:
    """An axis of sizes has ticks in powers of 1024."""
    return "bytes (1K is 1024)" if name == "bytes" else name


# ---- Names of lines ------------------------------------------------------------------------------


def names_of(subjects: Sequence[str], columns: int = 20) -> str:
    """Subjects that share a line, over as many rows as they need."""
    return _wrap(", ".join(subjects), columns) if subjects else ""


def spread(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Centres as near as may be to `wanted` (ascending) with no two labels overlapping.

    Isotonic regression: labels that collide form a stack, centred on what its members want.

    >>> spread([1.0, 1.0, 9.0], [2.0, 2.0, 2.0], -5.0, 10.0)
    [0.0, 2.0, 9.0]
    """
    offsets = [sum(heights[:i]) + heights[i] / 2 for i in range(len(heights))]
    stacks: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        stacks.append([want - offset])
        while len(stacks) > 1 and _mean(stacks[-2]) > _mean(stacks[-1]):
            stacks[-2:] = [stacks[-2] + stacks[-1]]
    starts = [_mean(s) for s in stacks for _ in s]
    top = high - sum(heights)
    return [max(low, min(s, top)) + o for s, o in zip(starts, offsets, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@dataclass(frozen=True)
class Named:
    """A line's name, how it is drawn and where it ends."""

    name: str
    style: Mapping[str, Any]
    x: float
    y: float


def handle(look: Look) -> dict[str, Any]:
    """Keyword arguments of a line that looks like its subject."""
    return {
        "color": look.color,
        "marker": look.marker,
        "linestyle": look.line,
        "markerfacecolor": look.color if look.filled else PAPER,
        "markeredgecolor": look.color,
        "markeredgewidth": 1.2,
    }


def name_lines(on: Canvas, lines: Sequence[Named]) -> None:
    """Names beside the lines' ends, joined to them by a thin leader; on a phone, a list below."""
    if on.narrow:
        legend_below(on, sorted(lines, key=lambda n: -n.y))
        return
    axes, (wide, tall) = on.axes, on.plot_in
    axes.autoscale_view()  # else the limits may not be known yet, and leaders start anywhere
    to_inches = on.figure.dpi_scale_trans.inverted()
    box = axes.get_position()
    width, height = on.figure.get_size_inches()
    ends = sorted(lines, key=lambda n: n.y)
    at = [to_inches.transform(axes.transData.transform((n.x, n.y))) for n in ends]
    heights = [LINE_IN * (n.name.count("\n") + 1) for n in ends]
    base = box.y0 * height
    rows = spread([float(p[1]) for p in at], heights, base - 0.45, base + tall + 0.15)
    edge = box.x0 * width + wide
    for end, point, row in zip(ends, at, rows, strict=True):
        leader = Line2D(
            [(point[0] + 0.06) / width, (edge + 0.05) / width, (edge + 0.2) / width],
            [point[1] / height, point[1] / height, row / height],
            color=end.style["color"],
            linewidth=0.6,
            alpha=0.5,
            transform=on.figure.transFigure,
        )
        key = Line2D(
            [(edge + x) / width for x in (0.22, 0.39, 0.56)],
            [row / height] * 3,
            transform=on.figure.transFigure,
            markevery=[1],
            **end.style,
        )
        on.figure.add_artist(leader)
        on.figure.add_artist(key)
        on.figure.text((edge + 0.64) / width, row / height, end.name, va="center", fontsize=8.5)


def legend_below(on: Canvas, lines: Sequence[Named]) -> None:
    """A list of names under the x axis, two columns wide."""
    on.figure.legend(
        [Line2D([], [], **n.style) for n in lines],
        [n.name for n in lines],
        loc="lower left",
        ncols=2,
        fontsize=8,
        frameon=False,
        handlelength=2.8,
        columnspacing=1.2,
        borderaxespad=0.3,
    )


def room_below(names: Sequence[str], narrow: bool) -> float:
    """Inches that the list of names takes on a phone."""
    if not narrow:
        return 0.0
    columns = [names[: math.ceil(len(names) / 2)], names[math.ceil(len(names) / 2) :]]
    return max(sum(LINE_IN * (n.count("\n") + 1) for n in c) for c in columns) + 0.02
