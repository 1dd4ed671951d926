"""tables: sweeps that are told as tables: facts by row and subject, and means over workloads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from claimslab import wording
from claimslab.claims import Sweep
from claimslab.claims.tables import is_number
from claimslab.evidence import Evidence
from claimslab.judge import stats
from claimslab.report import comparison, series
from claimslab.report.looks import order

PATH = re.compile(r"/(?:[\w.+-]+/)+")  # where a file stands says nothing on another machine


@dataclass(frozen=True)
class Cell:
    """A text, and whether it is good news or bad."""

    text: str
    tone: str = ""  # good | bad | num, which is neither and stays on one line


@dataclass(frozen=True)
class Table:
    """Rows of cells under heads; `folded` rows say nothing new and are shown on request."""

    heads: list[str]
    rows: list[list[Cell]]
    caption: str
    folded: list[list[Cell]] = field(default_factory=list)
    folding: str = ""  # what the folded rows have in common


def of(evidence: Evidence, sweep: Sweep) -> Table | None:
    """The table a sweep asks for; None where it asks for a chart, or nothing was measured."""
    makers = {"table": facts, "geomean": means}
    make = makers.get(str(sweep.chart.get("kind")))
    return make(evidence, sweep) if make else None


# ---- Facts ---------------------------------------------------------------------------------------


def facts(evidence: Evidence, sweep: Sweep) -> Table | None:
    """A row a case, a column a subject. Rows in which all subjects have the good value are folded.

    Good is true, or the text that `chart.good` names; without either nothing is good or bad.
    """
    found = {k: v[-1] for k, v in series.measured(evidence, sweep).items()}
    subjects = order(s for s, _ in found)
    cases = list(dict.fromkeys(case for _, case in found))
    if not found:
        return None
    names = wording.distinct(cases)
    good = sweep.chart.get("good")
    rows: list[list[Cell]] = []
    folded: list[list[Cell]] = []
    for case in cases:
        cells = [cell(found.get((s, case)), good) for s in subjects]
        row = [Cell(names[case].rpartition("=")[2] or case), *cells]
        (folded if all(c.tone == "good" for c in cells) else rows).append(row)
    heads = ["", *subjects]
    toned = any(c.tone for row in (*rows, *folded) for c in row)
    if toned:
        rows.insert(0, totals(subjects, [*rows, *folded]))
    caption = f"{sweep.metric} of {sweep.case}, {wording.counted(len(cases), 'row')}."
    alike = f"in which all are {good}" if good else "that all pass"
    return Table(heads, rows, caption, folded, f"{wording.counted(len(folded), 'row')} {alike}")


def cell(value: Any, good: str | None) -> Cell:
    if value is None:
        return Cell("–")
    if isinstance(value, bool):
        return Cell("passes", "good") if value else Cell("fails", "bad")
    if is_number(value):
        text = wording.number(float(value))
    else:
        text = PATH.sub("", value) if isinstance(value, str) else "not shown"
    return Cell(text, "" if good is None else "good" if text == good else "bad")


def totals(subjects: list[str], rows: list[list[Cell]]) -> list[Cell]:
    """How many rows are good, by subject."""
    line = [Cell("all rows")]
    for place in range(1, len(subjects) + 1):
        known = [row[place] for row in rows if row[place].tone]
        count = sum(one.tone == "good" for one in known)
        line.append(Cell(f"{count} of {len(known)}", "good" if count == len(known) else "bad"))
    return line


# ---- Means over workloads ------------------------------------------------------------------------


def means(evidence: Evidence, sweep: Sweep) -> Table | None:
    """Geometric means with the interval over blocks, and with each workload left out in turn."""
    found = comparison.means(evidence, sweep)
    if not found:
        return None
    names = wording.distinct(comparison.cases(evidence, sweep))
    over = str(sweep.chart["over"])
    heads = ["", f"{sweep.metric} over {over}", "with one workload left out", "which moves it most"]
    rows = [[Cell(one.subject), *mean_cells(one, names)] for one in found]
    blocks = [one.interval.blocks for one in found if one.interval]
    count = wording.counted(len(names), "workload")
    caption = f"Geometric mean of {count}: {', '.join(names.values())}."
    if blocks and max(blocks) >= stats.MIN_BLOCKS:
        how = f"the 95 % t interval over {wording.counted(min(blocks), 'block')}"
        caption += f" In brackets: {how}, the mean of each block being one number."
    return Table(heads, rows, caption)


def mean_cells(one: comparison.Mean, names: dict[str, str]) -> list[Cell]:
    if one.interval is None:
        lacks = ", ".join(names[case] for case in one.missing) or "blocks in common"
        return [Cell("–"), Cell(f"not measured: {lacks}"), Cell("")]
    known = {"estimate": one.interval.estimate}
    if one.interval.blocks >= stats.MIN_BLOCKS:
        known |= {"low": one.interval.low, "high": one.interval.high}
    if not one.without:
        return [Cell(wording.interval(known, "×"), "num"), Cell("–"), Cell("")]
    low, high = min(one.without.values()), max(one.without.values())
    ends = f"{wording.number(low, True)} to {wording.number(high, True)}×"
    moved = f"{names[one.mover]}: {wording.number(one.without[one.mover], True)}× without it"
    return [Cell(wording.interval(known, "×"), "num"), Cell(ends, "num"), Cell(moved)]
