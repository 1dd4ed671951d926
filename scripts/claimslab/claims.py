"""claims: what is said and the rule that judges it, read from experiments/<topic>/claims.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMED = frozenset({"ns/op"})
COUNTED = frozenset({"allocs/op", "B/op", "ir/op"})


@dataclass(frozen=True)
class Rule:
    """One word of the closed vocabulary (docs/formats.md) and its keys."""

    kind: str
    keys: Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """A falsifiable sentence. `cases` and `subjects` may hold `*` patterns."""

    id: str
    topic: str
    question: int
    says: str
    source: str
    metric: str
    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    rule: Rule
    because: str = ""
    margin: float | None = None
    full: bool = False

    @property
    def kind(self) -> str:
        """exact, counted or timed: what decides it (docs/method.md)."""
        if self.metric in TIMED:
            return "timed"
        return "counted" if self.metric in COUNTED else "exact"


@dataclass(frozen=True)
class Sweep:
    """Cases measured for a chart: exploratory, never a verdict."""

    id: str
    topic: str
    title: str
    metric: str
    case: str  # {name} stands for each value of `values[name]`
    values: Mapping[str, tuple[Any, ...]]
    full_values: Mapping[str, tuple[Any, ...]]  # used instead with FULL=1, where given
    subjects: tuple[str, ...]
    chart: Mapping[str, Any]


@dataclass(frozen=True)
class Topic:
    """A family of claims with one room."""

    name: str
    title: str
    summary: str
    claims: tuple[Claim, ...]
    sweeps: tuple[Sweep, ...]


# Owned by the loader: load(root, only) -> list[Topic]; cases(sweep, full) -> tuple[str, ...];
# to_json(topic) -> dict and from_json(dict) -> Topic, the form in which run.json keeps them.
def load(root: Path, only: tuple[str, ...] = ()) -> list[Topic]:
    raise NotImplementedError
