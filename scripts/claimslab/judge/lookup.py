"""lookup: a run's evidence arranged for what a judge asks, and why something is missing."""

from __future__ import annotations

import signal
from collections import defaultdict
from statistics import median
from typing import Any

from claimslab.claims import TIMED
from claimslab.evidence import Evidence

Key = tuple[str, str, str, str]  # topic, subject, case, metric


class Lookup:
    """Answers by topic, subject, case and metric. Order of the evidence's lines does not matter."""

    def __init__(self, evidence: Evidence) -> None:
        self.topics: dict[str, dict[str, Any]] = {t["name"]: t for t in evidence.run["topics"]}
        self.samples: dict[Key, dict[int, float]] = defaultdict(dict)
        self.facts: dict[Key, list[Any]] = defaultdict(list)
        self.not_run: dict[Key, str] = {}
        self.sums: dict[tuple[str, str], dict[str, set[int]]] = {}
        self.trials: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.minutes: dict[str, float] = {}
        for sample in evidence.samples:
            key = (sample.topic, sample.subject, sample.case, sample.metric)
            self.samples[key][sample.block] = sample.value
            by_subject = self.sums.setdefault((sample.topic, sample.case), defaultdict(set))
            by_subject[sample.subject].add(sample.checksum)
        for fact in evidence.facts:
            key = (fact.topic, fact.subject, fact.case, fact.metric)
            if fact.not_run:
                self.not_run[key] = fact.not_run
            else:
                self.facts[key].append(fact.value)
        for trial in evidence.trials:
            self.trials[trial["topic"], trial["subject"]].append(trial)
        accepted = [block for block in evidence.blocks if block["accepted"]]
        self.accepted = {(b["topic"], b["block"], b["attempt"]) for b in accepted}
        tried = {(b["topic"], b["block"], b["attempt"]) for b in evidence.blocks}
        self.rejected = tried - self.accepted
        for topic in self.topics:
            walls = [b["wall_s"] for b in accepted if b["topic"] == topic and b["block"] > 0]
            self.minutes[topic] = median(walls) / 60 if walls else 0.0

    def subjects(self, topic: str) -> list[str]:
        return [subject["name"] for subject in self.topics[topic]["subjects"]]

    def entry(self, topic: str, subject: str) -> dict[str, Any]:
        """What run.json says of the subject; empty if nothing."""
        found = (s for s in self.topics[topic]["subjects"] if s["name"] == subject)
        return next(found, {})

    def absent(self, topic: str, subject: str) -> str:
        """Why the whole subject was not run, or nothing."""
        entry = self.entry(topic, subject)
        return str(entry.get("not_run", "")) if entry else f"the run has no subject {subject}"

    def planned(self, topic: str, subject: str, metric: str) -> list[str]:
        entry = self.entry(topic, subject)
        facts = [case for case, name in entry.get("facts", []) if name == metric]
        counted = entry.get("counted", []) if metric == "ir/op" else []
        timed = entry.get("timed", []) if metric in ("ns/op", "allocs/op", "B/op") else []
        tails = [case for case, metrics in entry.get("tails", {}).items() if metric in metrics]
        return list(dict.fromkeys([*timed, *tails, *facts, *counted]))

    def cases(self, topic: str, subject: str, metric: str) -> list[str]:
        """Cases that the run planned for this metric or that the evidence holds, in name order."""
        found = set(self.planned(topic, subject, metric))
        for keys in (self.samples, self.facts, self.not_run):
            found |= {
                key[2] for key in keys if (key[0], key[1], key[3]) == (topic, subject, metric)
            }
        return sorted(found, key=natural)

    def values(self, key: Key) -> list[Any]:
        """All values of a fact or a count: of the facts, and of the samples in block order."""
        samples = self.samples.get(key, {})
        return [*self.facts.get(key, []), *(samples[block] for block in sorted(samples))]

    def troubles(self, topic: str, subject: str) -> str:
        """`crashed with SIGSEGV in 2 of 10 trials`, or nothing."""
        trials = self.trials.get((topic, subject), [])
        bad = [trial for trial in trials if trial["status"] != "ok"]
        kinds = sorted({said(trial) for trial in bad})
        return f"{' and '.join(kinds)} in {len(bad)} of {len(trials)} trials" if bad else ""

    def missing(self, key: Key) -> tuple[bool, str]:
        """(whether something broke, why there is no value)."""
        topic, subject, case, metric = key
        if reason := self.absent(topic, subject):
            return False, reason
        if key in self.not_run:
            return False, self.not_run[key]
        if "*" in case or case not in self.planned(topic, subject, metric):
            return False, f"the run has no {metric} of {case} for {subject}"
        if trouble := self.troubles(topic, subject):
            return True, f"{subject} {trouble}"
        trials = self.trials.get((topic, subject), [])
        if not trials:
            return False, "the run ended before its first trial"
        first = 1 if metric in TIMED else 0  # block 0 needs no clock, so it has no times
        used = [t for t in trials if (topic, t["block"], t["attempt"]) in self.accepted]
        if not any(t["block"] >= first for t in used):
            tried = any(where == topic and block >= first for where, block, _ in self.rejected)
            return (True, "every block was rejected") if tried else (False, "no block with it yet")
        return True, f"{subject} ran, but did not report {metric} of {case}"

    def quarrel(self, topic: str, case: str) -> str:
        """Who computes something else in this case, or nothing: same work, same checksum."""
        camps: dict[int, set[str]] = defaultdict(set)
        for subject, sums in self.sums.get((topic, case), {}).items():
            for checksum in sums:
                camps[checksum].add(subject)
        if len(camps) < 2:
            return ""
        order = sorted(camps.items(), key=lambda camp: (-len(camp[1]), camp[0]))
        told = [f"{', '.join(sorted(names))} compute {checksum}" for checksum, names in order]
        return f"checksums of {case} differ: {'; '.join(told)}"


def said(trial: dict[str, Any]) -> str:
    status = str(trial["status"])
    if status == "crashed":
        number = trial.get("signal")
        try:
            name = signal.Signals(number).name if isinstance(number, int) else str(number or "")
        except ValueError:
            name = f"signal {number}"
        return f"crashed with {name}" if name else "crashed"
    words = {"timeout": "timed out", "rubbish": "printed rubbish"}
    words |= {"failed": f"failed with status {trial.get('exit')}"}
    return words.get(status, status)


def natural(case: str) -> list[tuple[int, float, str]]:
    """Sort key under which n=9 comes before n=10."""
    parts = case.replace("=", "/").split("/")
    return [(0, float(p), "") if p.isdecimal() else (1, 0.0, p) for p in parts]
