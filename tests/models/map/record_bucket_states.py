"""record_bucket_states: drive real Go's bucket map; write recorded_bucket_states.json.

Usage: record_bucket_states.py. Go 1.17 and 1.23 must tell the same; the C++ test is held to it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from claimslab.measure import toolchains

VERSIONS = ("1.17", "1.23")
FOLDER = Path(__file__).resolve().parent
RECORD = FOLDER / "recorded_bucket_states.json"

States = dict[str, Any]


def ask(toolchain: toolchains.Toolchain) -> States:
    """What the program in go/ prints. Raises CalledProcessError if Go cannot build or run it."""
    env = {**os.environ, "GOENV": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    with tempfile.TemporaryDirectory() as out:
        program = Path(out) / "bucketstates"
        build = [toolchain.program, "build", "-o", str(program), "."]
        subprocess.run(build, check=True, cwd=FOLDER / "go", env=env, capture_output=True)
        done = subprocess.run([program], check=True, capture_output=True, text=True, timeout=60)
    states: States = json.loads(done.stdout)
    return states


def render(builds: list[str], states: States) -> str:
    """One line a script or type, so that a difference between two recordings can be read."""
    what = (
        "Headers of real Go's bucket map after each step that changes the number of buckets or "
        "begins or ends growth ([step, entries, log2 of buckets, overflow buckets, growing, to the "
        "same size, buckets evacuated]), digests of all headers and of all keys iterated over; and "
        "[hint, log2, spare buckets]. Made by record_bucket_states.py."
    )
    parts = [f' "what": {json.dumps(what)},\n "go": {json.dumps(builds)}']
    for name in ("scripts", "hints"):
        rows = (
            f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}"
            for key, value in sorted(states[name].items())
        )
        parts.append(f' "{name}": {{\n' + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(argv: list[str]) -> int:
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    installed = toolchains.find_installed(FOLDER)
    cwd = Path(tempfile.gettempdir())
    found = [toolchains.obtain(version, installed, cwd) for version in VERSIONS]
    for toolchain in found:
        if toolchain.not_run:
            print(f"not run: {toolchain.not_run}", file=sys.stderr)
            return 1
    told = [ask(toolchain) for toolchain in found]
    if any(states != told[0] for states in told):
        print("the versions of Go differ", file=sys.stderr)
        return 1
    RECORD.write_text(render([toolchain.go for toolchain in found], told[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
