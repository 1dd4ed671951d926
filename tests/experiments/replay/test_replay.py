"""test_replay: real programs are recorded and replayed on every malloc; bad input is one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from claimslab import claims, evidence
from claimslab.errors import LabError
from claimslab.measure import programs, resolve
from claimslab.report import recommend
from claimslab.traces import record, replay, tool, workloads

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "bench"
PROGRAM = BUILD / "bin" / "replay"
TRACES = ROOT / "experiments" / "replay" / "traces"
BROKEN = ROOT / "build" / "dev" / "tests" / "programs" / "libbroken_malloc_library.so"

Row = dict[str, Any]


def there(*parts: str) -> Path:
    path = BUILD.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"not run: {path.relative_to(ROOT)} is not built; `make test` builds it")
    return path


def build_tree(folder: Path, *traces: Path) -> Path:
    """A build tree that holds the program, the lab's own malloc and these traces."""
    build = folder / "build" / "bench"
    for part in ("bin", "lib"):
        (build / part).mkdir(parents=True)
    shutil.copy(there("bin", "replay"), build / "bin")
    (build / "bin" / "allocation_trace").symlink_to(there("bin", "allocation_trace"))
    for library in (BUILD / "lib").glob("lib*.so"):
        (build / "lib" / library.name).symlink_to(library)
    replay.offer(build, traces)
    return build


def ask(build: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [build / "bin" / "replay", *arguments],
        cwd=build, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def subjects(build: Path) -> list[str]:
    rows = [json.loads(line) for line in ask(build, "--list").stdout.splitlines()]
    absent = {row["subject"] for row in rows if "not_run" in row}
    return [name for name in dict.fromkeys(row["subject"] for row in rows) if name not in absent]


def checksums(build: Path, subject: str, *cases: str) -> dict[str, int]:
    done = ask(build, "--lab", f"--subject={subject}", f"--cases={','.join(cases)}",
               "--batches=1", "--batch-ms=1")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = {}
    for line in done.stdout.splitlines()[1:]:
        words = line.split()
        assert "p99.9-ns" in words, "steps are timed one by one too"
        case = words[0].removeprefix("Benchmark").rpartition("-")[0]
        found[case] = int(words[words.index("checksum") - 1])
    return found


def facts(build: Path, subject: str, case: str) -> Row:
    done = ask(build, "--facts", f"--subject={subject}", f"--cases={case}")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["metric"]: row.get("value", row.get("not_run")) for row in rows}


# ---- Recorded and replayed -----------------------------------------------------------------------


@pytest.mark.parametrize("name", list(workloads.ALL))
def test_a_real_program_is_recorded_and_replayed(name: str, tmp_path: Path) -> None:
    there("lib", "liballocation_recorder.so")
    trace = tmp_path / f"{name}.trace"
    try:
        workloads.record(BUILD, name, trace)
    except LabError as error:
        if str(error).startswith("not run"):
            pytest.skip(str(error))
        raise
    build = build_tree(tmp_path, trace)
    sums = tool.summary(build, trace)["statistics"]
    assert sums["operations"] > 100_000
    case = f"Replay/trace={name}/touch=all"
    found = {subject: checksums(build, subject, case)[case] for subject in subjects(build)}
    assert {"glibc", "null"} <= set(found) and len(set(found.values())) == 1
    told = facts(build, "glibc", case)
    assert told["operations"] == sums["operations"] - sums["inherited"]
    assert told["allocs/op"] == sums["operations"] - sums["by_kind"]["release"]
    assert told["peak-live-bytes"] == sums["peak"]["bytes"]
    assert told["peak-bytes"] >= told["peak-live-bytes"] * 0.9, "all of it was touched"
    series = [told[what] for what in ("steps", "live-bytes", "held-bytes")]
    assert len({len(one) for one in series}) == 1 and 100 <= len(series[0]) <= 201
    assert series[0] == sorted(series[0])


def test_what_is_committed_is_small_and_names_no_place_of_its_maker() -> None:
    there("bin", "allocation_trace")
    files = sorted(TRACES.glob("*.trace"))
    assert {file.stem for file in files} == set(workloads.ALL)
    assert sum(file.stat().st_size for file in files) < 2_000_000
    for file in files:
        tool.check(BUILD, file)
        about = tool.summary(BUILD, file)["about"]
        assert not any("/tmp" in word or "/home" in word for word in about["arguments"])


def test_claims_and_sweeps_ask_for_what_there_is() -> None:
    there("bin", "replay")
    topics = claims.load(ROOT, ("replay",))
    found = programs.find(ROOT, BUILD, topics)
    for full in (False, True):
        needs = resolve.resolve(topics[0], found, full)  # a name that nobody lists is an error
        assert needs["glibc"].timed and needs["glibc"].facts


def test_a_broken_malloc_ends_with_another_checksum(tmp_path: Path) -> None:
    if not BROKEN.is_file():
        pytest.skip("not run: build/dev is not built; `make test` builds it")
    build = build_tree(tmp_path, TRACES / "sqlite.trace")
    (build / "contenders").mkdir()
    (build / "contenders" / "libmine.so").symlink_to(BROKEN)
    case = "Replay/trace=gcc/touch=first"
    replay.offer(build, [TRACES / "gcc.trace"])
    good = checksums(build, "glibc", case)
    done = subprocess.run(
        [build / "bin" / "replay", "--lab", "--subject=alloc/mine", f"--cases={case}",
         "--batches=1", "--batch-ms=1"],
        cwd=build, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "LAB_FAULT": "dirty-calloc"},
    )  # fmt: skip
    told = done.stdout.split()
    assert done.returncode or int(told[told.index("checksum") - 1]) != good[case]


# ---- The run of a user's trace -------------------------------------------------------------------


def test_a_trace_of_the_users_gets_claims_and_an_ordinary_run(tmp_path: Path) -> None:
    trace = tmp_path / "My program-1.trace"
    shutil.copy(TRACES / "gcc.trace", trace)
    build = build_tree(tmp_path)
    document = replay.document(ROOT, build, trace, "jemalloc,golike", "all", mode="smoke")
    (topic,) = document["topics"]
    assert [claim["id"] for claim in topic["claims"]][:2] == [
        "replay-my-program-1-time", "replay-my-program-1-start",
    ]  # fmt: skip
    case = "Replay/trace=My_program_1/touch=all"
    asked = {one["name"]: one["timed"] for one in topic["subjects"]}
    assert case in asked["glibc"] and case in asked["jemalloc"] and case in asked["null"]
    assert not asked["mimalloc"]
    run = tmp_path / "run"
    run.mkdir()
    replay.keep(build, run, trace)
    (kept,) = run.glob("*.trace")
    assert (build / "traces" / kept.name).resolve() == kept
    trace.unlink()  # the run has a copy of its own
    assert checksums(build, "glibc", case)
    replay.offer(build, [])
    assert not (build / "traces").exists()


@pytest.mark.parametrize(
    ("allocators", "said"),
    [("jemaloc", "no allocator 'jemaloc'; there is: "), ("glibc", "name one beside glibc")],
)
def test_an_allocator_that_is_not_there(tmp_path: Path, allocators: str, said: str) -> None:
    build = build_tree(tmp_path)
    with pytest.raises(LabError, match=said):
        replay.document(ROOT, build, TRACES / "gcc.trace", allocators, "all", mode="smoke")


def test_a_touch_that_is_not_there(tmp_path: Path) -> None:
    build = build_tree(tmp_path)
    with pytest.raises(LabError, match="--touch=some: there is none, first, all"):
        replay.document(ROOT, build, TRACES / "gcc.trace", "all", "some", mode="smoke")


def test_a_trace_that_is_none_is_refused_before_anything_runs(tmp_path: Path) -> None:
    build = build_tree(tmp_path)
    text = tmp_path / "text.trace"
    text.write_text("hello")
    short = tmp_path / "short.trace"
    short.write_bytes((TRACES / "gcc.trace").read_bytes()[:3000])
    for path in (text, tmp_path / "gone.trace", tmp_path):
        with pytest.raises(LabError) as caught:
            replay.document(ROOT, build, path, "all", "all", mode="smoke")
        assert "\n" not in str(caught.value) and path.name in str(caught.value)
    # The program by itself says no less of a trace that changed behind its back.
    replay.offer(build, [text])
    done = ask(build, "--lab", "--subject=glibc", "--cases=Replay/trace=text/touch=all")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "text.trace" in done.stderr


def test_a_program_that_cannot_be_recorded_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there("lib", "liballocation_recorder.so")
    monkeypatch.chdir(tmp_path)
    taken = tmp_path / "taken.trace"
    taken.write_text("mine")
    for command, output, said in (
        (["no-such-program"], None, "no such program"),
        (["true"], taken, "is there already"),
        (["true"], tmp_path / "no" / "where.trace", "no such folder"),
    ):
        with pytest.raises(LabError, match=said):
            record.main(BUILD, command, output, silent())
    assert taken.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [taken]


def test_record_keeps_a_trace_of_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there("lib", "liballocation_recorder.so")
    monkeypatch.chdir(tmp_path)
    assert record.main(BUILD, ["sh", "-c", "ls | sort; exit 0"], None, silent()) == 0
    kept = sorted(path.name for path in tmp_path.glob("*.trace"))
    assert "sh.trace" in kept and len(kept) >= 3
    for path in tmp_path.glob("*.trace"):
        tool.check(BUILD, path)
    assert record.main(BUILD, ["sh", "-c", "kill -9 $$"], Path("k.trace"), silent()) == 1
    tool.check(BUILD, tmp_path / "k.trace")
    assert not list(tmp_path.glob(".recording-*"))


def silent() -> Any:
    from rich.console import Console

    return Console(quiet=True)


# ---- The recommendation --------------------------------------------------------------------------


def advice(times: dict[str, list[float]]) -> str:
    case = "Replay/trace=x/touch=all"
    samples = [
        evidence.Sample("replay", subject, case, "ns/op", block, value, (value,), (1,), 0)
        for subject, values in times.items()
        for block, value in enumerate(values, 1)
    ]
    (one,) = recommend.advise(evidence.Evidence(ROOT, {}, samples=samples))
    return one.sentence


def test_the_recommendation_is_no_more_than_the_intervals_bear() -> None:
    base = [100.0, 101, 99, 100, 102, 98, 100, 101]
    fast = [value * 0.8 for value in base]
    near = [value * 0.805 * (1.02 if i % 2 else 0.98) for i, value in enumerate(base)]
    slow = [value * 1.3 for value in base]
    noisy = [value * (0.7 if i % 2 else 1.4) for i, value in enumerate(base)]
    assert advice({"glibc": base, "one": fast, "slow": slow}).startswith("Use one: one 0.800×")
    assert "or near, which cannot be told" in advice({"glibc": base, "one": fast, "near": near})
    assert advice({"glibc": base, "slow": slow}).startswith("Stay with glibc")
    assert advice({"glibc": base, "noisy": noisy}).startswith("No difference that shows")
    assert advice({"glibc": base[:3], "one": fast[:3]}).startswith("No recommendation: 3 blocks")
