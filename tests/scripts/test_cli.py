"""cli: what a person types, the one line that comes back, and the exit status."""

from __future__ import annotations

import pytest

from claimslab import cli, docs
from claimslab.errors import FAILED, OK, USAGE, LabError


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr, which must be one line of the lab's."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("lab: ")
    return lines[0]


@pytest.mark.parametrize(
    ("argv", "status", "says"),
    [
        (["run", "--only", "slice"], USAGE, "did you mean"),
        (["run", "--budget", "abc"], USAGE, "write 90s, 30m or 2h"),
        (["run", "--resume", "nothing"], USAGE, "no run of this name"),
        (["run", "--nonsense"], USAGE, "--nonsense"),
        (["run", "--full", "--smoke"], USAGE, "leave one out"),
        (["report", "nothing"], USAGE, "no run of this name"),
        (["show", "q311-cap-sequenc"], USAGE, "did you mean q311-cap-sequence"),
        (["show", "q311-cap-sequence", "--run", "nothing"], USAGE, "no run of this name"),
        (["list", "--only", "slice"], USAGE, "did you mean"),
        (["nonsense"], USAGE, "nonsense"),
    ],
)
def test_bad_input_is_one_line_and_a_status(
    argv: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == status
    assert says in one_line(capsys)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("10min", 600.0), ("2h", 7200.0)],
)
def test_durations(text: str, expected: float | None) -> None:
    assert cli.seconds(text) == expected


@pytest.mark.parametrize("text", ["0", "-1m", "1d", "m", "1 hour"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(LabError, match="BUDGET"):
        cli.seconds(text)


def test_topics_stand_between_commas_or_blanks() -> None:
    assert cli.split("slices, maps  fibers") == ("slices", "maps", "fibers")


def test_every_claim_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == OK
    lines = capsys.readouterr().out.splitlines()
    at = next(
        i for i, line in enumerate(lines) if line.startswith("q311-double-below-1024 (exact)")
    )
    assert lines[at + 1].startswith("    append doubles the capacity of a slice of fewer")
    assert cli.main(["show", "q311-double-below-1024"]) == OK
    assert "make bench ONLY=slices" in capsys.readouterr().out


@pytest.mark.parametrize(("argv", "status"), [([], OK), (["--help"], OK)])
def test_help_names_the_command_as_it_is_typed(
    argv: list[str], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == status
    told = capfd.readouterr()
    assert "Usage: scripts/lab" in told.out + told.err
    assert "lab: " not in told.err


def test_questions_are_all_there_and_a_block_is_replaced_whole() -> None:
    assert len(docs.read_questions(cli.ROOT)) == 100
    text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n"
    assert docs.replace_block(text, "x", "new") == text.replace("old", "new")
    with pytest.raises(LabError, match="put both markers back") as caught:
        docs.replace_block("nothing here", "x", "new")
    assert caught.value.status == FAILED
