"""plan: what a run will measure: claims and sweeps resolved against what the programs list.

A name without `*` that no program lists is an error before anything is measured; a pattern that
matches nothing leaves its claim without cells, and a subject that is not there takes its reason
into the evidence.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor
from pathlib import Path
from typing import Any

from . import claims, gate, host
from .claims import COUNTED, TIMED, Claim, Sweep, Topic, matches
from .errors import LabError
from .evidence import SCHEMA
from .programs import Subject
from .vocabulary import suggest

FEWEST = {"smoke": 2, "quick": 10, "full": 30}  # blocks; see docs/method.md
MOST = {"smoke": 2, "quick": 30, "full": 100}  # more blocks barely narrow an interval
BATCHES, BATCH_MS = 3, 20
TRIAL_TIMEOUT_S, TIMEOUT_OVER_ESTIMATE = 60, 20  # at least; and for trials of many cases
TOPIC_BUDGET_S, QUICK_BUDGET_S = 120.0, 600.0
DECIDING = 10  # with fewer blocks most intervals are too wide to decide
LEAST = 2  # one block has no interval at all

# Before block 1 has told the truth: the warm-up and calibration of a case, in batches, and the
# start of a process and the facts of a subject, in seconds.
EXTRA_BATCHES = {"cpp": 2.0, "go": 4.0}
START_S, FACTS_S, COUNT_S = 0.05, 1.0, 3.0


@dataclass
class Need:
    """What one subject must be asked for, in the order in which it was first wanted."""

    timed: dict[str, None] = field(default_factory=dict)
    facts: dict[tuple[str, str], None] = field(default_factory=dict)
    counted: dict[str, None] = field(default_factory=dict)


def make(
    root: Path,
    topics: Sequence[Topic],
    subjects: Sequence[Subject],
    *,
    mode: str = "quick",
    budget_s: float | None = None,
    seed: int = 0,
    native: bool = False,
    blocks: int | None = None,
) -> dict[str, Any]:
    """The run.json of a new run, without its folder's name. Seed 0 draws one.

    `budget_s` None: 2 minutes a topic, at most 10, in quick mode; none in full mode. `blocks` fixes
    the number of blocks whatever they take.
    """
    full = mode == "full"
    if mode == "smoke" and blocks is None:
        blocks = FEWEST["smoke"]
    if budget_s is None and mode == "quick":
        budget_s = min(TOPIC_BUDGET_S * len(topics), QUICK_BUDGET_S)
    described = [
        describe(topic, [one for one in subjects if one.topic == topic.name], full)
        for topic in topics
    ]
    settings: dict[str, Any] = {
        "blocks": 0,
        "fixed": blocks is not None,
        "batches": BATCHES,
        "batch_ms": BATCH_MS,
        "trial_timeout_s": TRIAL_TIMEOUT_S,
    }
    once, each = estimate(described, settings)
    longest = max(
        (trial_s(one, settings) for topic in described for one in topic["subjects"]), default=0.0
    )
    settings["trial_timeout_s"] = max(TRIAL_TIMEOUT_S, round(TIMEOUT_OVER_ESTIMATE * longest))
    settings["blocks"] = blocks or fit_blocks(mode, budget_s, once, each)
    if not any(timed_subjects(topic) for topic in described):
        settings["blocks"] = 0
    return {
        "schema": SCHEMA,
        "run": "",
        "mode": mode,
        "seed": seed or 1 + secrets.randbelow(2**31 - 1),
        "budget_s": budget_s,
        "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "native": native,
        **host.facts(root),
        "fitness": gate.fitness(),
        # A smoke run asks whether all works, which a busy machine does not change.
        "limits": dict.fromkeys(gate.LIMITS) if mode == "smoke" else dict(gate.LIMITS),
        "plan": settings,
        "topics": described,
    }


def describe(topic: Topic, subjects: Sequence[Subject], full: bool) -> dict[str, Any]:
    """A topic as run.json keeps it: what is said, and what each subject is asked for."""
    needs = resolve(topic, subjects, full)
    return {
        **claims.to_json(topic),
        "subjects": [
            {
                "name": subject.name,
                "kind": subject.kind,
                "command": subject.command,
                **({"sha256": subject.sha256} if subject.sha256 else {}),
                "build": subject.build,
                "not_run": subject.not_run,
                "timed": list(needs[subject.name].timed),
                "facts": [list(pair) for pair in needs[subject.name].facts],
                "counted": list(needs[subject.name].counted),
            }
            for subject in subjects
        ],
    }


# ---- From patterns to cases ---------------------------------------------------------------------


def resolve(topic: Topic, subjects: Sequence[Subject], full: bool) -> dict[str, Need]:
    """What each subject of a topic must be asked for; LabError names claim or sweep and field."""
    needs = {subject.name: Need() for subject in subjects}
    for claim in topic.claims:
        if claim.full and not full:
            continue
        where = f"{topic.name}: claim {claim.id}"
        for subject, case, metric in wanted_by_claim(claim, subjects, where):
            want(needs, subject, case, metric)
    for sweep in topic.sweeps:
        where = f"{topic.name}: sweep {sweep.id}"
        for subject, case, metric in wanted_by_sweep(sweep, subjects, full, where):
            want(needs, subject, case, metric)
    return needs


Cell = tuple[Subject, str, str]  # subject, case, metric
Wanted = Iterator[Cell]


def wanted_by_claim(claim: Claim, subjects: Sequence[Subject], where: str) -> Wanted:
    keys = claim.rule.keys
    cells = list(select(subjects, claim.subjects, claim.cases, claim.metric, where, "case"))
    yield from cells
    if over := keys.get("over_subject"):
        there = chosen(subjects, [over], f"{where}: rule.over_subject")
        cases = list(dict.fromkeys(case for _, case, _ in cells))
        yield from select(there, [over], cases, claim.metric, where, "rule.over_subject")
    if over := keys.get("over_case"):
        named = list(dict.fromkeys(subject.name for subject, _, _ in cells))
        if named:
            yield from select(subjects, named, [over], claim.metric, where, "rule.over_case")
    if claim.because:
        yield from wanted_as_reason(claim, subjects, cells, where)


def wanted_as_reason(
    claim: Claim, subjects: Sequence[Subject], cells: Sequence[Cell], where: str
) -> Wanted:
    """The metric of `because`, of the claim's cells and of what they are compared with."""
    pairs = {(subject.name, case) for subject, case, _ in cells}
    if over := claim.rule.keys.get("over_case"):
        pairs |= {(subject.name, over) for subject, _, _ in cells}
    if over := claim.rule.keys.get("over_subject"):
        pairs |= {(over, case) for _, case, _ in cells}
    found = [
        (subject, case, claim.because)
        for subject in subjects
        for case in cases_of(subject, claim.because)
        if (subject.name, case) in pairs
    ]
    if pairs and not found:
        raise LabError(f"{where}: because: no program lists '{claim.because}' of these cases")
    yield from found


def wanted_by_sweep(sweep: Sweep, subjects: Sequence[Subject], full: bool, where: str) -> Wanted:
    return select(subjects, sweep.subjects, claims.cases(sweep, full), sweep.metric, where, "case")


def select(
    subjects: Sequence[Subject],
    subject_patterns: Iterable[str],
    case_patterns: Iterable[str],
    metric: str,
    where: str,
    field_name: str,
) -> Wanted:
    """Every (subject, case, metric) that the patterns mean and a program provides."""
    there = chosen(subjects, subject_patterns, f"{where}: subjects")
    running = [subject for subject in there if not subject.not_run]
    for pattern in case_patterns:
        found = [
            (subject, case)
            for subject in running
            for case in cases_of(subject, metric)
            if matches(pattern, case)
        ]
        # Where a subject is absent, nobody here can say that it does not know the case.
        if not found and "*" not in pattern and running and len(running) == len(there):
            raise LabError(f"{where}: {unknown(pattern, metric, running, field_name)}")
        for subject, case in found:
            yield subject, case, metric


def chosen(subjects: Sequence[Subject], patterns: Iterable[str], where: str) -> list[Subject]:
    """The subjects that the patterns mean, those that are not there included."""
    found: dict[str, Subject] = {}
    for pattern in patterns:
        hits = [subject for subject in subjects if matches(pattern, subject.name)]
        if not hits and "*" not in pattern:
            names = [subject.name for subject in subjects]
            raise LabError(f"{where}: no program lists '{pattern}'; {suggest(pattern, names)}")
        found |= {subject.name: subject for subject in hits}
    return list(found.values())


def unknown(case: str, metric: str, running: Sequence[Subject], field_name: str) -> str:
    """Whether it is the case or only its metric that nobody lists, and what comes close."""
    metrics = {name for one in running for listed, name in one.facts if listed == case}
    if any(case in one.timed for one in running):
        metrics.add("ns/op")
    if metrics:
        return f"metric: no program lists '{metric}' of {case}; {suggest(metric, metrics)}"
    known = {listed for one in running for listed in cases_of(one, metric)}
    if not known:
        return f"metric: no program lists '{metric}' of any case of these subjects"
    hint = suggest(case, known) if len(known) <= 8 else suggest(case, known).partition("there")[0]
    return f"{field_name}: no program lists '{case}' with '{metric}'" + (
        f"; {hint}" if hint else ""
    )


def cases_of(subject: Subject, metric: str) -> Iterator[str]:
    """The cases of which a program gives this metric, each once."""
    listed = [case for case, name in subject.facts if name == metric]
    if metric in TIMED or (metric == "ir/op" and subject.kind == "cpp"):
        listed += subject.timed
    elif metric in COUNTED and metric != "ir/op" and subject.kind == "go":
        listed += subject.timed  # Go prints allocs/op and B/op beside ns/op
    yield from dict.fromkeys(listed)


def want(needs: dict[str, Need], subject: Subject, case: str, metric: str) -> None:
    need = needs[subject.name]
    if (case, metric) in subject.facts:
        need.facts[case, metric] = None
    elif metric == "ir/op":
        need.counted[case] = None
    else:
        need.timed[case] = None


# ---- How many blocks ----------------------------------------------------------------------------


def timed_subjects(topic: dict[str, Any]) -> list[dict[str, Any]]:
    """The subjects of a run.json topic that take part in its blocks."""
    return [subject for subject in topic["subjects"] if subject["timed"]]


def estimate(topics: Sequence[dict[str, Any]], settings: dict[str, Any]) -> tuple[float, float]:
    """(seconds once, seconds for a block of every topic), before anything was measured."""
    once = each = 0.0
    for subject in (one for topic in topics for one in topic["subjects"]):
        once += (FACTS_S if subject["facts"] else 0) + COUNT_S * len(subject["counted"])
        if subject["timed"]:
            each += trial_s(subject, settings)
    return once, each


def trial_s(subject: dict[str, Any], settings: dict[str, Any]) -> float:
    """A first guess at the seconds of one trial."""
    batches = settings["batches"] + EXTRA_BATCHES[subject["kind"]]
    return float(START_S + len(subject["timed"]) * batches * settings["batch_ms"] / 1000)


def fit_blocks(mode: str, budget_s: float | None, once_s: float, each_s: float) -> int:
    """The blocks that a budget allows: what the mode asks for and more if there is time, fewer only
    where the budget forces it."""
    if budget_s is None or each_s <= 0:
        return FEWEST[mode]
    fits = floor((budget_s - once_s) / each_s)
    return max(LEAST, min(fits, MOST[mode]))


def too_few(mode: str, blocks: int, each_s: float, once_s: float) -> str:
    """A warning where the budget forced fewer blocks than the mode wants, else ""."""
    if blocks >= FEWEST[mode] or mode == "smoke":
        return ""
    minutes = (once_s + FEWEST[mode] * each_s) / 60
    text = f"the budget allows {blocks} blocks, not {FEWEST[mode]}"
    if blocks < DECIDING:
        text += "; most timed verdicts will be unclear"
    return f"{text}; BUDGET={max(1, floor(minutes) + 1)}m would do"


# ---- In which order -----------------------------------------------------------------------------


def rng(seed: int, *where: object) -> random.Random:
    """The same draws for the same place of the same run, also after a resume."""
    return random.Random("/".join(str(part) for part in (seed, *where)))


def round_order(seed: int, block: int, names: Sequence[str]) -> list[str]:
    """In which order the topics take their turn in round `block`."""
    shuffled = sorted(names)
    rng(seed, "round", block).shuffle(shuffled)
    return shuffled


def trial_order(seed: int, topic: str, block: int, names: Sequence[str]) -> list[str]:
    """The subjects of a block: a row of a random Latin square, so that in as many blocks as there
    are subjects each has every place once; for two subjects that is ABBA or BAAB."""
    size = len(names)
    if size == 0:
        return []
    square, row = divmod(block - 1, size)
    draw = rng(seed, "square", topic, square)
    symbols, rows, columns = sorted(names), list(range(size)), list(range(size))
    for part in (symbols, rows, columns):
        draw.shuffle(part)
    return [symbols[(rows[row] + column) % size] for column in columns]
