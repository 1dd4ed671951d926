"""evidence: a run's folder on disk; written a block at a time, read by every later stage.

A block is one write to trials.jsonl that ends with its `block` line, then fsync. What follows the
last `block` line (a run killed while writing, a full disk) was never measured: readers leave it
out with a warning, and `reopen` cuts it off before a run continues.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimslab import schema
from claimslab.errors import UNFIT, LabError
from claimslab.foreign import load_json, shorten

SCHEMA = 1
RUN, TRIALS = "run.json", "trials.jsonl"


@dataclass(frozen=True)
class Sample:
    """One metric of one case in one trial of an accepted block; `value` is the median batch."""

    topic: str
    subject: str
    case: str
    metric: str
    block: int
    value: float
    batches: tuple[float, ...]
    iterations: tuple[int, ...]
    checksum: int


@dataclass(frozen=True)
class Fact:
    """An exact or counted value; `not_run` gives the reason where there is none."""

    topic: str
    subject: str
    case: str
    metric: str
    value: Any
    not_run: str = ""


@dataclass
class Evidence:
    """Everything needed to judge. Samples and facts are of accepted blocks only."""

    path: Path
    run: dict[str, Any]
    trials: list[dict[str, Any]] = field(default_factory=list)  # every attempt
    blocks: list[dict[str, Any]] = field(default_factory=list)  # every attempt
    samples: list[Sample] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)  # a torn last line, for example
    dropped: list[dict[str, Any]] = field(default_factory=list)  # subjects given up
    planned: int = 0  # blocks of each topic that is timed: the plan's, or as fitted after block 1


def create(results: Path, run: dict[str, Any]) -> Path:
    """Make a folder of its own for a run, named by date and host, and write its run.json there."""
    stem = f"{run['started'][:10]}-{run['host']['name']}"
    schema.check_run({**run, "run": stem}, RUN)
    folder: Path | None = None
    try:
        results.mkdir(parents=True, exist_ok=True)
        folder = own_folder(results, stem)
        run = {**run, "run": folder.name}
        (folder / TRIALS).touch()
        partial = folder / (RUN + ".partial")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(run, file, ensure_ascii=False, allow_nan=False, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        partial.rename(folder / RUN)
        _fsync_folder(folder)
    except BaseException as error:
        if folder is not None:  # a folder without a run would only puzzle
            shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise LabError(f"{results}: cannot keep a run here: {error.strerror}", UNFIT) from error
    return folder


def own_folder(results: Path, stem: str) -> Path:
    """mkdir is exclusive: two runs that start together get two folders."""
    number = 1
    while True:
        folder = results / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def write_json(path: Path, value: Any) -> None:
    """In one step: a reader never sees half a file."""
    partial = path.with_name(path.name + ".partial")
    try:
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise LabError(f"{path}: cannot be written: {error.strerror}", UNFIT) from error


class Writer:
    """Appends blocks to a run that this process alone may write (see lock)."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / TRIALS

    def append(self, lines: Iterable[dict[str, Any]]) -> None:
        """One write and fsync of a whole block; on failure the file is as it was before."""
        lines = list(lines)
        for line in lines:
            schema.check_line(line, "a new line")
        data = b"".join(
            json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
            + b"\n"
            for line in lines
        )
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            size = os.fstat(descriptor).st_size
            try:
                if (written := os.write(descriptor, data)) < len(data):
                    os.write(descriptor, data[written:])  # says why the first write fell short
                    raise OSError(0, "short write")
                os.fsync(descriptor)
            except BaseException as error:
                with contextlib.suppress(OSError):  # else the reader leaves the torn block out
                    os.ftruncate(descriptor, size)
                if isinstance(error, OSError):
                    raise self._unwritable(error) from error
                raise
        finally:
            os.close(descriptor)

    def _unwritable(self, error: OSError) -> LabError:
        run = self.path.parent.name
        return LabError(
            f"{self.path}: {error.strerror}; the blocks before this one are safe, "
            f"`make bench RESUME={run}` goes on from there",
            UNFIT,
        )


def reopen(folder: Path) -> tuple[Evidence, Writer]:
    """A run to continue; what a kill left half written is cut off, which a warning says."""
    evidence, complete = _read(folder)
    path = folder / TRIALS
    try:
        if path.stat().st_size > complete:
            os.truncate(path, complete)
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}", UNFIT) from error
    return evidence, Writer(folder)


def read(path: Path) -> Evidence:
    """Load and check a run's folder; LabError says which line is wrong."""
    return _read(path)[0]


def _read(folder: Path) -> tuple[Evidence, int]:
    """The evidence, and the length in bytes of its complete blocks."""
    evidence = Evidence(path=folder, run=read_run(folder))
    evidence.planned = int(evidence.run["plan"]["blocks"])
    path = folder / TRIALS
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error

    complete = position = 0
    pending: list[dict[str, Any]] = []
    seen: set[tuple[str, int]] = set()
    named = {
        topic["name"]: {subject["name"] for subject in topic["subjects"]}
        for topic in evidence.run["topics"]
    }
    # Not splitlines, which splits elsewhere too: a damaged byte would pass for a torn last line.
    *lines, _torn = data.split(b"\n")
    for number, raw in enumerate(lines, start=1):
        position += len(raw) + 1
        where = f"{path}, line {number}"
        line = _parse_line(raw, where)
        _check_sense(line, named, where)
        pending.append(line)
        if line["kind"] == "block":
            _take_block(evidence, pending, seen, where)
            pending, complete = [], position
    if complete < len(data):
        evidence.warnings.append(
            f"{path.name}: the last block was not written whole and is left out "
            f"({len(data) - complete} bytes)"
        )
    return evidence, complete


def read_run(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    try:
        run = load_json(path.read_bytes())
    except FileNotFoundError as error:
        raise LabError(f"{folder}: no run here ({RUN} is missing)") from error
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise LabError(f"{path}: not JSON, or cut short ({error})") from error
    if not isinstance(run, dict) or "schema" not in run:
        raise LabError(f"{path}: not a run: it has no schema version")
    version = run["schema"]
    if type(version) is not int:
        said = json.dumps(version)[:80]
        raise LabError(f"{path}: schema: wrong type: {said} is no whole number")
    if version != SCHEMA:
        raise LabError(f"{path}: schema version {version}, but this lab reads {SCHEMA}")
    schema.check_run(run, str(path))
    return run


def _parse_line(raw: bytes, where: str) -> dict[str, Any]:
    try:
        line = load_json(raw)
    except ValueError as error:
        raise LabError(f"{where}: not JSON ({error})") from error
    schema.check_line(line, where)
    assert isinstance(line, dict)
    return line


def _check_sense(line: dict[str, Any], named: dict[str, set[str]], where: str) -> None:
    """What no schema can say: whose line it is, and that a sample's value is its median batch."""
    topic, subject = line["topic"], line.get("subject")
    if topic not in named:
        raise LabError(f"{where}: topic: {shorten(topic)} is not in {RUN}")
    if subject is not None and subject not in named[topic]:
        raise LabError(f"{where}: subject: {shorten(subject)} is not in {topic} of {RUN}")
    if line["kind"] == "sample":
        batches, value = line["batches"], line["value"]
        if len(batches) != len(line["iterations"]):
            raise LabError(f"{where}: iterations: not one for each of the {len(batches)} batches")
        if not math.isclose(value, median := statistics.median(batches), rel_tol=1e-9):
            raise LabError(f"{where}: value: {value} is not {median}, the median of its batches")


def _take_block(
    evidence: Evidence, lines: list[dict[str, Any]], seen: set[tuple[str, int]], where: str
) -> None:
    """Add the lines of one whole block; its last line says whether its samples count."""
    block = lines[-1]
    label = f"{block['topic']}, block {block['block']}, attempt {block['attempt']}"
    for line in lines:
        if any(line[key] != block[key] for key in ("topic", "block", "attempt")):
            raise LabError(f"{where}: a line of another block stands among those of {label}")
    if (block["topic"], block["block"]) in seen:
        raise LabError(f"{where}: {label} was already measured and accepted")
    if block["accepted"]:
        seen.add((block["topic"], block["block"]))
    evidence.blocks.append(block)
    for line in lines[:-1]:
        match line["kind"]:
            case "trial":
                evidence.trials.append(line)
            case "dropped":
                evidence.dropped.append(line)
            case "plan":
                evidence.planned = line["blocks"]
            case "sample" if block["accepted"]:
                evidence.samples.append(_sample(line))
            case "fact" if block["accepted"]:
                evidence.facts.append(_fact(line))


def _sample(line: dict[str, Any]) -> Sample:
    return Sample(
        line["topic"], line["subject"], line["case"], line["metric"], line["block"],
        float(line["value"]), tuple(line["batches"]), tuple(line["iterations"]), line["checksum"],
    )  # fmt: skip


def _fact(line: dict[str, Any]) -> Fact:
    return Fact(
        line["topic"], line["subject"], line["case"], line["metric"],
        line.get("value"), line.get("not_run", ""),
    )  # fmt: skip


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
