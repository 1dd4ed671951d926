"""host: what the machine, the sources and the tools are, as run.json keeps them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psutil

from claimslab.measure.gate import is_virtual, word


def facts(root: Path) -> dict[str, Any]:
    """{host, commit, toolchain}; None or "" for what this machine does not say."""
    return {"host": machine(), "commit": commit(root), "toolchain": toolchain()}


def machine() -> dict[str, Any]:
    return {
        "name": sanitise(platform.node()),
        "os": operating_system(),
        "kernel": platform.release(),
        "arch": platform.machine(),
        "cpu": cpu_model(),
        "cores": os.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
        "clocksource": word(
            Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        ),
        "governor": word(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "thp": huge_pages(word(Path("/sys/kernel/mm/transparent_hugepage/enabled"))),
        "virtual": virtual(),
    }


def sanitise(name: str) -> str:
    """A host's name as a part of a folder's name."""
    short = name.partition(".")[0].lower()
    return re.sub(r"[^a-z0-9_-]+", "-", short).strip("-")[:40] or "host"


def operating_system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    name = release.get("NAME", "Linux").replace(" GNU/Linux", "")
    return f"{name} {release.get('VERSION_ID', '')}".strip()


def cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    for key in ("model name", "Model", "Hardware"):
        for line in lines:
            if line.startswith(key):
                return line.partition(":")[2].strip() or None
    return platform.machine() or None


def huge_pages(text: str | None) -> str | None:
    """`always [madvise] never` -> madvise."""
    match = re.search(r"\[(\w+)\]", text or "")
    return match[1] if match else None


def virtual() -> str | None:
    """The hypervisor's name, "unknown" if only the processor shows one, None on bare metal."""
    said = output("systemd-detect-virt", "--vm")
    if said and said != "none":
        return said
    if not is_virtual():
        return None
    vendor = re.search(r"Hypervisor vendor:\s*(\S+)", output("lscpu") or "")
    return vendor[1].lower() if vendor else "unknown"


def commit(root: Path) -> dict[str, Any]:
    """The checkout's commit; id "" and dirty None outside of one."""
    # In a checkout of another user git refuses to say anything unless told that it is safe.
    git = ("git", "-c", f"safe.directory={root.resolve()}", "-C", str(root))
    head = output(*git, "rev-parse", "HEAD")
    if not head:
        return {"id": "", "dirty": None}
    status = output(*git, "status", "--porcelain", "--untracked-files=normal")
    return {"id": head, "dirty": None if status is None else bool(status)}


def toolchain() -> dict[str, str | None]:
    """Versions of what measures; a program's own compiler and libraries stand in its `build`."""
    valgrind = output("valgrind", "--version") if shutil.which("valgrind") else None
    return {
        "python": platform.python_version(),
        "valgrind": valgrind.removeprefix("valgrind-") if valgrind else None,
    }


def output(*command: str) -> str | None:
    """What a command prints; None if it is not there, fails or takes over 10 s."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return done.stdout.strip()
