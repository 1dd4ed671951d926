"""doctor: what this machine has, what it lacks, and whether it is fit to measure."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from claimslab.claims import load
from claimslab.errors import OK, UNFIT, LabError
from claimslab.measure import gate, host, programs

Row = tuple[str, bool, str]  # what, is it there, what to know or do


def examine(root: Path, build_dir: Path) -> list[Row]:
    """Every part that a run needs, with the mend for those that are not there."""
    rows: list[Row] = []
    facts = host.facts(root)
    machine = facts["host"]
    rows.append(("machine", True, f"{machine['cpu']}, {machine['cores']} cores, {machine['os']}"))
    commit = facts["commit"]
    if commit["id"]:
        state = "with uncommitted changes" if commit["dirty"] else "clean"
        rows.append(("sources", True, f"commit {commit['id'][:12]}, {state}"))
    else:
        rows.append(("sources", False, "not a git checkout: the evidence cannot name its commit"))
    valgrind = shutil.which("valgrind")
    rows.append(
        ("valgrind", bool(valgrind), "counts instructions" if valgrind else "ir/op: not run")
    )
    try:
        topics = load(root)
        for subject in programs.find(root, build_dir, topics):
            there = not subject.not_run
            rows.append((subject.name, there, describe(subject) if there else subject.not_run))
    except LabError as error:
        rows.append(("programs", False, str(error)))
    return rows


def describe(subject: Any) -> str:
    """How a subject's program was built, in a few words."""
    build = subject.build
    return str(build.get("go") or f"{build.get('compiler', '')} {build.get('preset', '')}".strip())


def main(root: Path, build_dir: Path, console: Console) -> int:
    """Print the table and the fitness; UNFIT if the machine is."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for what, there, note in examine(root, build_dir):
        table.add_row("[green]ok[/]" if there else "[yellow]no[/]", what, note)
    console.print(table)
    fitness = gate.fitness()
    for note in fitness["notes"]:
        console.print(f"fitness: {note}")
    console.print(
        "This machine is fit to measure." if fitness["fit"] else "Not fit to measure now."
    )
    return OK if fitness["fit"] else UNFIT
