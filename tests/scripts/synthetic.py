"""synthetic: evidence made by hand: known truths, known noise, for the tests of every later stage.

    evidence(claims=[claim("c", rule={...})],
             times={"a": {"Append/n=10": 200.0}, "b": {"Append/n=10": 100.0}},   # true ns/op
             facts=[("a", "Capacities/n=8", "capacities", [1, 2, 4, 8])])

One topic, `topic`; blocks 1..blocks accepted; times follow the two-level model of docs/method.md: a
process draws its own factor (heavy tails), its batches scatter around it, the median batch counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimslab.claims import TIMED, Claim, Rule, Sweep, Topic, to_json
from claimslab.evidence import Evidence, Fact, Sample

TOPIC = "topic"
HOST = {"name": "box", "os": "Debian 12", "kernel": "6.1", "cpu": "synthetic", "cores": 2}


def two_level(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    process: float = 0.03,
    batch: float = 0.02,
    batches: int = 3,
) -> NDArray[np.float64]:
    """Batches of ln time around 0, shape + (batches,): a t(4) effect a process, noise a batch."""
    effect = process * rng.standard_t(4, size=(*shape, 1)) / np.sqrt(2)
    return np.asarray(effect + batch * rng.standard_normal((*shape, batches)))


def claim(
    id: str = "c1",
    rule: Mapping[str, Any] | None = None,
    case: str | Sequence[str] = "Append/n=10",
    subjects: Sequence[str] = ("a",),
    metric: str = "ns/op",
    **more: Any,
) -> Claim:
    """A claim with all that does not matter filled in; `rule` as in claims.toml."""
    rule = dict(rule or {"kind": "ratio", "over_subject": "b", "low": 1.5, "high": 5.0})
    cases = (case,) if isinstance(case, str) else tuple(case)
    known = {"topic": TOPIC, "question": 1, "says": f"{id} is so", "source": "lab", **more}
    return Claim(
        id=id, metric=metric, cases=cases, subjects=tuple(subjects),
        rule=Rule(rule.pop("kind"), rule), **known,
    )  # fmt: skip


def evidence(
    claims: Iterable[Claim] = (),
    times: Mapping[str, Mapping[str, float]] | None = None,
    facts: Iterable[tuple[str, str, str, Any]] = (),
    *,
    sweeps: Iterable[Sweep] = (),
    counts: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    not_run: Mapping[str, str] | None = None,
    facts_not_run: Iterable[tuple[str, str, str, str]] = (),
    checksums: Mapping[tuple[str, str], int] | None = None,
    crashes: Mapping[str, Sequence[int]] | None = None,
    rejected: int = 0,
    blocks: int = 10,
    noise: float = 1.0,
    scale: float = 1.0,
    mode: str = "quick",
    seed: int = 1,
    path: Path = Path("results/synthetic"),
) -> Evidence:
    """A run of one topic.

    times      subject -> case -> true ns/op; scattered by `noise` times the two-level model
    facts      (subject, case, metric, value); the same one twice: a fact reported by two trials
    counts     subject -> case -> metric -> value, exactly so in every sample (allocs/op, p99-ns);
               a function of the block's number instead of a value is asked for each block
    checksums  (subject, case) -> checksum, where it is not 7
    crashes    subject -> blocks in which it died of signal 11
    rejected   attempts that were rejected before block 1 was accepted
    """
    times, not_run, crashes = times or {}, not_run or {}, crashes or {}
    checksums, counts, facts = checksums or {}, counts or {}, list(facts)
    facts_not_run = list(facts_not_run)
    rng = np.random.default_rng(seed)
    lines: list[Sample] = []
    for subject, cases in times.items():
        for case, true in cases.items():
            draws = noise * two_level(rng, (blocks,))
            for block, batches in enumerate(scale * true * np.exp(draws), 1):
                if block in crashes.get(subject, ()):
                    continue
                known = {"ns/op": tuple(float(b) for b in batches)}
                for metric, value in counts.get(subject, {}).get(case, {}).items():
                    known[metric] = (value(block) if callable(value) else value,) * 3
                checksum = checksums.get((subject, case), 7)
                lines += [
                    Sample(
                        TOPIC, subject, case, metric, block, float(np.median(values)), values,
                        (1000,) * 3, checksum,
                    )
                    for metric, values in known.items()
                ]  # fmt: skip
    names = dict.fromkeys([*times, *(f[0] for f in (*facts, *facts_not_run)), *not_run])
    entries = [
        subject_entry(
            name,
            times.get(name, {}),
            [*facts, *facts_not_run],
            not_run.get(name, ""),
            counts.get(name, {}),
        )
        for name in names
    ]
    trials = [
        trial(name, block, dead=block in crashes.get(name, ()))
        for block in range(0 if facts else 1, blocks + 1)
        for name in names
        if name not in not_run and (name in times or block == 0)
    ]
    tried = [(1, attempt, False) for attempt in range(1, rejected + 1)]
    tried += [(block, 1 if block > 1 else rejected + 1, True) for block in range(1, blocks + 1)]
    topic = Topic(TOPIC, "Topic", "A synthetic topic.", tuple(claims), tuple(sweeps))
    return Evidence(
        path=path,
        run=run([{**to_json(topic), "subjects": entries}], mode, blocks, seed),
        trials=trials,
        blocks=[block_line(*which) for which in ([(0, 1, True)] if facts else []) + tried],
        samples=lines,
        facts=[Fact(TOPIC, *fact) for fact in facts]
        + [Fact(TOPIC, s, c, m, None, why) for s, c, m, why in facts_not_run],
    )


def run(topics: list[dict[str, Any]], mode: str, blocks: int, seed: int) -> dict[str, Any]:
    limits = {"pressure": 0.1, "involuntary_per_s": 100, "cpu_over_wall": 0.9}
    return {
        "schema": 1,
        "run": "2026-01-02-box",
        "mode": mode,
        "seed": seed,
        "budget_s": 600,
        "started": "2026-01-02T03:04:05Z",
        "native": False,
        "commit": {"id": "0" * 40, "dirty": False},
        "host": HOST,
        "toolchain": {"python": "3.11.2"},
        "fitness": {"fit": True, "notes": []},
        "limits": {**limits, "foreign_cores": 0.3, "rejected_share": 0.3},
        "plan": {"blocks": blocks, "batches": 3, "batch_ms": 20, "trial_timeout_s": 60},
        "topics": topics,
    }


def subject_entry(
    name: str,
    cases: Mapping[str, float],
    facts: list[tuple[str, str, str, Any]],
    not_run: str,
    counts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    mine = [(case, metric) for subject, case, metric, _ in facts if subject == name]
    tails = {case: [m for m in values if m in TIMED] for case, values in counts.items()}
    pairs = [] if not_run else [list(pair) for pair in dict.fromkeys(mine)]
    return {
        "name": name,
        "kind": "go" if name.startswith("go@") else "cpp",
        "command": [] if not_run else ["build/bench/experiments/topic/topic"],
        "build": {},
        "not_run": not_run,
        "timed": [] if not_run else list(cases),
        "tails": tails,
        "facts": pairs,
        "counted": [],
    }


def trial(subject: str, block: int, dead: bool) -> dict[str, Any]:
    end = {"status": "crashed", "exit": None, "signal": 11, "output_tail": "Segmentation fault"}
    fine = {"status": "ok", "exit": 0, "signal": None}
    costs = {
        "wall_s": 1.0,
        "cpu_s": 1.0,
        "involuntary": 3,
        "voluntary": 9,
        "max_rss_bytes": 9_000_000,
    }
    pressure = {"pressure": 0.0, "foreign_cores": 0.0, "padding": 16, "argv0_length": 9, "order": 1}
    head = {"kind": "trial", "block": block, "attempt": 1, "topic": TOPIC, "subject": subject}
    return {**head, **(end if dead else fine), **costs, **pressure}


def block_line(block: int, attempt: int, accepted: bool) -> dict[str, Any]:
    reasons = [] if accepted else ["pressure 0.45 over 0.1"]
    head = {"kind": "block", "block": block, "attempt": attempt, "topic": TOPIC}
    wall = {"started": "2026-01-02T03:04:05Z", "wall_s": 6.0}
    return {**head, "accepted": accepted, "reasons": reasons, **wall}
