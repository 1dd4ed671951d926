"""standin: small programs that speak the protocol, well or badly, and a repository around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimslab import claims
from claimslab.measure import plan, programs

OPEN_LIMITS = dict.fromkeys(("pressure", "involuntary_per_s", "cpu_over_wall", "foreign_cores"))
# ^ a gate that rejects nothing: the tests run on busy machines

ANSWER = {
    "ok": "lines 45",
    "wrong sum": "lines 46",
    "crash": "echo before the end; kill -SEGV $$",
    "hang": "exec sleep 100",
    "fail": "echo no memory >&2; exit 5",
    "rubbish": "echo 'Benchmark says hello'",
    "binary": "printf '\\377\\376\\n'",
    "huge": "head -c 20000000 /dev/zero | tr '\\0' '\\n'",
    "other subject": "echo 'subject: somebody'; lines 45",
    "other case": "lines 45; echo 'BenchmarkOther\t10\t1.0 ns/op\t45 checksum'",
    "missing case": "cases=${cases%%,*}; lines 45",
    "nan": 'echo "Benchmark$cases 10 NaN ns/op 45 checksum"',
    "first sum wrong": "lines 99 99 45",
    "one batch": "lines 45 45 45 | grep -v 11[23]",
    "loud": "printf 'no \\033[31mmemory\\n' >&2; exit 5",
    "slow": "sleep 0.02; lines 45",
    "slower": "sleep 0.3; lines 45",
    "logged": "echo $subject >>log; lines 45",
    "child": "sleep 100 & lines 45",
    "environment": 'env >seen.$$; echo "$#" >>seen.$$; lines 45',
}

SCRIPT = """#!/bin/sh
lines() {{
  # $1 is the checksum of every batch, or $1 to $3 those of each.
  echo "subject: $subject"
  IFS=,
  for case in $cases; do
    batch=0
    for sum in "$1" "${{2:-$1}}" "${{3:-$1}}"; do
      batch=$((batch + 1))
      echo "Benchmark$case-2	1000	11$batch.0 ns/op	48 B/op	$sum checksum"
    done
  done
}}
for argument; do
  case $argument in
    --list) cat <<'END'
{listed}
END
      exit 0;;
    --build) echo '{{"compiler":"sh","preset":"bench","libraries":{{}}}}'; exit 0;;
    --subject=*) subject=${{argument#*=}};;
    --cases=*) cases=${{argument#*=}};;
    --facts) facts=1;;
  esac
done
if [ "$facts" ]; then
  IFS=,
  for case in $cases; do
    printf '{{"subject":"%s","case":"%s","metric":"size","value":[1,2]}}\\n' "$subject" "$case"
  done
  exit 0
fi
case $subject in
{answers}
esac
"""


def write_program(path: Path, subjects: Mapping[str, str], cases: tuple[str, ...]) -> None:
    """A program whose subjects behave as ANSWER says; each has the timed cases and a fact."""
    entries = [
        {"subject": name, "case": case, "timed": True} for name in subjects for case in cases
    ]
    entries += [
        {"subject": name, "case": "Size", "timed": False, "metric": "size"} for name in subjects
    ]
    answers = "\n".join(f"  {name}) {ANSWER[how]};;" for name, how in subjects.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(listed="\n".join(map(json.dumps, entries)), answers=answers))
    path.chmod(0o755)


def topic(name: str = "toys", cases: tuple[str, ...] = ("Work/n=1", "Work/n=2")) -> claims.Topic:
    """A claim on every timed case and one on the fact."""
    timed = claims.Claim(
        f"{name}-time", name, 1, "equal", "lab", "ns/op", cases, ("*",),
        claims.Rule("ratio", {"over_subject": "a", "low": 0.9, "high": 1.1}),
    )  # fmt: skip
    fact = claims.Claim(
        f"{name}-size", name, 1, "sizes", "lab", "size", ("Size",), ("*",),
        claims.Rule("sequence", {"equals": [1, 2]}),
    )  # fmt: skip
    return claims.Topic(name, name.title(), "Stand-ins.", (timed, fact), ())


def repository(root: Path, topics: Mapping[str, Mapping[str, str]]) -> list[claims.Topic]:
    """Rooms and programs: topic -> subject -> behaviour."""
    made = []
    for name, subjects in topics.items():
        room = root / "experiments" / name
        room.mkdir(parents=True, exist_ok=True)
        (room / f"{name}.cpp").touch()
        made.append(topic(name))
        write_program(root / "build/bench/bin" / name, subjects, made[-1].claims[0].cases)
    return made


def document(
    root: Path, topics: Mapping[str, Mapping[str, str]], blocks: int | None = 3, **options: Any
) -> dict[str, Any]:
    """The run.json of a run of stand-ins, its gate open and its batches short."""
    made = repository(root, topics)
    found = programs.find(root, root / "build/bench", made)
    run = plan.make(root, made, found, blocks=blocks, seed=7, **options)
    run["limits"] |= OPEN_LIMITS
    run["limits"] |= {"steal": None, "available_share": None}
    run["plan"]["trial_timeout_s"] = 5
    return run
