"""test_go_peer: the Go peer of slices, built by every Go to be had here, keeps the program protocol
and tells what real append does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import GoProgram, parse_samples

ROOT = Path(__file__).resolve().parents[3]
GO_SOURCES = ROOT / "experiments" / "slices" / "go"


def test_says_which_go_built_it(program: GoProgram) -> None:
    (build,) = program.lines("-lab.build")
    assert build == {"go": program.go}
    assert program.go.startswith(f"go{program.version}")


def test_offers_all_that_claims_and_sweeps_ask_of_go(program: GoProgram) -> None:
    program.check_it_offers_what_is_asked_of_go(("claim", "sweep"))


def test_tells_each_fact_once(program: GoProgram) -> None:
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


def test_how_capacities_grow(program: GoProgram) -> None:
    known = FACTS[program.version]
    assert program.fact("Capacities/elem=8/n=2000", "capacities") == known["capacities"]
    assert program.fact("FirstCapacity/elem=8/escapes=no", "capacity") == known["first"]
    assert program.fact("Reallocations/elem=8/n=2000", "reallocations") == 14
    assert program.fact("Reallocations/elem=8/n=10000", "reallocations") == known["moves"]
    assert program.fact("Presized/elem=8/n=10000", "reallocations") == 0


def test_what_growth_costs_follows_from_the_capacities(program: GoProgram) -> None:
    for n in (2000, 1000000):
        log = program.fact(f"Capacities/elem=8/n={n}", "capacities")
        case = f"Copies/elem=8/n={n}"
        assert program.fact(case, "copies/elem") == sum(log[:-1]) / n
        assert program.fact(case, "copies/cap") == sum(log[:-1]) / log[-1]
        assert program.fact(case, "slack") == (log[-1] - log[-2] - 1) / log[-1]
        assert program.fact(case, "peak/final") == (log[-1] + log[-2]) / log[-1]


def test_what_append_shares(program: GoProgram) -> None:
    assert program.fact("CopyOnGrow/elem=8/n=10000", "violations") == 0
    assert program.fact("FullCap4/elem=8", "capacity") == 8
    assert program.fact("FullCap4/elem=8", "original-unchanged") is True
    for case in ("SharedAlias", "AppendClobbers", "FullSliceExpr"):
        assert program.fact(case, "holds") is True
    assert program.fact("CopyIndependent", "violations") == 0


def test_samples_are_of_the_cases_asked_for_and_no_others(program: GoProgram) -> None:
    cases = ["Append/elem=8/n=10", "Append/elem=8/n=1000", "Empty"]
    samples = program.samples(*cases, count=3)
    assert sorted(case for case, _ in samples) == sorted(cases * 3)
    for _, metrics in samples:
        assert set(metrics) == {"ns/op", "B/op", "allocs/op", "checksum"}


def test_a_case_that_is_a_fact_only_gives_no_sample(program: GoProgram) -> None:
    assert program.samples("SharedAlias") == []


def test_every_timed_case_has_its_benchmark_and_its_checksum(program: GoProgram) -> None:
    timed = [x["case"] for x in program.lines("-lab.list") if x["timed"]]
    small = [c for c in timed if c == "Empty" or int(c.rpartition("=")[2]) <= 100000]
    samples = program.samples(*small)
    assert sorted(case for case, _ in samples) == sorted(small)
    for case, metrics in samples:
        n = 0 if case == "Empty" else int(case.rpartition("=")[2])
        assert metrics["checksum"] == (n - 1 + n // 2 + n if n else 0)


def test_append_grows_on_the_heap_in_every_version(program: GoProgram) -> None:
    """A slice that started on the stack would save the first allocations."""
    for n in (10, 1000):
        allocations = program.samples(f"Append/elem=8/n={n}")[0][1]["allocs/op"]
        log = program.fact("Capacities/elem=8/n=2000", "capacities")
        assert allocations == next(i for i, c in enumerate(log, 1) if c >= n)
    assert program.samples("Presized/elem=8/n=10")[0][1]["allocs/op"] == 1
    assert program.samples("Empty")[0][1]["allocs/op"] == 0


def test_an_unknown_case_is_an_error_of_one_line(program: GoProgram) -> None:
    for arguments in (["-lab.facts"], ["-test.run=^$", "-test.bench=."], ["-lab.list"]):
        done = program.run(*arguments, "-lab.cases=Append/elem=8/n=10,Append/elem=9")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "Append/elem=9" in done.stderr


def test_runs_alone(program: GoProgram) -> None:
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
