"""recommend: which malloc library suits a recorded program, in one sentence with its intervals.

Exploratory, as the best of several always looks a little too good: the claims beside it decide what
may be said. A library is recommended only where its whole interval lies below glibc's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claimslab import wording
from claimslab.claims import parameters
from claimslab.evidence import Evidence
from claimslab.judge import stats
from claimslab.judge.stats import Interval
from claimslab.report.looks import order

BASE, CONTROL = "glibc", "null"
FEWEST = 6  # blocks; with fewer no interval is worth a recommendation
START = "Start"

Times = Mapping[str, Mapping[int, float]]  # subject -> block -> ns


@dataclass(frozen=True)
class Advice:
    """Of one trace, for the report."""

    trace: str
    sentence: str


def advise(evidence: Evidence) -> list[Advice]:
    """One for each case `Replay/trace=…` that was timed with glibc beside."""
    cases = dict.fromkeys(s.case for s in evidence.samples if s.case.startswith("Replay/trace="))
    found = []
    for case in cases:
        times = times_of(evidence, case)
        if BASE in times and len(times) > 1:
            more = [peaks(evidence, case), starts(evidence)]
            text = " ".join([sentence(times), *filter(None, more)])
            found.append(Advice(parameters(case)["trace"], text))
    return found


def times_of(evidence: Evidence, case: str) -> Times:
    times: dict[str, dict[int, float]] = {}
    for sample in evidence.samples:
        if sample.case == case and sample.metric == "ns/op" and sample.subject != CONTROL:
            times.setdefault(sample.subject, {})[sample.block] = float(sample.value)
    return times


def sentence(times: Times) -> str:
    """Who is fastest, who cannot be told from it, and by how much glibc is behind."""
    fewest = min(len(blocks) for blocks in times.values())
    if fewest < FEWEST:
        return f"No recommendation: {wording.counted(fewest, 'block')} decide nothing."
    ratios = {name: ratio(times, name, BASE) for name in order(times) if name != BASE}
    best = min(ratios, key=lambda name: ratios[name].estimate)
    if ratios[best].high >= 1:
        if all(interval.low > 1 for interval in ratios.values()):
            return f"Stay with {BASE}: all others take longer; {told(ratios)}."
        return f"No difference that shows: none is surely faster than {BASE}; {told(ratios)}."
    close = [n for n in ratios if n != best and ratio(times, n, best).low <= 1]
    names = f"{best}" + (
        f", or {' or '.join(close)}, which cannot be told from it" if close else ""
    )
    return f"Use {names}: {told({best: ratios[best]})} of the time that {BASE} takes."


def told(ratios: Mapping[str, Interval]) -> str:
    """`jemalloc 0.81× [0.79, 0.83]`, one after the other."""
    return ", ".join(
        f"{name} {wording.interval({'estimate': r.estimate, 'low': r.low, 'high': r.high}, '×')}"
        for name, r in ratios.items()
    )


def ratio(times: Times, over: str, under: str) -> Interval:
    """In the blocks that both have."""
    both = sorted(times[over].keys() & times[under].keys())
    logs = stats.log_ratios([times[over][b] for b in both], [times[under][b] for b in both])
    return stats.mean_interval(logs).exp()


def peaks(evidence: Evidence, case: str) -> str:
    """Who holds least, and what glibc holds."""
    held = {
        fact.subject: float(fact.value)
        for fact in evidence.facts
        if fact.case == case and fact.metric == "peak-bytes" and fact.subject != CONTROL
        and not fact.not_run
    }  # fmt: skip
    if BASE not in held:
        return ""
    least = min(held, key=lambda name: held[name])
    if least == BASE:
        return f"Least memory: {BASE}, at most {size(held[BASE])}."
    return f"Least memory: {least}, at most {size(held[least])}; {BASE} {size(held[BASE])}."


def starts(evidence: Evidence) -> str:
    """What a library adds to every start of a program, where that is more than a little."""
    times = times_of(evidence, START)
    if BASE not in times:
        return ""
    slow = []
    for name in order(times):
        both = sorted(times[name].keys() & times[BASE].keys())
        extra = [times[name][b] - times[BASE][b] for b in both]
        mean = stats.mean_interval(extra) if len(extra) >= FEWEST else None
        if name != BASE and mean is not None and mean.low > 0.5e6:
            slow.append(f"{name} {mean.estimate / 1e6:.1f} ms")
    return f"Starting a program takes longer by {', '.join(slow)}." if slow else ""


def size(value: float) -> str:
    return f"{wording.number(value / 1e6)} MB"
