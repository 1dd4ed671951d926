"""test_contenders: ALLOC and PEERS link what can be measured, refuse the rest in one line, and miss
nothing without cargo."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "allocators" / "contenders.sh"
CONFORMANCE = ROOT / "build" / "bench" / "bin" / "allocator_conformance"
PROGRAMS = ROOT / "build" / "dev" / "tests" / "programs"
BROKEN = PROGRAMS / "libbroken_malloc_library.so"
LATEST = ROOT / "build" / "latest"

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build tree of its own, with what an earlier call left behind."""
    if not CONFORMANCE.is_file() or not BROKEN.is_file():
        pytest.skip("not run: build/dev and build/bench are not built; `make test` builds them")
    folder = tmp_path / "build" / "bench"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / CONFORMANCE.name).symlink_to(CONFORMANCE)
    (folder / "contenders").mkdir()
    (folder / "contenders" / "libearlier.so").symlink_to(BROKEN)
    return folder


def choose(build: Path, timeout_s: float = 120, **variables: str) -> Done:
    environment = {k: v for k, v in os.environ.items() if k not in ("ALLOC", "PEERS")}
    return subprocess.run(
        [SCRIPT, build], env={**environment, **variables}, cwd=ROOT,
        capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip


def linked(build: Path) -> list[str]:
    return sorted(path.name for path in (build / "contenders").iterdir())


def test_without_names_nothing_is_compared_besides(build: Path) -> None:
    done = choose(build)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert linked(build) == []


def test_a_library_that_only_fails_rows_is_linked(build: Path) -> None:
    done = choose(build, ALLOC=str(BROKEN.relative_to(ROOT)), LAB_FAULT="forgets-errno")
    assert (done.returncode, done.stderr) == (0, "")
    assert linked(build) == [BROKEN.name]
    assert (build / "contenders" / BROKEN.name).samefile(BROKEN)


@pytest.mark.parametrize(
    ("library", "fault", "words"),
    [
        ("/nowhere/lib.so", "", "does not exist"),
        (str(ROOT / "README.md"), "", "no ELF file"),
        (str(PROGRAMS / "libno_malloc_library.so"), "", "does not serve malloc"),
        (str(BROKEN), "crashes-at-load", "SIGSEGV"),
        (str(BROKEN), "overlapping", "overwritten"),
        (str(BROKEN), "leaks", "was freed"),
    ],
)
def test_a_bad_library_is_refused_in_one_line(
    build: Path, library: str, fault: str, words: str
) -> None:
    done = choose(build, ALLOC=library, LAB_FAULT=fault)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert library in done.stderr and words in done.stderr
    assert linked(build) == []


def test_an_unknown_set_of_peers_is_refused_in_one_line(build: Path) -> None:
    done = choose(build, PEERS="newest")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "PEERS=newest" in done.stderr and "PEERS=latest" in done.stderr


def path_with(folder: Path, cargo: str) -> str:
    """A PATH that has what scripts need, and a cargo of these lines or none."""
    folder.mkdir()
    for tool in ("bash", "cat", "cmp", "cp", "dirname", "grep", "head", "ln", "mkdir", "mv",
                 "realpath", "rm", "sed", "tail"):  # fmt: skip
        found = next(Path(p) / tool for p in ("/usr/bin", "/bin") if (Path(p) / tool).exists())
        (folder / tool).symlink_to(found)
    if cargo:
        (folder / "cargo").write_text(f"#!/bin/bash\n{cargo}\n")
        (folder / "cargo").chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("cargo", "words"),
    [
        ("", "PEERS=latest needs cargo"),
        ("echo 'error: no network' >&2; exit 101", "cannot fetch the sources"),
    ],
)
def test_without_cargo_or_network_the_usual_ones_are_measured(
    build: Path, tmp_path: Path, cargo: str, words: str
) -> None:
    for _ in range(2):  # the second call finds what the first left behind
        (tmp_path / "path").exists() or path_with(tmp_path / "path", cargo)
        done = choose(build, PEERS="latest", PATH=str(tmp_path / "path"))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (0, "", 1)
        assert done.stderr.startswith("not run: ") and words in done.stderr
        assert linked(build) == []


def test_newer_libraries_are_linked_by_name_and_version(build: Path) -> None:
    built = sorted(LATEST.glob("*.so"))
    if not built:
        pytest.skip("not run: build/latest is empty; `make allocators PEERS=latest` fills it")
    (build.parent / "latest").symlink_to(LATEST)
    done = choose(build, PEERS="latest")
    assert done.returncode == 0, done.stderr
    refused = [line for line in done.stderr.splitlines() if line.startswith("not run: ")]
    assert len(linked(build)) + len(refused) == len(built)
    assert any(name.startswith("jemalloc-5.") for name in linked(build)), done.stderr


def test_a_newer_library_that_is_not_usable_is_told_and_left_out(build: Path) -> None:
    latest = build.parent / "latest"
    (latest / "vendor").mkdir(parents=True)
    (latest / "mine-1.so").symlink_to(PROGRAMS / "libno_malloc_library.so")
    (latest / "Cargo.toml").write_text((ROOT / "allocators" / "latest" / "Cargo.toml").read_text())
    done = choose(build, PEERS="latest", PATH="/usr/bin:/bin")
    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if "mine-1.so does not serve malloc" in line]
    assert len(told) == 1 and told[0].startswith("not run: ")
    assert linked(build) == []
