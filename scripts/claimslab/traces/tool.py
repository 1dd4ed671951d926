"""tool: asks bin/allocation_trace, which reads, checks and shrinks traces."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claimslab.errors import LabError
from claimslab.foreign import clean


def built(build: Path, *parts: str) -> Path:
    """A program or library of the build tree; LabError where it is not there."""
    path = build.joinpath(*parts)
    if not path.is_file():
        raise LabError(f"{path.name} is not built; run `make build`")
    return path


def ask(build: Path, *arguments: str | Path) -> str:
    """What the tool prints; LabError with its own words where it fails."""
    command = [built(build, "bin", "allocation_trace"), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        line = clean(said.splitlines()[-1]) if said else f"ended with status {done.returncode}"
        raise LabError(line.removeprefix("allocation_trace: "))
    return done.stdout.decode("utf-8", "replace")


def summary(build: Path, trace: Path) -> dict[str, Any]:
    """`about` and `statistics` of a trace."""
    return dict(json.loads(ask(build, "show", trace, "--json")))


def check(build: Path, trace: Path) -> None:
    """LabError where the trace cannot be read or has faults."""
    if not trace.is_file():
        raise LabError(
            f"{trace}: {'is no file' if trace.exists() else 'no such trace'}; give a trace"
        )
    ask(build, "validate", trace)


def hand_over(build: Path, arguments: Sequence[str]) -> int:
    """Run the tool as if it had been typed; its exit status."""
    command = [str(built(build, "bin", "allocation_trace")), *arguments]
    return subprocess.run(command, check=False).returncode
