"""test_fidelity: the slice models equal real Go on every fact both tell; a broken one is seen."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from claimslab import claims, evidence, judge
from claimslab.errors import LabError
from claimslab.measure import peers

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build" / "bench" / "bin" / "slices"
BROKEN = ROOT / "build" / "dev" / "tests" / "programs" / "broken_slices_program"
MODELS = {"1.17": "model/go1.17", "1.23": "model/go1.18", "1.26": "model/go1.18"}
CAPACITIES = "Capacities/elem=8/n=2000"

Facts = dict[tuple[str, str], Any]  # by case and metric


def facts_of(program: Path, *arguments: str) -> Facts:
    """What a program prints; facts that cannot be had here, and allocation counts, left out."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {
        (row["case"], row["metric"]): row["value"]
        for row in rows
        if "value" in row and row["metric"] not in ("allocs/op", "B/op")
    }


def built(program: Path) -> Path:
    if not program.is_file():
        pytest.skip(f"not run: {program.relative_to(ROOT)} is not built; `make test` builds it")
    return program


@pytest.mark.parametrize("version", MODELS)
def test_a_model_tells_what_its_go_tells(version: str) -> None:
    try:
        found = [p for p in peers.read(ROOT / "build") if p.topic == "slices"]
    except LabError as error:
        pytest.skip(f"not run: {error}")
    peer = next((peer for peer in found if peer.version == version), None)
    if peer is None:
        pytest.skip("not run: the slice peers are not built; `make test` builds them")
    if peer.not_run:
        pytest.skip(f"not run: {peer.not_run}")
    real = facts_of(built(ROOT / peer.program), "-lab.facts")
    model = facts_of(built(PROGRAM), f"--subject={MODELS[version]}", "--facts")
    both = real.keys() & model.keys()
    assert len(both) > 30
    assert {key: model[key] for key in both} == {key: real[key] for key in both}


def word(capacities: list[int], claim_id: str) -> str:
    """The verdict on a claim of the slices topic, if model/go1.18 took these capacities."""
    topic = next(topic for topic in claims.load(ROOT) if topic.name == "slices")
    claim = next(claim for claim in topic.claims if claim.id == claim_id)
    fact = evidence.Fact("slices", "model/go1.18", CAPACITIES, "capacities", capacities)
    subject = {"name": "model/go1.18", "kind": "cpp", "not_run": "", "timed": [], "counted": []}
    described = {
        **claims.to_json(claims.Topic("slices", "", "", (claim,), ())),
        "subjects": [{**subject, "facts": [[CAPACITIES, "capacities"]]}],
    }
    run = {"run": "flip", "mode": "quick", "limits": {}, "plan": {"blocks": 0}}
    judged = judge.judge(evidence.Evidence(ROOT, {**run, "topics": [described]}, facts=[fact]))
    cells = judged["claims"][0]["cells"]
    return next(cell["word"] for cell in cells if cell["subject"] == "model/go1.18")


def test_breaking_the_growth_rule_flips_the_verdict() -> None:
    right = facts_of(built(PROGRAM), "--subject=model/go1.18", "--facts", f"--cases={CAPACITIES}")
    wrong = facts_of(built(BROKEN), "--subject=model/go1.18", "--facts", f"--cases={CAPACITIES}")
    key = (CAPACITIES, "capacities")
    assert word(right[key], "q311-cap-sequence-118") == "reproduced"
    assert word(wrong[key], "q311-cap-sequence-118") == "refuted"
