"""readme: what the published runs say, as the README shows it; docs.py checks that it is fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claimslab import wording
from claimslab.evidence import Evidence
from claimslab.report import markdown, summary, view
from claimslab.report.looks import word_look

Verdicts = Mapping[str, Any]  # verdicts.json

# What a reader who knows the folklore wants to hear first.
SURPRISING = ("refuted", "mixed")


def block(runs: Sequence[tuple[Verdicts, Evidence]], root: Path) -> str:
    """A line a run, and the claims of the notes that did not simply hold."""
    lines = [line(verdicts, evidence, root) for verdicts, evidence in runs]
    rows = [
        f"| {word_look(c['word']).symbol} {c['word']} | {markdown(c['says'])} "
        f"| {markdown(c['sentence'])} | {c['question']} |"
        for word in SURPRISING
        for verdicts, _ in runs
        for c in verdicts["claims"]
        if c["word"] == word and c["question"]
    ]
    head = ["| verdict | what is said | what was found | question |", "|---|---|---|---|"]
    return "\n".join([*lines, "", *head, *rows])


def line(verdicts: Verdicts, evidence: Evidence, root: Path) -> str:
    """`* slices: 37 claims: 12 reproduced, 5 refuted. Measured on …`, with its report."""
    host = evidence.run["host"]
    machine = f"{host.get('cpu') or host['name']}, {wording.counted(int(host['cores']), 'core')}"
    names = ", ".join(topic["name"] for topic in evidence.run["topics"])
    report = (evidence.path / "report.md").relative_to(root).as_posix()
    return (
        f"* [{markdown(names)}]({report}): {markdown(summary(verdicts).plain)}. "
        f"Measured on {markdown(machine)}, {view.when(evidence.run['started'])}, "
        f"{verdicts['mode']} run."
    )
