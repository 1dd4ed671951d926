"""process: one child at a time, started so that nothing of it outlives the lab, and left alone.

While the child runs the lab sleeps in one poll on its pidfd: no pipe to drain, no timer to serve.
Output goes to anonymous memory, which needs no disk and is read once the child has ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT_LIMIT = 256 << 20  # bytes of any file a child writes: endless printing ends here
READ_LIMIT = 16 << 20  # bytes of output that the lab reads; an honest program prints kilobytes
TAIL = 2000  # characters of output kept of a child that went wrong

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


@dataclass(frozen=True)
class Ended:
    """How a child ended and what it used. `signal` is what killed it, the lab's own included."""

    exit: int | None
    signal: int | None
    timed_out: bool
    too_long: bool  # it printed more than READ_LIMIT
    stdout: str
    stderr: str
    wall_s: float
    cpu_s: float
    involuntary: int
    voluntary: int
    max_rss_bytes: int  # never below what the lab itself held at the fork: the kernel inherits it

    @property
    def tail(self) -> str:
        """The last output, for the record of a failure."""
        text = "\n".join(part.strip() for part in (self.stdout, self.stderr) if part.strip())
        return text[-TAIL:]


def environment(padding: int = 0) -> dict[str, str]:
    """What a child sees: little of the caller's own (GOGC or LD_PRELOAD in a shell would be
    measured unseen), plus padding that shifts its stack (Mytkowicz et al. 2009)."""
    keep = ("PATH", "HOME", "USER", "TMPDIR", "LD_LIBRARY_PATH")
    kept = {name: os.environ[name] for name in keep if name in os.environ}
    return {**kept, "LC_ALL": "C", "LAB_PADDING": "x" * padding}


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    timeout_s: float,
    argv0: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run to the end or the time-out; OSError where the program cannot be started.

    Whatever ends this call early (Ctrl-C twice) kills the child's whole process group first.
    """
    out, err = (os.memfd_create(name, os.MFD_CLOEXEC) for name in ("stdout", "stderr"))
    lab = os.getpid()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    most = OUTPUT_LIMIT if hard == resource.RLIM_INFINITY else min(OUTPUT_LIMIT, hard)

    def prepare() -> None:  # in the child, between fork and exec
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != lab:
            os._exit(125)  # the lab died before the line above
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        started = time.perf_counter()
        child = subprocess.Popen(
            [argv0 or command[0], *command[1:]],
            executable=command[0],
            cwd=cwd,
            env=environment() if env is None else env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=prepare,  # safe: the lab has one thread while it measures
        )
        timed_out = True
        try:
            timed_out = not _wait(child.pid, timeout_s)
        finally:
            wall_s = time.perf_counter() - started
            # Before the child is reaped, so that its number cannot belong to someone else yet.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            _, status, usage = os.wait4(child.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            child.returncode = code
        stdout, stderr = _text(out), _text(err)
        too_long = max(os.fstat(out).st_size, os.fstat(err).st_size) > READ_LIMIT
    finally:
        os.close(out)
        os.close(err)
    return Ended(
        exit=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        timed_out=timed_out,
        too_long=too_long,
        stdout=stdout,
        stderr=stderr,
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        involuntary=usage.ru_nivcsw,
        voluntary=usage.ru_nvcsw,
        max_rss_bytes=usage.ru_maxrss * 1024,
    )


def _wait(pid: int, timeout_s: float) -> bool:
    """Sleep until the child ends; False when time is up first."""
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))
    finally:
        os.close(pidfd)


def _text(descriptor: int) -> str:
    """The first READ_LIMIT bytes; what is not UTF-8 becomes U+FFFD, and so never parses."""
    return os.pread(descriptor, READ_LIMIT, 0).decode("utf-8", errors="replace")
