"""Charts: every claim and sweep that was measured has one, with words, and the same bytes twice."""

from __future__ import annotations

import doctest
import itertools
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import invented
from claimslab import claims, theory, wording
from claimslab.errors import LabError
from claimslab.evidence import Evidence, Fact
from claimslab.report import canvas, charts, forest, lines, looks, series
from claimslab.report.charts import Chart

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return invented.evidence()


@pytest.fixture(scope="module")
def drawn(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> list[Chart]:
    folder = tmp_path_factory.mktemp("run")
    return charts.draw(evidence, invented.verdicts(evidence), folder)


@pytest.mark.parametrize("module", [wording, theory, canvas, forest])
def test_examples_in_the_docs(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_every_timed_claim_and_every_sweep_has_a_chart(
    evidence: Evidence, drawn: list[Chart]
) -> None:
    topic = claims.from_json(evidence.run["topics"][0])
    wanted = {c.id for c in topic.claims if c.kind == "timed"} | {s.id for s in topic.sweeps}
    assert wanted <= {c.claim_or_sweep for c in drawn}


def test_files_are_small_valid_svg_without_a_date(drawn: list[Chart]) -> None:
    for path in (p for c in drawn for p in (c.svg_path, c.narrow_path)):
        assert path.stat().st_size < 150_000, path.name
        root = ElementTree.parse(path).getroot()
        assert root.tag == SVG + "svg"
        assert b"<dc:date>" not in path.read_bytes()


def test_alt_texts_name_every_subject_and_its_number(
    evidence: Evidence, drawn: list[Chart]
) -> None:
    verdicts = {c["id"]: c for c in invented.verdicts(evidence)["claims"]}
    for chart in drawn:
        assert len(chart.alt) > 40 and chart.caption.endswith(".")
        for cell in verdicts.get(chart.id, {}).get("cells", []):
            assert cell["subject"] in chart.alt
            assert wording.interval(cell, wording.unit_of(verdicts[chart.id])) in chart.alt


def test_a_redraw_gives_the_same_bytes(
    evidence: Evidence, drawn: list[Chart], tmp_path: Path
) -> None:
    again = charts.draw(evidence, invented.verdicts(evidence), tmp_path)
    assert [c.alt for c in again] == [c.alt for c in drawn]
    for one, two in zip(drawn, again, strict=True):
        assert one.svg_path.read_bytes() == two.svg_path.read_bytes(), one.id
        assert one.narrow_path.read_bytes() == two.narrow_path.read_bytes(), one.id


def test_another_process_draws_the_same_bytes(drawn: list[Chart], tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, invented; from claimslab.report import charts; "
        "ev = invented.evidence();"
        "charts.draw(ev, invented.verdicts(ev), pathlib.Path(sys.argv[1]))"
    )
    paths = os.pathsep.join([str(invented.ROOT / "scripts"), str(Path(invented.__file__).parent)])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=env)
    for chart in drawn:
        other = tmp_path / "charts" / chart.svg_path.name
        assert other.read_bytes() == chart.svg_path.read_bytes(), chart.id


def test_png_on_request_only(evidence: Evidence, tmp_path: Path) -> None:
    verdicts = {**invented.verdicts(evidence), "claims": []}
    few = replace_topics(evidence, sweeps=1)
    assert not list(charts.draw(few, verdicts, tmp_path)[0].svg_path.parent.glob("*.png"))
    assert charts.draw(few, verdicts, tmp_path, png=True)[0].svg_path.with_suffix(".png").is_file()


def replace_topics(evidence: Evidence, sweeps: int) -> Evidence:
    """The same evidence with the first few sweeps and no claims."""
    topic = evidence.run["topics"][0]
    few = {**topic, "claims": [], "sweeps": topic["sweeps"][:sweeps]}
    return replace(evidence, run={**evidence.run, "topics": [few]})


# ---- Looks ---------------------------------------------------------------------------------------


def test_subjects_of_a_topic_differ_in_colour_and_marker(evidence: Evidence) -> None:
    assigned = looks.assign(evidence.run)
    assert len({(x.color, x.marker) for x in assigned.values()}) == len(assigned)
    for one, two in itertools.combinations(assigned, 2):
        if looks.family(one) == looks.family(two):
            assert assigned[one].marker != assigned[two].marker, (one, two)


def test_a_subject_looks_the_same_in_every_topic(evidence: Evidence) -> None:
    first = evidence.run["topics"][0]
    second = {"name": "maps", "subjects": [{"name": n} for n in ("go@1.26", "model/swiss")]}
    alone = looks.assign({"topics": [first]})
    both = looks.assign({"topics": [first, second]})
    assert both["go@1.26"] == alone["go@1.26"]
    assert set(both) == {*alone, "model/swiss"}


def test_subjects_are_ordered_as_people_count() -> None:
    names = ["jemalloc", "std::vector", "model/go1.18", "go@1.9", "go@1.17", "model/go1.9"]
    assert looks.order(names) == [
        "go@1.9", "go@1.17", "model/go1.9", "model/go1.18", "std::vector", "jemalloc",
    ]  # fmt: skip


def test_a_guest_changes_nobodys_looks() -> None:
    names = ["glibc", "golike", "null"]
    alone, visited = (
        looks.assign({"topics": [{"name": "t", "subjects": [{"name": n} for n in more]}]})
        for more in (names, ["alloc/mine", *names])
    )
    assert {n: visited[n] for n in names} == alone
    assert looks.order(["alloc/mine", *names]) == ["glibc", "golike", "alloc/mine", "null"]


def test_words_are_legible_on_white() -> None:
    for look in looks.WORDS.values():
        assert contrast(look.color, "#ffffff") >= 4.5, look


def contrast(one: str, two: str) -> float:
    def luminance(color: str) -> float:
        parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# ---- Data and geometry ---------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(-2, 8), st.floats(0.1, 0.6)), min_size=1, max_size=12).map(sorted)
)
def test_labels_never_overlap(wanted: list[tuple[float, float]]) -> None:
    heights = [h for _, h in wanted]
    at = canvas.spread([w for w, _ in wanted], heights, 0.0, 6.0)
    for (a, ha), (b, hb) in itertools.pairwise(zip(at, heights, strict=True)):
        assert b - a >= (ha + hb) / 2 - 1e-9


def test_a_staircase_rises_when_the_capacity_is_exceeded() -> None:
    xs, ys = lines.staircase(series.Steps(("a",), (1, 2, 4, 8), 7))
    assert list(zip(xs, ys, strict=True)) == [(1, 1), (2, 2), (3, 4), (5, 8), (7, 8)]


def test_equal_lists_share_a_staircase(evidence: Evidence) -> None:
    topic = claims.from_json(evidence.run["topics"][0])
    sweep = next(s for s in topic.sweeps if s.chart.get("kind") == "steps")
    shared = {s.subjects for s in series.steps(evidence, sweep)}
    assert ("go@1.17", "model/go1.17") in shared
    assert ("go@1.23", "go@1.26", "model/go1.18") in shared


def test_points_are_medians_with_the_interval_of_the_median(evidence: Evidence) -> None:
    topic = claims.from_json(evidence.run["topics"][0])
    sweep = next(s for s in topic.sweeps if s.id == "append-by-n")
    line = next(s for s in series.curve(evidence, sweep) if s.subjects == ("go@1.26",))
    assert [p.x for p in line.points] == [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7]
    for p in line.points:
        assert p.low is not None and p.high is not None and p.low < p.y < p.high
        assert p.blocks == invented.BLOCKS
    assert line.points[-1].y == pytest.approx(2.7, rel=0.1)  # divided by n


def test_no_line_leads_to_none(evidence: Evidence, tmp_path: Path) -> None:
    few = replace_topics(evidence, sweeps=1)
    sweep = {**few.run["topics"][0]["sweeps"][0], "id": "reuse", "metric": "reuse",
             "case": "Reuse/f={f}", "chart": {"kind": "curve", "x": "f", "none": 0}}  # fmt: skip
    few.run["topics"][0]["sweeps"] = [sweep]
    values = {1.2: 12, 1.4: 10, 1.6: 0, 1.8: 0}
    facts = [Fact("slices", "go@1.26", f"Reuse/f={f}", "reuse", v) for f, v in values.items()]
    (chart,) = charts.draw(replace(few, samples=[], facts=facts), {"claims": []}, tmp_path)
    assert "go@1.26 never at f=1.80" in chart.alt
    assert ">never</text>" in chart.svg_path.read_text(encoding="utf-8")
    points = tuple(series.Point(x, y, blocks=1) for x, y in values.items())
    one = series.Series(("go@1.26",), points)
    figure = lines.curve([one], looks.assign(evidence.run), canvas.Labels("t"), none=0)
    joined = [
        list(line.get_ydata()) for line in figure.axes[0].lines if line.get_linestyle() != "None"
    ]
    assert all(0 not in ys for ys in joined)


@pytest.mark.parametrize("value", [10**400, [1, 10**400]])
def test_a_number_that_no_float_can_hold_is_not_drawn(evidence: Evidence, value: object) -> None:
    fact = Fact("slices", "go@1.26", "Reuse/f=2", "reuse", value)
    kind = {"kind": "curve", "x": "f"}
    sweep = claims.Sweep("s", "slices", "T", "reuse", "Reuse/f=2", {}, {}, ("*",), kind)
    found = replace(evidence, samples=[], facts=[fact])
    assert series.curve(found, sweep) == []
    assert series.steps(found, sweep) == []


def test_a_single_place_is_named_and_keeps_its_unit(evidence: Evidence, tmp_path: Path) -> None:
    few = replace_topics(evidence, sweeps=1)
    one = [s for s in few.samples if s.case == "Append/elem=8/n=1000"]
    (chart,) = charts.draw(replace(few, samples=one), {"claims": []}, tmp_path)
    assert "at n=1000" in chart.alt
    assert re.search(r"go@1\.26: [\d.]+ ns per append \[", chart.alt)


def test_many_lines_step_back_behind_the_real_and_the_fastest() -> None:
    def line(name: str, y: float) -> series.Series:
        return series.Series((name,), tuple(series.Point(x, y) for x in (1, 2)))

    models = [line(f"model/{i}", float(i)) for i in range(1, 10)]
    real = line("std::vector", 5.0)
    assert lines.in_front(models[:3]) == models[:3]
    assert lines.in_front([*models, real]) == [real, models[0]]


def test_under_six_blocks_the_range_is_drawn() -> None:
    assert series.median_interval([3.0, 1.0, 2.0]) == (1.0, 3.0)


def test_closed_forms() -> None:
    known = {1.125: (8.0, 0.942), 1.25: (4.0, 0.893), 1.5: (2.0, 0.811), 2.0: (1.0, 0.693)}
    for r, (copied, used) in known.items():
        assert theory.copies(r) == pytest.approx(copied, abs=0.005)
        assert theory.utilisation(r) == pytest.approx(used, abs=0.0005)


def test_an_unknown_closed_form_is_an_error_that_names_the_sweep(
    evidence: Evidence, tmp_path: Path
) -> None:
    few = replace_topics(evidence, sweeps=1)
    few.run["topics"][0]["sweeps"][0] = {
        **few.run["topics"][0]["sweeps"][0],
        "chart": {"kind": "curve", "x": "n", "theory": "magic"},
    }
    with pytest.raises(LabError, match=r"append-by-n: chart\.theory 'magic'"):
        charts.draw(few, {"claims": []}, tmp_path)


def test_odd_evidence_is_drawn_or_left_out_never_a_failure(
    evidence: Evidence, tmp_path: Path
) -> None:
    few = replace_topics(evidence, sweeps=3)
    topic = few.run["topics"][0]
    words = {**topic["sweeps"][0], "id": "by-word", "metric": "depth", "case": "Tree/kind={n}",
             "chart": {"kind": "curve", "x": "kind", "yscale": "log"}}  # fmt: skip
    absent = {**topic["sweeps"][0], "id": "absent", "metric": "nothing"}
    topic["sweeps"] = [words, absent]
    facts = [
        Fact("slices", s, f"Tree/kind={k}", "depth", v)
        for s in ("go@1.26", "glibc")
        for k, v in (("avl", 3), ("red-black", 5))
    ]
    facts.append(Fact("slices", "jemalloc", "Tree/kind=avl", "depth", None, "needs 12 GB"))
    odd = replace(few, samples=[], facts=facts)
    cell = invented.cell("go@1.26", "A/n=1", "refuted", estimate=2.0, low=None, high=2.5,
                         over={"subject": "go@1.17", "case": "A/n=1"})  # fmt: skip
    claim = {"id": "one-sided", "kind": "timed", "says": "it is so", "metric": "ns/op",
             "word": "refuted", "region": [None, 0.5], "margin": 0.05, "cells": [cell]}  # fmt: skip
    unmeasured = {**claim, "id": "unmeasured", "cells": [invented.cell("go@1.26", "A", "not run")]}
    found = charts.draw(odd, {"claims": [claim, unmeasured]}, tmp_path)
    assert [c.id for c in found] == ["one-sided", "by-word"]
