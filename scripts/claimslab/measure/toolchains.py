"""toolchains: the Go versions under test, and how each is had on this machine.

The installed Go serves if it is of the wanted series; else a newer Go (1.21+) fetches the other as
GOTOOLCHAIN says, and an older one (1.16+, Debian 12 has 1.19) downloads the same module itself.

Invariants  Nothing absent is an error: a toolchain that cannot be had says why in `not_run`, in one
            line that names no address.
            Every command has a limit, and is killed at it with all that it started.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimslab.foreign import clean, load_json

VERSIONS: Mapping[str, str] = {"1.17": "go1.17.13", "1.23": "go1.23.12", "1.26": "go1.26.8"}

ASK_S = 10.0  # for a question to an installed Go
FETCH_S = 60.0  # for one toolchain, about 100 MB


@dataclass(frozen=True)
class Installed:
    """The Go on PATH (or $GO) and what `go env` says of it."""

    program: str
    settings: Mapping[str, str]

    @property
    def go(self) -> str:
        return clean(self.settings.get("GOVERSION", ""))


@dataclass(frozen=True)
class Toolchain:
    """The Go that compiles a version, or why there is none."""

    go: str
    program: str = ""
    not_run: str = ""


# ---- Decisions: pure functions ------------------------------------------------------------------


def series(go: str) -> tuple[int, int]:
    """(1, 23) of `go1.23.12` or `go1.23rc1`; (0, 0) of anything else, as a development tree."""
    match = re.match(r"go(\d+)\.(\d+)", go)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def way(installed: str, wanted: str) -> str:
    """How Go `wanted` is had where `installed` is: installed, switch, module, or none."""
    have = series(installed)
    if have == series(wanted):
        return "installed"
    if have >= (1, 21):
        return "switch"
    return "module" if have >= (1, 16) else "none"


def expected(version: str, installed: str) -> str:
    """The release that stands for a version: the installed one if of its series, else the pin."""
    wanted = VERSIONS[version]
    return installed if way(installed, wanted) == "installed" else wanted


def module_flags(goflags: str) -> str:
    """A user's GOFLAGS, but with -mod=mod: an empty module may be asked for any other."""
    return " ".join([f for f in goflags.split() if not f.startswith("-mod=")] + ["-mod=mod"])


def fetch_error(text: str) -> str:
    """The cause at the end of Go's message, without the addresses in the middle."""
    lines = [x for x in text.splitlines() if x.strip() and not x.startswith("go: downloading")]
    cause = lines[0].rpartition(": ")[2].strip() if lines else "no message"
    return "network" if re.search(r"://|\w\.\w", cause) else cause  # an address, not a cause


# ---- Commands -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """A finished command; `status` is None when its time was up and it was killed."""

    status: int | None
    out: str
    err: str


def run(argv: Sequence[str], limit_s: float, cwd: Path, env: Mapping[str, str]) -> Done:
    """Run to the end or to the limit, then kill it with all that it started."""
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: no name of a file, as one with a NUL
        return Done(127, "", getattr(error, "strerror", None) or "cannot be run")
    try:
        out, err = process.communicate(timeout=limit_s)
        return Done(process.returncode, out, err)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return Done(None, "", "")
        raise


def find_installed(cwd: Path) -> Installed | None:
    program = shutil.which(os.environ.get("GO") or "go")
    if program is None:
        return None
    done = run([program, "env", "-json"], ASK_S, cwd, {**os.environ, "GOTOOLCHAIN": "local"})
    said = json_object(done.out) if done.status == 0 else {}
    settings = {name: text for name, text in said.items() if isinstance(text, str)}
    return Installed(str(Path(program).absolute()), settings)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object that a Go printed; empty where it printed anything else."""
    try:
        value = load_json(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def obtain(version: str, installed: Installed | None, cwd: Path) -> Toolchain:
    """The toolchain of a version; fetches it where it must. cwd holds no go.mod."""
    go = expected(version, installed.go if installed else "")
    if installed is None:
        return Toolchain(go, not_run=f"no Go here to build with, or to fetch {go} with")
    match way(installed.go, go):
        case "installed":
            return Toolchain(go, installed.program)
        case "switch":
            return switch(go, installed, cwd)
        case "module":
            return download(go, installed)
    have = installed.go or "the installed go, which does not tell its version,"
    return Toolchain(go, not_run=f"{have} cannot fetch {go}: Go 1.16 or newer is needed")


def switch(go: str, installed: Installed, cwd: Path) -> Toolchain:
    env = {**os.environ, "GOTOOLCHAIN": go, "GOWORK": "off"}
    done = run([installed.program, "env", "GOROOT"], FETCH_S, cwd, env)
    if done.status != 0 or not done.out.strip():
        return failed_fetch(go, done, done.err)
    return Toolchain(go, str(Path(done.out.strip()) / "bin" / "go"))


def download(go: str, installed: Installed) -> Toolchain:
    """As `switch`, for a Go that cannot: get the module, and give its programs back the right to
    run, which a module's archive does not keep."""
    get = installed.settings.get
    module = f"golang.org/toolchain@v0.0.1-{go}.{get('GOHOSTOS')}-{get('GOHOSTARCH')}"
    env = {**os.environ, "GOFLAGS": module_flags(get("GOFLAGS", "")), "GOWORK": "off"}
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "go.mod").write_text("module fetch\n")
        argv = [installed.program, "mod", "download", "-json", module]
        done = run(argv, FETCH_S, Path(empty), env)
    answer = json_object(done.out)
    if done.status != 0 or not isinstance(answer.get("Dir"), str):
        return failed_fetch(go, done, str(answer.get("Error", done.err)))
    root = Path(answer["Dir"])
    for program in [*root.glob("bin/*"), *root.glob("pkg/tool/*/*")]:
        program.chmod(program.stat().st_mode | 0o555)
    return Toolchain(go, str(root / "bin" / "go"))


def failed_fetch(go: str, done: Done, message: str) -> Toolchain:
    if done.status is None:
        return Toolchain(go, not_run=f"{go} did not arrive within {FETCH_S:g} s")
    return Toolchain(go, not_run=f"{go} could not be fetched: {clean(fetch_error(message))}")
