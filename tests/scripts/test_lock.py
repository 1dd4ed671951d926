"""Lock: one lab at a time, and a dead holder does not block the next."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from claimslab.errors import UNFIT, LabError
from claimslab.measure import lock

SCRIPTS = Path(lock.__file__).parents[2]


def test_the_second_lab_is_told_who_measures(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.held("first", path) as note:
        assert note == ""
        with pytest.raises(LabError) as caught, lock.held("second", path):
            pass
        assert caught.value.status == UNFIT
        message = str(caught.value)
        assert f"process {os.getpid()}" in message and "run first" in message
    assert path.stat().st_size == 0
    with lock.held("third", path) as note:
        assert note == ""


def test_a_tmpdir_of_one_s_own_is_no_lock_of_one_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert lock.default_path() == Path("/tmp/claimslab.lock")
    monkeypatch.setattr(Path, "is_dir", lambda path: False)
    assert lock.default_path() == tmp_path / "claimslab.lock"


def test_all_users_may_take_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with lock.held("run", tmp_path / "lock"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o666


def test_a_killed_holder_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time; from pathlib import Path; from claimslab.measure import lock\n"
         "with lock.held('dead', Path(sys.argv[1])): print(flush=True); time.sleep(100)", path],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(LabError, match="run dead"), lock.held("next", path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with lock.held("next", path) as note:
        assert "died" in note and f"process {holder.pid}" in note and "run dead" in note


@pytest.mark.parametrize("content", [b"rubbish", b"[1]", b'{"pid":1,"run":"1\\n2"}', b"\xff"])
def test_rubbish_in_the_file_does_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lock").write_bytes(content)
    with lock.held("run", tmp_path / "lock") as note:
        assert "\n" not in note


def test_a_lock_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(LabError, match="lock") as caught, lock.held("run", tmp_path / "lock"):
        pass
    assert caught.value.status == UNFIT
