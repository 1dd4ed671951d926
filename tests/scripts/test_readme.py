"""README: a line a published run, and the claims of the notes that did not simply hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import invented
from claimslab import docs
from claimslab.report import readme


def test_the_block_has_a_line_a_run_and_what_did_not_hold(tmp_path: Path) -> None:
    evidence = replace(invented.evidence(), path=tmp_path / "box" / "slices")
    verdicts = invented.verdicts(evidence)
    text = readme.block([(verdicts, evidence)] * 2, tmp_path)
    runs = [line for line in text.splitlines() if line.startswith("* ")]
    assert len(runs) == 2
    assert runs[0].startswith("* [slices](box/slices/report.md): ")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    surprising = [c for c in verdicts["claims"] if c["word"] in ("refuted", "mixed")]
    assert 0 < len(surprising) < len(verdicts["claims"])
    assert len(rows) == 2 * len([c for c in surprising if c["question"]])
    assert all("refuted" in row or "mixed" in row for row in rows)


def test_a_stale_block_is_noticed(tmp_path: Path) -> None:
    evidence = replace(invented.evidence(), path=tmp_path / "box" / "slices")
    verdicts = invented.verdicts(evidence)
    block = readme.block([(verdicts, evidence)], tmp_path)
    page = "# x\n<!-- verdicts:begin -->\n<!-- verdicts:end -->\n"
    page = docs.replace_block(page, "verdicts", block)
    assert docs.replace_block(page, "verdicts", block) == page
    changed = json.loads(json.dumps(verdicts))
    first = next(c for c in changed["claims"] if c["word"] != "refuted" and c["question"])
    first["word"] = "refuted"
    again = readme.block([(changed, evidence)], tmp_path)
    assert docs.replace_block(page, "verdicts", again) != page
