"""peers: each topic's Go peer, built once for every Go version under test.

    experiments/<topic>/go ─┬─► go test -c ──► build/go/<topic>/<version>/<topic>.test
    experiments/harness/go ─┘   of VERSIONS    build/go/peers.json

Invariants  Nothing absent is an error: a peer that cannot be had says why in `not_run`.
            No Go setting of the user reaches the compiler (they serve to fetch toolchains): it
            would change the code that is measured.
            A peer is compiled as a module of its own Go's version: `go 1.17` in a newer Go would
            also mean the language and the GODEBUG defaults of Go 1.17.
            A program is built again when its sources, the shared harness or the Go release changed,
            and only then; one that was built stays good when Go or the network is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from claimslab.errors import UNFIT, LabError
from claimslab.foreign import clean
from claimslab.measure.toolchains import (
    VERSIONS,
    Installed,
    Toolchain,
    expected,
    find_installed,
    obtain,
    run,
    series,
)

COMPILE_S = 300.0  # the first compile of a version builds its standard library too

COMPILE_FLAGS = ("-trimpath",)
FETCH_SETTINGS = ("GOPROXY", "GOSUMDB", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOINSECURE")
CACHES = ("GOCACHE", "GOMODCACHE", "GOPATH")


@dataclass(frozen=True)
class Peer:
    """A topic's Go program in one version; `program` is relative to the repository's root."""

    topic: str
    version: str
    go: str  # the exact release, or "" where there is none
    program: str
    not_run: str

    @property
    def subject(self) -> str:
        return f"go@{self.version}"


# ---- Decisions: pure functions ------------------------------------------------------------------


def content_hash(files: Mapping[str, bytes], version: str) -> str:
    """Of all that decides a peer's code, except the release of Go."""
    digest = hashlib.sha256(repr((version, COMPILE_FLAGS)).encode())
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()


def stamp_go(stamp: str, sources: str) -> str:
    """The release in a stamp (`go1.23.12 <hash>`) of just these sources, else ""."""
    go, _, stamped = stamp.strip().rpartition(" ")
    return go if stamped == sources else ""


def own_go_mod(text: str, version: str) -> str:
    """A go.mod whose `go` line names this version."""
    return re.sub(r"(?m)^go \d+\.\d+.*$", f"go {version}", text)


def without_go(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without any setting of Go's or of its C compiler's."""
    return {k: v for k, v in environ.items() if not k.startswith(("GO", "CGO_"))}


def compile_environment(
    environ: Mapping[str, str], settings: Mapping[str, str], cache: str
) -> dict[str, str]:
    """Defaults of Go throughout, but for where modules come from and where caches are."""
    kept = {k: settings[k] for k in (*FETCH_SETTINGS, *CACHES) if settings.get(k)}
    fixed = {"GOENV": "off", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return {**without_go(environ), "GOCACHE": cache, **kept, **fixed}


def compile_error(text: str, root: Path) -> str:
    """The first line that says what is wrong."""
    lines = [x.strip() for x in text.splitlines() if x.strip() and not x.startswith("#")]
    lines = [x for x in lines if not x.startswith("go: downloading")]
    return clean(lines[0].replace(f"{root}/", "")) if lines else "no message"


# ---- Reading and writing ------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One topic in one version: what it is made of and where it goes."""

    topic: str
    version: str
    sources: Path
    target: Path  # build/go/<topic>/<version>
    hash: str

    @property
    def program(self) -> Path:
        return self.target / f"{self.topic}.test"

    @property
    def stamp(self) -> Path:
        return self.target / "stamp"

    def built_by(self) -> str:
        """The release that built what is there from these sources, else ""."""
        if not (self.program.is_file() and self.stamp.is_file()):
            return ""
        return stamp_go(self.stamp.read_text(), self.hash)


def find_jobs(root: Path, build_dir: Path, only: tuple[str, ...]) -> list[Job]:
    experiments = root / "experiments"
    if not experiments.is_dir():
        raise LabError(f"{root} holds no folder experiments")
    topics = [p.parent.name for p in sorted(experiments.glob("*/claims.toml"))]
    shared = read_tree(experiments / "harness" / "go")
    jobs = []
    for topic in topics:
        sources = experiments / topic / "go"
        if not (sources / "go.mod").is_file() or (only and topic not in only):
            continue
        files = {**read_tree(sources), **{f"harness/{k}": v for k, v in shared.items()}}
        for version in VERSIONS:
            target = build_dir / "go" / topic / version
            jobs.append(Job(topic, version, sources, target, content_hash(files, version)))
    return jobs


def read_tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def compile_peer(job: Job, toolchain: Toolchain, root: Path, env: Mapping[str, str]) -> str:
    """Build one peer; "" or the reason why it could not be built."""
    job.target.mkdir(parents=True, exist_ok=True)
    job.stamp.unlink(missing_ok=True)
    go_mod = job.target / "peer.mod"
    go_mod.write_text(own_go_mod((job.sources / "go.mod").read_text(), job.version))
    fresh = job.target / "new.test"
    argv = [toolchain.program, "test", "-c", *COMPILE_FLAGS, f"-modfile={go_mod.resolve()}"]
    done = run([*argv, "-o", str(fresh.resolve()), "."], COMPILE_S, job.sources, env)
    if done.status is None:
        return f"{toolchain.go} did not compile it within {COMPILE_S:g} s"
    if done.status != 0 or not fresh.is_file():
        return f"{toolchain.go}: {compile_error(done.err or done.out, root)}"
    fresh.replace(job.program)
    job.stamp.write_text(f"{toolchain.go} {job.hash}\n")
    return ""


def build(
    root: Path, build_dir: Path, only: tuple[str, ...] = (), echo: Callable[[str], None] = print
) -> list[Peer]:
    """Build what is not built yet; write and return what there is of the topics asked for.

    Raises LabError where root is no repository of the lab; all else becomes a `not_run`.
    """
    root, build_dir = root.resolve(), build_dir.resolve()
    jobs = find_jobs(root, build_dir, only)
    with tempfile.TemporaryDirectory() as nowhere:
        installed = find_installed(Path(nowhere)) if jobs else None
        here = installed.go if installed else ""
        missing = [j for j in jobs if not is_built(j, here)]
        toolchains = obtain_all({j.version for j in missing}, installed, Path(nowhere))
    settings = installed.settings if installed else {}
    env = compile_environment(os.environ, settings, str(build_dir / "go" / "cache"))
    peers = []
    for job in jobs:
        if job in missing:
            peer = build_one(job, toolchains[job.version], root, env, echo)
        else:
            peer = Peer(job.topic, job.version, job.built_by(), relative(job.program, root), "")
        peers.append(peer)
    write(build_dir, peers)
    return peers


def is_built(job: Job, installed: str) -> bool:
    go = job.built_by()
    return go == expected(job.version, installed) or (go != "" and installed == "")


def obtain_all(versions: set[str], installed: Installed | None, cwd: Path) -> dict[str, Toolchain]:
    """All at once, so that waits for the network overlap."""
    with ThreadPoolExecutor(len(VERSIONS)) as pool:
        ordered = sorted(versions)
        return dict(
            zip(ordered, pool.map(lambda v: obtain(v, installed, cwd), ordered), strict=True)
        )


def build_one(
    job: Job,
    toolchain: Toolchain,
    root: Path,
    env: Mapping[str, str],
    echo: Callable[[str], None],
) -> Peer:
    reason = toolchain.not_run
    if not reason:
        echo(f"{job.topic}: building the Go peer with {toolchain.go}")
        reason = compile_peer(job, toolchain, root, env)
    if reason:
        echo(f"not run: {job.topic} in Go {job.version}: {reason}")
        return Peer(job.topic, job.version, "", "", reason)
    return Peer(job.topic, job.version, toolchain.go, relative(job.program, root), "")


def relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def write(build_dir: Path, peers: Sequence[Peer]) -> None:
    """Replace what is told of these topics in peers.json, at once, and keep the other topics."""
    path = build_dir / "go" / "peers.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    topics = {p.topic for p in peers}
    try:
        kept = [p for p in read(build_dir) if p.topic not in topics]
    except LabError:
        kept = []
    rows = sorted([*kept, *peers], key=lambda p: (p.topic, series(f"go{p.version}")))
    text = json.dumps([asdict(p) for p in rows], indent=1) + "\n"
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def read(build_dir: Path) -> list[Peer]:
    """What `build` left. Raises LabError where it left nothing, or nothing that can be read."""
    path = build_dir / "go" / "peers.json"
    try:
        return [Peer(**row) for row in json.loads(path.read_text())]
    except FileNotFoundError:
        raise LabError("the Go peers were not built: run make bench or make test", UNFIT) from None
    except (ValueError, TypeError) as error:
        raise LabError(f"{path.name} is damaged ({error}): remove it, build again", UNFIT) from None
