"""record: runs a program under the recorder and keeps a compact trace of each of its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from claimslab.errors import FAILED, OK, LabError
from claimslab.foreign import clean
from claimslab.traces import program, tool
from claimslab.wording import number


@dataclass(frozen=True)
class Kept:
    """A trace that was kept, and what is in it."""

    path: Path
    summary: dict[str, Any]


def main(build: Path, command: Sequence[str], output: Path | None, console: Console) -> int:
    """Record `command` into `output`, or <program>.trace here; FAILED where the program failed.

    LabError where it cannot be recorded, where a file of that name is there, or nothing came of it.
    """
    executable = program.find(command[0])
    recorder = tool.built(build, "lib", "liballocation_recorder.so")
    tool.built(build, "bin", "allocation_trace")
    target = output or Path(f"{executable.name}.trace")
    if target.exists():
        raise LabError(f"{target}: is there already; remove it, or name another with -o")
    if not os.access(target.parent, os.W_OK):
        raise LabError(f"{target.parent}: no such folder, or not writable; name another with -o")
    # Beside the target: a trace may be too large for /tmp, and a rename is then enough.
    with tempfile.TemporaryDirectory(prefix=".recording-", dir=target.parent) as folder:
        pid, status = run(executable, command, recorder, Path(folder))
        kept, empty = keep(build, Path(folder), pid, target, console)
    if not kept:
        raise LabError(f"{command[0]}: {nothing(status, empty)}", FAILED)
    show(kept, console)
    if empty:
        console.print(f"{empty} more of its processes never allocated")
    if status:
        console.print(f"note: {command[0]} {ended(status)}", markup=False)
    console.print(f"next: scripts/lab replay {kept[0].path}", markup=False)
    return FAILED if status else OK


def run(executable: Path, command: Sequence[str], recorder: Path, folder: Path) -> tuple[int, int]:
    """(pid, status as of subprocess) of the program, which has this terminal to itself."""
    env = {**os.environ, "ALLOCATION_TRACE": str(folder.resolve())}
    before = env.get("LD_PRELOAD", "")
    env["LD_PRELOAD"] = f"{recorder}:{before}" if before else str(recorder)
    try:
        child = subprocess.Popen(command, executable=executable, env=env)
    except OSError as error:
        raise LabError(f"{command[0]}: cannot be started: {error.strerror}") from error
    while True:
        # Ctrl-C goes to the program too; whether it ends by that is for it to say.
        with contextlib.suppress(KeyboardInterrupt):
            return child.pid, child.wait()


def keep(
    build: Path, folder: Path, pid: int, target: Path, console: Console
) -> tuple[list[Kept], int]:
    """Compact every trace of the folder to its place, the program's own first; (kept, empty)."""
    kept: list[Kept] = []
    empty = 0
    raw = sorted(folder.glob("*.trace"), key=lambda p: (not p.stem.endswith(f".{pid}"), p.name))
    for path in raw:
        place = target if not kept else free_place(target)
        try:
            summary = tool.summary(build, path)
            if not summary["statistics"]["operations"]:
                empty += 1
                continue
            tool.ask(build, "compact", path, place)
            kept.append(Kept(place, tool.summary(build, place)))
        except LabError as error:
            rescued = free_place(target.with_suffix(".raw.trace"))
            path.replace(rescued)
            console.print(f"warning: {rescued}: kept as it was recorded: {error}", markup=False)
    return kept, empty


def free_place(target: Path) -> Path:
    """`python-2.trace` beside `python.trace`; the first that is not there."""
    number = 2
    while (place := target.with_name(f"{target.stem}-{number}{target.suffix}")).exists():
        number += 1
    return place


def show(kept: Sequence[Kept], console: Console) -> None:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column("trace", no_wrap=True)
    grid.add_column("program")
    for name in ("operations", "threads", "peak live", "bytes/op"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("ended", no_wrap=True)
    for one in kept:
        about, sums = one.summary["about"], one.summary["statistics"]
        grid.add_row(
            str(one.path),
            clean(Path(about["program"]).name),
            number(sums["operations"]),
            str(sums["threads"]),
            f"{number(sums['peak']['bytes'])}B",
            f"{sums['bytes_per_operation']:.2f}",
            about["end"],
        )
    console.print(grid)


def nothing(status: int, empty: int) -> str:
    if status:
        return f"recorded nothing: it {ended(status)}"
    return "recorded nothing: it never allocated" if empty else "recorded nothing"


def ended(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
