"""programs: which subjects there are, by asking the built programs themselves (docs/formats.md)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimslab.claims import Topic
from claimslab.claims.vocabulary import TAILS
from claimslab.errors import LabError
from claimslab.foreign import clean, clean_all, load_json, shorten
from claimslab.measure import process, trial

GO_VERSIONS = ("1.17", "1.23", "1.26")  # named even where no peer could be built
ASK_TIMEOUT_S = 30.0
SUBJECT = re.compile(r"[A-Za-z0-9@/._+:-]+")
CASE = re.compile(r"(?!.*-\d+$)[^\s,]+")


@dataclass
class Subject:
    """Who is measured, and all that its program can time or say of it."""

    name: str
    kind: str  # cpp or go
    topic: str
    command: list[str] = field(default_factory=list)  # relative to the repository's root
    build: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""  # of the program, so that a resumed run notices a rebuilt one
    timed: list[str] = field(default_factory=list)
    tails: dict[str, list[str]] = field(default_factory=dict)  # timed case -> metrics beside ns/op
    facts: list[tuple[str, str]] = field(default_factory=list)  # (case, metric)
    not_run: str = ""


def find(root: Path, build_dir: Path, topics: Iterable[Topic]) -> list[Subject]:
    """Every subject of the topics. `build_dir` holds bin/<topic>; Go peers stand beside it.

    A C++ program that is missing or prints rubbish is a LabError; a Go peer only is `not_run`.
    """
    found: list[Subject] = []
    for topic in topics:
        room = root / "experiments" / topic.name
        if any(room.glob("*.cpp")):
            found += cpp_subjects(root, build_dir / "bin" / topic.name, topic.name)
        if (room / "go").is_dir():
            found += go_subjects(root, build_dir, topic.name)
    return found


def cpp_subjects(root: Path, program: Path, topic: str) -> list[Subject]:
    if not program.is_file():
        raise LabError(f"{relative(program, root)} is missing; run `make build`")
    command = [relative(program, root)]
    listed = ask(root, command, "--list")
    build = parse_build(ask(root, command, "--build"), f"{command[0]} --build")
    mallocs = build.pop("mallocs", {})
    digest = sha256(program)
    subjects: dict[str, Subject] = {}
    absent: dict[str, str] = {}
    for entry in parse_list(listed, f"{command[0]} --list"):
        name = entry.get("subject")
        if not isinstance(name, str) or not SUBJECT.fullmatch(name):
            raise LabError(f"{command[0]} --list: no subject's name: {shorten(str(name))}")
        if name not in subjects:
            own = build_with(root, build, mallocs.get(name))
            subjects[name] = Subject(name, "cpp", topic, command, own, digest)
        if "not_run" in entry:
            absent[name] = str(entry["not_run"])
        else:
            add(subjects[name], entry)
    if not subjects:
        raise LabError(f"{command[0]} --list: printed no subject")
    gone = {name: Subject(name, "cpp", topic, not_run=why) for name, why in absent.items()}
    return list({**subjects, **gone}.values())


def build_with(root: Path, build: dict[str, Any], malloc: Any) -> dict[str, Any]:
    """How a subject was built, and which file its malloc is, if it has one of its own."""
    if not isinstance(malloc, dict) or not isinstance(malloc.get("file"), str):
        return build
    file = Path(malloc["file"])
    return {**build, "malloc": {**malloc, "file": relative(file, root), "sha256": sha256(file)}}


def go_subjects(root: Path, build_dir: Path, topic: str) -> list[Subject]:
    """One subject a Go version; without peers the usual versions, each with the reason."""
    built = [peer for peer in read_peers(build_dir) if peer.topic == topic]
    if not built:
        reason = "its Go peers are not built; run `make build`"
        return [Subject(f"go@{v}", "go", topic, not_run=reason) for v in GO_VERSIONS]
    subjects = []
    for peer in built:
        subject = Subject(f"go@{peer.version}", "go", topic, not_run=clean(peer.not_run))
        subjects.append(subject)
        if subject.not_run:
            continue
        program = root / peer.program
        subject.command = [relative(program, root)]
        try:
            if not program.is_file():
                raise LabError(f"{subject.command[0]} is missing; run `make build`")
            listed = ask(root, subject.command, "-lab.list")
            built_by = ask(root, subject.command, "-lab.build")
            subject.build = parse_build(built_by, f"{subject.command[0]} -lab.build")
            subject.sha256 = sha256(program)
            for entry in parse_list(listed, f"{subject.command[0]} -lab.list"):
                add(subject, entry)
        except LabError as error:
            subjects[-1] = Subject(subject.name, "go", topic, not_run=str(error))
    return subjects


def read_peers(build_dir: Path) -> list[Any]:
    """The peers that `make build` made, in build_dir or beside it (build/go serves all presets)."""
    from claimslab.measure import peers

    for folder in (build_dir, build_dir.parent):
        if (folder / "go" / "peers.json").is_file():
            return list(peers.read(folder))
    return []


def ask(root: Path, command: list[str], flag: str) -> str:
    """What a program prints for a flag; LabError in one line if it does not end well."""
    where = f"{command[0]} {flag}"
    try:
        ended = process.run(
            [str(root / command[0]), *command[1:], flag], cwd=root, timeout_s=ASK_TIMEOUT_S
        )
    except OSError as error:
        raise LabError(f"{where}: cannot be started: {error.strerror}") from error
    status, reason = trial.judge_end(ended, ASK_TIMEOUT_S)
    if status != "ok":
        raise LabError(f"{where}: {reason}")
    return ended.stdout


def parse_list(text: str, where: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if not line.strip() or line.strip() == "PASS":
            continue
        try:
            entry = load_json(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            raise LabError(f"{where}: printed a line that is no JSON object: {shorten(line)}")
        if isinstance(entry.get("not_run"), str) and entry["not_run"]:
            yield entry
            continue
        case, timed = entry.get("case"), entry.get("timed")
        if not isinstance(case, str) or not CASE.fullmatch(case) or not case.isprintable():
            raise LabError(f"{where}: no case's name: {shorten(str(case))}")
        if not isinstance(timed, bool):
            raise LabError(f"{where}: {case}: `timed` must be true or false")
        metric = entry.get("metric")
        if not timed and not (isinstance(metric, str) and metric and metric.isprintable()):
            raise LabError(f"{where}: {case}: a fact without its `metric`")
        more = entry.get("metrics", [])
        if more and not (timed and isinstance(more, list) and all(map(is_tail, more))):
            known = ", ".join(TAILS)
            raise LabError(f"{where}: {case}: `metrics` are some of {known}, of a timed case")
        yield entry


def is_tail(metric: Any) -> bool:
    return isinstance(metric, str) and metric in TAILS


def parse_build(text: str, where: str) -> dict[str, Any]:
    try:
        build = clean_all(load_json(text.strip().removesuffix("PASS")))
    except ValueError:
        build = None
    if not isinstance(build, dict):
        raise LabError(f"{where}: did not print one JSON object: {shorten(text)}")
    return build


def add(subject: Subject, entry: dict[str, Any]) -> None:
    if entry["timed"]:
        if entry["case"] not in subject.timed:
            subject.timed.append(entry["case"])
        if entry.get("metrics"):
            subject.tails[entry["case"]] = entry["metrics"]
    elif (entry["case"], entry["metric"]) not in subject.facts:
        subject.facts.append((entry["case"], entry["metric"]))


def sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error


def relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
