"""calibrate: judges the judge, by measuring what is known (docs/method.md, section 7).

Identical programs must not differ: the same binary twice, a copy under another path, a relink with
another object order. Programs that execute 2, 5 or 10 % of their operations twice must be caught.
A round is a small run of its own, so its intervals are what a user's run would have given.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from statsmodels.stats.proportion import proportion_confint

from claimslab.claims import load
from claimslab.errors import OK, UNFIT, LabError
from claimslab.evidence import own_folder, write_json
from claimslab.judge import stats
from claimslab.measure import gate, host, lock, plan, programs, trial

MARGIN = 0.05  # a published difference is wrong where nothing differs and it exceeds this
SLOWDOWNS = (2, 5, 10)  # percent
LONGEST_NS = 200_000  # a batch holds 100 of them: repeating 2 % of fewer would be coarse
SHORTEST_NS = 200  # the accumulator that plants a slowdown costs about one nanosecond itself
CASES = 12  # of one subject: each gives a verdict a round, for little more time
ATTEMPTS = 5  # at a block that the gate rejects


@dataclass(frozen=True)
class Arm:
    """A program that is compared with the base; `slowdown` in percent of its operations."""

    name: str
    command: tuple[str, ...]
    slowdown: int = 0


@dataclass
class Tally:
    """Verdicts of one arm. alarms: 95 % interval without 1; wrong: beyond the margin as well."""

    verdicts: int = 0
    alarms: int = 0
    wrong: int = 0

    def add(self, log_ratios: Sequence[float]) -> None:
        interval = stats.mean_interval(log_ratios)
        bound = float(np.log1p(MARGIN))
        self.verdicts += 1
        self.alarms += stats.Region(0.0, 0.0).side(interval) != "straddles"
        self.wrong += stats.Region(-bound, bound).side(interval) == "outside"


def arms_of(program: str, relinked: str, copy: str) -> list[Arm]:
    """The base first, then what must equal it, then what must not."""
    same = [
        Arm("base", (program,)),
        Arm("same binary", (program,)),
        Arm("copy under another path", (copy,)),
        Arm("relinked in another order", (relinked,)),
    ]
    slowed = [Arm(f"slowed by {percent} %", (program,), percent) for percent in SLOWDOWNS]
    return same + slowed


def rate(part: int, of: int) -> dict[str, float]:
    """{rate, low, high}: the share with its 95 % binomial interval (Wilson)."""
    low, high = proportion_confint(part, of, method="wilson") if of else (0.0, 1.0)
    return {"rate": part / of if of else 0.0, "low": float(low), "high": float(high)}


def summary(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """calibration.json's `aa` and `planted`: rates with intervals, never a bare count."""
    slowed = {f"slowed by {percent} %": percent for percent in SLOWDOWNS}
    same: list[dict[str, Any]] = []
    planted: list[dict[str, Any]] = []
    for name, tally in tallies.items():
        found = rate(tally.alarms, tally.verdicts)
        row: dict[str, Any]
        if name in slowed:
            row = {"effect": slowed[name] / 100, "caught": tally.alarms}
            planted.append({**row, "verdicts": tally.verdicts, **found})
        else:
            row = {"arm": name, "alarms": tally.alarms, "wrong": tally.wrong}
            same.append({**row, "verdicts": tally.verdicts, **found})
    return {"aa": same, "planted": planted}


class Bench:
    """Measures rounds of one subject's cases, every arm in every block."""

    def __init__(self, root: Path, subject: programs.Subject, copy: str, seed: int) -> None:
        relinked = f"{subject.command[0]}_relinked"
        if not (root / relinked).exists():
            raise LabError(f"{relinked} is missing; run `make build`", UNFIT)
        self.root, self.subject, self.seed = root, subject, seed
        self.arms = arms_of(subject.command[0], relinked, copy)
        self.memory = host.facts(root)["host"].get("memory_bytes")
        self.cores = host.facts(root)["host"]["cores"]
        self.rejected = 0
        self.cases = subject.timed
        self.cases = short_cases(self.trial(self.arms[0], "probe")[0])

    def trial(self, arm: Arm, *where: object) -> tuple[dict[str, float], list[str]]:
        """(ns/op by case, what the gate objects to) of one process."""
        draw = plan.rng(self.seed, self.subject.name, *where, arm.name)
        arguments = trial.sample_arguments(
            "cpp", self.subject.name, self.cases, plan.BATCHES, plan.BATCH_MS
        )
        if arm.slowdown:
            arguments.append(f"--slowdown={arm.slowdown}")
        done = trial.with_samples(
            trial.run(
                self.root,
                list(arm.command),
                arguments,
                timeout_s=plan.TRIAL_TIMEOUT_S,
                padding=draw.randrange(0, 4096, 16),
                argv0_extra=draw.randrange(trial.MOST_ARGV0 + 1),
            ),
            self.subject.name,
            self.cases,
            plan.BATCHES,
        )
        if done.status != "ok":
            raise LabError(f"{arm.command[0]}: {done.status}: {done.reason}", UNFIT)
        line = trial.trial_line({}, done, padding=0, argv0_length=0, order=0)
        objections = gate.objections(line, gate.LIMITS, self.memory, self.cores)
        values = {
            line["case"]: line["value"]
            for line in trial.sample_lines({}, done.series)
            if line["metric"] == "ns/op"
        }
        return values, objections

    def block(self, *where: object) -> dict[str, dict[str, float]]:
        """ns/op by arm and case; measured again while the gate rejects it."""
        for attempt in range(ATTEMPTS):
            order = list(self.arms)
            plan.rng(self.seed, *where, attempt, "order").shuffle(order)
            done = {arm.name: self.trial(arm, *where, attempt) for arm in order}
            if not any(objections for _, objections in done.values()):
                return {name: values for name, (values, _) in done.items()}
            self.rejected += 1
        raise LabError(
            f"the machine was busy in {ATTEMPTS} attempts at one block; calibrate when it is quiet",
            UNFIT,
        )

    def rounds(self, blocks: int) -> Iterator[list[dict[str, dict[str, float]]]]:
        """One list of blocks after another, without end."""
        number = 0
        while True:
            number += 1
            yield [self.block(number, block) for block in range(blocks)]


def short_cases(ns_by_case: Mapping[str, float]) -> list[str]:
    """Cases neither too long nor too short to be slowed by 2 %, spread evenly from long to short.

    The longest alone would be the noisiest: what takes 100 microseconds mostly waits for pages.
    """
    fit = [case for case, ns in ns_by_case.items() if SHORTEST_NS <= ns <= LONGEST_NS]
    fit.sort(key=lambda case: -ns_by_case[case])
    chosen = np.linspace(0, len(fit) - 1, min(CASES, len(fit))).round().astype(int)
    return [fit[i] for i in chosen]


Block = Mapping[str, Mapping[str, float]]  # ns/op by arm and case


def judge_round(blocks: Sequence[Block], tallies: dict[str, Tally]) -> None:
    """A verdict for every arm and case, against the base of the same block."""
    for arm in (name for name in blocks[0] if name != "base"):
        for case in blocks[0][arm]:
            pair = [(block[arm][case], block["base"][case]) for block in blocks]
            ratios = stats.log_ratios([one for one, _ in pair], [other for _, other in pair])
            tallies.setdefault(arm, Tally()).add(list(ratios))


def candidates(root: Path, build_dir: Path) -> list[programs.Subject]:
    """The C++ subjects that can be timed, one of each program: their arms share its code."""
    found: dict[str, programs.Subject] = {}
    for subject in programs.find(root, build_dir, load(root)):
        if subject.kind == "cpp" and len(subject.timed) > 1 and not subject.not_run:
            found.setdefault(subject.command[0], subject)
    return list(found.values())


def main(root: Path, build_dir: Path, budget_s: float, full: bool, seed: int) -> int:
    """Rounds until the budget is spent; calibration.json is rewritten after each."""
    console = Console()
    blocks = plan.FEWEST["full" if full else "quick"]
    subjects = candidates(root, build_dir)
    if not subjects:
        raise LabError("no C++ program to calibrate with; run `make build`", UNFIT)
    facts = host.facts(root)
    day = time.strftime("%Y-%m-%d")
    folder = own_folder(root / "results", f"calibration-{day}-{facts['host']['name']}")
    document: dict[str, Any] = {
        "schema": 1,
        "run": folder.name,
        "seed": seed or int(time.time()),
        "host": facts["host"],
        "commit": facts["commit"],
        "blocks": blocks,
        "batches": plan.BATCHES,
        "batch_ms": plan.BATCH_MS,
    }
    tallies: dict[str, Tally] = {}
    with lock.held(folder.name) as note:
        if note:
            console.print(f"note: {note}", markup=False)
        started = time.monotonic()
        benches = []
        for subject in subjects:
            copy = folder / Path(subject.command[0]).name
            shutil.copy2(root / subject.command[0], copy)
            benches.append(Bench(root, subject, str(copy.relative_to(root)), document["seed"]))
        document["cases"] = [f"{b.subject.name} {case}" for b in benches for case in b.cases]
        endless = [bench.rounds(blocks) for bench in benches]
        longest = 0.0
        while True:
            before = time.monotonic()
            for rounds in endless:
                measured = next(rounds)
                judge_round(measured, tallies)
                append(folder / "rounds.jsonl", measured)
            longest = max(longest, time.monotonic() - before)
            document["rejected_blocks"] = sum(bench.rejected for bench in benches)
            document |= summary(tallies)
            for path in (folder / "calibration.json", root / "results" / "calibration.json"):
                write_json(path, document)
            done = sum(tally.verdicts for tally in tallies.values())
            spent = time.monotonic() - started
            console.print(f"{done} verdicts in {spent:.0f} s", markup=False, highlight=False)
            if spent + longest > budget_s:
                break
        for bench in benches:
            (folder / Path(bench.subject.command[0]).name).unlink()
    show(document, console)
    console.print(f"kept in {folder.relative_to(root)}; reports show it", markup=False)
    return OK


def append(path: Path, measured: object) -> None:
    """The raw medians of a round, so that the rates can be made again."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(measured) + "\n")


def show(document: Mapping[str, Any], console: Console) -> None:
    """The rates, in words."""
    for row in document["aa"]:
        console.print(
            f"{row['arm']}: {row['alarms']} of {row['verdicts']} flagged, {row['rate']:.1%} "
            f"({row['low']:.1%}–{row['high']:.1%}); {row['wrong']} beyond ±{MARGIN:.0%}",
            markup=False,
        )
    for row in document["planted"]:
        console.print(
            f"slowed by {row['effect']:.0%}: {row['caught']} of {row['verdicts']} caught, "
            f"{row['rate']:.1%} ({row['low']:.1%}–{row['high']:.1%})",
            markup=False,
        )
