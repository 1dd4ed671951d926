"""Evidence: a block is there whole or not at all, and every bad file gets one clear line."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import standin
from claimslab import evidence, schema
from claimslab.errors import UNFIT, USAGE, LabError

KEY = {"attempt": 1, "topic": "toys"}


def block_lines(number: int, accepted: bool = True) -> list[dict[str, Any]]:
    key = {"block": number, **KEY}
    sample = {"case": "Work/n=1", "metric": "ns/op", "value": 2.0, "batches": [1.0, 2.0, 3.0]}
    return [
        {"kind": "sample", **key, "subject": "a", **sample, "iterations": [9] * 3, "checksum": 4},
        {
            "kind": "block", **key, "accepted": accepted, "reasons": [] if accepted else ["noise"],
            "started": "2026-11-24T17:30:00Z", "wall_s": 0.5,
        },
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = standin.document(tmp_path, {"toys": {"a": "ok"}})
    return evidence.create(tmp_path / "results", run)


def complaint(call: Any, *arguments: Any) -> LabError:
    with pytest.raises(LabError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value


def test_reads_what_was_written_and_uses_accepted_blocks_only(folder: Path) -> None:
    writer = evidence.Writer(folder)
    writer.append(block_lines(1))
    writer.append(block_lines(2, accepted=False))
    found = evidence.read(folder)
    assert [sample.block for sample in found.samples] == [1]
    assert found.samples[0].batches == (1.0, 2.0, 3.0)
    assert [block["accepted"] for block in found.blocks] == [True, False]
    assert found.planned == 3 and not found.warnings


def test_runs_never_share_a_folder(tmp_path: Path) -> None:
    run = standin.document(tmp_path, {"toys": {"a": "ok"}})
    folders = [evidence.create(tmp_path / "results", run) for _ in range(3)]
    assert len(set(folders)) == 3 and folders[1].name == folders[0].name + "-2"
    assert evidence.read(folders[2]).run["run"] == folders[2].name


def test_every_cut_of_the_file_resumes_at_a_whole_block(folder: Path) -> None:
    writer = evidence.Writer(folder)
    path = folder / evidence.TRIALS
    ends = [0]
    for number in (1, 2):
        writer.append(block_lines(number))
        ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        blocks = sum(cut >= end for end in ends[1:])
        read = evidence.read(folder)
        assert len(read.blocks) == len(read.samples) == blocks
        assert bool(read.warnings) == (cut not in ends)
        assert path.stat().st_size == cut, "reading changes nothing"
        evidence.reopen(folder)
        assert path.stat().st_size == ends[blocks]
        assert not evidence.read(folder).warnings


def test_a_full_disk_leaves_what_was_there(folder: Path) -> None:
    writer = evidence.Writer(folder)
    writer.append(block_lines(1))
    before = (folder / evidence.TRIALS).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        error = complaint(writer.append, block_lines(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.status == UNFIT and f"RESUME={folder.name}" in str(error)
    assert (folder / evidence.TRIALS).read_bytes() == before


def test_an_unwritable_place_is_named(folder: Path) -> None:
    (folder / evidence.TRIALS).unlink()
    (folder / evidence.TRIALS).mkdir()
    assert complaint(evidence.Writer(folder).append, block_lines(1)).status == UNFIT
    results = folder.parent
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        assert complaint(evidence.create, results, evidence.read_run(folder)).status == UNFIT
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [*results.iterdir()] == [folder], "nothing half made stays"
    blocker = folder / "file"
    blocker.touch()
    run = evidence.read_run(folder)
    assert complaint(evidence.create, blocker / "results", run).status == UNFIT


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: (f / "run.json").unlink(), "no run here"),
        (lambda f: (f / "trials.jsonl").unlink(), "trials.jsonl: No such file"),
        (lambda f: (f / "run.json").write_text('{"schema": 1, "run'), "cut short"),
        (lambda f: (f / "run.json").write_text("[]"), "no schema version"),
        (lambda f: (f / "run.json").write_text('{"schema": 2}'), "schema version 2"),
        (lambda f: (f / "run.json").write_text('{"schema": 1}'), "required property"),
        (lambda f: (f / "run.json").write_bytes(b"\xff\xfe"), "not JSON"),
        (lambda f: (f / "trials.jsonl").write_text("{}\n"), "line 1: no line of evidence"),
        (lambda f: (f / "trials.jsonl").write_text("\n"), "line 1: not JSON"),
        (lambda f: (f / "trials.jsonl").write_bytes(b"\xff\n"), "line 1: not JSON"),
        (lambda f: (f / "trials.jsonl").write_text("[" * 100_000 + "\n"), "line 1: not JSON"),
        (lambda f: (f / "run.json").write_text("[" * 100_000), "not JSON"),
        (lambda f: (f / "run.json").write_text('{"schema": "1"}'), 'wrong type: "1"'),
        (lambda f: (f / "run.json").write_text('{"schema": true}'), "wrong type: true"),
    ],
)
def test_bad_files_get_one_line(folder: Path, spoil: Any, says: str) -> None:
    spoil(folder)
    error = complaint(evidence.read, folder)
    assert says in str(error) and error.status == USAGE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": "fast"}, "line 1: value: 'fast'"),
        ({"extra": 1}, "line 1: .*extra"),
        ({"block": 7}, "line 2: a line of another block"),
        ({"topic": "tools"}, "line 1: topic: 'tools' is not in run.json"),
        ({"subject": "c"}, "line 1: subject: 'c' is not in toys of run.json"),
        ({"value": 2.1}, "line 1: value: 2.1 is not 2.0, the median of its batches"),
        ({"value": 10**400}, "line 1: not JSON .*more than 64 bits"),
        ({"iterations": [9]}, "line 1: iterations: not one for each of the 3 batches"),
        ({"iterations": [9, 0, 9]}, "line 1: iterations/1: 0 "),
        ({"checksum": 2**32}, "line 1: checksum: 4294967296 "),
        ({"case": "\ud800"}, "line 1: not JSON .*surrogate"),
    ],
)
def test_bad_lines_are_named(folder: Path, change: dict[str, Any], says: str) -> None:
    lines = block_lines(1)
    lines[0] |= change
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / evidence.TRIALS).write_text(text)
    with pytest.raises(LabError, match=says):
        evidence.read(folder)


def test_a_value_may_be_rounded_in_its_last_digits(folder: Path) -> None:
    lines = block_lines(1)
    lines[0]["value"] = 2.000000001
    evidence.Writer(folder).append(lines)
    assert evidence.read(folder).samples


@pytest.mark.parametrize("place", ["inside a line", "after a line", "between two keys"])
def test_a_damaged_byte_is_no_torn_end(folder: Path, place: str) -> None:
    writer = evidence.Writer(folder)
    for number in (1, 2, 3):
        writer.append(block_lines(number))
    path = folder / evidence.TRIALS
    whole = path.read_bytes()
    at = {"inside a line": b"toys", "after a line": b"\n", "between two keys": b","}[place]
    position = whole.index(at, whole.index(b"\n") + 1)
    path.write_bytes(whole[:position] + b"\r" + whole[position + 1 :])
    damaged = path.read_bytes()
    for reader in (evidence.read, evidence.reopen):
        error = complaint(reader, folder)
        assert "line 2: not JSON" in str(error) and error.status == USAGE
        assert path.read_bytes() == damaged


RATIO = {"kind": "ratio", "over_subject": "a", "low": 0.5, "high": 2.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"metric": 5}, "topics/0/claims/0/metric: 5 is not of type 'string'"),
        ({"cases": "Work"}, "topics/0/claims/0/cases: 'Work' is not of type 'array'"),
        ({"margin": "5%"}, "topics/0/claims/0/margin: '5%'"),
        ({"colour": 1}, "topics/0/claims/0: .*'colour'"),
        ({"rule": {"kind": "guess"}}, "topics/0/claims/0/rule/kind: 'guess' is not one of"),
        ({"rule": {}}, "topics/0/claims/0/rule: 'kind' is a required property"),
        ({"rule": RATIO | {"low": 3}}, "topics/0/claims/0/rule: low 3 is above high 2.0"),
        ({"rule": RATIO | {"low": "3"}}, "topics/0/claims/0/rule/low: '3'"),
        ({"rule": {"kind": "ratio", "low": 1}}, "topics/0/claims/0/rule: 'over_case' is a requ"),
        ({"rule": RATIO | {"over_case": "Work"}}, "topics/0/claims/0/rule"),
        ({"rule": {"kind": "value", "equals": [1]}}, "topics/0/claims/0/rule/equals: "),
        ({"rule": {"kind": "sequence", "factor": [1, 2]}}, "topics/0/claims/0/rule: 'from'"),
        ({"rule": {"kind": "sequence", "equals": ["1"]}}, "topics/0/claims/0/rule/equals/0: '1'"),
        ({"rule": {"kind": "growth"}}, "topics/0/claims/0/rule: 'by' is a required property"),
        ({"rule": {"kind": "holds", "low": 1}}, "topics/0/claims/0/rule: .*'low'"),
    ],
)
def test_a_bad_claim_of_a_run_is_named(folder: Path, change: dict[str, Any], says: str) -> None:
    path = folder / evidence.RUN
    run = json.loads(path.read_text())
    run["topics"][0]["claims"][0] |= change
    path.write_text(json.dumps(run))
    with pytest.raises(LabError, match=says) as caught:
        evidence.read(folder)
    assert "\n" not in str(caught.value) and caught.value.status == USAGE


def test_a_name_is_there_once(folder: Path) -> None:
    path = folder / evidence.RUN
    run = json.loads(path.read_text())
    run["topics"] *= 2
    path.write_text(json.dumps(run))
    assert "topics/1/name: toys is there twice" in str(complaint(evidence.read, folder))


def test_a_run_that_is_none_leaves_no_folder(tmp_path: Path) -> None:
    run = standin.document(tmp_path, {"toys": {"a": "ok"}})
    for spoiled in ({"seed": -5}, {"budget_s": float("inf")}, {"mode": "fast"}):
        with pytest.raises((LabError, ValueError)):
            evidence.create(tmp_path / "results", run | spoiled)
        assert not [*tmp_path.glob("results/*")]


def test_the_documented_examples_are_valid(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/formats.md").read_text()
    blocks = [part.partition("```")[0] for part in text.split("```json\n")[1:]]
    run = json.loads(blocks[0])
    folder = evidence.create(tmp_path, run)
    lines = [json.loads(line) for line in blocks[1].splitlines()]
    assert {line["kind"] for line in lines} == {
        "trial", "sample", "fact", "dropped", "plan", "block",
    }  # fmt: skip
    for line in lines:
        end = {**lines[-1], **{key: line[key] for key in ("topic", "block", "attempt")}}
        (folder / evidence.TRIALS).write_text(json.dumps(line) + "\n" + json.dumps(end) + "\n")
        if line["kind"] != "block":
            evidence.read(folder)


@given(
    st.sampled_from([*block_lines(1)[0], "more"]),
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(), st.text(max_size=3),
              st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=1)), max_size=2)),
)  # fmt: skip
def test_the_fast_check_passes_nothing_that_the_schema_would_not(key: str, value: Any) -> None:
    line = block_lines(1)[0] | {key: value}
    if schema.is_plain_sample(line):
        assert not [*schema.validator("trials", "sample").iter_errors(line)]


def test_a_block_counts_once(folder: Path) -> None:
    writer = evidence.Writer(folder)
    writer.append(block_lines(1))
    writer.append(block_lines(1))
    assert "already measured" in str(complaint(evidence.read, folder))
