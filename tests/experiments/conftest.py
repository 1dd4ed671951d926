"""The Go peers under test: one fixture for the tests of every topic's Go programs."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from claimslab.measure import peers, toolchains

ROOT = Path(__file__).resolve().parents[2]
Metrics = dict[str, float]


@dataclass(frozen=True)
class GoProgram:
    """A topic's Go program, built by one version of Go."""

    topic: str
    version: str
    go: str
    path: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path, *arguments], capture_output=True, text=True, timeout=120, check=False
        )

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def facts(self, *cases: str) -> dict[tuple[str, str], Any]:
        found = self.lines("-lab.facts", f"-lab.cases={','.join(cases)}")
        return {(fact["case"], fact["metric"]): fact["value"] for fact in found}

    def fact(self, case: str, metric: str) -> Any:
        return self.facts(case)[case, metric]

    def samples(self, *cases: str, count: int = 1, ms: int = 1) -> list[tuple[str, Metrics]]:
        """Case and its metrics, a line a batch, as printed."""
        done = self.run(
            "-test.run=^$", "-test.bench=.", f"-test.count={count}", f"-test.benchtime={ms}ms",
            f"-lab.cases={','.join(cases)}",
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return list(parse_samples(done.stdout))

    def check_it_offers_what_is_asked_of_go(self, kinds: tuple[str, ...]) -> None:
        """`kinds` of entries of claims.toml: claim, sweep."""
        listed = self.lines("-lab.list")
        timed = {x["case"] for x in listed if x["timed"]}
        facts = {(x["case"], x["metric"]) for x in listed if not x["timed"]}
        text = (ROOT / "experiments" / self.topic / "claims.toml").read_text()
        asked = 0
        for entry in (entry for kind in kinds for entry in tomllib.loads(text)[kind]):
            if not any(fnmatch.fnmatchcase(f"go@{self.version}", s) for s in entry["subjects"]):
                continue
            for case in cases_of(entry):
                asked += 1
                if entry["metric"] in ("ns/op", "B/op", "allocs/op"):
                    assert case in timed, entry["id"]
                else:
                    assert (case, entry["metric"]) in facts, entry["id"]
        assert asked > 20
        assert "Empty" in timed


def cases_of(entry: dict[str, Any]) -> list[str]:
    cases = entry["case"] if isinstance(entry["case"], list) else [entry["case"]]
    cases = [*cases, *entry["rule"].get("over_case", "").split()] if "rule" in entry else cases
    values = {*entry.get("n", []), *entry.get("full_n", [])}
    return [c.replace("{n}", str(n)) for c in cases for n in values or [0]]


def parse_samples(text: str) -> Iterator[tuple[str, Metrics]]:
    for line in text.splitlines():
        if line.startswith("Benchmark"):
            name, iterations, *pairs = line.split()
            assert int(iterations) > 0
            case = re.sub(r"-\d+$", "", name.removeprefix("Benchmark"))
            yield case, {unit: float(v) for v, unit in zip(pairs[::2], pairs[1::2], strict=True)}


@cache
def built(topic: str) -> dict[str, peers.Peer]:
    return {peer.version: peer for peer in peers.build(ROOT, ROOT / "build", (topic,))}


@pytest.fixture(params=list(toolchains.VERSIONS))
def program(request: pytest.FixtureRequest) -> GoProgram:
    """The program of the topic whose folder the test stands in, once for each version of Go."""
    topic = request.path.parent.name
    peer = built(topic)[request.param]
    if peer.not_run and "fetch" not in peer.not_run and "arrive" not in peer.not_run:
        pytest.fail(peer.not_run)
    if peer.not_run:
        pytest.skip(f"not run: {peer.not_run}")
    return GoProgram(topic, peer.version, peer.go, ROOT / peer.program)
