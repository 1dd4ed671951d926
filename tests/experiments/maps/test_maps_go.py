"""test_maps_go: the Go peer of maps, built by every Go to be had here, reads its own maps rightly
and ends its cases as the C++ program does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from conftest import GoProgram, parse_samples

ROOT = Path(__file__).resolve().parents[3]
CPP = ROOT / "build" / "bench" / "bin" / "maps"


def chained(program: GoProgram) -> bool:
    """Whether its maps are buckets with overflow buckets."""
    return program.version in ("1.17", "1.23")


def test_offers_all_that_claims_ask_of_go(program: GoProgram) -> None:
    program.check_it_offers_what_is_asked_of_go(("claim",))


def test_reads_its_maps_as_they_are(program: GoProgram) -> None:
    placed = "Placement/key=int64/n=800"
    facts = program.facts(placed, "Header", "Slots/key=int64", "Growth/key=int64/n=1000")
    assert facts["Slots/key=int64", "slots"] == 8
    assert facts["Header", "header-bytes"] == 48
    assert facts["Header", "holds"] is chained(program)
    if chained(program):
        assert facts[placed, "index-mismatches"] == facts[placed, "tophash-mismatches"] == 0
        assert 0 < facts[placed, "tag-mismatches"] < 60  # 5 of 256 tags are reserved
        assert facts["Growth/key=int64/n=1000", "growth-points"] == [
            8, 13, 26, 52, 104, 208, 416, 832,
        ]  # fmt: skip
    else:
        assert facts[placed, "low-tag-mismatches"] == 0
        assert facts[placed, "tag-mismatches"] > 700
        assert facts["Growth/key=int64/n=1000", "growth-points"] == [
            8, 14, 28, 56, 112, 224, 448, 896,
        ]  # fmt: skip


def test_probes_follow_the_theory(program: GoProgram) -> None:
    full = f"Probes/key=int64/n={832 if chained(program) else 896}"
    told = program.lines("-lab.facts", f"-lab.cases={full}")
    facts = {fact["metric"]: fact["value"] for fact in told if "value" in fact}
    if chained(program):
        assert facts["entries/hit"] == pytest.approx(4.25, rel=0.02)
        assert facts["entries/miss"] == pytest.approx(6.5, rel=0.02)
        assert facts["overflow-share"] == pytest.approx(0.2084, abs=0.02)
    else:  # a simulation of groups of 8 at 7/8 gives 1.23 and 2.7
        assert facts["groups/hit"] == pytest.approx(1.23, rel=0.03)
        assert facts["groups/miss"] == pytest.approx(2.8, rel=0.06)


def test_rules_of_the_language(program: GoProgram) -> None:
    cases = ("NilMap", "NaN/keys=100", "WritersMeet", "LoopCapture/messages=100",
             "IterateGrowing/key=int64/n=1000", "IterateDeleting/key=int64/n=1000",
             "Moving/key=int64/n=833")  # fmt: skip
    facts = program.facts(*cases)
    assert facts["NilMap", "zero"] is facts["NilMap", "write-panics"] is True
    assert facts["NaN/keys=100", "holds"] is facts["WritersMeet", "holds"] is True
    assert facts["LoopCapture/messages=100", "distinct"] == (
        1 if program.version == "1.17" else 100
    )
    assert facts["IterateGrowing/key=int64/n=1000", "violations"] == 0
    assert facts["IterateDeleting/key=int64/n=1000", "violations"] == 0
    assert facts["Moving/key=int64/n=833", "holds"] is chained(program)
    (rebuilt,) = program.lines("-lab.facts", "-lab.cases=Overflow/live=100")
    assert rebuilt.get("value", "none") is True if chained(program) else "not_run" in rebuilt


def test_ends_its_cases_as_the_cpp_program_does(program: GoProgram) -> None:
    if not CPP.is_file():
        pytest.skip("not run: build/bench/bin/maps is not built; `make test` builds it")
    ours = {x["case"] for x in program.lines("-lab.list") if x["timed"]}
    listed = subprocess.run([CPP, "--list"], capture_output=True, text=True, check=True).stdout
    theirs = {
        row["case"]
        for row in map(json.loads, listed.splitlines())
        if row["timed"] and row["subject"] == "model/swiss"
    }
    cases = sorted(c for c in ours & theirs if c.endswith(("/n=10", "/n=1000")))
    assert len(cases) > 60
    text = subprocess.run(
        [CPP, "--lab", "--subject=model/swiss", f"--cases={','.join(cases)}", "--batches=1",
         "--batch-ms=1"], capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    ends = {case: metrics["checksum"] for case, metrics in program.samples(*cases)}
    assert ends == {case: metrics["checksum"] for case, metrics in parse_samples(text)}
