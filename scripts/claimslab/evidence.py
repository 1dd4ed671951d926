"""evidence: a run's folder on disk; written a block at a time, read by every later stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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


def read(path: Path) -> Evidence:
    """Load and check a run's folder; LabError says which line is wrong."""
    raise NotImplementedError
