"""Host: what run.json says of the checkout, whoever owns it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from claimslab.measure import host


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("owner", ["me", "somebody else"])
def test_the_commit_is_known_whoever_owns_the_checkout(
    tmp_path: Path, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "First")
    if owner != "me":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found = host.commit(tmp_path)
    assert len(found["id"]) == 40 and found["dirty"] is False
    (tmp_path / "new").touch()
    assert host.commit(tmp_path)["dirty"] is True


def test_outside_of_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    assert host.commit(tmp_path) == {"id": "", "dirty": None}
