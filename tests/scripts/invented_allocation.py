"""invented_allocation: a full run of the allocation topic that nobody measured, judged for real."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import invented
from claimslab import claims as claims_module
from claimslab.claims import TIMED, Claim, Sweep, Topic
from claimslab.evidence import Evidence, Fact, Sample

MALLOCS = {"glibc": 1.0, "golike": 0.5, "jemalloc": 0.8, "mimalloc": 0.7, "tcmalloc": 0.6}
SUBJECTS = [*invented.GO, "model/go-classes", "model/pow2", "model/one-lock", "model/free-list",
            "std::vector", *MALLOCS, "alloc/mine", "null"]  # fmt: skip
ROWS = ("calloc-zero", "fork-with-threads", "size-zero")
GO_CLASSES = [8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256]
CLASSES = {"glibc": [24 + 16 * i for i in range(2000)]}
TAILS = {"p50-ns": 1.0, "p90-ns": 2.0, "p99-ns": 5.0, "p99.9-ns": 20.0, "max-ns": 900.0}


def topic() -> Topic:
    return claims_module.load(invented.ROOT, ("allocation",))[0]


def evidence(blocks: int = 30, path: Path = Path("run")) -> Evidence:
    """Samples and facts for every claim and sweep of the topic, by every subject that they name."""
    made, dice = topic(), random.Random(3)
    run = invented.run_json([made], plan={"blocks": blocks, "batches": 3, "batch_ms": 20})
    entry = {"kind": "cpp", "command": ["build/x"], "build": {}, "not_run": "",
             "timed": [], "facts": [], "counted": []}  # fmt: skip
    run["topics"][0]["subjects"] = [{"name": name, **entry} for name in SUBJECTS]
    found = Evidence(path=path, run=run, planned=blocks)
    for subject, case, metric in wanted(made):
        if metric not in TIMED:
            value = fact(subject, case, metric)
            found.facts.append(Fact(made.name, subject, case, metric, value))
            continue
        each = 100.0 * MALLOCS.get(subject, 1.5) * TAILS.get(metric, 1.0)
        for block in range(1, blocks + 1):
            t = each * dice.lognormvariate(0, 0.04)
            found.samples.append(
                Sample(made.name, subject, case, metric, block, t, (t,) * 3, (9,) * 3, 7)
            )
    found.blocks += [
        {"kind": "block", "block": block, "attempt": 1, "topic": made.name, "accepted": True,
         "reasons": [], "started": "2026-11-24T17:30:00Z", "wall_s": 20.0}
        for block in range(blocks + 1)
    ]  # fmt: skip
    return found


def wanted(made: Topic) -> list[tuple[str, str, str]]:
    pairs: dict[tuple[str, str, str], None] = {}
    items: list[Claim | Sweep] = [*made.claims, *made.sweeps]
    for item in items:
        keys = item.rule.keys if isinstance(item, Claim) else item.chart
        cases = item.cases if isinstance(item, Claim) else claims_module.cases(item, True)
        cases = (*cases, *([keys["over_case"]] if "over_case" in keys else []))
        patterns = [*item.subjects, *(keys[k] for k in ("over_subject", "over") if k in keys)]
        metrics = (item.metric,) if isinstance(item, Claim) else item.metrics
        for case in [c.replace("*", row) for c in cases for row in (ROWS if "*" in c else ("",))]:
            for subject in SUBJECTS:
                if any(claims_module.matches(p, subject) for p in patterns):
                    pairs |= {(subject, case, metric): None for metric in metrics}
    return list(pairs)


def fact(subject: str, case: str, metric: str) -> Any:
    """A plausible value; `alloc/mine` fails one row and misses one misuse."""
    odd = subject == "alloc/mine" and case.endswith(ROWS[1])
    if metric in ("passed", "holds"):
        return not odd
    if metric in ("outcome", "detail"):
        return "silent" if odd else "caught"
    if metric == "classes":
        return CLASSES.get(subject, GO_CLASSES)
    times = [i / 10 for i in range(160)]
    if metric == "operations":
        return [10_000 * t for t in times]
    if metric in ("live-bytes", "resident-bytes"):
        live = [4e7 * (1 + math.sin(t)) for t in times]
        scale = MALLOCS.get(subject, 1.5)
        return live if metric == "live-bytes" else [9e7 * scale * (1 - math.exp(-t)) for t in times]
    if metric == "usable" and case == "Boundary":
        return [32768, 32768, 40960]
    return 1000.0 * MALLOCS.get(subject, 1.5) if metric.endswith("bytes") else 2.5
