"""trial: one process of one subject, and the reading of what it prints.

Both kinds of program print the Go benchmark format, so one reader serves both (docs/formats.md).
The reader is strict: a line that belongs to no known form, an unknown case or a missing one makes
the whole output rubbish, since a number whose origin is in doubt is worse than none.
"""

from __future__ import annotations

import math
import re
import signal
import statistics
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimslab import foreign
from claimslab.foreign import clean, shorten
from claimslab.measure import process
from claimslab.measure.gate import Reading, Watch
from claimslab.measure.process import Ended

MOST_CHECKSUM = 2**32 - 1
MOST_ITERATIONS = 2**63 - 1  # what Go counts in
MOST_ARGV0 = 255  # argv[0] grows by up to this many bytes; like the padding it moves the stack

_result = re.compile(r"Benchmark(\S+?)(?:-\d+)?\s+(\d+)\s+(\S.*)", re.ASCII)
_number = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_config = re.compile(r"[a-z][^\sA-Z:]*:(?:\s.*)?")  # goos: linux, as the Go format defines it


class Rubbish(Exception):
    """Output that is not in the format, and why."""


@dataclass
class Series:
    """One metric of one case: a value and a number of operations for each batch."""

    case: str
    metric: str
    batches: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    checksum: int = 0


@dataclass(frozen=True)
class Trial:
    """What came of one process. `status` is ok, crashed, timeout, rubbish or failed."""

    status: str
    reason: str  # one line, empty when ok
    ended: Ended | None
    reading: Reading
    series: list[Series] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)


def sample_arguments(
    kind: str, subject: str, cases: Iterable[str], batches: int, batch_ms: float
) -> list[str]:
    """The command-line arguments that ask either kind of program for samples."""
    listed = ",".join(cases)
    if kind == "go":
        return [
            "-test.run=^$", "-test.bench=.", "-test.benchmem", f"-test.count={batches}",
            f"-test.benchtime={batch_ms:g}ms", f"-lab.cases={listed}",
        ]  # fmt: skip
    return [
        "--lab", f"--subject={subject}", f"--cases={listed}", f"--batches={batches}",
        f"--batch-ms={batch_ms:g}",
    ]  # fmt: skip


def fact_arguments(kind: str, subject: str, cases: Iterable[str]) -> list[str]:
    listed = ",".join(dict.fromkeys(cases))
    if kind == "go":
        return ["-lab.facts", f"-lab.cases={listed}"]
    return [f"--subject={subject}", "--facts", f"--cases={listed}"]


def run(
    root: Path,
    command: list[str],
    arguments: list[str],
    *,
    timeout_s: float,
    padding: int = 0,
    argv0_extra: int = 0,
) -> Trial:
    """Run one process between two readings of the machine; its output is not read yet."""
    program = str(root / command[0])
    watch = Watch()
    try:
        ended = process.run(
            [program, *command[1:], *arguments],
            cwd=root,
            timeout_s=timeout_s,
            argv0=command[0] + "_" * argv0_extra,
            env=process.environment(padding),
        )
    except OSError as error:
        reading = watch.read(0.0)
        return Trial("failed", f"cannot be started: {error.strerror}", None, reading)
    reading = watch.read(ended.cpu_s)
    status, reason = judge_end(ended, timeout_s)
    return Trial(status, reason, ended, reading)


def judge_end(ended: Ended, timeout_s: float) -> tuple[str, str]:
    """The status that the process's end alone decides, and the reason in words."""
    if ended.timed_out:
        return "timeout", f"still ran after {timeout_s:g} s"
    if ended.signal is not None:
        return "crashed", f"killed by {signal_name(ended.signal)}"
    if ended.exit:
        last = (ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1:]
        said = f": {clean(last[0][:200])}" if last else ""
        return "failed", f"exit status {ended.exit}{said}"
    if ended.too_long:
        return "rubbish", f"printed more than {process.READ_LIMIT >> 20} MB"
    return "ok", ""


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def with_samples(trial: Trial, subject: str, cases: Collection[str], batches: int) -> Trial:
    """The trial with the samples that it printed; rubbish output becomes its status."""
    if trial.status != "ok" or trial.ended is None:
        return trial
    try:
        series = read_samples(trial.ended.stdout, subject, cases, batches)
    except Rubbish as rubbish:
        return Trial("rubbish", str(rubbish), trial.ended, trial.reading)
    return Trial("ok", "", trial.ended, trial.reading, series=series)


def with_facts(trial: Trial, subject: str, cases: Collection[str]) -> Trial:
    """The trial with the facts that it printed; rubbish output becomes its status."""
    if trial.status != "ok" or trial.ended is None:
        return trial
    try:
        facts = list(read_facts(trial.ended.stdout, subject, cases))
    except Rubbish as rubbish:
        return Trial("rubbish", str(rubbish), trial.ended, trial.reading)
    return Trial("ok", "", trial.ended, trial.reading, facts=facts)


def read_samples(
    text: str, subject: str, cases: Collection[str], batches: int | None = None
) -> list[Series]:
    """`BenchmarkCase/key=value-2  1000  115.0 ns/op  45 checksum` -> a Series a metric.

    Raises Rubbish for a line in no known form, another subject, an unknown or a missing case,
    a number that is not finite, a batch without its checksum or with another one than the batch
    before, and for more or fewer than `batches` lines of a case, where that is given.
    """
    found: dict[tuple[str, str], Series] = {}
    checksums: dict[str, int] = {}
    for line in text.splitlines():
        if match := _result.fullmatch(line.rstrip()):
            case, iterations = match[1], _iterations(match[2])
            if case not in cases:
                raise Rubbish(f"printed a case it was not asked for: {shorten(case)}")
            metrics = _metrics(match[3], line)
            checksum = _checksum(metrics.pop("checksum", None), case)
            if (first := checksums.setdefault(case, checksum)) != checksum:
                raise Rubbish(f"two checksums of {case}: {first} and {checksum}")
            for metric, value in metrics.items():
                series = found.setdefault((case, metric), Series(case, metric, checksum=checksum))
                series.batches.append(value)
                series.iterations.append(iterations)
        elif line.startswith("subject:"):
            if line.removeprefix("subject:").strip() != subject:
                raise Rubbish(f"printed another subject: {shorten(line)}")
        elif not _is_chatter(line):
            raise Rubbish(f"printed a line in no known form: {shorten(line)}")
    for case in cases:
        if case not in checksums:
            raise Rubbish(f"printed nothing of {case}")
        if (case, "ns/op") not in found:
            raise Rubbish(f"printed no ns/op of {case}")
    for (case, metric), series in found.items():
        if batches is not None and len(series.batches) != batches:
            count, unit = len(series.batches), metric[:80]
            raise Rubbish(f"{unit} of {case} in {count} batches, not the {batches} asked for")
    return list(found.values())


def _iterations(text: str) -> int:
    count = int(text) if len(text) < 20 else 0  # int() refuses thousands of digits its own way
    if not 1 <= count <= MOST_ITERATIONS:
        raise Rubbish(f"no number of iterations: {shorten(text)}")
    return count


def _checksum(value: float | None, case: str) -> int:
    if value is None or not 0 <= value <= MOST_CHECKSUM or value != int(value):
        raise Rubbish(f"no checksum in a line of {case}")
    return int(value)


def _metrics(text: str, line: str) -> dict[str, float]:
    words = text.split()
    if len(words) % 2:
        raise Rubbish(f"a value without its unit: {shorten(line)}")
    metrics: dict[str, float] = {}
    for number, unit in zip(words[::2], words[1::2], strict=True):
        if not _number.fullmatch(number):
            raise Rubbish(f"not a number: {shorten(number)}")
        value = float(number)
        if not math.isfinite(value) or unit in metrics:
            raise Rubbish(f"a number twice or not finite: {shorten(line)}")
        if not unit.isprintable():
            raise Rubbish(f"a unit that cannot be printed: {shorten(line)}")
        metrics[unit] = value
    return metrics


def _is_chatter(line: str) -> bool:
    """What a Go benchmark prints around its results."""
    stripped = line.strip()
    return stripped in ("", "PASS") or bool(_config.fullmatch(line.rstrip()))


def read_facts(text: str, subject: str, cases: Collection[str]) -> Iterator[dict[str, Any]]:
    """JSON lines -> {case, metric, value} or {case, metric, not_run}; Rubbish as above, and for a
    value that evidence cannot hold."""
    for line in text.splitlines():
        if _is_chatter(line):
            continue
        try:
            fact = foreign.load_json(line)
        except ValueError:
            raise Rubbish(f"printed a line that is no fact: {shorten(line)}") from None
        if not isinstance(fact, dict) or not isinstance(fact.get("case"), str):
            raise Rubbish(f"a fact without a case: {shorten(line)}")
        if fact.get("subject", subject) != subject:
            raise Rubbish(f"printed another subject: {shorten(line)}")
        if fact["case"] not in cases:
            raise Rubbish(f"printed a case it was not asked for: {shorten(fact['case'])}")
        metric = fact.get("metric")
        if not isinstance(metric, str) or not metric or not metric.isprintable():
            raise Rubbish(f"a fact without a metric: {shorten(line)}")
        kept = {"case": fact["case"], "metric": fact["metric"]}
        if isinstance(fact.get("not_run"), str) and fact["not_run"]:
            yield {**kept, "not_run": clean(fact["not_run"])}
        elif _is_value(fact.get("value")):
            yield {**kept, "value": fact["value"]}
        else:
            raise Rubbish(f"a fact without a value: {shorten(line)}")


def _is_value(value: Any) -> bool:
    """A number, a boolean, a text that can be shown, or a list of numbers."""
    if isinstance(value, list):
        return all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    return value.isprintable() if isinstance(value, str) else isinstance(value, bool | int | float)


def sample_lines(key: dict[str, Any], series: Iterable[Series]) -> Iterator[dict[str, Any]]:
    """Evidence lines; the value is the median batch (docs/method.md)."""
    for one in series:
        yield {
            "kind": "sample", **key, "case": one.case, "metric": one.metric,
            "value": statistics.median(one.batches), "batches": one.batches,
            "iterations": one.iterations, "checksum": one.checksum,
        }  # fmt: skip


def trial_line(
    key: dict[str, Any], trial: Trial, *, padding: int, argv0_length: int, order: int
) -> dict[str, Any]:
    """The evidence line of a trial."""
    ended = trial.ended
    line: dict[str, Any] = {
        "kind": "trial", **key, "status": trial.status,
        "exit": ended.exit if ended else None, "signal": ended.signal if ended else None,
        "wall_s": round(ended.wall_s, 6) if ended else 0.0,
        "cpu_s": round(ended.cpu_s, 6) if ended else 0.0,
        "involuntary": ended.involuntary if ended else 0,
        "voluntary": ended.voluntary if ended else 0,
        "max_rss_bytes": ended.max_rss_bytes if ended else 0,
        **trial.reading.line(), "padding": padding, "argv0_length": argv0_length, "order": order,
    }  # fmt: skip
    if trial.status != "ok":
        line["reason"] = trial.reason
        line["output_tail"] = clean(ended.tail, keep="\n") if ended else ""
    return line
