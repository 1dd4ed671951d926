"""Programs: subjects are what programs list; a bad program gets one clear line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import standin
from claimslab.errors import LabError
from claimslab.measure import programs
from claimslab.report import view

GO = """#!/bin/sh
case $1 in
  -lab.list) echo '{"case":"Work","timed":true}'
             echo '{"case":"Size","timed":false,"metric":"size"}';;
  -lab.build) echo '{"go":"go1.26.8"}';;
  *) exit 2;;
esac
"""


def find(root: Path, made: Any) -> list[programs.Subject]:
    return programs.find(root, root / "build/bench", made)


def test_subjects_are_what_programs_list(tmp_path: Path) -> None:
    made = standin.repository(tmp_path, {"toys": {"a": "ok", "std::b": "ok"}})
    found = find(tmp_path, made)
    assert [subject.name for subject in found] == ["a", "std::b"]
    assert found[0].command == ["build/bench/bin/toys"] and found[0].kind == "cpp"
    assert found[0].timed == ["Work/n=1", "Work/n=2"] and found[0].facts == [("Size", "size")]
    assert found[0].build["compiler"] == "sh" and len(found[0].sha256) == 64


def test_a_subject_that_its_program_cannot_have_is_not_run(tmp_path: Path) -> None:
    made = standin.repository(tmp_path, {"toys": {"a": "ok"}})
    program = tmp_path / "build/bench/bin/toys"
    lines = (
        """echo '{"subject":"a","case":"W","timed":true}'\n"""
        """echo '{"subject":"b","case":"W","timed":true}'\n"""
        """echo '{"subject":"b","not_run":"b is not installed"}'\n"""
    )
    program.write_text(f"#!/bin/sh\n[ \"$1\" = --build ] && echo '{{}}' && exit\n{lines}")
    there, absent = find(tmp_path, made)
    assert (there.name, there.timed, there.not_run) == ("a", ["W"], "")
    assert (absent.name, absent.timed, absent.facts) == ("b", [], [])
    assert absent.not_run == "b is not installed"


def test_a_timed_case_may_list_its_tails(tmp_path: Path) -> None:
    made = standin.repository(tmp_path, {"toys": {"a": "ok"}})
    line = '{"subject":"a","case":"W","timed":true,"metrics":["p50-ns","p99-ns"]}'
    script = f"#!/bin/sh\n[ \"$1\" = --build ] && echo '{{}}' && exit\necho '{line}'\n"
    (tmp_path / "build/bench/bin/toys").write_text(script)
    (subject,) = find(tmp_path, made)
    assert subject.timed == ["W"] and subject.tails == {"W": ["p50-ns", "p99-ns"]}


def test_a_malloc_is_named_by_its_file_its_version_and_its_hash(tmp_path: Path) -> None:
    (tmp_path / "libmine.so").write_text("mine")
    told = {"file": str(tmp_path / "libmine.so"), "version": "1.2"}
    build = programs.build_with(tmp_path, {"compiler": "sh"}, told)
    digest = hashlib.sha256(b"mine").hexdigest()
    malloc = {"file": "libmine.so", "version": "1.2", "sha256": digest}
    assert build == {"compiler": "sh", "malloc": malloc}
    assert f"malloc 1.2 of libmine.so (sha256 {digest})" in view.build_text(build)
    assert programs.build_with(tmp_path, {"compiler": "sh"}, None) == {"compiler": "sh"}
    with pytest.raises(LabError, match="libgone"):
        programs.build_with(tmp_path, {}, {"file": str(tmp_path / "libgone.so"), "version": ""})


def test_a_missing_program_says_what_to_do(tmp_path: Path) -> None:
    made = standin.repository(tmp_path, {"toys": {"a": "ok"}})
    (tmp_path / "build/bench/bin/toys").unlink()
    with pytest.raises(LabError, match=r"build/bench/bin/toys is missing; run `make build`"):
        find(tmp_path, made)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo hello", "no JSON object: 'hello'"),
        ("echo '[]'", "no JSON object"),
        ("true", "printed no subject"),
        ("echo no disk >&2; exit 4", "--list: exit status 4: no disk"),
        ("kill -ABRT $$", "killed by SIGABRT"),
        ("""echo '{"subject":"a b","case":"W","timed":true}'""", "no subject's name"),
        ("""echo '{"subject":"a","case":"W-8","timed":true}'""", "no case's name"),
        (r"""printf '%s\n' '{"subject":"a","case":"W\u001b","timed":true}'""", "no case's name"),
        (r"""printf '%s\n' '{"subject":"a","case":"W\ud800","timed":true}'""", "no JSON object"),
        ("head -c 100000 /dev/zero | tr '\\0' '['", "no JSON object"),
        ("""echo '{"subject":"a","case":"W","timed":1}'""", "`timed` must be"),
        ("""echo '{"subject":"a","case":"W","timed":false}'""", "without its `metric`"),
        ("""echo '{"subject":"a","case":"W","timed":true,"metrics":["ms"]}'""", "`metrics` are"),
        ("""echo '{"subject":"a","case":"W","timed":true,"metrics":7}'""", "`metrics` are"),
    ],
)
def test_a_bad_program_gets_one_line(tmp_path: Path, script: str, says: str) -> None:
    made = standin.repository(tmp_path, {"toys": {"a": "ok"}})
    program = tmp_path / "build/bench/bin/toys"
    build = "[ \"$1\" = --build ] && echo '{}' && exit"
    program.write_text(f"#!/bin/sh\n{build}\n{script}\n")
    with pytest.raises(LabError) as caught:
        find(tmp_path, made)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith("build/bench/bin/toys --list")


def test_go_peers_are_subjects_or_say_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = standin.repository(tmp_path, {"toys": {"a": "ok"}})
    (tmp_path / "experiments/toys/go").mkdir()
    assert [s.not_run != "" for s in find(tmp_path, made)] == [False, True, True, True]

    folder = tmp_path / "build/go/toys"
    folder.mkdir(parents=True)
    for name, text in (("good", GO), ("bad", "#!/bin/sh\nexit 3\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    peers = [
        SimpleNamespace(topic="toys", version="1.26", program="build/go/toys/good", not_run=""),
        SimpleNamespace(topic="toys", version="1.23", program="build/go/toys/bad", not_run=""),
        SimpleNamespace(topic="toys", version="1.20", program="build/go/toys/gone", not_run=""),
        SimpleNamespace(topic="toys", version="1.17", program="", not_run="no network"),
        SimpleNamespace(topic="others", version="1.17", program="", not_run=""),
    ]
    monkeypatch.setattr(programs, "read_peers", lambda build_dir: peers)
    good, bad, gone, absent = find(tmp_path, made)[1:]
    assert good.name == "go@1.26" and good.kind == "go" and not good.not_run
    assert good.timed == ["Work"] and good.facts == [("Size", "size")]
    assert good.command == ["build/go/toys/good"] and good.build == {"go": "go1.26.8"}
    assert "exit status 3" in bad.not_run and not bad.timed
    assert "make build" in gone.not_run
    assert absent.not_run == "no network"
