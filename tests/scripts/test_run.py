"""Run: blocks come in the planned order, and no kill, crash, noise or full disk loses one."""

from __future__ import annotations

import io
import os
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import standin
from claimslab import evidence
from claimslab.errors import OK, UNFIT, LabError
from claimslab.measure import gate, lock, run
from claimslab.measure.live import Live, Screen, duration


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CALM_S", 0.0)
    monkeypatch.setattr(gate, "fitness", lambda: {"fit": True, "notes": []})


def start(
    root: Path, topics: dict[str, dict[str, str]], blocks: int | None = 3, **more: Any
) -> Path:
    return evidence.create(root / "results", standin.document(root, topics, blocks, **more))


def measure(root: Path, folder: Path) -> tuple[int, str]:
    """The status, and what a person sees where stdout is no terminal."""
    text = io.StringIO()
    live = Live(Console(file=text, width=200, highlight=False))
    status = run.measure(root, folder, live, root / "lock")
    return status, text.getvalue()


def status_of(root: Path, folder: Path) -> int:
    return measure(root, folder)[0]


def forked(body: Callable[[], int]) -> int:
    """The pid of a child that runs `body` and exits with what it returns."""
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            status = body()
        finally:
            os._exit(status)
    return pid


def draws(folder: Path) -> list[tuple[Any, ...]]:
    """All that a run's seed decides."""
    keys = ("topic", "block", "attempt", "subject", "order", "padding", "argv0_length", "status")
    return [tuple(line[key] for key in keys) for line in evidence.read(folder).trials]


def running_in(root: Path) -> list[str]:
    """The processes at work in a folder."""

    def there() -> Iterator[str]:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == root:
                    yield process.name
            except OSError:
                continue

    return [pid for pid in there() if pid != str(os.getpid())]


def test_every_subject_has_every_block(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok", "b": "ok", "c": "ok"}, "more": {"a": "ok"}})
    status, text = measure(tmp_path, folder)
    assert status == OK
    found = evidence.read(folder)
    assert len(found.blocks) == 2 + 2 * 3 and all(block["accepted"] for block in found.blocks)
    times = Counter((s.topic, s.subject, s.case) for s in found.samples if s.metric == "ns/op")
    assert len(times) == (3 + 1) * 2 and set(times.values()) == {3}
    assert [fact.value for fact in found.facts] == [[1, 2]] * 4
    orders = {tuple(t["subject"] for t in found.trials if t["topic"] == "toys" and t["block"] == n)
              for n in (1, 2, 3)}  # fmt: skip
    assert len(orders) == 3, "a Latin square: each block another order"
    assert "[8/8]" in text and "measured 6 blocks, 0 rejected" in text
    again, text = measure(tmp_path, folder)
    assert again == OK and len(evidence.read(folder).blocks) == 8, "a whole run has nothing to do"


def test_one_seed_gives_one_run(tmp_path: Path) -> None:
    topics = {"toys": {"a": "ok", "b": "ok"}}
    folders = [start(tmp_path, topics) for _ in range(2)]
    for folder in folders:
        measure(tmp_path, folder)
    assert draws(folders[0]) == draws(folders[1])
    assert len({line[5] for line in draws(folders[0]) if line[1] > 0}) > 1, "paddings differ"


def test_kill_at_fifty_moments_loses_at_most_the_block_under_way(tmp_path: Path) -> None:
    topics = {"toys": {"a": "logged", "b": "logged", "c": "slow"}, "more": {"a": "logged"}}
    folder, undisturbed = (start(tmp_path, topics, blocks=25) for _ in range(2))
    path = folder / evidence.TRIALS
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    kept = b""
    kills = 0
    while kills < 50:
        pid = forked(partial(status_of, tmp_path, folder))
        time.sleep(moments.uniform(0.0, 0.25))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        kills += 1
        found = evidence.read(folder)  # never an error, whatever was cut
        whole, complete = path.read_bytes(), evidence.reopen(folder)[0]
        assert whole.startswith(kept), "what was there stays there"
        assert len(complete.blocks) == len(found.blocks)
        kept = path.read_bytes()
        if os.WIFEXITED(status):  # done before its end: start on a new run
            assert os.WEXITSTATUS(status) == OK
            folder = start(tmp_path, topics, blocks=25)
            path, kept = folder / evidence.TRIALS, b""
            (tmp_path / "log").unlink()
    status, text = measure(tmp_path, folder)
    assert status == OK, text
    time.sleep(0.05)
    assert not running_in(tmp_path), "no trial outlives its lab"

    found = evidence.read(folder)
    counts = Counter((block["topic"], block["block"]) for block in found.blocks)
    assert set(counts.values()) == {1}, "no block twice"
    assert len(counts) == 2 * 26
    started = len((tmp_path / "log").read_text().split())
    recorded = sum(t["subject"] != "c" and t["block"] > 0 for t in found.trials)
    assert recorded <= started <= recorded + 2 * kills, "at most one block measured again a kill"
    (tmp_path / "log").unlink()
    measure(tmp_path, undisturbed)
    assert draws(folder) == draws(undisturbed)
    assert len(found.samples) == len(evidence.read(undisturbed).samples)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_ends_after_the_block_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    folder = start(tmp_path, {"toys": {"a": "slower", "b": "ok"}}, blocks=4)
    output = tmp_path / "output"

    def body() -> int:
        status, text = measure(tmp_path, folder)
        output.write_text(text)
        return status

    pid = forked(body)
    while len(evidence.read(folder).blocks) < 2:
        time.sleep(0.01)
    time.sleep(0.1)  # now the next block is under way
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == UNFIT
    found = evidence.read(folder)
    assert len(found.blocks) == 3 and not found.warnings, "the block under way was finished"
    assert "stopping after this block" in output.read_text()
    assert f"2 blocks to go; continue with `make bench RESUME={folder.name}`" in output.read_text()
    assert measure(tmp_path, folder)[0] == OK
    assert len(evidence.read(folder).blocks) == 5


def test_a_second_stop_ends_at_once(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "hang"}})
    pid = forked(lambda: measure(tmp_path, folder)[0])
    while not evidence.read(folder).blocks:
        time.sleep(0.01)
    time.sleep(0.2)
    began = time.monotonic()
    for _ in range(2):
        os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == UNFIT and time.monotonic() - began < 2
    assert len(evidence.read(folder).blocks) == 1
    assert not running_in(tmp_path)


def test_more_stops_than_two_cost_neither_the_summary_nor_the_report(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "hang"}})
    report = tmp_path / "report"

    def body() -> int:
        status, text = measure(tmp_path, folder)
        time.sleep(0.3)  # judging and reporting
        report.write_text(text)
        return status

    pid = forked(body)
    while not evidence.read(folder).blocks:
        time.sleep(0.01)
    time.sleep(0.2)
    for _ in range(5):
        os.kill(pid, signal.SIGINT)
        time.sleep(0.03)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == UNFIT
    assert "stopped with 3 blocks to go; continue with `make bench RESUME=" in report.read_text()
    assert not running_in(tmp_path)


def test_a_run_that_was_not_stopped_gives_the_signals_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in run.Stop.SIGNALS]
    measure(tmp_path, start(tmp_path, {"toys": {"a": "ok"}}, blocks=1))
    assert [signal.getsignal(number) for number in run.Stop.SIGNALS] == before


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("where", ["closed pipe", "full disk"])
def test_a_view_that_is_lost_stops_no_measurement(
    tmp_path: Path, where: str, terminal: bool
) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok", "b": "fail"}})
    if where == "closed pipe":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open("/dev/full", os.O_WRONLY)
    file = os.fdopen(writing, "w")
    live = Live(Screen(file=file, force_terminal=terminal, width=120))
    assert run.measure(tmp_path, folder, live, tmp_path / "lock") == OK
    assert len(evidence.read(folder).blocks) == 4 and live.lost
    with pytest.raises(OSError):
        file.close()


def test_one_block_is_not_blocks(tmp_path: Path) -> None:
    _, text = measure(tmp_path, start(tmp_path, {"toys": {"a": "ok"}}, blocks=1))
    assert "measured 1 block, 0 rejected" in text


def test_a_bad_subject_is_recorded_given_up_and_costs_the_others_nothing(tmp_path: Path) -> None:
    bad = {"crash": "crash", "fail": "fail", "rubbish": "rubbish"}
    folder = start(tmp_path, {"toys": {"a": "ok", **bad}}, blocks=5)
    status, text = measure(tmp_path, folder)
    assert status == OK
    found = evidence.read(folder)
    assert {sample.subject for sample in found.samples} == {"a"}
    assert len({sample.block for sample in found.samples}) == 5
    for name, word in (("crash", "crashed"), ("fail", "failed"), ("rubbish", "rubbish")):
        trials = [t for t in found.trials if t["subject"] == name and t["block"] > 0]
        assert [t["status"] for t in trials] == [word] * 3, "given up after three"
        assert f"warning: toys: {name}: block 1: {word}" in text
    assert {line["subject"] for line in found.dropped} == set(bad)
    assert "crash: given up: 3 blocks in a row, last crashed: killed by SIGSEGV" in text
    crashed = next(t for t in found.trials if t["status"] == "crashed")
    assert crashed["signal"] == 11 and "before the end" in crashed["output_tail"]


def test_a_hang_is_timed_out(tmp_path: Path) -> None:
    document = standin.document(tmp_path, {"toys": {"a": "ok", "b": "hang"}}, blocks=1)
    document["plan"]["trial_timeout_s"] = 0.3
    folder = evidence.create(tmp_path / "results", document)
    status, text = measure(tmp_path, folder)
    assert status == OK and "timeout: still ran after 0.3 s" in text


def test_all_subjects_gone_ends_the_topic(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "fail"}}, blocks=9)
    measure(tmp_path, folder)
    assert len(evidence.read(folder).blocks) == 1 + 3


def test_different_checksums_are_said_early(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok", "b": "wrong sum"}})
    _, text = measure(tmp_path, folder)
    assert "subjects of Work/n=1 return different checksums (a 45, b 46)" in text


def test_a_rejected_block_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noisy(line: Any, *_: Any) -> list[str]:
        return ["too loud"] if (line["block"], line["attempt"]) in ((2, 1), (2, 2)) else []

    monkeypatch.setattr(gate, "objections", noisy)
    folder = start(tmp_path, {"toys": {"a": "ok", "b": "ok"}}, blocks=5)
    status, text = measure(tmp_path, folder)
    found = evidence.read(folder)
    timed = [(b["block"], b["attempt"], b["accepted"]) for b in found.blocks if b["block"]]
    expected = [(1, 1, True), (2, 1, False), (2, 2, False), (2, 3, True), (3, 1, True)]
    assert timed == [*expected, (4, 1, True), (5, 1, True)]
    assert {sample.block for sample in found.samples} == {1, 2, 3, 4, 5}
    paddings = {t["attempt"]: t["padding"] for t in found.trials if t["block"] == 2}
    assert len(set(paddings.values())) > 1, "another attempt draws another padding"
    assert "toys, block 2 rejected: " in text and "too loud (and 1 more)" in text
    assert status == OK and "2 rejected" in text


def test_a_noisy_machine_makes_the_run_invalid_and_still_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "objections", lambda *_: ["too loud"])
    folder = start(tmp_path, {"toys": {"a": "ok"}}, blocks=6)
    status, text = measure(tmp_path, folder)
    found = evidence.read(folder)
    assert status == UNFIT and "invalid: " in text and "6 given up" in text
    assert not found.samples and len(found.blocks) < 1 + 6 * 3
    monkeypatch.setattr(gate, "objections", lambda *_: [])
    measure(tmp_path, folder)
    assert len({sample.block for sample in evidence.read(folder).samples}) == 6


def test_the_budget_decides_how_many_blocks(tmp_path: Path) -> None:
    topics = {"toys": {"a": "slower"}}
    for budget, most in ((1.0, 3), (4.0, 12)):
        folder = start(tmp_path, topics, blocks=None, budget_s=budget)
        _, text = measure(tmp_path, folder)
        found = evidence.read(folder)
        assert 2 <= found.planned <= most, text
        assert len({sample.block for sample in found.samples}) == found.planned
        assert ("most timed verdicts will be unclear" in text) == (found.planned < 10)


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok", "b": "ok"}}, blocks=4)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        with pytest.raises(LabError, match="RESUME=") as caught:
            measure(tmp_path, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.status == UNFIT
    before = evidence.read(folder)
    assert before.blocks and not before.warnings
    assert measure(tmp_path, folder)[0] == OK
    assert evidence.read(folder).blocks[: len(before.blocks)] == before.blocks


def test_a_torn_block_is_said_and_measured_again(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok"}})
    measure(tmp_path, folder)
    path = folder / evidence.TRIALS
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    status, text = measure(tmp_path, folder)
    assert status == OK and "note: trials.jsonl: the last block was not written whole" in text
    assert len(evidence.read(folder).blocks) == 4
    assert path.read_bytes().count(b"\n") == whole.count(b"\n")


def test_a_terminal_shows_progress(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok", "b": "fail"}})
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120)
    assert run.measure(tmp_path, folder, Live(console), tmp_path / "lock") == OK
    seen = text.getvalue()
    assert "toys block 3" in seen and "4/4" in seen and "0 rejected" in seen and "left" in seen
    assert "5/4" not in seen and "\x1b[?25h" in seen, "the cursor is given back"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_one_lab_at_a_time(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok"}})
    with lock.held("other", tmp_path / "lock"), pytest.raises(LabError, match="run other"):
        measure(tmp_path, folder)
    assert not evidence.read(folder).blocks
    document = standin.document(tmp_path, {"toys": {"a": "ok"}})
    with lock.held("other", tmp_path / "lock"), pytest.raises(LabError, match="run other"):
        run.create(tmp_path / "new", document, tmp_path / "lock")
    assert not (tmp_path / "new").exists()
    assert run.create(tmp_path / "new", document, tmp_path / "lock").is_dir()


def test_a_rebuilt_program_or_another_machine_cannot_join(tmp_path: Path) -> None:
    folder = start(tmp_path, {"toys": {"a": "ok"}})
    standin.repository(tmp_path, {"toys": {"a": "slow"}})
    with pytest.raises(LabError, match="rebuilt since"):
        measure(tmp_path, folder)
    document = standin.document(tmp_path, {"toys": {"a": "ok"}})
    document["host"]["cores"] += 1
    with pytest.raises(LabError, match="another machine"):
        measure(tmp_path, evidence.create(tmp_path / "results", document))


def test_another_malloc_of_the_same_name_cannot_join(tmp_path: Path) -> None:
    document = standin.document(tmp_path, {"toys": {"a": "ok"}})
    library = tmp_path / "libmine.so"
    library.write_text("new")
    subject = document["topics"][0]["subjects"][0]
    subject["build"]["malloc"] = {"file": "libmine.so", "version": "", "sha256": "of the old one"}
    with pytest.raises(LabError, match=r"libmine\.so was rebuilt since"):
        measure(tmp_path, evidence.create(tmp_path / "results", document))


def test_facts_that_cannot_be_had_say_why(tmp_path: Path) -> None:
    document = standin.document(tmp_path, {"toys": {"a": "ok"}}, blocks=1)
    subject = document["topics"][0]["subjects"][0]
    subject["facts"].append(["Size", "colour"])
    subject["counted"] = ["Work/n=1"]
    folder = evidence.create(tmp_path / "results", document)
    measure(tmp_path, folder)
    facts = {fact.metric: fact for fact in evidence.read(folder).facts}
    assert facts["size"].value == [1, 2]
    assert facts["colour"].not_run == "its program printed no such fact"
    assert facts["ir/op"].not_run or facts["ir/op"].value >= 0
