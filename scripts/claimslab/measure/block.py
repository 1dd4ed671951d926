"""block: one trial of every subject of a topic, next to each other in time, as lines of evidence.

Block 0 needs no clock: it asks each program for its facts and counts instructions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claimslab.measure import count, gate, plan, trial
from claimslab.measure.live import Live

Line = dict[str, Any]
PADDING_STEP, PADDING_MOST = 16, 4095  # bytes of environment; see docs/method.md


class Clock:
    """When a block began, for its `block` line."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._from = time.perf_counter()

    def line(self, key: Line, reasons: Sequence[str] = ()) -> Line:
        wall = round(time.perf_counter() - self._from, 6)
        return {
            "kind": "block",
            **key,
            "accepted": not reasons,
            "reasons": list(reasons),
            "started": self._started,
            "wall_s": wall,
        }


def measure(
    root: Path,
    run: Line,
    topic: Line,
    block: int,
    attempt: int,
    dropped: set[str],
    live: Live,
) -> list[Line]:
    """The lines of one block, its `block` line last; rejected if the machine was not quiet."""
    key = {"block": block, "attempt": attempt, "topic": topic["name"]}
    by_name = {subject["name"]: subject for subject in plan.timed_subjects(topic)}
    order = plan.trial_order(run["seed"], topic["name"], block, list(by_name))
    draw = plan.rng(run["seed"], topic["name"], block, attempt)
    host, settings = run["host"], run["plan"]
    clock = Clock()
    lines: list[Line] = []
    reasons: list[str] = []
    for place, name in enumerate(order):
        # Drawn for dropped subjects too, so that the others' draws do not depend on them.
        padding = draw.randrange(0, PADDING_MOST + 1, PADDING_STEP)
        argv0_extra = draw.randrange(trial.MOST_ARGV0 + 1)
        if name in dropped:
            continue
        subject = by_name[name]
        live.trial(f"{topic['name']} block {block} · {name}", place + 1, len(order))
        done = trial.run(
            root,
            subject["command"],
            trial.sample_arguments(
                subject["kind"], name, subject["timed"], settings["batches"], settings["batch_ms"]
            ),
            timeout_s=settings["trial_timeout_s"],
            padding=padding,
            argv0_extra=argv0_extra,
        )
        done = trial.with_samples(done, name, subject["timed"], settings["batches"])
        line = trial.trial_line(
            {**key, "subject": name},
            done,
            padding=padding,
            argv0_length=len(subject["command"][0]) + argv0_extra,
            order=place + 1,
        )
        lines += [line, *trial.sample_lines({**key, "subject": name}, done.series)]
        over = gate.objections(line, run["limits"], host.get("memory_bytes"), host["cores"])
        reasons += [f"{name}: {objection}" for objection in over]
    return [*lines, clock.line(key, reasons)]


def has_facts(topic: Line) -> bool:
    return any(subject["facts"] or subject["counted"] for subject in topic["subjects"])


def measure_facts(root: Path, run: Line, topic: Line, live: Live) -> list[Line]:
    """The lines of block 0. A fact that cannot be had is there too, with the reason."""
    key = {"block": 0, "attempt": 1, "topic": topic["name"]}
    clock = Clock()
    lines: list[Line] = []
    asked = [subject for subject in topic["subjects"] if subject["facts"] or subject["counted"]]
    for place, subject in enumerate(asked):
        live.trial(f"{topic['name']} facts · {subject['name']}", place + 1, len(asked))
        lines += subject_facts(root, run, subject, {**key, "subject": subject["name"]}, place + 1)
        for case in subject["counted"]:
            live.trial(f"{topic['name']} instructions · {subject['name']}", place + 1, len(asked))
            counted = count.instructions(root, subject["command"], subject["name"], case)
            value: Line = {"not_run" if isinstance(counted, str) else "value": counted}
            fact = {"kind": "fact", **key, "subject": subject["name"], "case": case}
            lines.append({**fact, "metric": "ir/op", **value})
    return [*lines, clock.line(key)]


def subject_facts(root: Path, run: Line, subject: Line, key: Line, order: int) -> Iterator[Line]:
    """Trial and fact lines of one subject; where asking for all at once fails, one case a time."""
    wanted = {(case, metric) for case, metric in subject["facts"]}
    if not wanted:
        return
    cases = list(dict.fromkeys(case for case, _ in subject["facts"]))
    reasons: dict[str, str] = {}
    found: set[tuple[str, str]] = set()
    todo = [cases]
    while todo:
        asked = todo.pop(0)
        done = trial.run(
            root,
            subject["command"],
            trial.fact_arguments(subject["kind"], subject["name"], asked),
            timeout_s=run["plan"]["trial_timeout_s"],
        )
        done = trial.with_facts(done, subject["name"], asked)
        length = len(subject["command"][0])
        yield trial.trial_line(key, done, padding=0, argv0_length=length, order=order)
        if done.status not in ("ok", "timeout") and len(asked) > 1:
            todo += [[case] for case in asked]
            continue
        for case in asked:
            reasons[case] = f"{done.status}: {done.reason}" if done.reason else ""
        for fact in done.facts:
            pair = (fact["case"], fact["metric"])
            if pair not in found:
                found.add(pair)
                yield {"kind": "fact", **key, **fact}
    for case, metric in sorted(wanted - found):
        reason = reasons.get(case) or "its program printed no such fact"
        yield {"kind": "fact", **key, "case": case, "metric": metric, "not_run": reason}
