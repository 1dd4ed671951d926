"""sweeps: which chart a sweep gets, and the words of those that lines and forest draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claimslab import wording
from claimslab.claims import Sweep
from claimslab.errors import LabError
from claimslab.evidence import Evidence
from claimslab.report import heat, history, series, waste
from claimslab.report.canvas import Labels, parameter_label
from claimslab.report.forest import Row, Ruler, forest
from claimslab.report.lines import curve, steps
from claimslab.report.looks import Look
from claimslab.report.plans import Plan
from claimslab.theory import CURVES

MOST_UNIT = 20  # signs; a longer one would fill a phone


def sweep_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    """The chart a sweep asks for; None where nothing of it was measured, or it wants a table."""
    return MAKERS[str(sweep.chart.get("kind", "curve"))](evidence, sweep, looks)


def _no_chart(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    return None


def _curve_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    if "x" not in sweep.chart:
        return _bars_plan(evidence, sweep, looks)
    found = series.curve(evidence, sweep)
    if not found:
        return None
    per = sweep.chart.get("per")
    measured = f"{sweep.metric} of {sweep.case}" + (f", divided by {per}" if per else "")
    axis = str(sweep.chart.get("y") or sweep.metric)
    unit = "" if axis == sweep.metric or sweep.metric in axis else f" ({sweep.metric})"
    caption = _noise(found)
    x, none = str(sweep.chart["x"]), sweep.chart.get("none")
    if len({p.x for s in found for p in s.points}) == 1:
        at = found[0].points[0].x
        measured += f", at {x}={at if isinstance(at, str) else f'{at:.12g}'}"
        bars = [series.Bar(n, "", sweep.metric, s.points[0]) for s in found for n in s.subjects]
        return _values_plan(bars, sweep, looks, measured)
    names = sweep.chart.get("theory", [])
    theory = [_closed_form(sweep, n) for n in ([names] if isinstance(names, str) else names)]
    if theory:
        caption += " Thin dashed: the closed form."
    if none is not None:
        caption += " Never: there is none; no line leads there."
    x_label = str(sweep.chart.get("x_label") or parameter_label(x))
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
            binary=x == "bytes",
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
    found: Sequence[series.Bar], sweep: Sweep, looks: Mapping[str, Look], measured: str
) -> Plan:
    """Absolute values side by side: a group a metric and case where these are several."""
    per, bars = sweep.chart.get("per"), sweep.chart.get("kind") == "bars"
    cases = wording.distinct([b.case for b in found])
    metrics = list(dict.fromkeys(b.metric for b in found))
    units = {wording.unit(m) for m in metrics}
    axis = str(sweep.chart.get("y") or (units.pop() if len(units) == 1 else "each in its unit"))
    padded = any(not b.at.y.is_integer() for b in found)

    def group(bar: series.Bar) -> str:
        parts = [bar.metric] if len(metrics) > 1 else []
        return ", ".join([*parts, *([cases[bar.case]] if len(cases) > 1 else [])])

    def text(bar: series.Bar) -> str:
        unit = axis if per and not bars else wording.unit(bar.metric)
        named = bars or len(unit) > MOST_UNIT  # by the axis alone
        unit = "" if named and unit not in ("B", "ns") else unit
        known = {"estimate": bar.at.y, "low": bar.at.low, "high": bar.at.high}
        return (
            wording.interval(known, unit) if bar.at.blocks > 1
            else wording.amount(bar.at.y, unit, padded)
        )  # fmt: skip

    rows = [Row(b.subject, group(b), b.at.y, b.at.low, b.at.high, "", text(b)) for b in found]
    positive = [b.at.y for b in found if b.at.y > 0]
    wide = len(positive) == len(found) and max(positive) / min(positive) > 20
    labels = Labels(sweep.title, measured, x={"B": "bytes"}.get(axis, axis))
    ruler = Ruler(log=wide and not bars, bars=bars)
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: forest(rows, looks, labels, ruler, narrow=narrow),
        f"Values side by side, {labels.x}; {measured}. {_groups(rows)}",
        _noise([series.Series((b.subject,), (b.at,)) for b in found]),
    )


def _bars_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    """Values from zero on; without a parameter on the axis, dots."""
    found = series.bars(evidence, sweep)
    if not found:
        return None
    one = len({b.case for b in found}) == 1
    measured = f"{', '.join(sweep.metrics)} of {found[0].case if one else sweep.case}"
    if per := sweep.chart.get("per"):
        measured += f", divided by {per if isinstance(per, str) else ' or '.join(per)}"
    return _values_plan(found, sweep, looks, measured)


def _steps_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    found = series.steps(evidence, sweep)
    if not found:
        return None
    axis = str(sweep.chart.get("y") or sweep.metric)
    along = str(sweep.chart.get("x_label") or "number of appends")
    labels = Labels(sweep.title, f"{sweep.metric} of {sweep.case}", x=along, y=axis)
    marks = () if "x_label" in sweep.chart else (256, 1024)  # those of append
    alt = f"Staircases of {axis} against the {along}. " + " ".join(
        f"{' = '.join(s.subjects)}: {wording.counted(len(s.values), 'step')}, "
        f"last {wording.number(s.values[-1])}."
        for s in found
    )
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: steps(found, looks, labels, marks=marks, narrow=narrow),
        alt,
        "Exact values. Subjects named together have the same staircase."
        + (" Dotted: 256 and 1024, the lengths at which Go's rules change over." if marks else ""),
    )


def _groups(rows: Sequence[Row]) -> str:
    """`peak-bytes, glibc: 111 MB; golike: 198 MB.` for each group of rows."""
    told: dict[str, list[str]] = {}
    for r in rows:
        told.setdefault(r.case, []).append(f"{r.subject}: {r.text}")
    return " ".join(f"{g + ', ' if g else ''}{'; '.join(v)}." for g, v in told.items())


def _tails_plan(evidence: Evidence, sweep: Sweep, looks: Mapping[str, Look]) -> Plan | None:
    found = series.tails(evidence, sweep)
    if not found:
        return None
    axis = str(sweep.chart.get("y") or "ns")
    labels = Labels(sweep.title, sweep.case, x="share of the operations that are no slower", y=axis)
    alt = f"Line chart: {axis}, from the usual operation to the slowest. " + " ".join(
        f"{s.subjects[0]}: "
        + ", ".join(f"{p.x} {wording.amount(p.y, 'ns')}" for p in s.points)
        + "."
        for s in found
    )
    return Plan(
        sweep.id,
        sweep.title,
        lambda narrow: curve(found, looks, labels, yscale="log", narrow=narrow),
        alt,
        _noise(found),
    )


MAKERS = {
    "curve": _curve_plan,
    "steps": _steps_plan,
    "bars": _bars_plan,
    "tails": _tails_plan,
    "heat": heat.plan,
    "history": history.plan,
    "waste": waste.plan,
    "table": _no_chart,
    "geomean": _no_chart,
}
