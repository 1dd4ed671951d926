"""run: measures what run.json plans, block by block, and leaves evidence that survives a kill.

Block 0 of a topic asks for its facts; then come rounds of one block of every topic, the topics in
an order drawn afresh. A block is written whole, accepted or not. Orders and paddings follow from
the run's seed and the block's number, all else from the evidence, so that a run that was killed
goes on as if it had not been.
"""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from claimslab import evidence
from claimslab.errors import OK, UNFIT, LabError
from claimslab.evidence import Evidence, Writer
from claimslab.measure import block, host, lock, plan, programs
from claimslab.measure.live import Live, counted, duration
from claimslab.measure.standing import ATTEMPTS, Standing, standings

CALM_S = 2.0  # pause before another attempt, times those before: a disturbance often passes
FREE_REJECTS = 3  # rejected blocks that any run may have, however short

Line = dict[str, Any]


def create(results: Path, document: Line, lock_path: Path | None = None) -> Path:
    """The folder of a new run; LabError where another lab measures, and no folder is made then."""
    lock.check(lock_path)
    return evidence.create(results, document)


def measure(
    root: Path, folder: Path, live: Live | None = None, lock_path: Path | None = None
) -> int:
    """Start or continue a run; UNFIT if it was stopped or is invalid, and it says how to go on."""
    live = live or Live()
    with lock.held(folder.name, lock_path) as note:
        state, writer = evidence.reopen(folder)
        check_same(root, state.run)
        for text in (note, *state.warnings, *state.run["fitness"]["notes"]):
            if text:
                live.note(f"note: {text}")
        stop = Stop(live)
        runner = Runner(root, state, writer, live, stop)
        with stop, live:
            runner.run()
        return runner.sum_up()


def check_same(root: Path, run: Line) -> None:
    """All trials of a run must be of one machine and the same programs, else LabError."""
    now = host.machine()
    for what in ("name", "cpu", "cores"):
        if run["host"].get(what) != now[what]:
            problem = f"run {run['run']} began on another machine ({what} {run['host'].get(what)})"
            raise LabError(f"{problem}, this one has {what} {now[what]}; start a new run", UNFIT)
    expected = {
        subject["command"][0]: subject["sha256"]
        for topic in run["topics"]
        for subject in topic["subjects"]
        if subject["command"] and subject.get("sha256")
    }
    for topic in run["topics"]:
        for malloc in (subject["build"].get("malloc") for subject in topic["subjects"]):
            expected |= {malloc["file"]: malloc["sha256"]} if malloc else {}
    for command, digest in expected.items():
        if not (root / command).is_file():
            raise LabError(f"{command} is missing; run `make build`")
        if programs.sha256(root / command) != digest:
            problem = f"{command} was rebuilt since run {run['run']} began"
            raise LabError(f"{problem}: old and new trials do not mix; start a new run", UNFIT)


class Stop:
    """Ctrl-C, SIGTERM and a closed terminal: once, finish the block under way; twice, at once.

    A stopped run has still to be summed up, judged and reported, a matter of seconds, so any
    further signal is ignored until the process ends.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, live: Live) -> None:
        self.asked = False
        self._over = False
        self._live = live
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        for number in self.SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and `&` ignore on purpose
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._over = True
        for number, handler in self._before.items():
            if not self.asked:
                signal.signal(number, handler)
        return kind is KeyboardInterrupt  # the block under way is lost, nothing else

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._over:
            return
        if self.asked:
            self._over = True
            raise KeyboardInterrupt
        self.asked = True
        with contextlib.suppress(RuntimeError):  # the signal came in the middle of another line
            self._live.note("stopping after this block; once more stops at once")


class Runner:
    """Goes through the plan; what is left to do is always read off the standings."""

    def __init__(self, root: Path, state: Evidence, writer: Writer, live: Live, stop: Stop) -> None:
        self.root, self.json = root, state.run
        self.writer, self.live, self.stop = writer, live, stop
        self.planned = state.planned
        self.topics: dict[str, Standing] = standings(state)
        # A resumed run tries again where the one before gave up: the machine may be quiet now.
        self.earlier = {name: dict(topic.attempts) for name, topic in self.topics.items()}
        self.unsaid: Line | None = None  # a change of the plan, written with the next block

    # ---- The plan's way -------------------------------------------------------------------------

    def run(self) -> None:
        self.expect()
        for topic in self.topics.values():
            if topic.wants_facts() and not self.stop.asked:
                self.keep(topic, block.measure_facts(self.root, self.json, topic.topic, self.live))
        number = 1
        while number <= self.planned and not self.stop.asked:
            for name in plan.round_order(self.json["seed"], number, list(self.topics)):
                self.measure_until_accepted(self.topics[name], number)
            if number == 1 and not self.stop.asked:
                self.fit()
                for topic in self.topics.values():
                    for warning in topic.disagreements():
                        self.live.note(f"warning: {warning}; its times will not be judged")
            number += 1

    def measure_until_accepted(self, topic: Standing, number: int) -> None:
        """Attempts of one block until the machine was quiet for it, within reason."""
        while number in topic.missing(self.planned) and not self.stop.asked:
            attempt = topic.attempts.get(number, 0) + 1
            already = attempt - 1 - self.earlier[topic.name].get(number, 0)
            if already >= self.attempts_allowed():
                return
            self.pause(CALM_S * already)
            if not self.stop.asked:
                lines = block.measure(
                    self.root, self.json, topic.topic, number, attempt, topic.dropped, self.live
                )
                self.keep(topic, lines)

    def attempts_allowed(self) -> int:
        """Several while the run can still be valid and in time; then each block has its one."""
        share = self.json["limits"].get("rejected_share")
        rejected = sum(topic.rejected for topic in self.topics.values())
        blocks = self.planned * sum(topic.takes_part() for topic in self.topics.values())
        if share is not None and share < 1:
            most = max(FREE_REJECTS, share / (1 - share) * blocks)  # rejected / all stays <= share
            if rejected > most:
                return 1
        budget = self.json["budget_s"]
        if budget is not None and self.elapsed_s() > budget:
            return 1
        return ATTEMPTS

    def keep(self, topic: Standing, lines: list[Line]) -> None:
        """Write a block, then learn from it and show it."""
        last = lines[-1]
        key = {name: last[name] for name in ("block", "attempt", "topic")}
        more: list[Line] = []
        if last["block"] > 0:
            for subject, reason in topic.to_drop(lines):
                more.append({"kind": "dropped", **key, "subject": subject, "reason": reason})
        if self.unsaid is not None:
            more.append({"kind": "plan", **key, **self.unsaid})
        lines = [*lines[:-1], *more, last]
        self.writer.append(lines)
        self.unsaid = None
        topic.take(lines)
        gone = {line["subject"] for line in lines if line["kind"] == "dropped"}
        for line in lines:
            where = f"{topic.name}, block {last['block']}: {line.get('subject', '')}"
            if line["kind"] == "trial" and line["status"] != "ok" and line["subject"] not in gone:
                self.live.note(f"warning: {where}: {line['status']}: {line['reason']}")
            elif line["kind"] == "dropped":
                self.live.note(f"warning: {where}: given up: {line['reason']}")
        self.expect()
        self.live.block(last, self.left_s())

    def pause(self, seconds: float) -> None:
        """Let a disturbance pass, without making a Ctrl-C wait for it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.stop.asked:
            time.sleep(0.1)

    # ---- How much is left -----------------------------------------------------------------------

    def fit(self) -> None:
        """After the first round: how many blocks the budget allows, now that their time is known.

        Read off the evidence alone, so that a resumed run fits the same number.
        """
        begun = any(number > 1 for topic in self.topics.values() for number in topic.attempts)
        if self.json["plan"].get("fixed") or not self.planned or begun:
            return
        mode, budget = self.json["mode"], self.json["budget_s"]
        each = sum(topic.block_s() or 0.0 for topic in self.topics.values())
        rounds = sum(sum(topic.blocks_wall_s) for topic in self.topics.values())
        once = self.elapsed_s() - rounds
        blocks = plan.fit_blocks(mode, budget, once, each)
        if warning := plan.too_few(mode, blocks, each, once):
            self.live.note(f"warning: {warning}")
        if blocks != self.planned:
            reason = f"a round takes {duration(each)}, facts took {duration(once)}"
            self.unsaid = {"blocks": blocks, "reason": reason}
            self.planned = blocks
            self.expect()

    def elapsed_s(self) -> float:
        return sum(topic.wall_s for topic in self.topics.values())

    def left_s(self) -> float | None:
        """A guess from the blocks so far; None before there are any."""
        topics = [t for t in self.topics.values() if t.missing(self.planned)]
        if any(topic.block_s() is None for topic in topics):
            return None
        return sum(len(t.missing(self.planned)) * (t.block_s() or 0.0) for t in topics)

    def expect(self) -> None:
        """Tell the live view how many blocks there are in all."""
        todo = done = 0
        for topic in self.topics.values():
            done += len(topic.accepted)
            todo += len(topic.missing(self.planned)) + topic.wants_facts()
        self.live.expect(done + todo, done)

    # ---- The end --------------------------------------------------------------------------------

    def sum_up(self) -> int:
        """Say what a person must know of how it went; the exit status."""
        say, status = self.live.note, OK
        topics = list(self.topics.values())
        for topic in topics:
            for name, failures in topic.failures.items():
                more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
                say(f"warning: {topic.name}: {name}: {failures[0]}{more}")
        # Block 0 is not counted: it has no times, and the judge counts those that have.
        done = sum(len(topic.accepted - {0}) for topic in topics)
        rejected = sum(topic.rejected for topic in topics)
        left = sum(len(topic.missing(self.planned)) for topic in topics)
        facts = sum(topic.wants_facts() for topic in topics)
        share = self.json["limits"].get("rejected_share")
        if share is not None and rejected and rejected / (done + rejected) > share:
            say(
                f"invalid: {rejected} of {counted(done + rejected, 'block')} rejected, more than "
                f"{share:.0%}: measure again when nothing else runs on this machine"
            )
            status = UNFIT
        if self.stop.asked:
            todo = counted(left, "block")
            if facts:
                todo += f" and the facts of {counted(facts, 'topic')}"
            say(f"stopped with {todo} to go; continue with `make bench RESUME={self.name}`")
            return UNFIT
        missed = f", {left} given up" if left else ""
        took = duration(self.elapsed_s())
        say(f"measured {counted(done, 'block')}{missed}, {rejected} rejected, {took}")
        return status

    @property
    def name(self) -> str:
        return str(self.json["run"])
