"""test_peers: which Go is taken, how it is fetched, when a peer is built, and how one goes without.

The Go programs here are stand-ins: shell scripts that answer as Go of some version would.
"""

from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from claimslab.errors import LabError
from claimslab.measure import peers, toolchains

PINNED = toolchains.VERSIONS


# ---- Decisions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("installed", "wanted", "way"),
    [
        ("go1.26.8", "go1.26.8", "installed"),
        ("go1.26.9", "go1.26.8", "installed"),
        ("go1.26.9 X:nodwarf5", "go1.26.8", "installed"),
        ("go1.26.8", "go1.17.13", "switch"),
        ("go1.21.0", "go1.26.8", "switch"),
        ("go1.19.8", "go1.23.12", "module"),
        ("go1.16", "go1.23.12", "module"),
        ("go1.15.15", "go1.23.12", "none"),
        ("devel +abc", "go1.23.12", "none"),
        ("", "go1.23.12", "none"),
    ],
)
def test_the_way_to_a_toolchain(installed: str, wanted: str, way: str) -> None:
    assert toolchains.way(installed, wanted) == way


def test_the_installed_release_stands_for_its_series() -> None:
    assert toolchains.expected("1.23", "go1.23.4") == "go1.23.4"
    assert toolchains.expected("1.17", "go1.23.4") == PINNED["1.17"]


def test_a_fetch_error_is_its_cause_without_addresses() -> None:
    text = (
        "go: downloading go1.22.1 (linux/amd64)\n"
        'go: download go1.22.1: module: Get "https://proxy.invalid/x.zip": dial tcp: '
        "lookup proxy.invalid: no such host\n\tserver response: none\n"
    )
    assert toolchains.fetch_error(text) == "no such host"
    assert toolchains.fetch_error("go: https://proxy.invalid/x") == "network"
    assert toolchains.fetch_error("") == "no message"


def test_no_setting_of_the_user_reaches_the_compiler() -> None:
    environ = {"PATH": "/bin", "GOFLAGS": "-race", "GOAMD64": "v3", "GODEBUG": "x=1", "GOOS": "js"}
    settings = {"GOPROXY": "https://proxy.invalid", "GOFLAGS": "-race", "GOCACHE": ""}
    assert peers.compile_environment(environ, settings, "cache") == {
        "PATH": "/bin",
        "GOPROXY": "https://proxy.invalid",
        "GOCACHE": "cache",
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def test_a_user_s_flags_serve_to_fetch() -> None:
    assert toolchains.module_flags("-modcacherw -mod=vendor") == "-modcacherw -mod=mod"


def test_a_stamp_holds_for_the_same_sources_only() -> None:
    sources = peers.content_hash({"a.go": b"x", "go.mod": b"y"}, "1.17")
    assert peers.stamp_go(f"go1.17.13 {sources}\n", sources) == "go1.17.13"
    for other in (
        peers.content_hash({"a.go": b"x", "go.mod": b"z"}, "1.17"),
        peers.content_hash({"b.go": b"x", "go.mod": b"y"}, "1.17"),
        peers.content_hash({"a.go": b"xy", "go.mod": b""}, "1.17"),
        peers.content_hash({"a.go": b"x", "go.mod": b"y"}, "1.23"),
    ):
        assert peers.stamp_go(f"go1.17.13 {sources}\n", other) == ""
    assert peers.stamp_go("", sources) == ""


def test_a_peer_is_a_module_of_its_own_go() -> None:
    text = "module m\n\ngo 1.17\n\nrequire x v0.0.0\n"
    assert peers.own_go_mod(text, "1.26") == "module m\n\ngo 1.26\n\nrequire x v0.0.0\n"


# ---- With a stand-in for Go ---------------------------------------------------------------------

COMPILES = 'while [ "$1" != -o ]; do shift; done; echo program > "$2"'
FORBIDS = "echo 'go: download go1: reading https://proxy.invalid/z: 403 Forbidden' >&2; exit 1"


@dataclass
class Lab:
    """A repository of two topics, and a PATH on which `go` is what a test puts there."""

    root: Path
    bin: Path
    said: list[str] = field(default_factory=list)

    def go(self, version: str, *, fetch: str = FORBIDS, compile: str = COMPILES) -> None:
        """A Go of a version; `fetch` and `compile` are what it does when asked to."""
        self.script(
            self.bin / "go",
            f"""
echo "$* GOFLAGS=$GOFLAGS" >> "{self.root}/asked"
case "$1 $2" in
"env -json") echo '{{"GOVERSION":"{version}","GOHOSTOS":"linux","GOHOSTARCH":"amd64"}}' ;;
"env GOROOT" | "mod download") {fetch} ;;
"test -c") {compile} ;;
esac
""",
        )

    def script(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    def build(self, *only: str) -> dict[str, peers.Peer]:
        """The peers of `slices` by version."""
        found = peers.build(self.root, self.root / "build", only, self.said.append)
        assert self.said == [x for x in self.said if "\n" not in x]
        return {p.version: p for p in found if p.topic == "slices"}

    def asked(self) -> str:
        path = self.root / "asked"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    lab = Lab(tmp_path / "repo", tmp_path / "bin")
    for topic in ("slices", "maps"):
        folder = lab.root / "experiments" / topic
        (folder / "go").mkdir(parents=True)
        (folder / "claims.toml").touch()
        (folder / "go" / "go.mod").write_text(f"module {topic}\n\ngo 1.17\n")
    (lab.root / "experiments" / "harness" / "go").mkdir(parents=True)
    (lab.root / "experiments" / "harness" / "go" / "go.mod").write_text("module lab\n")
    monkeypatch.setenv("PATH", f"{lab.bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.delenv("GO", raising=False)
    return lab


def test_without_go(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO", "no-such-go")
    found = lab.build("slices")
    assert {p.not_run for p in found.values()} == {
        f"no Go here to build with, or to fetch {go} with" for go in PINNED.values()
    }
    assert {p.program for p in found.values()} == {""}
    assert peers.read(lab.root / "build") == list(found.values())


def test_a_go_that_is_too_old(lab: Lab) -> None:
    lab.go("go1.15.15")
    assert lab.build("slices")["1.23"].not_run == (
        f"go1.15.15 cannot fetch {PINNED['1.23']}: Go 1.16 or newer is needed"
    )


def test_a_go_that_does_not_work(lab: Lab) -> None:
    lab.script(lab.bin / "go", "echo broken; exit 1")
    assert lab.build("slices")["1.23"].not_run.startswith("the installed go, which does not tell")


@pytest.mark.parametrize("answer", ["[1]", "5", '{"GOVERSION":5}', "null", "[" * 100_000])
def test_a_go_that_talks_nonsense(lab: Lab, answer: str) -> None:
    (lab.root / "answer").write_text(answer)
    lab.script(lab.bin / "go", f"cat '{lab.root}/answer'")
    assert lab.build("slices")["1.23"].not_run.startswith("the installed go, which does not tell")


def test_a_fetch_that_answers_nonsense(lab: Lab) -> None:
    for fetch in ("echo '[1]'", """echo '{"Dir":5}'""", """echo '{"Error":[5]}'; exit 1"""):
        lab.go("go1.19.8", fetch=fetch)
        assert "could not be fetched" in lab.build("slices")["1.23"].not_run


def test_installed_and_no_network(lab: Lab) -> None:
    lab.go("go1.26.9")
    found = lab.build("slices")
    assert found["1.26"] == peers.Peer(
        "slices", "1.26", "go1.26.9", "build/go/slices/1.26/slices.test", ""
    )
    assert found["1.17"].not_run == "go1.17.13 could not be fetched: 403 Forbidden"
    assert "not run: slices in Go 1.17: go1.17.13 could not be fetched: 403 Forbidden" in lab.said


def test_a_newer_go_switches(lab: Lab, tmp_path: Path) -> None:
    lab.go("go1.26.8", fetch=f'echo "{tmp_path}/$GOTOOLCHAIN"')
    for go in ("go1.17.13", "go1.23.12"):
        lab.script(tmp_path / go / "bin" / "go", COMPILES.replace("echo program", f"echo {go}"))
    found = lab.build("slices")
    assert [p.go for p in found.values()] == ["go1.17.13", "go1.23.12", "go1.26.8"]
    assert (lab.root / found["1.17"].program).read_text() == "go1.17.13\n"


def test_an_older_go_downloads_and_makes_programs_of_the_files(lab: Lab, tmp_path: Path) -> None:
    root = tmp_path / "module"
    lab.script(root / "bin" / "go", COMPILES)
    lab.script(root / "pkg" / "tool" / "linux_amd64" / "compile", "")
    programs = [root / "bin" / "go", root / "pkg" / "tool" / "linux_amd64" / "compile"]
    for program in programs:
        program.chmod(0o444)
    lab.go("go1.19.8", fetch=f"""echo '{{"Dir":"{root}"}}'""")
    found = lab.build("slices")
    assert {p.not_run for p in found.values()} == {""}
    assert all(p.stat().st_mode & stat.S_IXUSR for p in programs)
    asked = lab.asked()
    for go in PINNED.values():
        module = f"golang.org/toolchain@v0.0.1-{go}.linux-amd64"
        assert f"mod download -json {module} GOFLAGS=-mod=mod" in asked


def test_an_older_go_without_network(lab: Lab) -> None:
    error = 'x: Get "https://proxy.invalid/x": dial tcp: i/o timeout'
    lab.go("go1.19.8", fetch=f"echo '{json.dumps({'Error': error})}'; exit 1")
    reasons = {p.not_run for p in lab.build("slices").values()}
    assert reasons == {f"{go} could not be fetched: i/o timeout" for go in PINNED.values()}


def test_a_hanging_go_is_killed_with_its_children(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchains, "FETCH_S", 0.5)
    survivor = tmp_path / "survivor"
    lab.go("go1.26.8", fetch=f'(sleep 2; touch "{survivor}") & sleep 60')
    began = time.monotonic()
    found = lab.build("slices")
    assert time.monotonic() - began < 10
    assert found["1.17"].not_run == "go1.17.13 did not arrive within 0.5 s"
    assert found["1.26"].not_run == ""
    time.sleep(2)
    assert not survivor.exists()


def test_a_compile_error_is_its_first_line(lab: Lab) -> None:
    errors = r"printf '# slices [slices.test]\n./a_test.go:3:1: undefined: x\nmore\n' >&2; exit 1"
    lab.go("go1.26.8", compile=errors)
    assert lab.build("slices")["1.26"].not_run == "go1.26.8: ./a_test.go:3:1: undefined: x"


def test_a_peer_that_no_longer_compiles_is_not_run(lab: Lab) -> None:
    lab.go("go1.26.8")
    assert lab.build("slices")["1.26"].not_run == ""
    (lab.root / "experiments" / "slices" / "go" / "a_test.go").write_text("broken")
    lab.go("go1.26.8", compile="echo broken >&2; exit 1")
    assert lab.build("slices")["1.26"].program == ""
    assert lab.build("slices")["1.26"].not_run == "go1.26.8: broken"


@pytest.mark.parametrize(
    ("change", "compiles"),
    [
        ("nothing", False),
        ("slices/go/new_test.go", True),
        ("harness/go/new.go", True),
        ("maps/go/new_test.go", False),
        ("release", True),
        ("program lost", True),
    ],
)
def test_a_peer_is_built_again_only_for_a_reason(lab: Lab, change: str, compiles: bool) -> None:
    lab.go("go1.26.8")
    program = lab.root / lab.build("slices")["1.26"].program
    lab.asked()
    if change == "release":
        lab.go("go1.26.9")
    elif change == "program lost":
        program.unlink()
    elif change != "nothing":
        (lab.root / "experiments" / change).write_text("package x\n")
    assert lab.build("slices")["1.26"].not_run == ""
    assert ("test -c" in lab.asked()) == compiles


def test_what_was_built_stays_good_when_go_is_gone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.go("go1.26.9")
    built = lab.build("slices")["1.26"]
    monkeypatch.setenv("GO", "no-such-go")
    assert lab.build("slices")["1.26"] == built


def test_only_some_topics_leaves_the_others_as_they_are(lab: Lab) -> None:
    lab.go("go1.26.8")
    lab.build()
    lab.go("go1.26.9")
    lab.build("slices")
    gos = {(p.topic, p.version): p.go for p in peers.read(lab.root / "build")}
    assert gos[("maps", "1.26")] == "go1.26.8"
    assert gos[("slices", "1.26")] == "go1.26.9"


def test_a_topic_without_a_go_peer_has_none(lab: Lab) -> None:
    (lab.root / "experiments" / "maps" / "go" / "go.mod").unlink()
    lab.go("go1.26.8")
    lab.build()
    assert {p.topic for p in peers.read(lab.root / "build")} == {"slices"}


def test_misuse(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no folder experiments"):
        peers.build(tmp_path, tmp_path)
    with pytest.raises(LabError, match="not built"):
        peers.read(tmp_path)
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "peers.json").write_text("{")
    with pytest.raises(LabError, match="damaged"):
        peers.read(tmp_path)
