"""Count: the difference of two runs is the operation's own; what cannot be counted says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from claimslab.measure import count

VALGRIND = """#!/bin/sh
for argument; do
  case $argument in --count=*) n=${{argument#*=}};; esac
done
echo "$n" >>counts
{body}
"""


def counted(root: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> float | str:
    valgrind = root / "valgrind"
    valgrind.write_text(VALGRIND.format(body=body))
    valgrind.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(valgrind))
    return count.instructions(root, ["program"], "a", "Work/n=1")


def test_what_is_the_same_in_both_runs_cancels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = 'echo "==9== Collected : $((123456789 + 300000 * n))" >&2'
    assert counted(tmp_path, monkeypatch, line) == 300000
    assert (tmp_path / "counts").read_text().split() == ["2", "12"]


def test_a_cheap_operation_is_counted_over_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = 'echo "==9== Collected : $((123456789 + 25 * n + n % 7))" >&2'
    found = counted(tmp_path, monkeypatch, noise)
    assert isinstance(found, float) and found == pytest.approx(25, rel=1e-3)
    assert len((tmp_path / "counts").read_text().split()) == 3


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("kill -ILL $$", "under callgrind: killed by SIGILL"),
        ("echo no such case >&2; exit 2", "under callgrind: exit status 2: no such case"),
        ("true", "callgrind printed no count"),
        ('echo "Collected : $((1000 - n))" >&2', "counted fewer instructions"),
    ],
)
def test_what_cannot_be_counted_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, says: str
) -> None:
    found = counted(tmp_path, monkeypatch, body)
    assert isinstance(found, str) and says in found


def test_without_valgrind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert count.instructions(tmp_path, ["p"], "a", "W") == "valgrind is not installed"
