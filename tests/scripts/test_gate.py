"""Gate: quiet machines pass, disturbed ones do not, and files that are missing decide nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claimslab.measure import gate

QUIET = {
    "status": "ok", "wall_s": 1.0, "cpu_s": 0.99, "involuntary": 8, "voluntary": 3,
    "pressure": 0.01, "foreign_cores": 0.04, "steal": 0.0, "available_bytes": 8e9,
}  # fmt: skip


def objections(**change: Any) -> list[str]:
    return gate.objections({**QUIET, **change}, gate.LIMITS, 16e9, 2)


def test_a_quiet_machine_passes() -> None:
    assert objections() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pressure": 0.4}, "pressure 0.40 over 0.1"),
        ({"involuntary": 300}, "300 involuntary switches a second"),
        ({"cpu_s": 0.6}, "CPU/wall 0.60 under 0.9"),
        ({"foreign_cores": 0.9}, "foreign load of 0.90 cores"),
        ({"steal": 0.2}, "steal 0.20"),
        ({"available_bytes": 1e8}, "0.10 GB of memory"),
    ],
)
def test_each_disturbance_is_named(change: dict[str, Any], says: str) -> None:
    (objection,) = objections(**change)
    assert says in objection


@pytest.mark.parametrize(
    "change",
    [
        {"pressure": None, "foreign_cores": None, "steal": None, "available_bytes": None},
        {"wall_s": 0.05, "cpu_s": 0.04, "involuntary": 6, "pressure": 0.15, "foreign_cores": 0.5},
        {"cpu_s": 1.8, "pressure": 0.5, "involuntary": 900},  # its own threads do that
        {"cpu_s": 0.2, "voluntary": 5000},  # it waits by intent
        {"cpu_s": 0.9, "voluntary": 4000, "involuntary": 2500, "pressure": 0.6},  # a Go runtime
        {"status": "crashed", "pressure": 0.9},
        {"wall_s": 0.0},
    ],
)
def test_what_the_trial_itself_does_is_no_objection(change: dict[str, Any]) -> None:
    assert objections(**change) == []


def test_a_limit_of_none_is_not_checked() -> None:
    loud = {**QUIET, "pressure": 1.0, "foreign_cores": 2.0, "steal": 1.0, "cpu_s": 0.1}
    assert gate.objections(loud, dict.fromkeys(gate.LIMITS), 16e9, 2) == []


def machine(folder: Path, busy: int, pressure: int) -> None:
    (folder / "pressure").mkdir(parents=True, exist_ok=True)
    (folder / "stat").write_text(f"cpu  {busy} 0 0 1000 0 0 0 7 0 0\ncpu0 1 2 3\n")
    (folder / "pressure/cpu").write_text(f"some avg10=0.00 total={pressure}\nfull total=0\n")
    (folder / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable: 50 kB\n")


def test_readings_are_differences(tmp_path: Path) -> None:
    machine(tmp_path, 100, 1_000_000)
    watch = gate.Watch(tmp_path)
    machine(tmp_path, 300, 2_000_000)
    reading = watch.read(trial_cpu_s=0.5)
    assert reading.pressure == pytest.approx(1 / reading.wall_s)
    own_and_trial = 2 - reading.foreign_cores * reading.wall_s  # type: ignore[operator]
    assert 0.5 <= own_and_trial < 0.6
    assert reading.steal == 0 and reading.available_bytes == 50 * 1024


def test_a_kernel_without_these_files(tmp_path: Path) -> None:
    reading = gate.Watch(tmp_path).read(0.0)
    assert reading.line() == {
        "pressure": None, "foreign_cores": None, "steal": None, "available_bytes": None,
    }  # fmt: skip
    fitness = gate.fitness(proc=tmp_path, sys=tmp_path)
    assert fitness["fit"] and any("pressure" in note for note in fitness["notes"])


def test_garbage_in_proc_is_as_good_as_missing(tmp_path: Path) -> None:
    machine(tmp_path, 1, 1)
    for name in ("stat", "pressure/cpu", "meminfo"):
        (tmp_path / name).write_text("some MemAvailable: x\n")
    assert gate.Watch(tmp_path).read(0.0).pressure is None


def test_this_machine_can_be_read() -> None:
    fitness = gate.fitness()
    assert isinstance(fitness["fit"], bool)
    assert all(isinstance(note, str) for note in fitness["notes"])
