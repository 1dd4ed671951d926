"""program: may this program be recorded? The recorder comes by LD_PRELOAD, which not all take.

Scripts are followed to their interpreter. Programs that the recorded one starts are not looked at.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claimslab.errors import LabError

MACHINES = {"x86_64": 62, "aarch64": 183}  # ELF's numbers of those that the lab can be built for
PT_INTERP, PT_NOTE = 3, 4
GO_SECTIONS = (b".note.go.buildid", b".go.buildinfo", b".gopclntab")
MOST_SCRIPTS = 4  # a script whose interpreter is a script, and so on; the kernel takes as many


@dataclass(frozen=True)
class Elf:
    """What of an ELF file decides whether it can be recorded."""

    machine: int
    wide: bool  # 64 bits
    dynamic: bool
    go: bool


def find(name: str) -> Path:
    """The file that a shell would start; LabError where there is none or it may not be recorded."""
    found = shutil.which(name)
    if found is None:
        refuse_file(name)
    path = Path(found or name)
    for _ in range(MOST_SCRIPTS):
        refuse_set_id(path)
        head = read(path, 4096)
        if head[:2] != b"#!":
            refuse_elf(path, read(path))
            return Path(found or name)
        path = interpreter(path, head)
    raise LabError(f"{name}: a script whose interpreter is a script, too often; name the last one")


def refuse_file(name: str) -> None:
    """Why nothing of this name can be started."""
    if "/" not in name:
        raise LabError(f"{name}: no such program in PATH; give its path")
    path = Path(name)
    if not path.exists():
        raise LabError(f"{name}: no such program")
    if path.is_dir():
        raise LabError(f"{name}: is a folder; give a program")
    raise LabError(f"{name}: may not be executed; `chmod +x` allows it")


def read(path: Path, most: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise LabError(f"{path}: cannot be read: {error.strerror}") from error


def refuse_set_id(path: Path) -> None:
    """A program that changes who it runs as ignores LD_PRELOAD."""
    status = path.stat()
    user = status.st_mode & stat.S_ISUID and status.st_uid != os.geteuid()
    group = status.st_mode & stat.S_ISGID and status.st_gid != os.getegid()
    if user or group:
        which = "setuid" if user else "setgid"
        raise LabError(
            f"{path}: is {which}, and such programs ignore LD_PRELOAD; record a copy of it, or as "
            "the user that it runs as"
        )
    try:
        capable = bool(os.getxattr(path, "security.capability"))
    except OSError:
        capable = False
    if capable and os.geteuid() != 0:
        raise LabError(
            f"{path}: has file capabilities, and such programs ignore LD_PRELOAD; record a copy"
        )


def interpreter(script: Path, head: bytes) -> Path:
    """The program that runs a script; behind `env` the one that it names."""
    words = head[2:].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    found = shutil.which(words[0]) if words else None
    if found is None:
        named = f"'{words[0]}', which is not there" if words else "nothing"
        raise LabError(f"{script}: its first line names {named}; give a program")
    return Path(found)


def refuse_elf(path: Path, data: bytes) -> None:
    try:
        elf = parse(data)
    except (struct.error, IndexError, ValueError):
        raise LabError(f"{path}: is neither an ELF program nor a script; give a program") from None
    if elf.go:
        raise LabError(
            f"{path}: is a Go program, which has its own heap and hardly calls malloc; "
            "Go's own pprof tells of it"
        )
    machine = platform.machine()
    if not elf.wide or elf.machine != MACHINES.get(machine, elf.machine):
        raise LabError(
            f"{path}: is built for another machine than the recorder ({machine}); "
            "record it where the lab is built for that one"
        )
    if not elf.dynamic:
        raise LabError(
            f"{path}: is linked statically, so LD_PRELOAD does not reach it; link it dynamically"
        )


def parse(data: bytes) -> Elf:
    """An ELF file of either width and byte order; struct.error, IndexError or ValueError if it is
    none or is cut short."""
    if data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise ValueError("no ELF file")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    _, machine = struct.unpack_from(f"{order}HH", data, 16)
    segments, sections = struct.unpack_from(
        f"{order}QQ" if wide else f"{order}II", data, 32 if wide else 28
    )
    size, count, section_size, section_count, names = struct.unpack_from(
        f"{order}5H", data, 54 if wide else 42
    )
    kinds = []
    notes = []
    for i in range(count):
        at = segments + i * size
        kind = struct.unpack_from(f"{order}I", data, at)[0]
        offset, length = struct.unpack_from(
            f"{order}Q16xQ" if wide else f"{order}I8xI", data, at + (8 if wide else 4)
        )
        kinds.append(kind)
        notes += [data[offset : offset + length]] if kind == PT_NOTE else []
    found = set(section_names(data, order, wide, sections, section_size, section_count, names))
    go = any(name in found for name in GO_SECTIONS) or any(b"Go\0\0" in note for note in notes)
    return Elf(machine, wide, PT_INTERP in kinds, go)


def section_names(
    data: bytes, order: str, wide: bool, start: int, size: int, count: int, names: int
) -> Iterator[bytes]:
    """Nothing where a file was stripped of its sections."""
    if not start or not count or names >= count:
        return
    where = f"{order}QQ" if wide else f"{order}II"
    table = start + names * size + (24 if wide else 16)
    offset, length = struct.unpack_from(where, data, table)
    texts = data[offset : offset + length]
    for i in range(count):
        at = struct.unpack_from(f"{order}I", data, start + i * size)[0]
        yield texts[at:].split(b"\0", 1)[0]
