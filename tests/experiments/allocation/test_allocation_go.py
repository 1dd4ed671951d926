"""test_allocation_go: the Go peer of allocation, built by every Go to be had here, tells Go's own
size classes and ends its cases as the C++ program does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import GoProgram, parse_samples

ROOT = Path(__file__).resolve().parents[3]
RECORDED = ROOT / "tests" / "allocators" / "golike" / "recorded_size_classes.inc"
CPP = ROOT / "build" / "bench" / "bin" / "allocation"


def recorded_classes() -> list[int]:
    """Bytes of an object, from the table in Go's source (1.17 to 1.26)."""
    return [int(row) for row in re.findall(r"\{(\d+), \d+, \d+\}", RECORDED.read_text())]


def test_offers_all_that_claims_ask_of_go(program: GoProgram) -> None:
    program.check_it_offers_what_is_asked_of_go(("claim",))


def test_size_classes_are_those_of_its_source(program: GoProgram) -> None:
    facts = program.facts("Classes/until=32768", "Boundary", "RoundUp/bytes=50")
    assert facts["Classes/until=32768", "classes"] == recorded_classes()
    assert facts["Boundary", "usable"] == [32768, 32768, 40960]
    assert facts["RoundUp/bytes=50", "usable"] == 64


def test_waste_follows_from_the_classes(program: GoProgram) -> None:
    classes = recorded_classes()
    given = [min(c for c in classes if c >= n) for n in range(1, 32769)]
    cases = ("Waste/until=32768", "Waste/from=129/until=32768", "Waste/bytes=50")
    facts = program.facts(*cases[:2], "Waste/bytes=33")
    assert facts[cases[0], "mean-waste"] == pytest.approx(1 - sum(range(1, 32769)) / sum(given))
    assert facts[cases[0], "worst-waste"] == 0.875
    worst = max((g - n) / g for n, g in enumerate(given, 1) if n >= 129)
    assert facts[cases[1], "worst-waste"] == pytest.approx(worst)
    assert facts["Waste/bytes=33", "waste"] == (48 - 33) / 48


def test_three_tiny_objects_share_a_block(program: GoProgram) -> None:
    facts = program.facts("Tiny/bytes=5")
    assert facts["Tiny/bytes=5", "gaps"].count(5) >= 4  # two of three distances are inside a block
    assert facts["Tiny/bytes=5", "bytes/object"] == pytest.approx(16 / 3, rel=0.02)


def test_what_is_allocated(program: GoProgram) -> None:
    samples = program.samples(
        "New/bytes=8/pointers=no", "New/bytes=1024/pointers=no", "New/bytes=1024/pointers=yes",
        "Return/what=value", "Return/what=pointer", "Return/what=slice",
        "Object/bytes=64/place=heap", "Object/bytes=64/place=stack",
        "Pool/bytes=1024/pooled=no", "Pool/bytes=1024/pooled=yes", "Buffer/bytes=65536",
        "Presized/elem=8/n=10000", "Empty", ms=5,
    )  # fmt: skip
    allocated = {case: (m["allocs/op"], m["B/op"]) for case, m in samples}
    header = program.version != "1.17"  # since Go 1.22, in front of objects with pointers
    assert allocated["New/bytes=1024/pointers=yes"] == (1, 1152 if header else 1024)
    assert allocated["New/bytes=1024/pointers=no"] == (1, 1024)
    assert allocated["New/bytes=8/pointers=no"] == (1, 8)
    assert allocated["Return/what=value"] == allocated["Empty"] == (0, 0)
    assert allocated["Return/what=pointer"] == (1, 8)
    assert allocated["Return/what=slice"] == (1, 896)
    assert allocated["Object/bytes=64/place=heap"] == (1, 64)
    assert allocated["Object/bytes=64/place=stack"] == (0, 0)
    assert allocated["Pool/bytes=1024/pooled=no"] == (1, 1024)
    assert allocated["Pool/bytes=1024/pooled=yes"][0] == 0
    assert allocated["Buffer/bytes=65536"][0] == 0
    assert allocated["Presized/elem=8/n=10000"][0] == 1


def test_ends_its_cases_as_the_cpp_program_does(program: GoProgram) -> None:
    if not CPP.is_file():
        pytest.skip("not run: build/bench/bin/allocation is not built; `make test` builds it")
    ours = {x["case"] for x in program.lines("-lab.list") if x["timed"]}
    listed = subprocess.run([CPP, "--list"], capture_output=True, text=True, check=True).stdout
    shared: dict[str, str] = {}  # case: one subject that has it
    for row in map(json.loads, listed.splitlines()):
        if row.get("timed") and row["subject"] in ("null", "std::vector", "model/free-list"):
            shared.setdefault(row["case"], row["subject"])
    cases = sorted(ours & shared.keys())
    assert len(cases) > 8
    checksums = {case: m["checksum"] for case, m in program.samples(*cases, ms=5)}
    for subject in set(shared.values()):
        mine = [case for case in cases if shared[case] == subject]
        text = subprocess.run(
            [CPP, "--lab", f"--subject={subject}", f"--cases={','.join(mine)}", "--batches=1",
             "--batch-ms=1"], capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        for case, metrics in parse_samples(text):
            assert metrics["checksum"] == checksums[case], case
