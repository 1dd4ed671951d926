"""replay: an ordinary run of one trace, judged by claims made for it from a template.

The trace goes into the run's folder, so that the evidence is whole and a run that was stopped can
go on; the program finds it by a link in the build tree.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from claimslab import claims
from claimslab.claims import Topic, vocabulary
from claimslab.errors import LabError
from claimslab.measure import plan, programs
from claimslab.measure.programs import Subject
from claimslab.traces import tool

TOPIC = "replay"
BASE, CONTROL = "glibc", "null"
ALL = "all"
TOUCHES = ("none", "first", "all")
QUANTILES = ("p50-ns", "p90-ns", "p99-ns", "p99.9-ns", "max-ns")
# A replay takes 10 to 200 ns an operation; trials and facts replay a trace some twenty times.
SLOW_NS, REPLAYS = 200, 20


def document(
    root: Path, build: Path, trace: Path, allocators: str, touch: str, **settings: Any
) -> dict[str, Any]:
    """The run.json of a run of this trace; LabError where trace or allocators cannot be had."""
    if touch not in TOUCHES:
        raise LabError(f"--touch={touch}: there is {', '.join(TOUCHES)}")
    tool.check(build, trace)
    sums = tool.summary(build, trace)["statistics"]
    operations, threads = sums["operations"], sums["threads"]
    if not operations:
        raise LabError(f"{trace}: has no operations; record a program that allocates")
    offer(build, [trace])
    subjects = programs.cpp_subjects(root, build / "bin" / TOPIC, TOPIC)
    topic = topic_of(name_of(trace), chosen(allocators, subjects), touch, threads)
    made = plan.make(root, [topic], subjects, **settings)
    least = round(operations * SLOW_NS * REPLAYS / 1e9)
    made["plan"]["trial_timeout_s"] = max(made["plan"]["trial_timeout_s"], least)
    return made


def offer(build: Path, traces: Iterable[Path]) -> None:
    """Link these traces, and no others of an earlier command, into the build tree."""
    folder = build / "traces"
    shutil.rmtree(folder, ignore_errors=True)
    for trace in traces:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name_of(trace)}.trace").symlink_to(trace.resolve())


def keep(build: Path, folder: Path, trace: Path) -> None:
    """A copy in the run's folder, which is what the program replays from then on."""
    kept = folder / f"{name_of(trace)}.trace"
    try:
        shutil.copyfile(trace, kept)
    except OSError as error:
        raise LabError(f"{kept}: cannot be written: {error.strerror}") from error
    offer(build, [kept])


def name_of(trace: Path) -> str:
    """As the program names it in its cases."""
    return re.sub(r"[^0-9A-Za-z._]", "_", trace.stem)


def chosen(allocators: str, subjects: Sequence[Subject]) -> list[str]:
    """The allocators that are compared with glibc."""
    known = [one.name for one in subjects if one.name not in (BASE, CONTROL)]
    if allocators == ALL:
        return known
    wanted = [name for name in re.split(r"[,\s]+", allocators) if name and name != BASE]
    for name in wanted:
        if name not in known:
            there = ", ".join(known)
            raise LabError(f"--allocators: no allocator '{name}'; there is: {there}, or {ALL}")
    if not wanted:
        raise LabError(f"--allocators={allocators}: name one beside {BASE}, or {ALL}")
    return wanted


def topic_of(name: str, allocators: Sequence[str], touch: str, threads: int = 1) -> Topic:
    """Claims and charts of one trace, checked as those of a claims.toml are."""
    case = f"Replay/trace={name}/touch={touch}"
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "trace"
    everybody = [BASE, *allocators]

    def claim(
        what: str, says: str, metric: str, rule: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        return {
            "id": f"replay-{slug}-{what}", "question": 0, "says": says, "source": "lab",
            "metric": metric, "case": case, "subjects": list(allocators), "rule": rule, **more,
        }  # fmt: skip

    def sweep(
        what: str, title: str, metric: str, chart: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        return {
            "id": f"replay-{slug}-{what}", "title": title, "metric": metric, "case": case,
            "subjects": everybody, **({"chart": chart} if chart else {}), **more,
        }  # fmt: skip

    at_most = {"kind": "ratio", "over_subject": BASE, "high": 1.0}
    few_left = {"kind": "value", "high": 4 << 20}
    held = {"kind": "history", "x": "steps", "beside": "live-bytes",
            "x_label": "operations", "y": "bytes held"}  # fmt: skip
    tails = {"kind": "tails", "metrics": list(QUANTILES), "y": "ns"}
    data = {
        "topic": {
            "title": f"Replay of {name}",
            "summary": f"What malloc libraries cost and hold for what {name} asked of malloc.",
        },
        "claim": [
            claim("time", f"{name} takes no longer than with {BASE}", "ns/op", at_most),
            claim("start", f"a program starts no later than with {BASE}", "ns/op", at_most,
                  case="Start"),
            claim("peak", f"{name} never holds more than with {BASE}", "peak-bytes", at_most),
            claim("tail", f"the slowest of 1000 calls takes no longer than with {BASE}",
                  "p99.9-ns", at_most),
            claim("left", "at most 4 MB are left when all is freed and trimmed",
                  "left-bytes", few_left, subjects=everybody),
        ],
        "sweep": [
            sweep("ns", f"Time of all calls of {name}; null is the replay without a malloc",
                  "ns/op", {}, subjects=[*everybody, CONTROL]),
            sweep("held", f"Memory held over the course of {name}", "held-bytes", held),
            sweep("tails", f"Time of one call of {name}, from the middle to the slowest",
                  QUANTILES[0], tails),
            sweep("faults", f"Page faults of {name}", "faults", {}),
            *([sweep("waits", f"Operations of {name} that waited for another thread", "waits", {})]
              if threads > 1 else []),
        ],
    }  # fmt: skip
    return claims.from_json(vocabulary.topic(data, f"the claims of {name}", TOPIC))
