"""test_go_peer: the Go peer of slices, built by every Go to be had here, keeps the program protocol
and tells what real append does."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claimslab.measure import peers, toolchains

ROOT = Path(__file__).resolve().parents[3]
GO_SOURCES = ROOT / "experiments" / "slices" / "go"


@dataclass(frozen=True)
class Program:
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

    def fact(self, case: str, metric: str) -> Any:
        found = self.lines("-lab.facts", f"-lab.cases={case}")
        return next(f for f in found if f["metric"] == metric)["value"]

    def samples(self, *cases: str, count: int = 1) -> list[tuple[str, dict[str, float]]]:
        """Case and its metrics, a line a batch, as printed."""
        done = self.run(
            "-test.run=^$",
            "-test.bench=.",
            f"-test.count={count}",
            "-test.benchtime=1ms",
            f"-lab.cases={','.join(cases)}",
        )
        assert (done.returncode, done.stderr) == (0, "")
        return list(parse_samples(done.stdout))


def parse_samples(text: str) -> Iterator[tuple[str, dict[str, float]]]:
    for line in text.splitlines():
        if line.startswith("Benchmark"):
            name, iterations, *pairs = line.split()
            assert int(iterations) > 0
            case = re.sub(r"-\d+$", "", name.removeprefix("Benchmark"))
            yield case, {unit: float(v) for v, unit in zip(pairs[::2], pairs[1::2], strict=True)}


@pytest.fixture(scope="module")
def built() -> dict[str, peers.Peer]:
    return {p.version: p for p in peers.build(ROOT, ROOT / "build", ("slices",))}


@pytest.fixture(params=list(toolchains.VERSIONS))
def program(request: pytest.FixtureRequest, built: dict[str, peers.Peer]) -> Program:
    peer = built[request.param]
    if peer.not_run and "fetch" not in peer.not_run and "arrive" not in peer.not_run:
        pytest.fail(peer.not_run)
    if peer.not_run:
        pytest.skip(f"not run: {peer.not_run}")
    return Program(peer.version, peer.go, ROOT / peer.program)


def test_says_which_go_built_it(program: Program) -> None:
    (build,) = program.lines("-lab.build")
    assert build == {"go": program.go}
    assert program.go.startswith(f"go{program.version}")


def test_offers_all_that_claims_and_sweeps_ask_of_go(program: Program) -> None:
    timed = {x["case"] for x in program.lines("-lab.list") if x["timed"]}
    facts = {(x["case"], x["metric"]) for x in program.lines("-lab.list") if not x["timed"]}
    text = (ROOT / "experiments" / "slices" / "claims.toml").read_text()
    topic = tomllib.loads(text)
    subject = f"go@{program.version}"
    asked = 0
    for entry in topic["claim"] + topic["sweep"]:
        if not any(fnmatch.fnmatchcase(subject, s) for s in entry["subjects"]):
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


def test_tells_each_fact_once(program: Program) -> None:
    listed = [(x["case"], x["metric"]) for x in program.lines("-lab.list") if not x["timed"]]
    facts = program.lines("-lab.facts")
    assert [(f["case"], f["metric"]) for f in facts] == listed
    assert len(set(listed)) == len(listed)
    for fact in facts:
        assert ("value" in fact) != ("not_run" in fact)


FACTS = {
    "1.17": {
        "capacities": [2**i for i in range(11)] + [1280, 1696, 2304],
        "first": 1,
        "moves": 20,
    },
    "1.23": {
        "capacities": [2**i for i in range(10)] + [848, 1280, 1792, 2560],
        "first": 1,
        "moves": 19,
    },
    "1.26": {
        "capacities": [2**i for i in range(10)] + [848, 1280, 1792, 2560],
        "first": 4,  # a stack buffer of 32 bytes
        "moves": 19,
    },
}


def test_how_capacities_grow(program: Program) -> None:
    known = FACTS[program.version]
    assert program.fact("Capacities/elem=8/n=2000", "capacities") == known["capacities"]
    assert program.fact("FirstCapacity/elem=8/escapes=no", "capacity") == known["first"]
    assert program.fact("Reallocations/elem=8/n=2000", "reallocations") == 14
    assert program.fact("Reallocations/elem=8/n=10000", "reallocations") == known["moves"]
    assert program.fact("Presized/elem=8/n=10000", "reallocations") == 0


def test_what_growth_costs_follows_from_the_capacities(program: Program) -> None:
    for n in (2000, 1000000):
        log = program.fact(f"Capacities/elem=8/n={n}", "capacities")
        case = f"Copies/elem=8/n={n}"
        assert program.fact(case, "copies/elem") == sum(log[:-1]) / n
        assert program.fact(case, "copies/cap") == sum(log[:-1]) / log[-1]
        assert program.fact(case, "slack") == (log[-1] - log[-2] - 1) / log[-1]
        assert program.fact(case, "peak/final") == (log[-1] + log[-2]) / log[-1]


def test_what_append_shares(program: Program) -> None:
    assert program.fact("CopyOnGrow/elem=8/n=10000", "violations") == 0
    assert program.fact("FullCap4/elem=8", "capacity") == 8
    assert program.fact("FullCap4/elem=8", "original-unchanged") is True
    for case in ("SharedAlias", "AppendClobbers", "FullSliceExpr"):
        assert program.fact(case, "holds") is True
    assert program.fact("CopyIndependent", "violations") == 0


def test_samples_are_of_the_cases_asked_for_and_no_others(program: Program) -> None:
    cases = ["Append/elem=8/n=10", "Append/elem=8/n=1000", "Empty"]
    samples = program.samples(*cases, count=3)
    assert sorted(case for case, _ in samples) == sorted(cases * 3)
    for _, metrics in samples:
        assert set(metrics) == {"ns/op", "B/op", "allocs/op", "checksum"}


def test_a_case_that_is_a_fact_only_gives_no_sample(program: Program) -> None:
    assert program.samples("SharedAlias") == []


def test_every_timed_case_has_its_benchmark_and_its_checksum(program: Program) -> None:
    timed = [x["case"] for x in program.lines("-lab.list") if x["timed"]]
    small = [c for c in timed if c == "Empty" or int(c.rpartition("=")[2]) <= 100000]
    samples = program.samples(*small)
    assert sorted(case for case, _ in samples) == sorted(small)
    for case, metrics in samples:
        n = 0 if case == "Empty" else int(case.rpartition("=")[2])
        assert metrics["checksum"] == (n - 1 + n // 2 + n if n else 0)


def test_append_grows_on_the_heap_in_every_version(program: Program) -> None:
    """A slice that started on the stack would save the first allocations."""
    for n in (10, 1000):
        allocations = program.samples(f"Append/elem=8/n={n}")[0][1]["allocs/op"]
        log = program.fact("Capacities/elem=8/n=2000", "capacities")
        assert allocations == next(i for i, c in enumerate(log, 1) if c >= n)
    assert program.samples("Presized/elem=8/n=10")[0][1]["allocs/op"] == 1
    assert program.samples("Empty")[0][1]["allocs/op"] == 0


def test_an_unknown_case_is_an_error_of_one_line(program: Program) -> None:
    for arguments in (["-lab.facts"], ["-test.run=^$", "-test.bench=."], ["-lab.list"]):
        done = program.run(*arguments, "-lab.cases=Append/elem=8/n=10,Append/elem=9")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "Append/elem=9" in done.stderr


def test_runs_alone(program: Program) -> None:
    done = program.run("-test.run=^$", "-test.bench=Presized/elem=8/n=100$", "-test.benchtime=10x")
    assert [case for case, _ in parse_samples(done.stdout)] == ["Presized/elem=8/n=100"]


def test_the_compiler_says_what_escapes() -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("not run: no Go here")
    done = subprocess.run(
        [go, "test", "-c", "-gcflags=-m", "-o", "/dev/null", "."],
        cwd=GO_SOURCES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    notes = done.stderr + done.stdout
    if "append escapes" not in notes:
        pytest.skip("not run: this Go does not tell of append")
    assert note(notes, "slices_test.go", "s = append(s, int64(i))") == "append escapes to heap"
    assert note(notes, "growth_test.go", "s = append(s, 1)") == "append does not escape"
    assert "make([]int64, 0, n) escapes to heap" in notes


def note(notes: str, file: str, code: str) -> str:
    """What the compiler notes on the append in a line of code."""
    lines = (GO_SOURCES / file).read_text().splitlines()
    at = next(i for i, line in enumerate(lines, 1) if line.strip() == code)
    found = re.findall(rf"(?m)^\./{re.escape(file)}:{at}:\d+: (append .*)$", notes)
    assert len(found) == 1, notes
    return found[0]
