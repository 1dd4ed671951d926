"""export: evidence in the formats of other tools: Google Benchmark JSON and Go benchmark lines.

Each accepted block is one repetition, so that compare.py and benchstat see processes, not batches.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from claimslab.claims import COUNTED
from claimslab.errors import UNFIT, LabError
from claimslab.evidence import Evidence, Sample

GO_ARCH = {"x86_64": "amd64", "aarch64": "arm64", "riscv64": "riscv64"}

Point = tuple[str, int]  # case, block


def write(evidence: Evidence, folder: Path) -> list[Path]:
    """Write two files for each timed subject of each topic; returns their paths."""
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for topic in evidence.run["topics"]:
            for subject in topic["subjects"]:
                name = subject["name"]
                samples = [
                    sample
                    for sample in evidence.samples
                    if sample.topic == topic["name"] and sample.subject == name
                ]
                if not samples:
                    continue
                stem = f"{topic['name']}.{name}".replace("/", "-").replace(":", "-")
                google = folder / f"{stem}.json"
                document = google_benchmark(evidence.run, subject, samples)
                google.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
                go = folder / f"{stem}.txt"
                counts = counted_facts(evidence, topic["name"], name)
                go.write_text(
                    go_format(evidence.run, topic["name"], samples, counts), encoding="utf-8"
                )
                written += [google, go]
    except OSError as error:
        raise LabError(f"{folder}: {error.strerror}", UNFIT) from error
    return written


def google_benchmark(
    run: dict[str, Any], subject: dict[str, Any], samples: Iterable[Sample]
) -> dict[str, Any]:
    """What `--benchmark_out` would hold; cpu_time repeats real_time, which is what the lab has."""
    host = run["host"]
    by_case: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.metric == "ns/op":
            by_case.setdefault(sample.case, []).append(sample)
    benchmarks = [
        {
            "name": case,
            "family_index": family,
            "per_family_instance_index": 0,
            "run_name": case,
            "run_type": "iteration",
            "repetitions": len(repetitions),
            "repetition_index": index,
            "threads": 1,
            "iterations": max(sample.iterations),
            "real_time": sample.value,
            "cpu_time": sample.value,
            "time_unit": "ns",
        }
        for family, (case, repetitions) in enumerate(by_case.items())
        for index, sample in enumerate(sorted(repetitions, key=lambda one: one.block))
    ]
    context = {
        "date": run["started"],
        "host_name": host["name"],
        "executable": " ".join(subject["command"]),
        "num_cpus": host["cores"],
        "mhz_per_cpu": 0,
        "cpu_scaling_enabled": host.get("governor") not in (None, "performance"),
        "caches": [],
        "load_avg": [],
        "library_build_type": "release",
        "claimslab_run": run["run"],
        "claimslab_subject": subject["name"],
    }
    return {"context": context, "benchmarks": benchmarks}


def counted_facts(evidence: Evidence, topic: str, subject: str) -> dict[str, dict[str, float]]:
    """case -> metric -> value of what was counted once, to stand beside each time."""
    found: dict[str, dict[str, float]] = {}
    for fact in evidence.facts:
        mine = fact.topic == topic and fact.subject == subject and fact.metric in COUNTED
        if mine and not fact.not_run and isinstance(fact.value, int | float):
            found.setdefault(fact.case, {})[fact.metric] = fact.value
    return found


def go_format(
    run: dict[str, Any],
    topic: str,
    samples: Iterable[Sample],
    counts: dict[str, dict[str, float]],
) -> str:
    """Configuration lines, then a line for each case of each block."""
    lines = ["goos: linux"]
    if arch := GO_ARCH.get(run["host"].get("arch") or ""):
        lines.append(f"goarch: {arch}")
    lines.append(f"pkg: claimslab/{topic}")
    if cpu := run["host"].get("cpu"):
        lines.append(f"cpu: {cpu}")
    points: dict[Point, dict[str, float]] = {}
    operations: dict[Point, int] = {}
    for sample in samples:
        point = (sample.case, sample.block)
        points.setdefault(point, {})[sample.metric] = sample.value
        operations[point] = max(sample.iterations)
    for (case, block), values in sorted(points.items()):
        metrics = {**values, **counts.get(case, {})}
        order = sorted(metrics, key=lambda metric: (metric != "ns/op", metric))
        shown = "\t".join(f"{metrics[metric]:.10g} {metric}" for metric in order)
        lines.append(f"Benchmark{case}\t{operations[case, block]}\t{shown}")
    return "\n".join(lines) + "\n"
