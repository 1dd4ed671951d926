"""claims: what is said and the rule that judges it, read from experiments/<topic>/claims.toml."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from claimslab.claims import ledger, tables, vocabulary
from claimslab.errors import LabError

TIMED = frozenset(vocabulary.CLOCK)
COUNTED = frozenset({"allocs/op", "B/op", "ir/op"})

MARGINS = {**dict.fromkeys(TIMED, 0.05), "ir/op": 0.02}  # of what is not exact

QUICK_S = 120.0  # seconds that a quick run of a topic may take, where it does not say


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

    @property
    def metrics(self) -> tuple[str, ...]:
        """Its own metric, and those that its chart draws beside it."""
        more = vocabulary.as_list(self.chart.get("metrics", []))
        lists = [self.chart[key] for key in vocabulary.LISTS if key in self.chart]
        if self.chart.get("kind") != "history":
            lists = []
        return tuple(dict.fromkeys([self.metric, *more, *lists]))


@dataclass(frozen=True)
class Topic:
    """A family of claims with one room."""

    name: str
    title: str
    summary: str
    claims: tuple[Claim, ...]
    sweeps: tuple[Sweep, ...]
    quick_s: float = QUICK_S


def matches(pattern: str, name: str) -> bool:
    """Whether `name` is meant by `pattern`; `*` stands for any text, nothing else is special."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def parameters(case: str) -> dict[str, str]:
    """The key=value parts of a case: `Append/elem=8/n=10` -> {"elem": "8", "n": "10"}."""
    parts = (part.partition("=") for part in case.split("/")[1:])
    return {key: value for key, equals, value in parts if equals}


def cases(sweep: Sweep, full: bool = False) -> tuple[str, ...]:
    """Every case of a sweep, `{name}` replaced by each value, the last name varying fastest."""
    names = re.findall(r"\{(\w+)\}", sweep.case)
    lists = [
        sweep.full_values[name] if full and name in sweep.full_values else sweep.values[name]
        for name in names
    ]
    found = []
    for values in itertools.product(*lists):
        case = sweep.case
        for name, value in zip(names, values, strict=True):
            case = case.replace("{" + name + "}", str(value))
        found.append(case)
    return tuple(dict.fromkeys(found))


def load(root: Path, only: tuple[str, ...] = ()) -> list[Topic]:
    """Read and check every experiments/*/claims.toml; return the topics named in `only`, or all.

    All files are checked whatever `only` says, since an id must be unique across topics.
    Raises LabError: one line with file, claim, field, what is wrong and how to mend it.
    """
    files = sorted((root / "experiments").glob("*/claims.toml"))
    if not files:
        raise LabError("experiments/: no folder has a claims.toml; add one to have a topic")
    names = [file.parent.name for file in files]
    for name in only:
        if name not in names:
            raise LabError(f"topic '{name}' does not exist; {tables.suggest(name, names)}")
    published = ledger.published(root)
    seen: dict[str, str] = {}
    topics = []
    for file in files:
        shown = file.relative_to(root).as_posix()
        topic = from_json(vocabulary.topic(read_toml(file, shown), shown, file.parent.name))
        items: tuple[Claim | Sweep, ...] = (*topic.claims, *topic.sweeps)
        for item in items:
            if item.id in seen:
                what = f"{shown}: {type(item).__name__.lower()} {item.id}"
                raise LabError(f"{what}: id: already taken in {seen[item.id]}; choose another")
            seen[item.id] = shown
        for claim in topic.claims:
            ledger.check(claim_to_json(claim), shown, published)
        topics.append(topic)
    return [topic for topic in topics if not only or topic.name in only]


def read_toml(file: Path, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{shown}: not TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise LabError(f"{shown}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else "a number is too long"
        raise LabError(f"{shown}: cannot be read as TOML: {why}") from error
    except OSError as error:
        raise LabError(f"{shown}: cannot be read: {error.strerror}") from error


def claim_to_json(claim: Claim) -> dict[str, Any]:
    """A claim's JSON form; its rule is one object with `kind` among the keys."""
    plain = {item.name: getattr(claim, item.name) for item in fields(claim)}
    rule = {"kind": claim.rule.kind, **claim.rule.keys}
    return {**plain, "cases": [*claim.cases], "subjects": [*claim.subjects], "rule": rule}


def to_json(topic: Topic) -> dict[str, Any]:
    """The form in which run.json keeps a topic; the fields are those of the classes above."""
    claims = [claim_to_json(claim) for claim in topic.claims]
    sweeps = [
        {
            **{name: getattr(sweep, name) for name in ("id", "topic", "title", "metric", "case")},
            "values": {name: list(values) for name, values in sweep.values.items()},
            "full_values": {name: list(values) for name, values in sweep.full_values.items()},
            "subjects": list(sweep.subjects),
            "chart": dict(sweep.chart),
        }
        for sweep in topic.sweeps
    ]
    heading = {"name": topic.name, "title": topic.title, "summary": topic.summary}
    return {**heading, "quick_s": topic.quick_s, "claims": claims, "sweeps": sweeps}


def from_json(data: Mapping[str, Any]) -> Topic:
    """The topic that `to_json` wrote; keys it does not know (a run's subjects) are left alone."""
    claims = []
    for claim in data["claims"]:
        keys = {key: value for key, value in claim["rule"].items() if key != "kind"}
        lists = {"cases": tuple(claim["cases"]), "subjects": tuple(claim["subjects"])}
        claims.append(Claim(**{**claim, **lists, "rule": Rule(claim["rule"]["kind"], keys)}))
    sweeps = []
    for sweep in data["sweeps"]:
        values = {
            field: {name: tuple(items) for name, items in sweep[field].items()}
            for field in ("values", "full_values")
        }
        sweeps.append(Sweep(**{**sweep, **values, "subjects": tuple(sweep["subjects"])}))
    heading = data["name"], data["title"], data["summary"]
    return Topic(*heading, tuple(claims), tuple(sweeps), float(data.get("quick_s", QUICK_S)))
