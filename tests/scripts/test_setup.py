"""scripts/setup on machines that lack things: one list, how the system names them, status 3."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "bash dirname uname sed grep cut tr head sort cksum cat mkdir rm tail printf env"


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A checkout with a PATH that holds a user's plain tools, no compiler, no right to install."""
    (tmp_path / "scripts").mkdir()
    for name in ("setup", "requirements.txt"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS.split():
        found = shutil.which(tool)
        if found:
            (tmp_path / "bin" / tool).symlink_to(found)
    give(tmp_path, "id", "echo 1000")
    return tmp_path


def give(machine: Path, name: str, script: str) -> None:
    """Put a command on that machine."""
    path = machine / "bin" / name
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def set_up(machine: Path, release: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (machine / "os-release").write_text(release)
    return subprocess.run(
        [str(machine / "bin" / "bash"), str(machine / "scripts" / "setup"), *arguments],
        env={
            "PATH": str(machine / "bin"),
            "OS_RELEASE": str(machine / "os-release"),
            "CXX": "no-compiler",
            "GO": "no-go",
            "PYTHON": os.fspath(machine / "no-python"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("release", "benchmark", "install"),
    [
        ("ID=debian\n", "libbenchmark-dev", "apt-get install"),
        ('ID=mint\nID_LIKE="ubuntu debian"\n', "libbenchmark-dev", "apt-get install"),
        ("ID=fedora\n", "google-benchmark-devel", "dnf install"),
        ("ID=arch\n", "benchmark", "pacman -S"),
        ('ID="opensuse-leap"\n', "benchmark-devel", "zypper install"),
        ("ID=plan9\n", "libbenchmark-dev", "install by hand"),
    ],
)
def test_what_is_missing_is_listed_as_the_system_names_it(
    bare_machine: Path, release: str, benchmark: str, install: str
) -> None:
    done = set_up(bare_machine, release)
    assert done.returncode == 3
    row = next(line for line in done.stderr.splitlines() if "Google Benchmark" in line)
    assert row.split()[0] == "required"
    assert row.split()[-1] == benchmark
    assert install in done.stderr.splitlines()[-1]
    assert not (bare_machine / "build" / "venv").exists()


def test_root_on_debian_installs_exactly_what_is_missing(bare_machine: Path) -> None:
    give(bare_machine, "id", "echo 0")
    log = bare_machine / "asked"
    give(bare_machine, "apt-get", f'echo "$@" >> {log}')
    done = set_up(bare_machine, "ID=debian\n", "--test")
    asked = log.read_text()
    assert "update" in asked
    for package in ("g++", "cmake", "ninja-build", "libbenchmark-dev", "golang-go", "chromium"):
        assert f" {package}" in asked
    assert done.returncode == 3  # this apt installs nothing, and that is noticed


def test_apt_without_network_says_so_and_lists_what_is_missing(bare_machine: Path) -> None:
    give(bare_machine, "id", "echo 0")
    give(bare_machine, "apt-get", "echo 'E: no network' >&2; exit 100")
    done = set_up(bare_machine, "ID=debian\n")
    assert done.returncode == 3
    assert "E: no network" in done.stderr
    assert "missing on this machine" in done.stderr


def test_a_user_without_sudo_is_not_asked_for_a_password(bare_machine: Path) -> None:
    give(bare_machine, "sudo", '[ "$1" = -n ] && exit 1; echo asked for a password')
    done = set_up(bare_machine, "ID=debian\n")
    assert done.returncode == 3
    assert "asked" not in done.stdout
