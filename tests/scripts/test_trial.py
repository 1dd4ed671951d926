"""Trials: a process is started, watched and killed as promised, and its output read strictly."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import standin
from claimslab.measure import process, trial

CASES = ("Work/n=1", "Work/n=2")


def attempt(root: Path, how: str, timeout_s: float = 5.0) -> trial.Trial:
    standin.write_program(root / "program", {"a": how}, CASES)
    arguments = trial.sample_arguments("cpp", "a", CASES, 3, 20)
    done = trial.run(root, ["program"], arguments, timeout_s=timeout_s, padding=64, argv0_extra=9)
    return trial.with_samples(done, "a", CASES, 3)


def test_samples_are_the_batches_of_each_metric(tmp_path: Path) -> None:
    done = attempt(tmp_path, "ok")
    assert done.status == "ok" and done.ended is not None and done.ended.exit == 0
    first = done.series[0]
    assert (first.case, first.metric) == ("Work/n=1", "ns/op")
    assert first.batches == [111.0, 112.0, 113.0] and first.iterations == [1000] * 3
    assert first.checksum == 45
    lines = list(trial.sample_lines({"block": 1}, done.series))
    assert lines[0]["value"] == 112.0 and len(lines) == 4  # 2 cases of 2 metrics


@pytest.mark.parametrize(
    ("how", "status", "says"),
    [
        ("crash", "crashed", "SIGSEGV"),
        ("fail", "failed", "exit status 5: no memory"),
        ("rubbish", "rubbish", "no known form"),
        ("binary", "rubbish", "no known form"),
        ("huge", "rubbish", "more than 16 MB"),
        ("other subject", "rubbish", "another subject"),
        ("other case", "rubbish", "not asked for"),
        ("missing case", "rubbish", "nothing of Work/n=2"),
        ("nan", "rubbish", "Work/n=1,Work/n=2"),
        ("first sum wrong", "rubbish", "two checksums of Work/n=1: 99 and 45"),
        ("one batch", "rubbish", "ns/op of Work/n=1 in 1 batches, not the 3 asked for"),
        ("loud", "failed", "exit status 5: no �[31mmemory"),
    ],
)
def test_what_goes_wrong_is_named(tmp_path: Path, how: str, status: str, says: str) -> None:
    done = attempt(tmp_path, how)
    assert done.status == status and says in done.reason
    assert not done.series
    line = trial.trial_line({"block": 1}, done, padding=0, argv0_length=1, order=1)
    assert len(line["output_tail"]) <= process.TAIL
    assert all(char.isprintable() or char == "\n" for char in line["output_tail"])
    if how == "crash":
        assert line["signal"] == 11 and line["exit"] is None
        assert line["output_tail"] == "before the end"


def test_a_hang_is_ended(tmp_path: Path) -> None:
    started = time.monotonic()
    done = attempt(tmp_path, "hang", timeout_s=0.2)
    assert done.status == "timeout" and "0.2 s" in done.reason
    assert time.monotonic() - started < 2


def test_nothing_outlives_a_trial(tmp_path: Path) -> None:
    done = attempt(tmp_path, "child")
    assert done.status == "ok"
    left = [p for p in Path("/proc").glob("[0-9]*/environ") if b"LAB_PADDING=" + b"x" * 64 + b"\0"
            in _content(p)]  # fmt: skip
    time.sleep(0.05)
    assert not [path for path in left if path.parent.exists() and not _is_zombie(path.parent)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _is_zombie(folder: Path) -> bool:
    return b"State:\tZ" in _content(folder / "status")


def test_the_environment_is_the_labs_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOGC", "off")
    assert attempt(tmp_path, "environment").status == "ok"
    (seen,) = tmp_path.glob("seen.*")
    variables = seen.read_text().splitlines()
    assert "LAB_PADDING=" + "x" * 64 in variables
    assert not [one for one in variables if one.startswith("GOGC")]


def test_argv0_varies_while_the_program_stays(tmp_path: Path) -> None:
    done = process.run(
        ["/bin/sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"],
        cwd=tmp_path, timeout_s=5, argv0="sh____",
    )  # fmt: skip
    assert done.stdout.startswith("sh____ -c")


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("no program")
    done = trial.run(tmp_path, ["program"], [], timeout_s=1)
    assert done.status == "failed" and "cannot be started" in done.reason
    line = trial.trial_line({}, done, padding=0, argv0_length=1, order=1)
    assert line["exit"] is None and line["output_tail"] == ""


def test_a_trial_costs_little_and_the_lab_sleeps_beside_it(tmp_path: Path) -> None:
    before = time.process_time()
    done = process.run(["/bin/sleep", "1"], cwd=tmp_path, timeout_s=5)
    cpu = time.process_time() - before
    assert done.exit == 0 and done.wall_s < 1.5
    assert cpu < 0.05, "the start costs some; asleep it costs nothing"
    before = os.times().elapsed
    for _ in range(10):
        trial.run(tmp_path, ["/bin/true"], [], timeout_s=5)
    assert os.times().elapsed - before < 10 * 0.1  # 30 ms are promised; busy machines get more


GO = """goos: linux
goarch: amd64
pkg: slices
cpu: Some CPU @ 2.00GHz
BenchmarkWork/n=1-2   \t   10000\t  115.0 ns/op\t  48 B/op\t  5 allocs/op\t 123456 checksum
BenchmarkWork/n=2     \t   10000\t  1.15e+02 ns/op\t 123456 checksum
PASS
"""


def test_go_output_is_read_alike() -> None:
    series = trial.read_samples(GO, "go@1.26", CASES)
    found = {(one.case, one.metric): one.batches for one in series}
    assert found["Work/n=1", "allocs/op"] == [5.0]
    assert found["Work/n=2", "ns/op"] == [115.0]


@pytest.mark.parametrize(
    "line",
    [
        "BenchmarkWork/n=1 10 1.0 ns/op",
        "BenchmarkWork/n=1 10 1.0 ns/op 1.5 checksum",
        "BenchmarkWork/n=1 10 1.0 ns/op -1 checksum",
        "BenchmarkWork/n=1 10 1.0 ns/op 2.0 ns/op 1 checksum",
        "BenchmarkWork/n=1 10 inf ns/op 1 checksum",
        "BenchmarkWork/n=1 10 1e999 ns/op 1 checksum",
        "BenchmarkWork/n=1 10 1_0 ns/op 1 checksum",
        "BenchmarkWork/n=1 0 1.0 ns/op 1 checksum",
        f"BenchmarkWork/n=1 {'9' * 5000} 1.0 ns/op 1 checksum",
        f"BenchmarkWork/n=1 {2**63} 1.0 ns/op 1 checksum",
        "BenchmarkWork/n=1 10 1.0 ns/op 1e300 checksum",
        f"BenchmarkWork/n=1 10 1.0 ns/op {2**32} checksum",
        "BenchmarkWork/n=1 10 1.0 ns/op 2.0 \x1b[31m 1 checksum",
        "BenchmarkWork/n=1 10 1.0",
        "BenchmarkWork/n=1 10 48 B/op 1 checksum",
        "BenchmarkWork/n=1",
        "--- FAIL: BenchmarkWork",
    ],
)
def test_a_doubtful_line_spoils_all(line: str) -> None:
    with pytest.raises(trial.Rubbish):
        trial.read_samples(line + "\n", "a", CASES[:1])


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(text: str) -> None:
    for reader in (trial.read_samples, lambda *a: list(trial.read_facts(*a))):
        try:
            reader(text, "a", CASES)
        except trial.Rubbish as rubbish:
            assert "\n" not in str(rubbish) and str(rubbish).isprintable()


def test_facts_are_read() -> None:
    text = (
        '{"subject":"a","case":"Work/n=1","metric":"size","value":[1,2]}\n'
        '{"case":"Work/n=2","metric":"size","not_run":"needs 12 GB of memory"}\nPASS\n'
    )
    facts = list(trial.read_facts(text, "a", CASES))
    assert facts[0]["value"] == [1, 2] and facts[1]["not_run"] == "needs 12 GB of memory"


def test_what_a_terminal_obeys_does_not_reach_one() -> None:
    text = '{"case":"Work/n=1","metric":"size","not_run":"no \\u001b[31m\\nmemory"}'
    (fact,) = trial.read_facts(text, "a", CASES)
    assert fact["not_run"] == "no �[31m�memory"


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 1e308, "größer 😀", [1, 2.5], True])
def test_what_evidence_can_hold_is_a_fact(value: object) -> None:
    text = json.dumps({"case": "Work/n=1", "metric": "size", "value": value})
    assert next(trial.read_facts(text, "a", CASES))["value"] == value


@pytest.mark.parametrize(
    "line",
    [
        "size 4",
        "[1]",
        '{"case":"Other","metric":"size","value":1}',
        '{"case":"Work/n=1","value":1}',
        '{"case":"Work/n=1","metric":"size"}',
        '{"case":"Work/n=1","metric":"size","value":NaN}',
        '{"case":"Work/n=1","metric":"size","value":[1e999]}',
        '{"case":"Work/n=1","metric":"size","value":{"a":1}}',
        '{"subject":"b","case":"Work/n=1","metric":"size","value":1}',
        '{"case":"Work/n=1","metric":"size","value":"\\ud800"}',
        '{"case":"Work/n=1","metric":"\\ud800","value":1}',
        '{"case":"Work/n=1","metric":"size","value":"\\u001b[31m"}',
        '{"case":"Work/n=1","metric":"size","value":[[1]]}',
        '{"case":"Work/n=1","metric":"size","value":["1"]}',
        f'{{"case":"Work/n=1","metric":"size","value":[1{"0" * 400}]}}',
        f'{{"case":"Work/n=1","metric":"size","value":{2**64}}}',
        f'{{"case":"Work/n=1","metric":"size","value":{"9" * 5000}}}',
        "[" * 100_000,
        "[" * 500 + "]" * 500,
    ],
)
def test_a_doubtful_fact_is_rubbish(line: str) -> None:
    with pytest.raises(trial.Rubbish):
        list(trial.read_facts(line, "a", CASES))
