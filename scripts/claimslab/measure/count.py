"""count: instructions of one operation, under callgrind: two runs that differ only in how often.

What start-up and set-up execute is the same in both and cancels. A cheap operation is counted over
many repeats, so that the few instructions by which two processes differ anyway do not show.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from claimslab.measure import process, trial

FIRST, SECOND = 2, 12  # operations; the second run also tells how many the third can afford
ENOUGH = 1_000_000  # instructions between two runs, beside which start-up differences vanish
MOST = 100_000  # operations
TIMEOUT_S = 120.0

_collected = re.compile(r"Collected\s*:\s*(\d+)")


def instructions(root: Path, command: list[str], subject: str, case: str) -> float | str:
    """ir/op of a case, or the reason why it cannot be had."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return "valgrind is not installed"

    def total(count: int) -> int | str:
        return _total(root, valgrind or "", command, subject, case, count)

    few, some = total(FIRST), total(SECOND)
    if isinstance(few, str):
        return few
    if isinstance(some, str):
        return some
    each = (some - few) / (SECOND - FIRST)
    if each < 0:
        return f"callgrind counted fewer instructions for {SECOND} operations than for {FIRST}"
    if some - few >= ENOUGH:
        return each
    repeats = min(MOST, int(ENOUGH / max(each, 1)))
    many = total(FIRST + repeats)
    return many if isinstance(many, str) else (many - few) / repeats


def _total(
    root: Path, valgrind: str, command: list[str], subject: str, case: str, count: int
) -> int | str:
    """Instructions of one whole process with `count` operations."""
    try:
        ended = process.run(
            [
                valgrind,
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                "--trace-children=yes",  # a program that restarts itself under another malloc
                str(root / command[0]),
                *command[1:],
                f"--subject={subject}",
                f"--case={case}",
                f"--count={count}",
            ],
            cwd=root,
            timeout_s=TIMEOUT_S,
        )
    except OSError as error:
        return f"valgrind cannot be started: {error.strerror}"
    status, reason = trial.judge_end(ended, TIMEOUT_S)
    if status != "ok":
        return f"under callgrind: {reason}"
    found = _collected.findall(ended.stderr)
    return int(found[-1]) if found else "callgrind printed no count"
