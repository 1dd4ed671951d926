"""gate: is the machine quiet enough? Readings around a trial, and the limits that reject its block.

Every reading comes from /proc; where the kernel lacks a file the reading is None and the gate
decides by the others. Readings have a grain, so each limit is a share of the wall time above a
floor: in a trial of 50 ms one scheduler tick (10 ms) is already 20 %.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

# Why these numbers. C++ trials on a 2-core VM on which compilers ran read 0.8–1.0 pressure, 110–230
# involuntary switches a second, 0.45–0.7 CPU/wall and 1.2–1.5 foreign cores; an undisturbed loop
# wants 0, few, 1 and 0. The limits stand between, on the quiet side.
LIMITS: Mapping[str, float | None] = {
    "pressure": 0.1,  # share of the wall time in which some runnable task waited for a CPU
    "involuntary_per_s": 100,  # the scheduler took the CPU away this often
    "cpu_over_wall": 0.9,  # lower: the trial wanted the CPU and did not have it
    "foreign_cores": 0.3,  # others also take cache and memory bandwidth, even on another core
    "steal": 0.02,  # share of a core that the hypervisor gave to others, where it says so
    "available_share": 0.05,  # of the memory: below it the kernel reclaims inside the clock
    "rejected_share": 0.3,  # of a run's blocks: above it the machine, not the code, was measured
}
PRESSURE_FLOOR_S = 0.01
INVOLUNTARY_FLOOR = 10
WAIT_FLOOR_S = 0.02  # exec, page cache and exit: not the operation's own
# A trial that uses more than one core, or that gives the CPU up this often (Go's runtime: 4,000
# times a second; a C++ loop: 2), has threads that press on and preempt each other or wait by
# intent. Its pressure, switches and CPU/wall are its own; the other readings still hold for it.
THREADED_CPU_OVER_WALL = 1.05
THREADED_WAITS_PER_S = 50
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reading:
    """The machine around one trial; None where the kernel does not say."""

    wall_s: float
    pressure: float | None
    foreign_cores: float | None
    steal: float | None
    available_bytes: int | None

    def line(self) -> dict[str, Any]:
        """As trials.jsonl keeps it."""
        return {
            "pressure": _rounded(self.pressure),
            "foreign_cores": _rounded(self.foreign_cores),
            "steal": _rounded(self.steal),
            "available_bytes": self.available_bytes,
        }


class Watch:
    """Reads the machine when made and again on `read`."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._own = time.process_time()
        self._busy = cpu_seconds(proc)
        self._pressure = pressure_seconds(proc)
        self._available = available_bytes(proc)
        self._started = time.perf_counter()

    def read(self, trial_cpu_s: float) -> Reading:
        """The time since the start, less what the trial and the lab itself used."""
        wall = max(time.perf_counter() - self._started, 1e-9)
        pressure, busy = pressure_seconds(self._proc), cpu_seconds(self._proc)
        own = time.process_time() - self._own
        share = foreign = steal = None
        if pressure is not None and self._pressure is not None:
            share = max(0.0, pressure - self._pressure) / wall
        if busy is not None and self._busy is not None:
            foreign = max(0.0, busy[0] - self._busy[0] - trial_cpu_s - own) / wall
            steal = max(0.0, busy[1] - self._busy[1]) / wall
        both = [n for n in (self._available, available_bytes(self._proc)) if n is not None]
        return Reading(wall, share, foreign, steal, min(both, default=None))


def objections(
    trial: Mapping[str, Any], limits: Mapping[str, Any], memory_bytes: float | None, cores: int
) -> list[str]:
    """Why this trial's block must be measured again; empty if the machine was quiet.

    `trial` is a line of trials.jsonl, so stored evidence can be gated again with other limits.
    """
    wall, cpu = trial["wall_s"], trial["cpu_s"]
    if trial["status"] != "ok" or wall <= 0:
        return []
    over: list[str] = []

    def limit(name: str) -> float | None:
        value = limits.get(name)
        return None if value is None else float(value)

    waits = trial["voluntary"] - 5  # those of start and end
    if cpu / wall <= THREADED_CPU_OVER_WALL and waits / wall <= THREADED_WAITS_PER_S:
        pressure, most = trial["pressure"], limit("pressure")
        if pressure is not None and most is not None and pressure > most + PRESSURE_FLOOR_S / wall:
            over.append(f"pressure {pressure:.2f} over {most:g}")
        rate, most = trial["involuntary"] / wall, limit("involuntary_per_s")
        if most is not None and rate > most and trial["involuntary"] > INVOLUNTARY_FLOOR:
            over.append(f"{rate:.0f} involuntary switches a second, over {most:g}")
        least = limit("cpu_over_wall")
        if least is not None and cpu + WAIT_FLOOR_S < least * wall:
            over.append(f"CPU/wall {cpu / wall:.2f} under {least:g}")
    foreign, most = trial["foreign_cores"], limit("foreign_cores")
    if foreign is not None and most is not None and foreign > most + cores * TICK_S / wall:
        over.append(f"foreign load of {foreign:.2f} cores, over {most:g}")
    steal, most = trial.get("steal"), limit("steal")
    if steal is not None and most is not None and steal > most + cores * TICK_S / wall:
        over.append(f"steal {steal:.2f} over {most:g}")
    free, least = trial.get("available_bytes"), limit("available_share")
    if free is not None and least is not None and memory_bytes and free < least * memory_bytes:
        over.append(f"only {free / 1e9:.2f} GB of memory available")
    return over


def fitness(
    limits: Mapping[str, Any] = LIMITS, *, proc: Path = Path("/proc"), sys: Path = Path("/sys")
) -> dict[str, Any]:
    """{fit, notes}: notes on all that can blur a measurement; unfit only where it is hopeless.

    Looks at the machine for 0.2 s.
    """
    notes: list[str] = []
    fit = True
    watch = Watch(proc)
    time.sleep(0.2)
    reading = watch.read(0.0)
    cores = os.cpu_count() or 1
    most = limits.get("foreign_cores")
    if (
        reading.foreign_cores is not None
        and most is not None
        and reading.foreign_cores > most + cores * TICK_S / reading.wall_s
    ):
        notes.append(
            f"busy: other programs use {reading.foreign_cores:.1f} of {cores} cores now; "
            "blocks measured beside them are rejected"
        )
        fit = reading.foreign_cores < max(0.75 * cores, 0.75)
    if reading.pressure is None:
        notes.append("no /proc/pressure/cpu in this kernel: the gate cannot see waiting for a CPU")
    if reading.foreign_cores is None:
        notes.append("no /proc/stat: the gate cannot see foreign load")
    total, least = psutil.virtual_memory().total, limits.get("available_share")
    if (
        reading.available_bytes is not None
        and least is not None
        and reading.available_bytes < least * total
    ):
        notes.append(f"only {reading.available_bytes / 1e9:.2f} GB of memory available")
        fit = False
    if cores < 2:
        notes.append("one core: the lab and the system share it with the trial")
    governor = word(sys / "devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if governor not in (None, "performance"):
        notes.append(f"frequency governor {governor}: performance gives steadier clocks")
    clock = word(sys / "devices/system/clocksource/clocksource0/current_clocksource")
    if clock not in (None, "tsc", "arch_sys_counter", "kvm-clock"):
        notes.append(f"clock source {clock} is slow to read")
    if is_virtual(proc):
        notes.append("virtual machine: neighbours may disturb it unseen")
    if any(
        word(supply / "online") == "0" and word(supply / "type") == "Mains"
        for supply in (sys / "class/power_supply").glob("*")
    ):
        notes.append("on battery: the clock may be throttled")
    return {"fit": fit, "notes": notes}


def cpu_seconds(proc: Path = Path("/proc")) -> tuple[float, float] | None:
    """(busy, stolen) CPU seconds of the whole machine since boot; guest time is in user already."""
    try:
        words = (proc / "stat").read_text().split("\n", 1)[0].split()
        user, nice, system, _idle, _iowait, irq, softirq = (int(word) for word in words[1:8])
        steal = int(words[8]) if len(words) > 8 else 0
    except (OSError, ValueError, IndexError):
        return None
    return (user + nice + system + irq + softirq) * TICK_S, steal * TICK_S


def pressure_seconds(proc: Path = Path("/proc")) -> float | None:
    """Seconds since boot in which some task waited for a CPU."""
    try:
        some = (proc / "pressure/cpu").read_text().split("\n", 1)[0]
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):
        return None


def available_bytes(proc: Path = Path("/proc")) -> int | None:
    try:
        for line in (proc / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def is_virtual(proc: Path = Path("/proc")) -> bool:
    try:
        return any(
            line.startswith("flags") and " hypervisor" in line
            for line in (proc / "cpuinfo").read_text().splitlines()
        )
    except OSError:
        return False


def word(path: Path) -> str | None:
    """The content of a one-word file, None if there is no such file."""
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
