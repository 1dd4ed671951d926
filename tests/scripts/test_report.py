"""Report: the pages say what evidence and verdicts say, whatever names they are given."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import invented
from claimslab import claims, report, wording
from claimslab.evidence import Evidence
from claimslab.report import view
from htmlpage import Page


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return invented.evidence()


@pytest.fixture(scope="module")
def verdicts(evidence: Evidence) -> dict[str, Any]:
    return invented.verdicts(evidence)


@pytest.fixture(scope="module")
def pages(
    evidence: Evidence, verdicts: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("run")
    return report.write(evidence, verdicts, folder, calibration=invented.CALIBRATION)


def test_the_page_is_whole_and_asks_the_network_for_nothing(pages: tuple[Path, Path]) -> None:
    text = pages[0].read_text(encoding="utf-8")
    page = Page(text)
    ids = Counter(a["id"] for _, a in page.elements if "id" in a)
    assert [i for i, n in ids.items() if n > 1] == []
    for tag, attrs in page.elements:
        for key in ("src", "href", "srcset"):
            value = attrs.get(key) or "data:"
            assert value.startswith(("data:", "#")), (tag, value)
            assert not value.startswith("#") or value[1:] in ids, value
        assert tag != "img" or attrs.get("alt")
    assert {"header", "main", "nav", "footer", "section", "article"} <= {
        t for t, _ in page.elements
    }


def test_every_claim_is_in_the_table_and_has_its_section(
    pages: tuple[Path, Path], verdicts: dict[str, Any]
) -> None:
    html, md = (p.read_text(encoding="utf-8") for p in pages)
    articles = {a.get("id") for t, a in Page(html).elements if t == "article"}
    assert articles == {c["id"] for c in verdicts["claims"]}
    for c in verdicts["claims"]:
        assert f'href="#{c["id"]}"' in html
        assert f"scripts/lab show {c['id']}" in html and f"scripts/lab show {c['id']}" in md
        assert f"(#{view.slug(c['id'])})" in md


def test_markdown_links_charts_that_are_there(pages: tuple[Path, Path]) -> None:
    linked = re.findall(r"\]\((charts/[^)]+\.svg)\)", pages[1].read_text(encoding="utf-8"))
    assert len(linked) > 10
    assert all((pages[1].parent / link).is_file() for link in linked)


def test_accidents_machine_and_calibration_are_told(pages: tuple[Path, Path]) -> None:
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for told in (
            "SIGSEGV", "SIGKILL", "libtcmalloc is not installed", "a torn last line was dropped",
            "Example CPU", "same binary", "4.7 % [2.6 %, 7.7 %]", "61.7 %",
            "pressure 0.45", "GNU 12.2.0",
        ):  # fmt: skip
            plain = text.replace("\\", "").replace("&gt;", ">")
            assert told in plain, (page.name, told)


def test_hostile_names_are_shown_not_obeyed(tmp_path: Path) -> None:
    topic = invented.slices()
    nasty = invented.HOSTILE
    topic = replace(
        topic, title=nasty,
        claims=tuple(replace(c, says=nasty) for c in topic.claims[-2:]),
        sweeps=tuple(replace(s, title=nasty) for s in topic.sweeps[:1]),
    )  # fmt: skip
    ev = invented.evidence([topic])
    ev.run["host"]["cpu"] = nasty
    ev.run["topics"][0]["subjects"][0]["not_run"] = nasty
    verdicts = invented.verdicts(ev)
    for c in verdicts["claims"]:
        c["sentence"] = nasty
        c["cells"][0]["detail"] = nasty
    html, md = report.write(ev, verdicts, tmp_path)
    text = html.read_text(encoding="utf-8")
    scripts = [t for t, _ in Page(text).elements if t == "script"]
    assert len(scripts) == 1 and "alert(" in text and "<script>alert" not in text
    body = md.read_text(encoding="utf-8")
    assert "<script" not in body and "[link](javascript" not in body
    tables = [line for line in body.splitlines() if line.startswith("| ")]
    unescaped = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert set(unescaped) <= {3, 4, 5, 6}


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"mode": "quick"}, {}, "A quick run"),
        ({"mode": "smoke"}, {}, "its times mean nothing"),
        ({"commit": {"id": "0" * 40, "dirty": True}}, {}, "uncommitted changes"),
        ({"fitness": {"fit": False, "notes": []}}, {}, "began; see Trust."),
        ({"native": True}, {}, "this processor alone"),
        ({}, {"valid": False, "invalid_reason": "40 % rejected"}, "invalid: 40 % rejected"),
    ],
)
def test_what_a_reader_must_know_stands_at_the_top(
    changes: dict[str, Any], verdict: dict[str, Any], said: str
) -> None:
    ev = invented.evidence(**changes)
    notices = view.notices(ev.run, {**invented.verdicts(ev), **verdict}, ev)
    assert any(said in sentence for _, sentence in notices)


def test_the_terminal_table_fits_80_columns_without_colour(verdicts: dict[str, Any]) -> None:
    out = io.StringIO()
    report.table(verdicts, Console(file=out, width=80))
    text = out.getvalue()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    for c in verdicts["claims"]:
        assert c["id"] in text
    assert text.rstrip().splitlines()[-1].startswith(f"{len(verdicts['claims'])} claims: ")


def test_no_color_is_respected(verdicts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    report.table(verdicts, Console(file=out, width=80, force_terminal=True))
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", out.getvalue())


def test_brackets_in_names_are_not_markup(verdicts: dict[str, Any]) -> None:
    claim = {**verdicts["claims"][0], "says": "a full slice expression [bold]x[/] [:3:3]"}
    out = io.StringIO()
    report.table({**verdicts, "claims": [claim]}, Console(file=out, width=120))
    assert "[bold]x[/] [:3:3]" in out.getvalue()


def test_show_tells_one_claim(evidence: Evidence, verdicts: dict[str, Any]) -> None:
    topic = claims.from_json(evidence.run["topics"][0])
    claim = next(c for c in topic.claims if c.id == "q311-prealloc-time")
    verdict = next(c for c in verdicts["claims"] if c["id"] == claim.id)
    for given in (verdict, None):
        out = io.StringIO()
        report.show(claim, given, Console(file=out, width=100))
        text = " ".join(out.getvalue().split())
        assert claim.says in text and "make bench ONLY=slices" in text
        assert (verdict["sentence"] in text) == (given is not None)


def test_calibration_of_the_same_host_is_found(evidence: Evidence, tmp_path: Path) -> None:
    here = replace(evidence, path=tmp_path / "run")
    for name, host in (("a-calibration", "box"), ("b-calibration", "elsewhere")):
        (tmp_path / name).mkdir()
        document = {"run": name, "host": {"name": host}}
        (tmp_path / name / "calibration.json").write_text(json.dumps(document))
    found = report.find_calibration(here)
    assert found is not None and found["run"] == "a-calibration"


def test_effects_in_words() -> None:
    cell = invented.cell("go@1.26", "A", "refuted", estimate=2.0, low=1.91, high=2.034,
                         over={"subject": "go@1.17", "case": "A"})  # fmt: skip
    claim = {"kind": "timed", "metric": "ns/op", "cells": [cell]}
    assert wording.effect(claim) == "2.00× [1.91, 2.03]"
    more = {**cell, "estimate": 0.5, "low": 0.4, "high": 0.6}
    assert wording.effect({**claim, "cells": [cell, more]}) == "0.500…2.00×"
    near = {**cell, "estimate": 2.0001}
    assert wording.effect({**claim, "cells": [cell, near]}) == "2.00×"
    fared = {"1.17": "reproduced", "1.23": "refuted", "1.26": "refuted"}
    for words, told in (
        (fared, "Go 1.17; not 1.23, 1.26"),
        (dict.fromkeys(fared, "reproduced"), "Go 1.17, 1.23, 1.26"),
        (dict.fromkeys(fared, "refuted"), "no Go version"),
    ):
        go = [invented.cell(f"go@{v}", "A", w) for v, w in words.items()]
        cells = [*go, invented.cell("model/2x", "A", "reproduced")]
        assert wording.effect({"kind": "exact", "metric": "m", "cells": cells}) == told
        only_model = {"kind": "exact", "metric": "m", "cells": cells[-1:]}
        assert wording.effect(only_model) == "1 of 1 hold"
    assert wording.region([None, 0.5], "×") == "at most 0.5×"
    assert wording.region([1.5, 5], "×") == "1.5× to 5×"


def test_a_list_is_shown_as_claimed_and_as_measured(pages: tuple[Path, Path]) -> None:
    assert view.shortened(range(1, 5)) == "1, 2, 3, 4"
    assert view.shortened([2**63 - 1, 10**400]) == f"{2**63 - 1}, 100000000000… (401 digits)"
    assert view.shortened(range(100)).startswith("0, 1, 2") and "99 (100 values)" in view.shortened(
        range(100)
    )
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1280, 1696, 2304" in text
        assert "1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 848, 1280, 1792, 2560" in text


def test_a_reason_that_moved_is_not_called_the_cause() -> None:
    because = {"metric": "allocs/op", "moved": True, "detail": "allocs/op moved the same way: 2"}
    assert view.because_text(because).endswith("; that alone does not prove it the cause.")
    assert "holds" not in view.because_text(because)
    assert view.because_text({**because, "moved": False}).startswith("The reason fails")


def test_a_notice_links_to_trust() -> None:
    assert report.trust("<x>; see Trust.") == '&lt;x&gt;; see <a href="#trust">Trust</a>.'
