"""Export: what other tools read is what was measured."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import standin
from claimslab import export
from claimslab.evidence import Evidence, Fact, Sample
from claimslab.measure import trial


@pytest.fixture
def found(tmp_path: Path) -> Evidence:
    run = standin.document(tmp_path, {"toys": {"a": "ok", "std::b/c": "ok", "idle": "ok"}})
    run["host"]["arch"] = "x86_64"
    samples = [
        Sample("toys", subject, case, metric, block, value + block, (1.0,), (1000,), 45)
        for subject in ("a", "std::b/c")
        for case in ("Work/n=1", "Work/n=2")
        for metric, value in (("ns/op", 100.25), ("B/op", 48.0))
        for block in (2, 1, 3)
    ]
    facts = [
        Fact("toys", "a", "Work/n=1", "allocs/op", 5),
        Fact("toys", "a", "S", "ir/op", None, "no"),
    ]
    return Evidence(tmp_path, run, samples=samples, facts=facts)


def test_go_lines_read_back(found: Evidence, tmp_path: Path) -> None:
    export.write(found, tmp_path / "export")
    text = (tmp_path / "export/toys.a.txt").read_text()
    assert text.startswith("goos: linux\ngoarch: amd64\npkg: claimslab/toys\ncpu: ")
    results = [line for line in text.splitlines() if line.startswith("Benchmark")]
    assert len(results) == 6
    assert results[0] == "BenchmarkWork/n=1\t1000\t101.25 ns/op\t49 B/op\t5 allocs/op"
    checked = re.sub(r"(?m)^(Benchmark.*)$", r"\1 45 checksum", text)
    series = trial.read_samples(checked, "a", ("Work/n=1", "Work/n=2"))
    times = {one.case: one.batches for one in series if one.metric == "ns/op"}
    assert times == {"Work/n=1": [101.25, 102.25, 103.25], "Work/n=2": [101.25, 102.25, 103.25]}


def test_google_benchmark_json_reads_back(found: Evidence, tmp_path: Path) -> None:
    written = export.write(found, tmp_path / "export")
    assert {path.name for path in written} == {
        "toys.a.json", "toys.a.txt", "toys.std--b-c.json", "toys.std--b-c.txt",
    }  # fmt: skip
    document = json.loads((tmp_path / "export/toys.std--b-c.json").read_text())
    assert document["context"]["claimslab_subject"] == "std::b/c"
    rows = document["benchmarks"]
    assert [row["real_time"] for row in rows[:3]] == [101.25, 102.25, 103.25]
    for row in rows:
        assert row["run_type"] == "iteration" and row["time_unit"] == "ns"
        assert row["repetitions"] == 3 and row["cpu_time"] == row["real_time"]
    assert [row["repetition_index"] for row in rows] == [0, 1, 2] * 2


COMPARE = Path("/usr/share/benchmark/compare.py")  # of Debian's libbenchmark-tools


@pytest.mark.skipif(not COMPARE.exists(), reason="not run: no libbenchmark-tools here")
def test_compare_py_reads_it(found: Evidence, tmp_path: Path) -> None:
    export.write(found, tmp_path / "export")
    names = [str(tmp_path / f"export/toys.{stem}.json") for stem in ("a", "std--b-c")]
    done = subprocess.run(
        [sys.executable, COMPARE, "benchmarks", *names], capture_output=True, text=True, check=True
    )
    assert "Work/n=1" in done.stdout


@pytest.mark.skipif(shutil.which("benchstat") is None, reason="not run: benchstat is not installed")
def test_benchstat_reads_it(found: Evidence, tmp_path: Path) -> None:
    export.write(found, tmp_path / "export")
    done = subprocess.run(
        ["benchstat", tmp_path / "export/toys.a.txt", tmp_path / "export/toys.std--b-c.txt"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Work/n=1" in done.stdout
