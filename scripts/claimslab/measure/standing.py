"""standing: what the evidence so far amounts to: what is done, what is left, what went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from claimslab.evidence import Evidence
from claimslab.measure import block, plan

ATTEMPTS = 5  # of one block; then the run goes on without it
GIVE_UP_AFTER = 3  # blocks in a row in which a subject's trial did not end well

Line = dict[str, Any]


class Standing:
    """One topic of a run. All follows from the blocks taken, so a resumed run has the same."""

    def __init__(self, topic: Mapping[str, Any]) -> None:
        self.topic = dict(topic)
        self.name = str(topic["name"])
        self.accepted: set[int] = set()
        self.attempts: dict[int, int] = {}  # block -> attempts so far
        self.rejected = 0
        self.wall_s = 0.0  # of all attempts, block 0 included
        self.blocks_wall_s: list[float] = []  # of each attempt of a timed block
        self.dropped: set[str] = set()
        self.failures: dict[str, list[str]] = {}  # subject -> every failure, with its block
        self._misses: dict[str, int] = {}  # subject -> failures in a row
        self._checksums: dict[str, dict[str, int]] = {}  # case -> subject -> checksum

    def take(self, lines: list[Line]) -> None:
        """Learn from a whole block, just measured or read back; its `block` line is the last."""
        last = lines[-1]
        number = last["block"]
        self.attempts[number] = max(self.attempts.get(number, 0), last["attempt"])
        self.wall_s += last["wall_s"]
        if number > 0:
            self.blocks_wall_s.append(last["wall_s"])
        if last["accepted"]:
            self.accepted.add(number)
        else:
            self.rejected += 1
        for line in lines[:-1]:
            name = line.get("subject", "")
            if line["kind"] == "dropped":
                self.dropped.add(name)
            elif line["kind"] == "trial" and line["status"] == "ok":
                self._misses[name] = 0
            elif line["kind"] == "trial":
                self._misses[name] = self._misses.get(name, 0) + (number > 0)
                failure = f"block {number}: {line['status']}: {line.get('reason', '')}"
                self.failures.setdefault(name, []).append(failure)
            elif line["kind"] == "sample" and number == 1 and line["metric"] == "ns/op":
                self._checksums.setdefault(line["case"], {})[name] = line["checksum"]

    def to_drop(self, lines: list[Line]) -> Iterator[tuple[str, str]]:
        """(subject, reason) of those who, with the trials of `lines`, failed too often in a row."""
        for line in lines:
            if line["kind"] != "trial" or line["status"] == "ok":
                continue
            if self._misses.get(line["subject"], 0) + 1 >= GIVE_UP_AFTER:
                reason = f"{GIVE_UP_AFTER} blocks in a row, last {line['status']}: {line['reason']}"
                yield line["subject"], reason

    def takes_part(self) -> bool:
        """Whether there is anyone left to time."""
        return any(s["name"] not in self.dropped for s in plan.timed_subjects(self.topic))

    def wants_facts(self) -> bool:
        return 0 not in self.accepted and block.has_facts(self.topic)

    def missing(self, planned: int) -> list[int]:
        """The timed blocks still without an accepted attempt."""
        if not self.takes_part():
            return []
        return [number for number in range(1, planned + 1) if number not in self.accepted]

    def block_s(self) -> float | None:
        """The mean seconds of a timed block so far."""
        walls = self.blocks_wall_s
        return math.fsum(walls) / len(walls) if walls else None

    def disagreements(self) -> Iterator[str]:
        """Cases whose subjects return different checksums: they do different work."""
        for case, sums in self._checksums.items():
            if len(set(sums.values())) > 1:
                said = ", ".join(f"{name} {value}" for name, value in sorted(sums.items()))
                yield f"{self.name}: the subjects of {case} return different checksums ({said})"


def standings(state: Evidence) -> dict[str, Standing]:
    """Where each topic of a run stands, from its evidence; failures of trials are kept, too."""
    found = {topic["name"]: Standing(topic) for topic in state.run["topics"]}
    by_block: dict[tuple[str, int, int], list[Line]] = {}
    for line in (*state.trials, *state.dropped):
        by_block.setdefault((line["topic"], line["block"], line["attempt"]), []).append(line)
    for line in state.blocks:
        key = (line["topic"], line["block"], line["attempt"])
        found[line["topic"]].take([*by_block.get(key, []), line])
    return found
