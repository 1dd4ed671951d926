"""report: a run's pages (report.html, report.md) and its tables in the terminal and the README."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from rich.console import Console
from rich.table import Table
from rich.text import Text

from claimslab import wording
from claimslab.claims import Claim
from claimslab.errors import LabError
from claimslab.evidence import Evidence
from claimslab.report import charts, view
from claimslab.report.looks import WORDS, word_look

TEMPLATES = Path(__file__).parent / "templates"


def write(
    evidence: Evidence,
    verdicts: Mapping[str, Any],
    folder: Path,
    png: bool = False,
    calibration: Mapping[str, Any] | None = None,
) -> tuple[Path, Path]:
    """Draw the charts and write report.html and report.md into `folder`; says where time went."""
    start = time.perf_counter()
    drawn = charts.draw(evidence, verdicts, folder, png)
    middle = time.perf_counter()
    data = view.page(evidence, verdicts, drawn, calibration or find_calibration(evidence))
    paths = folder / "report.html", folder / "report.md"
    for path, template in zip(paths, ("report.html.j2", "report.md.j2"), strict=True):
        partial = path.with_name(path.name + ".partial")  # a reader never sees half a page
        partial.write_text(render(template, data), encoding="utf-8")
        partial.replace(path)
    end = time.perf_counter()
    took = f"{len(drawn)} charts {middle - start:.1f} s, pages {end - middle:.1f} s"
    print(f"report drawn in {end - start:.1f} s: {took}")
    return paths


def find_calibration(evidence: Evidence) -> dict[str, Any] | None:
    """calibration.json in the run's folder, or else the newest of the same host beside it."""
    beside = evidence.path.parent.glob("*/calibration.json")
    newest = sorted(beside, key=lambda p: p.stat().st_mtime, reverse=True)
    for path in (evidence.path / "calibration.json", *newest):
        if not path.is_file():
            continue
        try:
            found = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise LabError(f"{path}: not calibration data: {error}") from error
        mine = path.parent == evidence.path
        if mine or found.get("host", {}).get("name") == evidence.run["host"]["name"]:
            return found
    return None


def render(template: str, data: Mapping[str, Any]) -> str:
    """HTML is escaped by the engine; Markdown by the `md` filter wherever a name is not ours."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters.update(md=markdown, picture=picture, percent=percent, number=wording.number)
    env.filters.update(trust=trust)
    env.globals.update(
        look=word_look,
        css=lambda: Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        js=lambda: Markup((TEMPLATES / "report.js").read_text(encoding="utf-8")),
    )
    return env.get_template(template).render(**data)


def percent(share: float) -> str:
    """Of 1, with one digit behind the point."""
    return f"{share * 100:.1f} %"


def trust(sentence: str) -> Markup:
    """A notice; where it ends with `see Trust.` a link to that section."""
    link = Markup('see <a href="#trust">Trust</a>.')
    head, found, _ = sentence.rpartition("see Trust.")
    return escape(head) + link if found else escape(sentence)


def markdown(text: object) -> str:
    """Any text as one line that Markdown shows as it stands, in a table too."""
    line = re.sub(r"\s+", " ", str(text)).strip()
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|~!$])", r"\\\1", line)


def picture(path: Path) -> dict[str, Any]:
    """An SVG file as a data URI with its size in CSS pixels."""
    text = path.read_text(encoding="utf-8")
    size = re.search(r'<svg[^>]*? height="([\d.]+)pt"[^>]*? width="([\d.]+)pt"', text) or re.search(
        r'<svg height="([\d.]+)" width="([\d.]+)"', text
    )
    tall, wide = (round(float(v) * 96 / 72) for v in size.groups()) if size else (0, 0)
    data = base64.b64encode(text.encode()).decode()
    return {"uri": f"data:image/svg+xml;base64,{data}", "width": wide, "height": tall}


# ---- Terminal ------------------------------------------------------------------------------------


def table(verdicts: Mapping[str, Any], console: Console) -> None:
    """The verdict table, then the counts; 80 columns are enough, and no colour is needed."""
    rows = verdicts["claims"]
    several = len({c["topic"] for c in rows}) > 1
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("claim", ratio=1, min_width=24)
    grid.add_column("effect")
    grid.add_column("q", justify="right", no_wrap=True)
    last = None
    for c in rows:
        if several and c["topic"] != last:
            grid.add_row("", Text(str(c["topic"]), style="bold"), "", "")
            last = c["topic"]
        claim = Text(c["says"])
        claim.append(f"\n{c['id']}", style="dim")
        q = str(c["question"]) if c["question"] else "lab"
        grid.add_row(word_text(c["word"]), claim, Text(wording.effect(c).replace(" [", "\n[")), q)
    console.print(grid)
    if not verdicts.get("valid", True):
        reason = verdicts.get("invalid_reason") or "unfit"
        console.print(Text(f"this run is invalid: {reason}", style="bold red"))
    if verdicts.get("unfinished"):
        console.print(Text(f"this run is not finished: {verdicts['unfinished']}", style="bold red"))
    console.print(summary(verdicts))


def word_text(word: str) -> Text:
    """A verdict with its symbol, in its colour."""
    look = word_look(word)
    return Text(f"{look.symbol} {word}", style=look.rich)


def summary(verdicts: Mapping[str, Any]) -> Text:
    """`37 claims: 12 reproduced, 5 refuted`."""
    counts = [(w, n) for w in WORDS if (n := int(verdicts["summary"].get(w, 0)))]
    line = Text(wording.counted(len(verdicts["claims"]), "claim") + ": ")
    return line + Text(", ").join(Text(f"{n} {w}", style=word_look(w).rich) for w, n in counts)


def show(claim: Claim, verdict: Mapping[str, Any] | None, console: Console) -> None:
    """One claim in full; without a verdict, what would be measured."""
    console.print(Text(claim.says, style="bold"))
    rule = ", ".join(f"{k} {v}" for k, v in claim.rule.keys.items())
    facts = [
        ("id", claim.id),
        ("topic", f"{claim.topic} ({view.origin(claim.question, claim.source)})"),
        ("metric", f"{claim.metric} ({claim.kind})"),
        ("rule", f"{claim.rule.kind} {rule}".strip()),
        ("case", "\n".join(claim.cases)),
        ("subjects", ", ".join(claim.subjects)),
    ]
    facts += [("because", claim.because)] if claim.because else []
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, value in facts:
        grid.add_row(name, Text(value))
    console.print(grid)
    console.print()
    if verdict is None:
        console.print("no verdict yet")
    else:
        _show_verdict(verdict, console)
    console.print(Text(f"repeat: make bench ONLY={claim.topic}"))


def _show_verdict(verdict: Mapping[str, Any], console: Console) -> None:
    console.print(word_text(verdict["word"]) + Text(f": {verdict['sentence']}", style="default"))
    cells = verdict["cells"]
    names = wording.distinct([c["case"] for c in cells])
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("subjects, case, effect; note below")
    for line in view.lines(verdict, names):
        head = " · ".join(filter(None, (line.subjects, line.case, line.effect)))
        grid.add_row(word_text(line.word), Text("\n".join(filter(None, (head, line.note)))))
    console.print(grid)
    if verdict.get("because"):
        console.print(Text(view.because_text(verdict["because"])))
    for flag in verdict.get("flags", []):
        console.print(Text(view.FLAGS.get(flag, flag), style="yellow"))
