"""lock: one lab measures at a time on a machine; the lock names who does.

The lock is flock(2) on one file, the same for all users, which the kernel releases when its holder
ends, however it ends. The file's content only names the holder; where a name is left
and the lock is free, that holder died (kill -9, power) and the next one says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from claimslab.errors import UNFIT, LabError

NAME = "claimslab.lock"


def default_path() -> Path:
    """In /tmp whatever $TMPDIR says, for two users with a TMPDIR each share the machine's clock."""
    folder = Path("/tmp")
    return (folder if folder.is_dir() else Path(tempfile.gettempdir())) / NAME


@contextlib.contextmanager
def held(run: str, path: Path | None = None) -> Iterator[str]:
    """Hold the machine's lock; yields a note about a dead holder before, or "".

    LabError with status UNFIT if another lab measures: one line that names it.
    """
    path = path or default_path()
    descriptor = _open(path)
    try:
        _take(descriptor)
        before = _holder(descriptor)
        note = f"took over the lock of a lab that died: {describe(before)}" if before else ""
        _name(descriptor, run)
        try:
            yield note
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def check(path: Path | None = None) -> None:
    """LabError as above if another lab measures now; changes nothing."""
    descriptor = _open(path or default_path())
    try:
        _take(descriptor)
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Take the lock or say who has it. The trial that a killed lab was just starting may hold on to
    it for some milliseconds, so a lock whose named holder is gone is worth a wait."""
    for _ in range(40):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if psutil.pid_exists(int(_holder(descriptor).get("pid", 0))):
            break
        time.sleep(0.05)
    holder = describe(_holder(descriptor))
    raise LabError(f"another lab measures on this machine: {holder}", UNFIT)


def _open(path: Path) -> int:
    """Open for all users alike: a sticky directory refuses O_CREAT on another user's file."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        for _ in range(3):
            with contextlib.suppress(FileNotFoundError):
                return os.open(path, flags)
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
                os.fchmod(descriptor, 0o666)  # whatever the umask says
                return descriptor
        raise FileNotFoundError(2, "comes and goes")
    except OSError as error:
        raise LabError(f"{path}: the lab's lock: {error.strerror}", UNFIT) from error


def _name(descriptor: int, run: str) -> None:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    holder = {"pid": os.getpid(), "user": user, "run": run, "started": started}
    with contextlib.suppress(OSError):  # a full disk must not stop a run before its own files do
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except (ValueError, OSError):
        return {}
    return holder if isinstance(holder, dict) and isinstance(holder.get("pid"), int) else {}


def describe(holder: dict[str, Any]) -> str:
    """One line; what stands in the file is another program's and printed with care."""
    if not holder:
        return "its holder has not said its name"
    pid, user, run, started = (
        "".join(char for char in str(holder.get(key, "?"))[:60] if char.isprintable())
        for key in ("pid", "user", "run", "started")
    )
    return f"process {pid} of {user}, run {run}, since {started}"
