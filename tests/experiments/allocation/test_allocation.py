"""test_allocation: the program of the topic keeps the protocol; its subjects end alike; a wrong
table and a broken malloc flip the verdicts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from claimslab import claims, evidence, judge
from claimslab.measure import programs, resolve

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "bench"
PROGRAM = BUILD / "bin" / "allocation"
BROKEN = ROOT / "build" / "dev" / "tests" / "programs" / "libbroken_malloc_library.so"
CONFORMANCE = BUILD / "bin" / "allocator_conformance"
BIG = ("WorkingSet/live=1000000", "Batch/bytes=1048576", "Large/bytes=33554432")  # slow to set up

Row = dict[str, Any]


def ask(*arguments: str, program: Path = PROGRAM) -> subprocess.CompletedProcess[str]:
    if not program.is_file():
        pytest.skip(f"not run: {program.relative_to(ROOT)} is not built; `make test` builds it")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def lines(*arguments: str) -> list[Row]:
    done = ask(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def listed() -> list[Row]:
    return lines("--list")


@pytest.fixture(scope="module")
def there(listed: list[Row]) -> dict[str, list[str]]:
    """The timed cases of every subject that can be had here."""
    absent = {row["subject"] for row in listed if "not_run" in row}
    cases: dict[str, list[str]] = {}
    for row in listed:
        if row.get("timed") and row["subject"] not in absent:
            cases.setdefault(row["subject"], []).append(row["case"])
    return cases


def checksums(subject: str, cases: list[str]) -> dict[str, int]:
    done = ask("--lab", f"--subject={subject}", f"--cases={','.join(cases)}", "--batches=1",
               "--batch-ms=1")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = {}
    for line in done.stdout.splitlines()[1:]:
        words = line.split()
        case = words[0].removeprefix("Benchmark").rpartition("-")[0]
        found[case] = int(words[words.index("checksum") - 1])
    return found


def test_every_subject_that_is_absent_says_why(listed: list[Row]) -> None:
    subjects = {row["subject"] for row in listed}
    assert {"glibc", "jemalloc", "mimalloc", "tcmalloc", "golike", "null"} <= subjects
    for row in listed:
        if "not_run" in row:
            assert row["not_run"] and row["subject"] not in ("glibc", "null")


def test_every_malloc_that_is_there_is_named_by_its_file(there: dict[str, list[str]]) -> None:
    (build,) = lines("--build")
    mallocs = build["mallocs"]
    own = {name for name in there if not name.startswith(("model/", "std::")) and name != "null"}
    assert set(mallocs) == own
    for name, malloc in mallocs.items():
        assert Path(malloc["file"]).is_file(), name
        if name in ("glibc", "jemalloc", "mimalloc", "tcmalloc"):
            assert "." in malloc["version"], name


def test_subjects_of_a_case_end_with_the_same_checksum(there: dict[str, list[str]]) -> None:
    expected: dict[str, int] = {}
    for subject, cases in there.items():
        small = [case for case in cases if not case.startswith(BIG)]
        found = checksums(subject, small)
        assert sorted(found) == sorted(small)
        for case, checksum in found.items():
            assert expected.setdefault(case, checksum) == checksum, f"{case} of {subject}"
    assert len(expected) > 60


def test_claims_and_sweeps_ask_for_what_there_is() -> None:
    if not PROGRAM.is_file():
        pytest.skip("not run: build/bench/bin/allocation is not built; `make test` builds it")
    topics = claims.load(ROOT, ("allocation",))
    subjects = programs.find(ROOT, BUILD, topics)
    for full in (False, True):
        needs = resolve.resolve(topics[0], subjects, full)  # a name that nobody lists is an error
        assert needs["glibc"].timed and needs["glibc"].facts


def test_a_trial_counts_allocations_of_what_it_times() -> None:
    facts = lines("--facts", "--subject=glibc", "--cases=Batch/bytes=64/order=forward/n=1000")
    assert {row["metric"]: row["value"] for row in facts} == {"allocs/op": 1000, "B/op": 64000}


def test_the_null_allocator_never_asks_malloc() -> None:
    cases = ["Batch/bytes=64/order=forward/n=1000", "WorkingSet/live=1000/mix=lean/steps=1000",
             "ReallocGrowth/to=1048576/by=half", "Ageing/live=4194304"]  # fmt: skip
    facts = lines("--facts", "--subject=null", f"--cases={','.join(cases)}")
    counted = [row["value"] for row in facts if row["metric"] == "allocs/op"]
    assert counted == [0, 0, 0, 0]


def test_rows_of_the_robustness_list_are_facts(listed: list[Row]) -> None:
    rows = [
        row
        for row in listed
        if row["subject"] == "glibc" and row["case"].startswith("Conformance/")
    ]
    done = ask("--list", program=CONFORMANCE)
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert len(rows) == kinds.count("required") >= 33


def verdict(claim_id: str, subject: str, case: str, metric: str, value: Any) -> str:
    """The word on a claim of this topic, if its subject told this value."""
    (topic,) = claims.load(ROOT, ("allocation",))
    claim = next(claim for claim in topic.claims if claim.id == claim_id)
    fact = evidence.Fact("allocation", subject, case, metric, value)
    described = {
        **claims.to_json(claims.Topic("allocation", "", "", (claim,), ())),
        "subjects": [
            {
                "name": subject, "kind": "cpp", "not_run": "", "timed": [], "counted": [],
                "facts": [[case, metric]],
            }
        ],
    }  # fmt: skip
    plan = {"blocks": 0}
    run = {"run": "flip", "mode": "quick", "limits": {}, "plan": plan, "topics": [described]}
    judged = judge.judge(evidence.Evidence(ROOT, run, facts=[fact]))
    cells = judged["claims"][0]["cells"]
    return str(next(cell["word"] for cell in cells if cell["subject"] == subject))


def test_a_wrong_table_of_classes_flips_the_verdict() -> None:
    case, metric = "Classes/until=32768", "classes"
    told = {
        subject: lines("--facts", f"--subject={subject}", f"--cases={case}")[0]["value"]
        for subject in ("model/go-classes", "model/pow2")
    }
    arguments = ("q309-size-class-list", "model/go-classes", case, metric)
    assert verdict(*arguments, told["model/go-classes"]) == "reproduced"
    assert verdict(*arguments, told["model/pow2"]) == "refuted"


def test_a_broken_malloc_flips_the_verdict() -> None:
    if not BROKEN.is_file() or not CONFORMANCE.is_file():
        pytest.skip("not run: build/dev and build/bench are not built; `make test` builds them")
    done = subprocess.run(
        [CONFORMANCE, f"--library={BROKEN}", "--checks=calloc-zero"],
        env={**os.environ, "LAB_FAULT": "dirty-calloc"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    row = json.loads(done.stdout.splitlines()[-1])
    case = "Conformance/check=calloc-zero"
    assert verdict("lab-conformance-rows", "golike", case, "passed", row["passed"]) == "refuted"
    assert verdict("lab-conformance-rows", "golike", case, "passed", True) == "reproduced"


def test_a_library_of_the_users_is_one_more_subject(tmp_path: Path) -> None:
    """Its malloc serves, which the program proves; a library without malloc is not run, and why."""
    if not PROGRAM.is_file() or not BROKEN.is_file():
        pytest.skip("not run: build/dev and build/bench are not built; `make test` builds them")
    program = tmp_path / "bin" / "allocation"
    program.parent.mkdir()
    shutil.copy(PROGRAM, program)
    folder = tmp_path / "contenders"
    folder.mkdir()
    (folder / "libmine.so").symlink_to(BROKEN)
    (folder / "libnone.so").symlink_to(BROKEN.with_name("libno_malloc_library.so"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    case = "Lifo/bytes=64/pairs=100"
    mine = run("--lab", "--subject=alloc/mine", f"--cases={case}", "--batches=1", "--batch-ms=1")
    assert (mine.returncode, mine.stderr) == (0, "")
    assert mine.stdout.rstrip().endswith("100 checksum")
    none = run("--lab", "--subject=alloc/none", f"--cases={case}", "--batches=1", "--batch-ms=1")
    assert none.returncode == 1 and none.stdout == ""
    assert "not run: malloc is served by" in none.stderr and none.stderr.count("\n") == 1
