"""forest: draws effects with intervals, a row per subject and case, against the region claimed.

The region is shaded green, the equivalence margin around "no difference" grey; the same plot
without either shows absolute values side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from claimslab.report.canvas import Labels, canvas
from claimslab.report.looks import BAND, INK, MUTED, PAPER, REGION, REGION_EDGE, Look, word_look
from claimslab.wording import tick

ROW_IN = 0.24
NICE = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)


@dataclass(frozen=True)
class Row:
    """One effect. A row without an estimate says its word instead."""

    subject: str
    case: str  # its telling part; "" where all rows share one case
    estimate: float | None
    low: float | None
    high: float | None
    word: str = ""
    text: str = ""  # the effect in words, at the right


@dataclass(frozen=True)
class Ruler:
    """What the horizontal axis measures."""

    log: bool
    region: tuple[float | None, float | None] | None = None
    margin: float | None = None  # drawn around 1 for ratios
    unit: str = ""
    bars: bool = False  # from zero on


def forest(
    rows: Sequence[Row],
    looks: Mapping[str, Look],
    labels: Labels,
    ruler: Ruler,
    *,
    narrow: bool = False,
) -> Figure:
    """Rows from top to bottom as given; a gap where the case changes."""
    heads = len({r.case for r in rows}) > 1 and len({r.subject for r in rows}) > 1
    names = [r.subject if heads or not r.case else r.case for r in rows]
    at, titles, y = _places(rows, heads, narrow)
    columns = [max(map(len, names)) * 0.073, max(len(_verdict(r)) for r in rows) * 0.068]
    left, right = (0.25 + max(columns), 0.2) if narrow else (0.3 + columns[0], 0.2 + columns[1])
    on = canvas(labels, narrow, max(ROW_IN * (y + 0.2), 0.5), left=left, right=right)
    axes = on.axes
    axes.set_ylim(max(y - 0.3, 1.2), -0.8)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.grid(True, axis="x")
    low, high = _limits(rows, ruler)
    if ruler.log:
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    _ticks(axes, low, high, ruler, 4 if narrow else 7)
    _bands(axes, low, high, ruler)
    for where, title in titles:
        _beside(axes, 0, where, title, -(left - 0.12), fontweight="bold", fontsize=8.5)
    for where, name, row in zip(at, names, rows, strict=True):
        shade = word_look(row.word).color if row.word else INK
        _beside(axes, 0, where - (0.42 if narrow else 0), name, -(left - 0.12), fontsize=8.5)
        if narrow:
            _beside(axes, 0, where + 0.42, _verdict(row), -(left - 0.12), fontsize=8, color=shade)
        else:
            _beside(axes, 1, where, _verdict(row), 0.1, fontsize=8, color=shade)
        (_bar if ruler.bars else _effect)(axes, where, row, looks[row.subject])
    return on.figure


def _places(
    rows: Sequence[Row], heads: bool, narrow: bool
) -> tuple[list[float], list[tuple[float, str]], float]:
    """Where each row stands, each case's heading, and where all ends; in rows from the top."""
    at: list[float] = []
    titles: list[tuple[float, str]] = []
    y = 0.0
    for i, row in enumerate(rows):
        if heads and (i == 0 or rows[i - 1].case != row.case):
            y += 0.3 if i else 0.0
            titles.append((y, row.case))
            y += 1.3 if narrow else 1.0
        at.append(y + (0.2 if narrow else 0.0))
        y += 1.9 if narrow else 1.0
    return at, titles, y


def _verdict(row: Row) -> str:
    """A row's effect behind its verdict's symbol."""
    sign = word_look(row.word).symbol + " " if row.word else ""
    return sign + (row.text or row.word)


def _beside(axes: Axes, side: int, y: float, text: str, inches: float, **style: Any) -> None:
    axes.annotate(
        text,
        (side, y),
        xytext=(inches * 72, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        annotation_clip=False,
        **style,
    )


def _effect(axes: Axes, y: float, row: Row, look: Look) -> None:
    if row.estimate is None:
        return
    if row.low is not None and row.high is not None:
        axes.plot(
            [row.low, row.high],
            [y, y],
            color=look.color,
            linewidth=1.6,
            zorder=3,
            marker="|",
            markersize=6,
            solid_capstyle="butt",
        )
    axes.plot(
        [row.estimate],
        [y],
        color=look.color,
        marker=look.marker,
        markersize=6.5,
        zorder=4,
        markerfacecolor=look.color if look.filled else PAPER,
        markeredgewidth=1.3,
        linestyle="none",
    )


def _bar(axes: Axes, y: float, row: Row, look: Look) -> None:
    if row.estimate is None:
        return
    fill = look.color if look.filled else PAPER
    axes.barh(y, row.estimate, height=0.6, color=fill, edgecolor=look.color, zorder=3)
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [y, y], color=INK, linewidth=1.1, zorder=4)


def _limits(rows: Sequence[Row], ruler: Ruler) -> tuple[float, float]:
    """Everything that is drawn, with a little air."""
    values = [v for r in rows for v in (r.estimate, r.low, r.high) if v is not None]
    values += [v for v in ruler.region or () if v is not None]
    if ruler.margin is not None:
        values += [1 / (1 + ruler.margin), 1 + ruler.margin]
    if ruler.log:
        values = [v for v in values if v > 0 and math.isfinite(v)] or [0.5, 2.0]
        low, high = min(values), max(values)
        air = max((high / low) ** 0.08, 1.04)
        return low / air, high * air
    values = [v for v in values if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(values), max(values)
    if ruler.bars:
        ends = min(0.0, low * 1.05), max(0.0, high * 1.05)
        return ends if ends != (0.0, 0.0) else (0.0, 1.0)
    air = 0.08 * (high - low) or 0.1 * abs(high) or 0.1
    return low - air, high + air


def _ticks(axes: Axes, low: float, high: float, ruler: Ruler, most: int) -> None:
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: tick(v) + ruler.unit))
    if not ruler.log:
        axes.xaxis.set_major_locator(MaxNLocator(most))
    else:
        axes.xaxis.set_major_locator(FixedLocator(nice_ticks(low, high, most)))


def nice_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round places on a log axis: few, at least two where that can be, and 1 if it is in sight.

    >>> nice_ticks(0.9, 6.0)
    [1.0, 1.5, 2.0, 3.0, 5.0]
    """
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for steps in (NICE, (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(ticks) <= most:
            break
    else:
        ticks = ticks[:: math.ceil(len(ticks) / most)]
    if len(ticks) >= 3:
        return [float(f"{t:.6g}") for t in ticks]
    step = 10.0 ** math.floor(math.log10((high - low) / 3 or 1))
    step = next(s for s in (step, 2 * step, 5 * step, 10 * step) if (high - low) / s <= 5)
    first = math.ceil(low / step)
    return [float(f"{i * step:.6g}") for i in range(first, math.floor(high / step) + 1) if i]


def _bands(axes: Axes, low: float, high: float, ruler: Ruler) -> None:
    if ruler.region and any(v is not None for v in ruler.region):
        start, end = ruler.region
        axes.axvspan(
            low if start is None else start,
            high if end is None else end,
            color=REGION,
            linewidth=0,
            zorder=0,
        )
        for edge in ruler.region:
            if edge is not None:
                axes.axvline(edge, color=REGION_EDGE, linewidth=1.1, zorder=1)
    if ruler.margin is not None:
        axes.axvspan(1 / (1 + ruler.margin), 1 + ruler.margin, color=BAND, linewidth=0, zorder=0.5)
        axes.axvline(1, color=MUTED, linewidth=0.9, zorder=1)
