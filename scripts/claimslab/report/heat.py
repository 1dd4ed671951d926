"""heat: draws ratios as a table of coloured numbers; one side of 1 is blue, the other red."""

from __future__ import annotations

import math
from collections.abc import Mapping

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from claimslab.claims import Sweep
from claimslab.evidence import Evidence
from claimslab.report import comparison
from claimslab.report.canvas import NARROW_IN, WIDE_IN, Labels, canvas, parameter_label
from claimslab.report.comparison import Heat
from claimslab.report.looks import INK, MUTED, PAPER, Look
from claimslab.report.plans import Plan
from claimslab.wording import binary, number

MOST = 4.0  # times; beyond it colours change no more
ROW_IN, LEAST_COLUMN_IN = 0.3, 0.36


def plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    found = comparison.heat(evidence, sweep)
    if found is None:
        return None
    x, per = str(sweep.chart["x"]), sweep.chart.get("per")
    names = {c: binary(float(c)) if x == "bytes" else c for c in found.columns}
    unit = f"{sweep.metric} divided by {per}" if per else sweep.metric
    labels = Labels(
        sweep.title, f"{sweep.metric} of {sweep.case}, over {found.over}", x=parameter_label(x)
    )
    told = []
    for subject, ratios in found.rows:
        known = [(r, names[c]) for r, c in zip(ratios, found.columns, strict=True) if r is not None]
        if known:
            (low, at_low), (high, at_high) = min(known), max(known)
            least, most = f"{number(low)}× at {at_low}", f"{number(high)}× at {at_high}"
            told.append(f"{subject} from {least} to {most}")
    alt = f"Heat map of {sweep.metric} over {found.over}, by {x}: {'; '.join(told)}."
    caption = (
        f"The row of {found.over} is its own value, {unit}; every other number is a ratio to it, "
        f"the geometric mean over blocks. Blue is less, red more; beyond {MOST:g}× colours stay."
    )
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: draw(found, labels, names, narrow=narrow),
        alt,
        caption,
    )


def draw(data: Heat, labels: Labels, names: Mapping[str, str], *, narrow: bool = False) -> Figure:
    """Rows are subjects and columns cases; on a phone the other way round, to keep numbers legible.

    `names` gives each column's label. The first row has the values that all others are divided by.
    """
    columns = [names[c] for c in data.columns]
    table: list[tuple[str, list[str], list[float | None]]] = [
        (data.over, [_brief(v) for v in data.base], [None] * len(columns))
    ]
    table += [(s, [_short(v) for v in ratios], list(ratios)) for s, ratios in data.rows]
    heads, sides = columns, [s for s, _, _ in table]
    texts, ratios_ = [t for _, t, _ in table], [r for _, _, r in table]
    if narrow:
        heads, sides = sides, columns
        texts = [list(row) for row in zip(*texts, strict=True)]
        ratios_ = [list(row) for row in zip(*ratios_, strict=True)]
    left = 0.3 + 0.073 * max(map(len, sides))
    most = (NARROW_IN if narrow else WIDE_IN) - left - 0.15
    wide = min(most, max(0.9, LEAST_COLUMN_IN) * len(heads))
    on = canvas(labels, narrow, ROW_IN * len(sides), left=left, right=0.15 + most - wide)
    axes = on.axes
    axes.set_xlim(0, len(heads))
    axes.set_ylim(len(sides), 0)
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    long = max(map(len, heads)) * 0.075 > wide / len(heads)
    axes.set_xticks(
        [i + 0.5 for i in range(len(heads))],
        heads,
        rotation=30 if long else 0,
        ha="right" if long else "center",
    )
    axes.set_yticks([i + 0.5 for i in range(len(sides))], sides)
    for y, (row, values) in enumerate(zip(texts, ratios_, strict=True)):
        for x, (text, ratio) in enumerate(zip(row, values, strict=True)):
            fill = shade(ratio) if ratio is not None else PAPER
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor=PAPER, linewidth=1.5))
            ink = MUTED if ratio is None else PAPER if _dark(fill) else INK
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=8, color=ink)
    return on.figure


def _brief(value: float | None) -> str:
    return number(float(f"{value:.2g}")) if value is not None else ""


def _short(ratio: float | None) -> str:
    """Two digits tell a ratio in a small box."""
    if ratio is None:
        return ""
    return f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.1g}"


def shade(ratio: float) -> str:
    """White at 1; blue below and red above, evenly on a log scale.

    >>> shade(1.0), shade(0.25) == shade(0.1), shade(2.0) != shade(0.5)
    ('#f7f6f6', True, True)
    """
    part = max(-1.0, min(1.0, math.log(ratio) / math.log(MOST)))
    return str(matplotlib.colors.to_hex(matplotlib.colormaps["RdBu_r"](0.5 + 0.42 * part)))


def _dark(color: str) -> bool:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140
