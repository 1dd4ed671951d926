"""test_maps_go: the Go peer of maps, built by every Go to be had here, reads its own maps rightly
and ends its cases as the C++ program does."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claimslab.measure import peers, toolchains

ROOT = Path(__file__).resolve().parents[3]
CPP = ROOT / "build" / "bench" / "bin" / "maps"


@dataclass(frozen=True)
class Program:
    version: str
    path: Path

    @property
    def chained(self) -> bool:
        return self.version in ("1.17", "1.23")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.path, *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*arguments).splitlines()]

    def facts(self, *cases: str) -> dict[tuple[str, str], Any]:
        found = self.lines("-lab.facts", f"-lab.cases={','.join(cases)}")
        return {(fact["case"], fact["metric"]): fact.get("value") for fact in found}

    def checksums(self, *cases: str) -> dict[str, float]:
        text = self.run(
            "-test.run=^$", "-test.bench=.", "-test.benchtime=1ms", f"-lab.cases={','.join(cases)}"
        )
        return parse(text)


def parse(text: str) -> dict[str, float]:
    """The checksum of each case."""
    found = {}
    for line in text.splitlines():
        if line.startswith("Benchmark"):
            words = line.split()
            case = re.sub(r"-\d+$", "", words[0].removeprefix("Benchmark"))
            found[case] = float(words[words.index("checksum") - 1])
    return found


@pytest.fixture(scope="module")
def built() -> dict[str, peers.Peer]:
    return {p.version: p for p in peers.build(ROOT, ROOT / "build", ("maps",))}


@pytest.fixture(params=list(toolchains.VERSIONS))
def program(request: pytest.FixtureRequest, built: dict[str, peers.Peer]) -> Program:
    peer = built[request.param]
    if peer.not_run and "fetch" not in peer.not_run and "arrive" not in peer.not_run:
        pytest.fail(peer.not_run)
    if peer.not_run:
        pytest.skip(f"not run: {peer.not_run}")
    return Program(peer.version, ROOT / peer.program)


def test_offers_all_that_claims_ask_of_go(program: Program) -> None:
    listed = program.lines("-lab.list")
    timed = {x["case"] for x in listed if x["timed"]}
    facts = {(x["case"], x["metric"]) for x in listed if not x["timed"]}
    topic = tomllib.loads((ROOT / "experiments" / "maps" / "claims.toml").read_text())
    asked = 0
    for entry in topic["claim"]:
        if not any(fnmatch.fnmatchcase(f"go@{program.version}", s) for s in entry["subjects"]):
            continue
        cases = entry["case"] if isinstance(entry["case"], list) else [entry["case"]]
        for case in [*cases, *entry["rule"].get("over_case", "").split()]:
            asked += 1
            if entry["metric"] in ("ns/op", "B/op", "allocs/op"):
                assert case in timed, entry["id"]
            else:
                assert (case, entry["metric"]) in facts, entry["id"]
    assert asked > 25


def test_reads_its_maps_as_they_are(program: Program) -> None:
    placed = "Placement/key=int64/n=800"
    facts = program.facts(placed, "Header", "Slots/key=int64", "Growth/key=int64/n=1000")
    assert facts["Slots/key=int64", "slots"] == 8
    assert facts["Header", "header-bytes"] == 48
    assert facts["Header", "holds"] is program.chained
    if program.chained:
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


def test_probes_follow_the_theory(program: Program) -> None:
    full = f"Probes/key=int64/n={832 if program.chained else 896}"
    facts = program.facts(full)
    if program.chained:
        assert facts[full, "entries/hit"] == pytest.approx(4.25, rel=0.02)
        assert facts[full, "entries/miss"] == pytest.approx(6.5, rel=0.02)
        assert facts[full, "overflow-share"] == pytest.approx(0.2084, abs=0.02)
    else:  # a simulation of groups of 8 at 7/8 gives 1.23 and 2.7
        assert facts[full, "groups/hit"] == pytest.approx(1.23, rel=0.03)
        assert facts[full, "groups/miss"] == pytest.approx(2.8, rel=0.06)


def test_rules_of_the_language(program: Program) -> None:
    cases = ("NilMap", "NaN/keys=100", "WritersMeet", "LoopCapture/messages=100",
             "IterateGrowing/key=int64/n=1000", "IterateDeleting/key=int64/n=1000",
             "Moving/key=int64/n=833", "Overflow/live=100")  # fmt: skip
    facts = program.facts(*cases)
    assert facts["NilMap", "zero"] is facts["NilMap", "write-panics"] is True
    assert facts["NaN/keys=100", "holds"] is facts["WritersMeet", "holds"] is True
    assert facts["LoopCapture/messages=100", "distinct"] == (
        1 if program.version == "1.17" else 100
    )
    assert facts["IterateGrowing/key=int64/n=1000", "violations"] == 0
    assert facts["IterateDeleting/key=int64/n=1000", "violations"] == 0
    assert facts["Moving/key=int64/n=833", "holds"] is program.chained
    assert facts["Overflow/live=100", "holds"] is (True if program.chained else None)


def test_ends_its_cases_as_the_cpp_program_does(program: Program) -> None:
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
    assert program.checksums(*cases) == parse(text)
