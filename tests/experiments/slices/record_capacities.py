"""record_capacities: ask real Go's slice peers for capacities; write recorded_capacities.json.

Usage: record_capacities.py BUILD, where BUILD/go/slices/<version>/slices.test are the peers that
the lab builds. The largest case holds 4 GB and copies into 5 more; it takes a minute a version.
"""

import json
import subprocess
import sys
from pathlib import Path

VERSIONS = ("1.17", "1.23", "1.26")
SIZES, LENGTHS = (1, 8, 16, 24, 64, 4096), (2000, 1_000_000)
CASES = [f"Capacities/elem={elem}/n={n}" for elem in SIZES for n in LENGTHS]


def ask(peer: Path, flag: str, *more: str) -> list[dict]:
    """The JSON lines that the peer prints. Raises CalledProcessError if it fails."""
    out = subprocess.run([peer, flag, *more], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def render(builds: dict[str, str], capacities: dict[str, dict[str, list[int]]]) -> str:
    """One line a case, so that a difference between two recordings can be read."""
    versions = []
    for version, cases in capacities.items():
        rows = (f"   {json.dumps(case)}: {json.dumps(values)}" for case, values in cases.items())
        lines = ",\n".join(rows)
        versions.append(f"  {json.dumps(version)}: {{\n{lines}\n  }}")
    what = "Capacities that real Go took for n single appends; made by record_capacities.py."
    body = ",\n".join(versions)
    head = f' "what": {json.dumps(what)},\n "go": {json.dumps(builds)},\n'
    return f'{{\n{head} "capacities": {{\n{body}\n }}\n}}\n'


def main(argv: list[str]) -> int:
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    builds, capacities = {}, {}
    for version in VERSIONS:
        peer = Path(argv[1]) / "go" / "slices" / version / "slices.test"
        builds[version] = ask(peer, "-lab.build")[0]["go"]
        facts = ask(peer, "-lab.facts", "-lab.cases=" + ",".join(CASES))
        missing = [fact for fact in facts if "value" not in fact]
        if missing:
            print(f"go {version}: {missing[0]}", file=sys.stderr)
            return 1
        capacities[version] = {fact["case"]: fact["value"] for fact in facts}
    Path(__file__).with_name("recorded_capacities.json").write_text(render(builds, capacities))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
