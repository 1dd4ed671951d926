"""test_trace_program: what cannot be recorded is told in one line, before anything is started."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from claimslab.errors import LabError
from claimslab.traces import program

SOURCE = "int main() { return 0; }\n"


def refusal(name: str | Path) -> str:
    with pytest.raises(LabError) as caught:
        program.find(str(name))
    text = str(caught.value)
    assert "\n" not in text and text.startswith(str(name).split("/")[0])
    return text


def compiled(folder: Path, *flags: str) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("not run: no C compiler")
    source = folder / "program.c"
    source.write_text(SOURCE)
    target = folder / "program"
    done = subprocess.run(
        [compiler, *flags, source, "-o", target], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"not run: cc {' '.join(flags)}: {done.stderr.strip().splitlines()[-1]}")
    return target


def script(path: Path, first: str) -> Path:
    path.write_text(f"{first}\n")
    path.chmod(0o755)
    return path


def test_a_dynamic_program_may_be_recorded(tmp_path: Path) -> None:
    target = compiled(tmp_path)
    assert program.find(str(target)) == target
    assert program.find("sh").name == "sh"


def test_a_script_is_followed_to_its_interpreter(tmp_path: Path) -> None:
    assert program.find(str(script(tmp_path / "one", "#!/bin/sh -e"))) == tmp_path / "one"
    assert program.find(str(script(tmp_path / "two", "#!/usr/bin/env -S A=1 sh")))
    target = compiled(tmp_path, "-static")
    assert "statically" in refusal(script(tmp_path / "three", f"#!{target}"))
    assert "names '/no/such', which is not there" in refusal(
        script(tmp_path / "four", "#!/no/such")
    )
    assert "names nothing" in refusal(script(tmp_path / "five", "#!"))
    assert "too often" in refusal(script(tmp_path / "six", f"#!{tmp_path / 'six'}"))


def test_what_is_no_program(tmp_path: Path) -> None:
    assert refusal("no-such-program-here").endswith("in PATH; give its path")
    assert refusal(tmp_path / "gone").endswith("no such program")
    assert "folder" in refusal(tmp_path)
    plain = tmp_path / "plain"
    plain.write_text("text")
    assert "may not be executed" in refusal(plain)
    plain.chmod(0o755)
    assert "neither an ELF program nor a script" in refusal(plain)
    plain.write_bytes(b"")
    assert "neither" in refusal(plain)


def test_a_static_program(tmp_path: Path) -> None:
    assert "linked statically" in refusal(compiled(tmp_path, "-static"))


def test_a_static_program_at_any_address(tmp_path: Path) -> None:
    assert "linked statically" in refusal(compiled(tmp_path, "-static-pie"))


def test_a_set_id_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = compiled(tmp_path)
    target.chmod(0o4755)
    assert program.find(str(target)), "its own user's: LD_PRELOAD works"
    monkeypatch.setattr(os, "geteuid", lambda: target.stat().st_uid + 1)
    assert "is setuid" in refusal(target)
    target.chmod(0o2755)
    monkeypatch.setattr(os, "getegid", lambda: target.stat().st_gid + 1)
    assert "is setgid" in refusal(target)


def test_a_program_with_capabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = compiled(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "getxattr", lambda path, name: b"\1")
    assert "file capabilities" in refusal(target)


def test_a_go_program(tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("not run: Go is not installed")
    (tmp_path / "go.mod").write_text("module program\n\ngo 1.17\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n")
    env = {**os.environ, "GOCACHE": str(tmp_path / "cache"), "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    for flags in ([], ["-ldflags=-s -w"]):
        done = subprocess.run(
            [go, "build", *flags, "-o", "program", "."],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"not run: go build: {done.stderr.strip().splitlines()[-1]}")
        assert "is a Go program" in refusal(tmp_path / "program")


def test_a_program_of_another_machine(tmp_path: Path) -> None:
    target = compiled(tmp_path)
    data = bytearray(target.read_bytes())
    data[18:20] = struct.pack("<H", 243)
    target.write_bytes(data)
    assert "built for another machine" in refusal(target)


def test_every_cut_of_a_program_is_told(tmp_path: Path) -> None:
    """No length of a file that was cut short ends in anything but an answer."""
    target = compiled(tmp_path)
    whole = target.read_bytes()
    for length in [*range(0, 1200, 7), len(whole) // 2, len(whole) - 10]:
        target.write_bytes(whole[:length])
        try:
            assert program.find(str(target)) == target
        except LabError as error:
            assert "\n" not in str(error)
