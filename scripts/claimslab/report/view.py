"""view: what the report's pages say, as plain data for the templates; nothing here knows HTML."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claimslab import claims as claims_module
from claimslab import wording
from claimslab.claims import Sweep
from claimslab.evidence import Evidence
from claimslab.judge.cells import joint
from claimslab.report import recommend, tables
from claimslab.report.charts import Chart
from claimslab.report.looks import WORDS, order, word_look

FLAGS = {
    "wrong reason": "Right for the wrong reason: the number lies where the claim puts it, but the "
    "metric that the claim gives as its reason did not move.",
    "check disagrees": "The t interval and the Wilcoxon check lead to different words; "
    "read this verdict with care.",
    "crashes": "A program that this claim needs crashed, hung or failed in some trial.",
    "mostly loop": "Half the time of one side or more is the workload's own loop, as its null "
    "subject shows: without it the subjects differ by more than this ratio.",
}
SOURCES = {
    "notes": "said in the notes",
    "derived": "derived from the notes",
    "lab": "the lab's own goal",
}


MOST_CASES = 8  # of a claim; more are named together, and mapped as rows


@dataclass(frozen=True)
class Line:
    """Subjects of one case that fared alike."""

    subjects: str
    case: str
    word: str
    effect: str
    note: str


@dataclass(frozen=True)
class Grid:
    """Words of subjects by case, or of cases by subject where these are many."""

    heads: list[str]
    rows: list[tuple[str, list[str]]]
    note: str = ""


def page(
    evidence: Evidence,
    verdicts: Mapping[str, Any],
    charts: Sequence[Chart],
    calibration: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Everything that either page shows, in its order."""
    run = evidence.run
    topics = [claims_module.from_json(t) for t in run["topics"]]
    titles = {t.name: t.title for t in topics}
    rules = {c.id: c.rule.keys for t in topics for c in t.claims}
    drawn = {c.claim_or_sweep: c for c in charts}
    tabled = {s.id: tables.of(evidence, s) for t in topics for s in t.sweeps}
    told = [s for t in topics for s in t.sweeps if s.id in drawn or tabled[s.id]]
    sweeps = [s for s in told if s.id in drawn]
    shown = [
        {
            **claim(c, titles, drawn, sweeps),
            "wanted": wanted(rules.get(c["id"], {})),
            "lists": lists(c, evidence),
        }
        for c in verdicts["claims"]
    ]
    return {
        "title": ", ".join(titles.values()) or "No topic",
        "run": run,
        "run_line": run_line(run, verdicts),
        "notices": notices(run, verdicts, evidence),
        "words": [
            {"word": w, "look": WORDS[w], "count": int(verdicts["summary"].get(w, 0))}
            for w in WORDS
        ],
        "total": len(shown),
        "advice": recommend.advise(evidence),
        "repeat": repeat(evidence),
        "topics": [t for t in topics if t.claims or t.sweeps],
        "claims": shown,
        "sweeps": [
            {"sweep": s, "topic": titles[s.topic], "chart": drawn.get(s.id), "table": tabled[s.id]}
            for s in told
        ],
        "undrawn": [s for t in topics for s in t.sweeps if s not in told],
        "machine": machine(run),
        "builds": builds(run),
        "not_run": not_run(run),
        "blocks": verdicts.get("blocks", {}),
        "rejected": [b for b in evidence.blocks if not b.get("accepted", True)],
        "accidents": accidents(evidence),
        "warnings": evidence.warnings,
        "calibration": calibration,
        "family": verdicts.get("family", {}),
    }


def repeat(evidence: Evidence) -> str:
    """The command of a run whose trace lies in its folder; "" where the topic says it all."""
    traces = sorted(path.name for path in evidence.path.glob("*.trace"))
    return f"scripts/lab replay results/{evidence.path.name}/{traces[0]}" if traces else ""


def run_line(run: Mapping[str, Any], verdicts: Mapping[str, Any]) -> str:
    """What was tested, on which machine, when, and how."""
    host = run["host"]
    size = host.get("memory_bytes")
    inside = [wording.counted(int(host["cores"]), "core")]
    inside += [f"{size / 1e9:.0f} GB"] if size else []
    inside += [str(host["virtual"])] if host.get("virtual") not in (None, "", "none") else []
    where = f"{host.get('cpu') or host['name']} ({', '.join(inside)})"
    system = ", ".join(str(host[k]) for k in ("os",) if host.get(k))
    blocks = sorted({b["accepted"] for b in verdicts.get("blocks", {}).values() if b["planned"]})
    how = f"{run['mode']} run"
    if blocks:
        few, many = blocks[0], blocks[-1]
        how += f", {few} blocks" if few == many else f", {few} to {many} blocks"
    commit = run["commit"]["id"][:10]
    parts = [
        f"{wording.counted(len(verdicts['claims']), 'claim')} on trial on {where}",
        system, when(run["started"]), how, f"commit {commit}" if commit else "",
    ]  # fmt: skip
    return " · ".join(p for p in parts if p)


def when(stamp: str) -> str:
    """`2026-11-24T17:30:00Z` to `24 November 2026, 17:30 UTC`; anything else as it stands."""
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def notices(
    run: Mapping[str, Any], verdicts: Mapping[str, Any], evidence: Evidence
) -> list[tuple[str, str]]:
    """What a reader must know before the first number: (bad or note, sentence)."""
    said = []
    if not verdicts.get("valid", True):
        said.append(("bad", f"This run is invalid: {verdicts.get('invalid_reason') or 'unfit'}."))
    if verdicts.get("unfinished"):
        said.append(("bad", f"This run is not finished: {verdicts['unfinished']}."))
    if not run["fitness"].get("fit", True):
        said.append(("bad", "The machine was not fit to measure when the run began; see Trust."))
    if run["mode"] == "smoke":
        said.append(("bad", "A smoke run shows that the lab works; its times mean nothing."))
    if run["mode"] == "quick":
        said.append(
            ("note", "A quick run: fewer blocks, wider intervals. FULL=1 is for publication.")
        )
    if run["commit"].get("dirty"):
        said.append(("note", "Built from a tree with uncommitted changes: not repeatable as is."))
    if run.get("native"):
        said.append(("note", "Built for this processor alone (native)."))
    if evidence.warnings:
        n = wording.counted(len(evidence.warnings), "warning")
        said.append(("note", f"{n} while reading the evidence; see Trust."))
    return said


def claim(
    c: Mapping[str, Any],
    titles: Mapping[str, str],
    drawn: Mapping[str, Chart],
    sweeps: Sequence[Sweep],
) -> dict[str, Any]:
    """One claim as its section shows it."""
    unit = wording.unit_of(c)
    cells = c["cells"]
    names = wording.distinct([n["case"] for n in cells])
    because = c.get("because")
    known = wording.unit(c["metric"])
    exact = c["kind"] == "exact" and not (known in ("B", "ns") and unit != "×")
    claimed = wording.region(c.get("region"), "" if exact else unit or known)
    if claimed and c.get("rule_kind") == "sequence":
        claimed = f"every step by {claimed}"
    return {
        **c,
        "look": word_look(c["word"]),
        "topic_title": titles.get(c["topic"], c["topic"]),
        "origin": origin(c["question"], c["source"]),
        "measured": any(n.get("estimate") is not None for n in cells) and c["kind"] != "exact",
        "notes": any(note(n, c) for n in cells),
        "effect": wording.effect(c).replace(" [", "\n[").split("\n"),  # estimate, interval
        "claimed": claimed,
        "cases": shown_cases(cells),
        "over": list(dict.fromkeys(over(n) for n in cells if n.get("over"))),
        "lines": lines(c, names),
        "grid": grid(cells, names),
        "because_text": because_text(because) if because else "",
        "flag_texts": [FLAGS.get(f, f) for f in c.get("flags", [])],
        "chart": drawn.get(c["id"]),
        "related": [drawn[s.id] for s in sweeps if _same_data(c, s)],
        "slug": slug(c["id"]),
        "search": " ".join(
            [c["id"], c["says"], c["sentence"], c["metric"], f"q{c['question']}",
             *(n["subject"] for n in cells)]
        ).lower(),
    }  # fmt: skip


def shown_cases(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """The cases of a claim; where they would fill the page, one name for all of them."""
    cases = list(dict.fromkeys(x for n in cells for x in n.get("cases") or [n["case"]]))
    together = joint(tuple(cases))
    return [f"{together} ({len(cases)} cases)"] if len(cases) > MOST_CASES else cases


def wanted(rule: Mapping[str, Any]) -> str:
    """The list that a claim calls for; nothing for other rules."""
    if "equals" in rule and isinstance(rule["equals"], list | tuple):
        return shortened(rule["equals"])
    if "starts" in rule:
        return shortened(rule["starts"]) + " at the start"
    return "the same in all cases" if rule.get("same") else ""


def lists(c: Mapping[str, Any], evidence: Evidence) -> list[tuple[str, str]]:
    """The measured lists of a claim: (subjects, and the case where there are several; list)."""
    cases = list(dict.fromkeys(x for n in c["cells"] for x in n.get("cases") or [n["case"]]))
    names = wording.distinct(cases)
    subjects = {n["subject"] for n in c["cells"]}
    found: dict[tuple[str, str], list[str]] = {}
    for f in evidence.facts:
        mine = f.topic == c["topic"] and f.metric == c["metric"] and f.case in names
        if mine and f.subject in subjects and isinstance(f.value, list | tuple):
            key = (names[f.case] if len(names) > 1 else "", shortened(f.value))
            found.setdefault(key, []).append(f.subject)
    rows = sorted(found.items(), key=lambda row: list(names.values()).index(row[0][0] or cases[0]))
    return [
        (", ".join(order(who)) + (f" at {case}" if case else ""), text)
        for (case, text), who in rows
    ]


def shortened(values: Sequence[Any], most: int = 16) -> str:
    """A list, with its middle left out where it is long: `1, 2, 4 … 1792, 2560`."""
    texts = [
        whole(v) if isinstance(v, int) else f"{v:g}" if abs(v) < 1e6 else f"{v:.0f}" for v in values
    ]
    if len(texts) <= most:
        return ", ".join(texts)
    half = most // 2 - 1
    return f"{', '.join(texts[:half])} … {', '.join(texts[-half:])} ({len(texts)} values)"


def whole(number: int) -> str:
    """All its digits, since a float would round them, unless they would fill the page."""
    text = str(number)
    return text if len(text) <= 40 else f"{text[:12]}… ({len(text)} digits)"


def origin(question: int, source: str) -> str:
    """Where the sentence comes from: `question 311, said in the notes`."""
    told = SOURCES.get(source, source)
    return f"question {question}, {told}" if question else told


def over(cell: Mapping[str, Any]) -> str:
    """What a cell's ratio is over: the part that differs."""
    other = cell["over"]
    parts = [other["case"]] if other["case"] != cell["case"] else []
    parts += [other["subject"]] if other["subject"] != cell["subject"] else []
    return " of ".join(parts)


def _same_data(c: Mapping[str, Any], sweep: Sweep) -> bool:
    """A chart of the same metric and kind of case shows what the claim is about."""
    heads = {n["case"].split("/")[0] for n in c["cells"]}
    same = sweep.topic == c["topic"] and c["metric"] in sweep.metrics
    return same and any(case.split("/")[0] in heads for case in claims_module.cases(sweep))


def lines(c: Mapping[str, Any], names: Mapping[str, str]) -> list[Line]:
    """Cells row by row; subjects whose rows would say the same share one."""
    unit = wording.unit_of(c)
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for n in c["cells"]:
        case = names[n["case"]] if len(names) > 1 else ""
        rows.setdefault(
            (case, n["word"], wording.interval(n, unit), note(n, c)), []
        ).append(n["subject"])  # fmt: skip
    return [Line(", ".join(order(s)), *key) for key, s in rows.items()]


def note(cell: Mapping[str, Any], c: Mapping[str, Any]) -> str:
    """How it was refuted, what is missing, what decided it; `c` is the cell's claim."""
    rule = str(c.get("rule_kind", ""))
    told = wording.named(cell.get("detail") or "", rule, str(c["metric"]), cell["word"])
    parts = [cell.get("how") or "", told if cell.get("detail") else ""]
    blocks = cell.get("blocks") or 0
    if (cell.get("needed_blocks") or 0) > wording.HOPELESS * blocks:
        parts.append(wording.HOPELESS_TEXT)
    elif cell.get("needed_blocks"):
        text = f"about {cell['needed_blocks']} blocks would decide it"
        minutes = cell.get("needed_minutes")
        parts.append(f"{text} ({wording.number(minutes)} minutes)" if minutes else text)
    if cell.get("p_holm") is not None:
        parts.append(f"p {p_value(cell['p_holm'])} after Holm")
    check = cell.get("check")
    if check and not check["agrees"]:
        parts.append("Wilcoxon " + (wording.interval(check) or "gives no number") + " disagrees")
    return "; ".join(p for p in parts if p)


def p_value(p: float) -> str:
    """Two digits say enough of a probability, and none of a tiny one."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def grid(cells: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Grid | None:
    """The map of a claim with several subjects and several cases."""
    subjects = order(n["subject"] for n in cells)
    if len(names) < 2 or len(subjects) < 2:
        return None
    words = {(n["subject"], n["case"]): n["word"] for n in cells}
    if len(names) <= MOST_CASES:
        rows = [(s, [words.get((s, case), "") for case in names]) for s in subjects]
        return Grid(list(names.values()), rows)
    rows = [(name, [words.get((s, case), "") for s in subjects]) for case, name in names.items()]
    telling = [row for row in rows if set(row[1]) != {"reproduced"}]
    left_out = len(rows) - len(telling)
    note = f"{wording.counted(left_out, 'further case')}: reproduced by all." if left_out else ""
    return Grid(subjects, telling, note)


def because_text(because: Mapping[str, Any]) -> str:
    """Whether the metric that a claim gives as its reason moved with it."""
    if because.get("moved") and because.get("detail"):
        return f"{because['detail']}; that alone does not prove it the cause."
    moved = {True: "It moved the same way", False: "The reason fails", None: "The reason is open"}
    head = moved[because.get("moved")] + f" ({because['metric']})"
    return f"{head}: {because['detail']}." if because.get("detail") else head + "."


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def machine(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Host and tools, name and value."""
    host = dict(run["host"])
    size = host.pop("memory_bytes", None)
    rows = [(k, str(v)) for k, v in host.items() if v not in (None, "")]
    rows += [("memory", f"{size / 1e9:.1f} GB")] if size else []
    rows += [(k, str(v)) for k, v in run["toolchain"].items() if v]
    plan = run["plan"]
    each = f"{plan['batches']} batches of {plan['batch_ms']} ms a trial"
    rows.append(("plan", f"{each}, seed {run['seed']}"))
    return rows


def builds(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(topic, subjects, how they were built); subjects of one program share a row."""
    rows: dict[tuple[str, str], list[str]] = {}
    for topic in run["topics"]:
        for s in topic["subjects"]:
            if not s.get("not_run"):
                rows.setdefault((topic["name"], build_text(s.get("build") or {})), []).append(
                    s["name"]
                )
    return [(topic, ", ".join(order(names)), how) for (topic, how), names in rows.items()]


def build_text(build: Mapping[str, Any]) -> str:
    """A program's own account of how it was built, in one line."""
    parts = []
    for key, value in build.items():
        if key == "malloc":
            version = f"{value['version']} " if value.get("version") else ""
            parts.append(f"malloc {version}of {value['file']} (sha256 {value['sha256']})")
        elif isinstance(value, Mapping):
            parts += [f"{k} {v}" for k, v in value.items()]
        elif value not in (None, "", False):
            parts.append(str(value) if key in ("compiler", "flags") else f"{key} {value}")
    return ", ".join(parts)


def not_run(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(topic, subject, reason)."""
    return [
        (t["name"], s["name"], s["not_run"])
        for t in run["topics"]
        for s in t["subjects"]
        if s.get("not_run")
    ]


def accidents(evidence: Evidence) -> list[dict[str, str]]:
    """Trials that did not end well, and subjects that were given up for it."""
    found = []
    for t in evidence.trials:
        if t.get("status", "ok") != "ok":
            what = [str(t["status"]), ending(t), str(t.get("reason") or "")]
            found.append({
                "where": f"{t['topic']}, block {t['block']}", "subject": str(t["subject"]),
                "what": ", ".join(dict.fromkeys(w for w in what if w)),
                "tail": str(t.get("output_tail") or "")[-600:],
            })  # fmt: skip
    for d in evidence.dropped:
        found.append({
            "where": f"{d.get('topic', '')}, block {d.get('block', '')}",
            "subject": str(d.get("subject", "")),
            "what": "given up: " + str(d.get("reason") or "failed too often in a row"), "tail": "",
        })  # fmt: skip
    return found


def ending(trial: Mapping[str, Any]) -> str:
    """`SIGSEGV`, `exit 3` or nothing."""
    number = trial.get("signal")
    if isinstance(number, int) and number:
        try:
            return signal.Signals(number).name
        except ValueError:
            return f"signal {number}"
    return f"exit {trial['exit']}" if trial.get("exit") else ""
