"""lines: draws a metric against a parameter as curves, and list facts as staircases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from claimslab.report.canvas import (
    LINE_IN,
    Labels,
    Named,
    canvas,
    handle,
    name_lines,
    names_of,
    room_below,
    scale,
    upright,
)
from claimslab.report.looks import MUTED, Dash, Look, family
from claimslab.report.series import Point, Series, Steps
from claimslab.theory import Curve
from claimslab.wording import tick

MANY = 8  # lines; more cannot be followed in one colour strength
DASHES: tuple[Dash, ...] = ((0, (5, 2.5)), (0, (1.2, 1.6)))


def curve(
    series: Sequence[Series],
    looks: Mapping[str, Look],
    labels: Labels,
    *,
    xscale: str = "linear",
    yscale: str = "linear",
    theory: Sequence[Curve] = (),
    none: float | None = None,
    binary: bool = False,
    narrow: bool = False,
) -> Figure:
    """A metric against a parameter: medians with whiskers, closed forms as thin dashed lines.

    `none` is the value that stands for none: its points are labelled `never`, and no line leads
    to them. Where lines are many, those of models step back.
    """
    names = [names_of(s.subjects) for s in series]
    below = room_below([*names, *(t.label for t in theory)], narrow)
    rows = sum(n.count("\n") + 1 for n in names) + len(theory)
    tall = 3.0 if narrow else max(3.3, LINE_IN * rows + 0.1)
    left = 0.72 + 0.16 * upright(labels.y, tall).count("\n")
    on = canvas(labels, narrow, tall, left=left, right=0.2 if narrow else 2.15, below=below)
    words = _ticks_for_words(on.axes, series)
    drawn, front = [], in_front(series)
    for one, name in zip(series, names, strict=True):
        xs = [float(words.get(p.x, p.x)) for p in one.points]
        style = handle(looks[one.subjects[0]])
        if one not in front:
            style |= {"alpha": 0.4, "linewidth": 1.0, "markersize": 3.6}
        _with_whiskers(on.axes, xs, one.points, style, none)
        drawn.append(Named(name, style, xs[-1], one.points[-1].y))
    if not words:
        scale(on.axes.xaxis, xscale, 2 if binary else 10)
    xs = [float(p.x) for s in series for p in s.points if not isinstance(p.x, str)]
    for form, dash in zip(theory, itertools.cycle(DASHES), strict=False) if xs else ():
        drawn.append(_closed_form(on.axes, form, min(xs), max(xs), xscale, dash))
    if not words:
        _x_ticks(on.axes, sorted(set(xs)), xscale)
    if yscale != "log":
        _from_zero(on.axes, [p.y for s in series for p in s.points])
    scale(on.axes.yaxis, yscale)
    if none is not None:
        on.axes.yaxis.set_major_formatter(
            FuncFormatter(lambda v, _: "never" if v == none else tick(v))
        )
    name_lines(on, drawn)
    return on.figure


def in_front(series: Sequence[Series]) -> list[Series]:
    """All lines while they are few; of many, those that are no model, and the one that is lowest
    in most places."""
    if len(series) <= MANY:
        return list(series)
    least: dict[Any, tuple[float, Series]] = {}
    for one in series:
        for p in one.points:
            if p.x not in least or p.y < least[p.x][0]:
                least[p.x] = p.y, one
    winners = [one for _, one in least.values()]
    lowest = max(series, key=winners.count)
    real = [s for s in series if any(family(name) != "model" for name in s.subjects)]
    return real if lowest in real else [*real, lowest]


def _from_zero(axes: Axes, ys: Sequence[float]) -> None:
    """A linear axis starts at zero, unless half of it would then be empty."""
    if min(ys) < max(ys) / 2:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _ticks_for_words(axes: Axes, series: Sequence[Series]) -> dict[str, int]:
    """Positions for a parameter whose values are words."""
    words = list(dict.fromkeys(p.x for s in series for p in s.points if isinstance(p.x, str)))
    if words:
        axes.set_xticks(range(len(words)), words)
    return {w: i for i, w in enumerate(words)}


def _x_ticks(axes: Axes, xs: Sequence[float], kind: str) -> None:
    """Few measured places get a tick each; on a log axis whole decades do anyway."""
    if xs and len(xs) <= 4 and all(b > 1.3 * a for a, b in itertools.pairwise(xs)):
        axes.xaxis.set_major_locator(FixedLocator(list(xs)))
        axes.xaxis.set_minor_locator(NullLocator())
    if kind == "log" and len(xs) == 1:
        axes.set_xlim(xs[0] / 2, xs[0] * 2)


def _with_whiskers(
    axes: Axes,
    xs: Sequence[float],
    points: Sequence[Point],
    style: Mapping[str, Any],
    none: float | None,
) -> None:
    axes.plot(xs, [math.nan if p.y == none else p.y for p in points], zorder=3, **style)
    never = [(x, p.y) for x, p in zip(xs, points, strict=True) if p.y == none]
    axes.plot(
        [x for x, _ in never], [y for _, y in never], zorder=3, **{**style, "linestyle": "none"}
    )
    for x, p in zip(xs, points, strict=True):
        if p.low is not None and p.high is not None and p.high > p.low:
            axes.plot(
                [x, x],
                [p.low, p.high],
                color=style["color"],
                linewidth=0.8,
                alpha=0.5 * style.get("alpha", 1.0),
                zorder=2.5,
                marker="_",
                markersize=4,
                solid_capstyle="butt",
            )


def _closed_form(axes: Axes, form: Curve, low: float, high: float, kind: str, dash: Dash) -> Named:
    steps = [i / 120 for i in range(121)]
    if kind == "log":
        xs = [low * (high / low) ** t for t in steps]
    else:
        xs = [low + (high - low) * t for t in steps]
    ys = [form.at(x) for x in xs]
    style: dict[str, Any] = {"color": MUTED, "linewidth": 0.9, "linestyle": dash}
    axes.plot(xs, ys, zorder=2, **style)
    return Named(f"{form.label} (theory)", style, xs[-1], ys[-1])


def steps(
    lists: Sequence[Steps],
    looks: Mapping[str, Look],
    labels: Labels,
    *,
    marks: Sequence[int] = (256, 1024),
    narrow: bool = False,
) -> Figure:
    """List facts as staircases: a value from one length to the next, axes in powers of two."""
    names = [names_of(s.subjects) for s in lists]
    rows = sum(n.count("\n") + 1 for n in names)
    tall = 3.6 if narrow else max(4.2, LINE_IN * rows + 0.1)
    on = canvas(
        labels,
        narrow,
        tall,
        left=0.72,
        right=0.2 if narrow else 2.15,
        below=room_below(names, narrow),
    )
    drawn = []
    for one, name in zip(lists, names, strict=True):
        xs, ys = staircase(one)
        style = {**handle(looks[one.subjects[0]]), "markersize": 4.2}
        on.axes.step(xs, ys, where="post", markevery=slice(0, -1), zorder=3, **style)
        drawn.append(Named(name, style, xs[-1], ys[-1]))
    low, high = window(lists, marks)
    on.axes.set_xlim(low, high)
    on.axes.set_ylim(low, max(max(s.values) for s in lists) * 1.12)
    for axis in (on.axes.xaxis, on.axes.yaxis):
        scale(axis, "log", 2)
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f}" if v < 1e5 else tick(v)))
    for mark in marks:
        if low < mark < high:
            on.axes.axvline(mark, color=MUTED, linewidth=1.0, linestyle=(0, (1.5, 2)), zorder=1)
            on.axes.annotate(
                f" {mark}",
                (mark, 0.02),
                xycoords=("data", "axes fraction"),
                fontsize=8,
                color=MUTED,
            )
    name_lines(on, drawn)
    return on.figure


def window(lists: Sequence[Steps], marks: Sequence[int]) -> tuple[float, float]:
    """From half of the first mark on, where the lists go beyond the marks: before it steps are
    too close to the diagonal to be told apart."""
    until = max(staircase(s)[0][-1] for s in lists)
    return (marks[0] / 2 if marks and until > marks[0] * 2 else 0.9), until * 1.05


def staircase(one: Steps) -> tuple[list[float], list[float]]:
    """Corners of a staircase: element c+1 is the first that a capacity of c cannot hold."""
    xs = [1.0, *(v + 1 for v in one.values[:-1])]
    until = max(xs[-1], min(one.until or one.values[-1], one.values[-1]))
    return [*xs, until], [*one.values, one.values[-1]]
