"""invented: a run that nobody measured, for tests of charts and report: every kind of claim,
sweep, verdict and accident, some names hostile. Its numbers come from a seed."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

from claimslab import claims as claims_module
from claimslab.claims import Claim, Sweep, Topic
from claimslab.evidence import Evidence, Fact, Sample

ROOT = Path(__file__).resolve().parents[2]
GO = ["go@1.17", "go@1.23", "go@1.26"]
MODELS = [
    "model/go1.17",
    "model/go1.18",
    "model/2x",
    "model/1.5x",
    "model/golden",
    "model/1.125x",
    "model/realloc",
    "model/reserved",
]
OTHERS = ["std::vector", "model/factor", "model/first-fit", "glibc", "jemalloc", "mimalloc"]
SPEED = {
    "go@1.17": 3.6,
    "go@1.23": 3.1,
    "go@1.26": 2.7,
    "model/realloc": 0.5,
    "model/reserved": 0.4,
}
HOSTILE = '<script>alert("x")</script> & | `tick` [link](javascript:1) "quoted" \'single\''
BLOCKS = 10


def slices() -> Topic:
    """The real claims of the slices topic."""
    return claims_module.load(ROOT, ("slices",))[0]


def run_json(topics: list[Topic], **changes: Any) -> dict[str, Any]:
    """A run.json with the given topics; `changes` replace its top-level keys."""
    listed = []
    for topic in topics:
        subjects: list[dict[str, Any]] = [
            {
                "name": n,
                "kind": "go" if n.startswith("go@") else "cpp",
                "command": ["build/x"],
                "build": {"go": n[3:] + ".8"}
                if n.startswith("go@")
                else {
                    "compiler": "GNU 12.2.0",
                    "flags": "-O2 -g",
                    "libraries": {"benchmark": "1.7.1"},
                },
                "not_run": "",
                "timed": [],
                "facts": [],
                "counted": [],
            }
            for n in GO + MODELS + OTHERS
        ]
        subjects.append(
            {"name": "tcmalloc", "kind": "cpp", "not_run": "libtcmalloc is not installed"}
        )
        listed.append({**claims_module.to_json(topic), "subjects": subjects})
    run = {
        "schema": 1,
        "run": "2026-11-24-box",
        "mode": "full",
        "seed": 1,
        "budget_s": 1800,
        "started": "2026-11-24T17:30:00Z",
        "native": False,
        "commit": {"id": "0123456789abcdef0123456789abcdef01234567", "dirty": False},
        "host": {
            "name": "box",
            "os": "Debian 12",
            "kernel": "6.1.0",
            "cpu": "Example CPU @ 2.5 GHz",
            "cores": 2,
            "memory_bytes": 25e9,
            "clocksource": "tsc",
            "governor": None,
            "thp": "madvise",
            "virtual": "kvm",
        },
        "toolchain": {"python": "3.11.2", "valgrind": "3.19.0"},
        "fitness": {"fit": True, "notes": ["no frequency governor to read on this machine"]},
        "limits": {
            "pressure": 0.1,
            "involuntary_per_s": 100,
            "cpu_over_wall": 0.9,
            "foreign_cores": 0.3,
            "rejected_share": 0.3,
        },
        "plan": {"blocks": BLOCKS, "batches": 3, "batch_ms": 20, "trial_timeout_s": 60},
        "topics": listed,
    }
    return {**run, **changes}


def time_of(subject: str, case: str, dice: random.Random) -> float:
    """ns per operation: linear in n with a fixed cost, a little noise."""
    n = float(claims_module.parameters(case).get("n", 1))
    each = SPEED.get(subject, 1.0 + 0.18 * (hash_of(subject) % 9))
    presized = 0.45 if case.startswith("Presized") else 1.0
    if case == "Empty":
        return 1.6 * dice.lognormvariate(0, 0.05)
    return (n * each * presized + 60 * each) * dice.lognormvariate(0, 0.04)


def hash_of(text: str) -> int:
    """The same in every process, unlike hash()."""
    return sum(i * ord(c) for i, c in enumerate(text, 1))


def capacities(subject: str, n: int) -> list[int]:
    """Roughly how each policy grows: enough for a picture."""
    factor = {"model/1.5x": 1.5, "model/golden": 1.618, "model/1.125x": 1.125}.get(subject, 2.0)
    old = subject in ("go@1.17", "model/go1.17")
    new = subject in ("go@1.23", "go@1.26", "model/go1.18")
    found = [1]
    while found[-1] < n:
        c = found[-1]
        if old and c >= 1024:
            c = math.ceil(c * 1.25 / 32) * 32
        elif new and c >= 256:
            c = math.ceil((c + (c + 768) / 4) / 16) * 16
        else:
            c = max(c + 1, math.ceil(c * factor))
        found.append(c)
    return found


def fact_value(subject: str, metric: str, case: str) -> Any:
    """A plausible value for a fact of the slices topic."""
    given = claims_module.parameters(case)
    n = int(float(given.get("n", 2000)))
    r = float(given.get("factor", 2))
    if metric == "capacities":
        return capacities(subject, n)
    if metric == "copies/cap":
        return 1 / (r - 1) * 0.98
    if metric == "utilisation":
        return math.log(r) / (r - 1) * 1.01
    if metric == "first-reuse":
        return 0 if r > 1.61 else round(3 + (r - 1.3) * 14)
    if metric in ("holds", "original-unchanged"):
        return True
    return 1.0 + (hash_of(subject) % 5) + math.log10(n) / 4


def evidence(
    topics: list[Topic] | None = None, path: Path = Path("run"), seed: int = 1, **changes: Any
) -> Evidence:
    """Samples and facts for every claim and sweep of the topics."""
    dice = random.Random(seed)
    topics = topics or [slices()]
    ev = Evidence(path=path, run=run_json(topics, **changes), planned=BLOCKS)
    for topic in topics:
        wanted: dict[tuple[str, str, str], None] = {}
        everyone = GO + MODELS + OTHERS
        items: list[Claim | Sweep] = [*topic.claims, *topic.sweeps]
        for item in items:
            cases = item.cases if isinstance(item, Claim) else claims_module.cases(item, True)
            for case in cases:
                for pattern in item.subjects:
                    for s in everyone:
                        if claims_module.matches(pattern, s) and "*" not in case and fits(s, item):
                            wanted[s, case, item.metric] = None
                over = item.rule.keys.get("over_case") if isinstance(item, Claim) else None
                for s in everyone if over else ():
                    wanted[s, str(over), item.metric] = None
        for s, case, metric in wanted:
            if metric == "ns/op":
                for block in range(1, BLOCKS + 1):
                    t = time_of(s, case, dice)
                    ev.samples.append(
                        Sample(topic.name, s, case, metric, block, t, (t,) * 3, (9,) * 3, 7)
                    )
            else:
                ev.facts.append(Fact(topic.name, s, case, metric, fact_value(s, metric, case)))
    for block in range(1, BLOCKS + 1):
        ev.blocks.append(
            {
                "kind": "block",
                "block": block,
                "attempt": 1,
                "topic": topics[0].name,
                "accepted": block != 4,
                "reasons": ["pressure 0.45 > 0.1 in go@1.26"] if block == 4 else [],
                "started": "2026-11-24T17:30:00Z",
                "wall_s": 12.1,
            }
        )
    ev.trials.append(
        {
            "kind": "trial",
            "block": 2,
            "attempt": 1,
            "topic": topics[0].name,
            "subject": "model/golden",
            "status": "crashed",
            "exit": None,
            "signal": 11,
            "wall_s": 0.4,
            "output_tail": HOSTILE,
        }
    )
    ev.trials.append(
        {
            "kind": "trial",
            "block": 3,
            "attempt": 1,
            "topic": topics[0].name,
            "subject": "mimalloc",
            "status": "timeout",
            "exit": None,
            "signal": 9,
            "wall_s": 60.0,
            "output_tail": "",
        }
    )
    ev.warnings.append("trials.jsonl: a torn last line was dropped")
    return ev


def fits(subject: str, item: Claim | Sweep) -> bool:
    """A time sweep over model/* means those that append."""
    return item.metric != "ns/op" or subject not in ("model/factor", "model/first-fit")


def cell(subject: str, case: str, word: str, **more: Any) -> dict[str, Any]:
    """A verdict's cell with every key of the format."""
    plain: dict[str, Any] = dict.fromkeys(
        (
            "over",
            "estimate",
            "low",
            "high",
            "p",
            "p_holm",
            "check",
            "needed_blocks",
            "needed_minutes",
        )
    )
    return {
        "subject": subject,
        "case": case,
        "word": word,
        "how": "",
        "blocks": BLOCKS,
        "detail": "",
        **plain,
        **more,
    }


def verdicts(ev: Evidence, seed: int = 2) -> dict[str, Any]:
    """A verdict of some word for every claim; cells follow from a seed, not from the samples."""
    dice = random.Random(seed)
    judged = []
    for data in ev.run["topics"]:
        topic = claims_module.from_json(data)
        names = [s["name"] for s in data["subjects"] if not s.get("not_run")]
        judged += [_claim(c, names, dice) for c in topic.claims]
    words = ("reproduced", "refuted", "mixed", "unclear", "invalid", "not run")
    return {
        "schema": 1,
        "run": ev.run["run"],
        "mode": ev.run["mode"],
        "family": {"method": "holm", "alpha": 0.05, "tests": 12},
        "blocks": {
            t["name"]: {"accepted": 9, "rejected": 1, "planned": BLOCKS} for t in ev.run["topics"]
        },
        "valid": True,
        "invalid_reason": "",
        "claims": judged,
        "summary": {w: sum(c["word"] == w for c in judged) for w in words},
    }


def _claim(claim: Claim, names: list[str], dice: random.Random) -> dict[str, Any]:
    subjects = [n for n in names if any(claims_module.matches(p, n) for p in claim.subjects)]
    cases = [c.replace("*", "2000") for c in claim.cases]
    keys = claim.rule.keys
    cells = []
    for case in cases[:1] if claim.rule.kind == "growth" else cases:
        for s in subjects:
            word = dice.choice(["reproduced"] * 3 + ["refuted", "unclear"])
            if claim.kind == "exact":
                cells.append(
                    cell(
                        s,
                        case,
                        word if word != "unclear" else "refuted",
                        detail="512 → 848 is 1.66, not 2" if word == "refuted" else "",
                    )
                )
                continue
            centre = (
                dice.uniform(0.97, 1.05)
                if claim.rule.kind == "growth"
                else dice.lognormvariate(0.5, 0.5)
            )
            half = dice.uniform(0.01, 0.08) * centre
            over = None
            if claim.rule.kind == "ratio":
                over = {"subject": keys.get("over_subject", s), "case": keys.get("over_case", case)}
            cells.append(
                cell(
                    s,
                    case,
                    word,
                    over=over,
                    estimate=centre,
                    low=centre - half,
                    high=centre + half,
                    p=0.001,
                    p_holm=0.01,
                    how="direction holds" if word == "refuted" else "",
                    needed_blocks=40 if word == "unclear" else None,
                    needed_minutes=12.5 if word == "unclear" else None,
                    check={
                        "method": "wilcoxon",
                        "estimate": centre,
                        "low": centre - half,
                        "high": centre + half,
                        "agrees": word != "unclear",
                    },
                )
            )
    seen = {c["word"] for c in cells}
    word = "not run" if not cells else seen.pop() if len(seen) == 1 else "mixed"
    low, high = keys.get("low"), keys.get("high")
    return {
        "id": claim.id,
        "topic": claim.topic,
        "question": claim.question,
        "says": claim.says,
        "source": claim.source,
        "kind": claim.kind,
        "rule_kind": claim.rule.kind,
        "metric": claim.metric,
        "word": word,
        "sentence": "Holds for go@1.17 and model/go1.17; refuted for go@1.23 and go@1.26."
        if word == "mixed"
        else f"{word.capitalize()} on all subjects that ran.",
        "region": [low, high] if low is not None or high is not None else None,
        "margin": claim.margin if claim.margin is not None else 0.05,
        "cells": cells,
        "because": {
            "metric": "allocs/op",
            "moved": True,
            "detail": "allocs/op moved: 19 against 1",
        }
        if claim.because
        else None,
        "flags": ["check disagrees"] if claim.id.endswith("time") else [],
    }


CALIBRATION = {
    "run": "2026-11-24-calibration",
    "blocks": 10,
    "aa": [
        {
            "arm": "same binary",
            "verdicts": 300,
            "alarms": 14,
            "wrong": 0,
            "rate": 0.047,
            "low": 0.026,
            "high": 0.077,
        },
        {
            "arm": "relinked",
            "verdicts": 300,
            "alarms": 17,
            "rate": 0.057,
            "low": 0.033,
            "high": 0.089,
        },
    ],
    "planted": [
        {"effect": 0.02, "verdicts": 60, "caught": 37, "rate": 0.617, "low": 0.482, "high": 0.739},
        {"effect": 0.05, "verdicts": 60, "caught": 58, "rate": 0.967, "low": 0.885, "high": 0.996},
    ],
}
