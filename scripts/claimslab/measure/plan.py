"""plan: what a run will measure, how often and in which order, decided before its first trial.

Cases come from the claims (see resolve), the number of blocks from the budget, orders from the
seed. A subject that is not there takes its reason into the evidence.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from math import floor
from pathlib import Path
from typing import Any

from claimslab import claims
from claimslab.claims import Topic
from claimslab.evidence import SCHEMA
from claimslab.measure import gate, host, resolve
from claimslab.measure.programs import Subject

FEWEST = {"smoke": 2, "quick": 10, "full": 30}  # blocks; see docs/method.md
MOST = {"smoke": 2, "quick": 30, "full": 100}  # more blocks barely narrow an interval
BATCHES, BATCH_MS = 3, 20
TRIAL_TIMEOUT_S, TIMEOUT_OVER_ESTIMATE = 60, 20  # at least; and for trials of many cases
DECIDING = 10  # with fewer blocks most intervals are too wide to decide
PLANNED_SHARE = 0.85  # of the budget; the rest is for blocks measured again and for the report
LEAST = 2  # one block has no interval at all

# Before block 1 has told the truth: the warm-up and calibration of a case, in batches, and the
# start of a process and the facts of a subject, in seconds.
EXTRA_BATCHES = {"cpp": 2.0, "go": 4.0}
START_S, FACTS_S, COUNT_S = 0.05, 1.0, 3.0


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

    `budget_s` None: the sum of what the topics say in quick mode; none in full mode.
    `blocks` fixes the number of blocks whatever they take.
    """
    full = mode == "full"
    if mode == "smoke" and blocks is None:
        blocks = FEWEST["smoke"]
    if budget_s is None and mode == "quick":
        budget_s = sum(topic.quick_s for topic in topics)
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
    needs = resolve.resolve(topic, subjects, full)
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
                **({"tails": tails} if (tails := tails_of(subject, needs[subject.name])) else {}),
                "facts": [list(pair) for pair in needs[subject.name].facts],
                "counted": list(needs[subject.name].counted),
            }
            for subject in subjects
        ],
    }


def tails_of(subject: Subject, need: resolve.Need) -> dict[str, list[str]]:
    """The timed cases of a subject whose trials give more than ns/op, and what."""
    return {case: metrics for case, metrics in subject.tails.items() if case in need.timed}


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
    fits = floor((PLANNED_SHARE * budget_s - once_s) / each_s)
    if fits < FEWEST[mode]:  # better no reserve than too few to decide anything
        fits = min(FEWEST[mode], floor((budget_s - once_s) / each_s))
    return max(LEAST, min(fits, MOST[mode]))


def too_few(mode: str, blocks: int, each_s: float, once_s: float) -> str:
    """A warning where the budget forced fewer blocks than the mode wants, else ""."""
    if blocks >= FEWEST[mode] or mode == "smoke":
        return ""
    minutes = (once_s + FEWEST[mode] * each_s) / PLANNED_SHARE / 60
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
