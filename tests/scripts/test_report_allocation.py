"""The report of the allocation topic: every sweep of its claims file is told, on a small page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import invented_allocation
from claimslab import judge, report
from claimslab.report import charts, tables
from htmlpage import Page

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    found = invented_allocation.evidence()
    folder = tmp_path_factory.mktemp("run")
    return report.write(found, judge.judge(found), folder)


def test_the_page_of_a_full_run_is_whole_and_small(pages: tuple[Path, Path]) -> None:
    text = pages[0].read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    images = [attrs for tag, attrs in Page(text).elements if tag == "img"]
    assert len(images) > 40 and all(len(image["alt"] or "") > 40 for image in images)


def test_every_sweep_is_a_chart_or_a_table_and_linked(pages: tuple[Path, Path]) -> None:
    html, md = (page.read_text(encoding="utf-8") for page in pages)
    assert "Not drawn" not in html
    for sweep in invented_allocation.topic().sweeps:
        assert f'<section class="sweep" id="{sweep.id}"' in html
        assert f'href="#{sweep.id}"' in html
        assert sweep.title.replace("'", "\\'") in md or sweep.title in md


def test_tables_of_rows_say_who_fails_what(pages: tuple[Path, Path]) -> None:
    html, md = (page.read_text(encoding="utf-8") for page in pages)
    section = html[html.index('id="conformance"') :]
    section = section[: section.index("</section>")]
    assert re.search(r"fork-with-threads</th>.*fails", section)
    assert "2 rows that all pass" in section
    assert re.search(r"\| fork-with-threads \|.*✗ fails", md)
    misuse = html[html.index('id="misuse"') :]
    assert "✗ </span>silent" in misuse[: misuse.index("</section>")]


def test_means_have_intervals_and_a_range_with_one_left_out(pages: tuple[Path, Path]) -> None:
    html = pages[0].read_text(encoding="utf-8")
    section = html[html.index('<section class="sweep" id="geomean"') :]
    section = section[: section.index("</section>")]
    number = r"([\d.]+)"
    found = rf'golike</th><td class="num">{number}× \[{number}, {number}\]</td>'
    golike = re.search(found, section)
    assert golike is not None
    middle, low, high = map(float, golike.groups())
    assert low <= middle <= high and middle == pytest.approx(0.5, rel=0.05)
    assert re.search(r"[\d.]+ to [\d.]+×</td><td>\S+: [\d.]+× without it", section)


def test_claims_on_tails_have_intervals(tmp_path: Path) -> None:
    found = invented_allocation.evidence(blocks=10)
    verdicts = {c["id"]: c for c in judge.judge(found)["claims"]}
    tail = verdicts["lab-tail-glibc"]
    (cell,) = tail["cells"]
    assert tail["kind"] == "timed" and tail["word"] == "reproduced"
    assert cell["low"] < cell["estimate"] < cell["high"] < 1
    drawn = charts.draw(found, {"claims": [tail]}, tmp_path)
    assert "lab-tail-glibc" in {chart.id for chart in drawn}


def test_a_broken_mechanism_shows(tmp_path: Path) -> None:
    """Twice the memory held, rows failed, classes left out: nothing may look as before."""
    found = invented_allocation.evidence(blocks=3)
    sweeps = {sweep.id: sweep for sweep in invented_allocation.topic().sweeps}
    before = tables.of(found, sweeps["conformance"])
    alts = {c.id: c.alt for c in charts.draw(found, {"claims": []}, tmp_path)}
    for place, fact in enumerate(found.facts):
        changes = {"resident-bytes": lambda v: [2 * x for x in v], "peak-bytes": lambda v: 2 * v,
                   "passed": lambda v: False, "classes": lambda v: v[::2]}  # fmt: skip
        if fact.subject == "golike" and fact.metric in changes:
            value = changes[fact.metric](fact.value)
            found.facts[place] = replace(fact, value=value)
    again = {c.id: c.alt for c in charts.draw(found, {"claims": []}, tmp_path)}
    assert {id_ for id_ in alts if alts[id_] != again[id_]} == {
        "held-over-live", "peaks", "class-waste",
    }  # fmt: skip
    assert tables.of(found, sweeps["conformance"]) != before
