"""resolve: which cases each subject must be asked for, from the patterns of claims and sweeps.

A name without `*` that no program lists is an error before anything is measured; a pattern that
matches nothing leaves its claim without cells. Where a subject is absent, nobody can say that it
does not know a case, so nothing is complained of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from claimslab import claims
from claimslab.claims import COUNTED, TIMED, Claim, Sweep, Topic, matches
from claimslab.claims.tables import suggest
from claimslab.errors import LabError
from claimslab.measure.programs import Subject


@dataclass
class Need:
    """What one subject must be asked for, in the order in which it was first wanted."""

    timed: dict[str, None] = field(default_factory=dict)
    facts: dict[tuple[str, str], None] = field(default_factory=dict)
    counted: dict[str, None] = field(default_factory=dict)


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
    for metric in sweep.metrics:
        cases = claims.cases(sweep, full)
        yield from select(subjects, sweep.subjects, cases, metric, where, "case")


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
        metrics.update(*(one.tails.get(case, ()) for one in running))
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
    if metric == "ns/op" or (metric == "ir/op" and subject.kind == "cpp"):
        listed += subject.timed
    elif metric in TIMED:
        listed += [case for case, metrics in subject.tails.items() if metric in metrics]
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
