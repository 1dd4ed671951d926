"""Charts and tables of sweeps: each kind shows what the evidence says, in both shapes."""

from __future__ import annotations

import doctest
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from claimslab import wording
from claimslab.claims import Sweep
from claimslab.evidence import Evidence
from claimslab.report import canvas, charts, comparison, heat, history, series, tables, waste
from claimslab.report.charts import Chart
from synthetic import TOPIC, evidence

GO = [8, 16, 24, 32, 48, 64, 80, 96, 112, 128]
Facts = list[tuple[str, str, str, Any]]  # subject, case, metric, value


def sweep(metric: str, case: str, chart: dict[str, Any], **values: list[Any]) -> Sweep:
    lists = {name: tuple(items) for name, items in values.items()}
    return Sweep("s", TOPIC, "A title", metric, case, lists, {}, ("*",), chart)


def draw(folder: Path, asked: Sweep, facts: Facts) -> tuple[Chart, str, str]:
    """The chart, and its SVG's text in both shapes."""
    (chart,) = charts.draw(evidence(facts=facts, sweeps=[asked]), {"claims": []}, folder)
    wide, narrow = (p.read_text(encoding="utf-8") for p in (chart.svg_path, chart.narrow_path))
    return chart, wide, narrow


def told(evidence: Evidence, asked: Sweep) -> tables.Table:
    table = tables.of(evidence, asked)
    assert table is not None
    return table


@pytest.mark.parametrize("module", [heat, history, waste])
def test_examples_in_the_docs(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


# ---- Heat maps and tails -------------------------------------------------------------------------


def test_a_heat_map_prints_every_ratio_and_the_values_below_them(tmp_path: Path) -> None:
    asked = sweep("ns", "Lifo/bytes={bytes}", {"kind": "heat", "x": "bytes", "over": "glibc"},
                  bytes=[16, 4096])  # fmt: skip
    facts: Facts = [
        ("glibc", "Lifo/bytes=16", "ns", 40.0), ("glibc", "Lifo/bytes=4096", "ns", 2000.0),
        ("golike", "Lifo/bytes=16", "ns", 10.0), ("golike", "Lifo/bytes=4096", "ns", 2600.0),
        ("other", "Lifo/bytes=4096", "ns", 24.0),
    ]  # fmt: skip
    chart, *shapes = draw(tmp_path, asked, facts)
    for shape in shapes:
        for text in ("0.25", "1.30", "0.01", "40", "2k", "16", "4K", "golike", "other"):
            assert f">{text}</text>" in shape, text
    assert "golike from 0.250× at 16 to 1.30× at 4K; other from 0.0120× at 4K" in chart.alt
    assert heat.shade(0.25) in shapes[0] and heat.shade(1.3) in shapes[0]


def test_on_a_phone_a_heat_map_has_its_cases_as_rows() -> None:
    data = comparison.Heat("glibc", ("16", "64"), (40.0, 50.0), (("golike", (0.5, None)),))
    for narrow, across, down in ((False, ["16", "64"], ["glibc", "golike"]),
                                 (True, ["glibc", "golike"], ["16", "64"])):  # fmt: skip
        names = {"16": "16", "64": "64"}
        (axes,) = heat.draw(data, canvas.Labels("t"), names, narrow=narrow).axes
        assert [label.get_text() for label in axes.get_xticklabels()] == across
        assert [label.get_text() for label in axes.get_yticklabels()] == down
        assert sorted(text.get_text() for text in axes.texts) == ["", "0.50", "40", "50"]


def test_a_tail_goes_from_the_usual_to_the_slowest(tmp_path: Path) -> None:
    metrics = ["p50-ns", "p99-ns", "max-ns"]
    asked = sweep("p50-ns", "Put", {"kind": "tails", "metrics": metrics[1:]})
    facts: Facts = [(s, "Put", m, v * k) for s, k in (("a", 1), ("b", 3))
                    for m, v in zip(metrics, (90.0, 400.0, 5e6), strict=True)]  # fmt: skip
    (one, two) = series.tails(evidence(facts=facts), asked)
    assert [(p.x, p.y) for p in one.points] == [("p50", 90.0), ("p99", 400.0), ("max", 5e6)]
    assert two.subjects == ("b",) and two.points[-1].y == 15e6
    chart, *shapes = draw(tmp_path, asked, facts)
    for shape in shapes:
        places = [shape.index(f">{text}</text>") for text in ("p50", "p99", "max")]
        assert places == sorted(places)
    assert "a: p50 90 ns, p99 400 ns, max 5 ms." in chart.alt


# ---- Bars, dots and histories --------------------------------------------------------------------


def test_bars_stand_in_groups_by_metric_and_case(tmp_path: Path) -> None:
    asked = sweep("peak-bytes", "{work}", {"kind": "bars", "metrics": ["left-bytes"]},
                  work=["Age/n=1", "Hold/n=2"])  # fmt: skip
    facts: Facts = [(s, c, m, v) for s, v in (("a", 2.5e6), ("b", 0)) for m in asked.metrics
                    for c in ("Age/n=1", "Hold/n=2", "Else/n=3")]  # fmt: skip
    found = series.bars(evidence(facts=facts), asked)
    assert [(b.metric, b.case) for b in found[::2]] == [
        ("peak-bytes", "Age/n=1"), ("peak-bytes", "Hold/n=2"),
        ("left-bytes", "Age/n=1"), ("left-bytes", "Hold/n=2"),
    ]  # fmt: skip
    chart, *shapes = draw(tmp_path, asked, facts)
    for shape in shapes:
        assert ">left-bytes, Hold/n=2</text>" in shape and "2.50 MB" in shape
    assert "peak-bytes, Age/n=1, a: 2.50 MB; b: 0 B." in chart.alt


def test_bars_are_divided_by_the_parameter_that_their_case_has() -> None:
    asked = sweep("ir/op", "{work}", {"kind": "bars", "per": ["pairs", "n"]},
                  work=["Lifo/pairs=100", "Batch/n=1000", "Once"])  # fmt: skip
    facts: Facts = [("a", case, "ir/op", 6000) for case in asked.values["work"]]
    assert [b.at.y for b in series.bars(evidence(facts=facts), asked)] == [60.0, 6.0, 6000.0]


def test_without_an_axis_all_cases_are_shown_not_the_first(tmp_path: Path) -> None:
    asked = sweep("depth", "Tree/kind={kind}", {}, kind=["avl", "treap"])
    facts: Facts = [("a", "Tree/kind=avl", "depth", 3), ("a", "Tree/kind=treap", "depth", 5)]
    chart, wide, _ = draw(tmp_path, asked, facts)
    assert "kind=avl, a: 3 depth. kind=treap, a: 5 depth." in chart.alt
    assert ">kind=treap</text>" in wide


def test_a_history_is_of_lists_that_belong_together(tmp_path: Path) -> None:
    asked = sweep("rss", "Age", {"kind": "history", "x": "at", "beside": "live"})
    facts: Facts = [("a", "Age", "rss", [5, 9, 8]), ("a", "Age", "at", [0, 10, 40]),
                    ("a", "Age", "live", [4, 8, 1]), ("b", "Age", "rss", [5, 9]),
                    ("b", "Age", "at", [0, 10, 40]), ("b", "Age", "live", [4, 8, 1])]  # fmt: skip
    assert series.records(evidence(facts=facts), asked) == [
        series.Record("a", (0, 10, 40), (5, 9, 8), (4, 8, 1))
    ], "b has fewer values than places"
    chart, *shapes = draw(tmp_path, asked, facts)
    assert "a: at most 9 rss, at the end 8 rss." in chart.alt and "live, at most 8" in chart.caption
    assert all(">live</text>" in shape for shape in shapes)
    alone = sweep("rss", "Age", {"kind": "history"})
    assert [r.xs for r in series.records(evidence(facts=facts), alone)] == [(1, 2, 3), (1, 2)]


def test_a_long_history_stays_a_small_file(tmp_path: Path) -> None:
    asked = sweep("rss", "Age", {"kind": "history"})
    facts: Facts = [("a", "Age", "rss", [i % 977 for i in range(50_000)])]
    chart, *_ = draw(tmp_path, asked, facts)
    assert chart.svg_path.stat().st_size < 60_000


# ---- Waste ---------------------------------------------------------------------------------------


def test_the_worst_request_of_a_class_is_one_above_the_class_before() -> None:
    xs, ys = waste.worst(GO)
    # 9 bytes in 16 waste 7/16, 17 in 24 waste 7/24, 113 in 128 waste 15/128.
    assert dict(zip(xs, ys, strict=True))[9] == 7 / 16
    assert dict(zip(xs, ys, strict=True))[17] == 7 / 24
    assert (xs[-2], ys[-2]) == (113, 15 / 128)
    holds = [min(c for c in GO if c >= b) for b in range(1, 129)]
    every = [(c - b) / c for b, c in enumerate(holds, 1)]
    assert max(every[16:]) == max(y for x, y in zip(xs, ys, strict=True) if x > 16)


def test_equal_classes_share_a_staircase_beside_the_bound(tmp_path: Path) -> None:
    asked = sweep("classes", "Classes", {"kind": "waste", "bound": 0.125})
    facts: Facts = [(subject, "Classes", "classes", GO) for subject in ("go@1.26", "model/go")]
    facts.append(("glibc", "Classes", "classes", [24 + 16 * i for i in range(3000)]))
    chart, *shapes = draw(tmp_path, asked, facts)
    assert "go@1.26 = model/go: 10 classes" in chart.alt and "glibc: 3000 classes" in chart.alt
    assert "glibc: 3000 classes, at worst 9.9 % from 129 bytes on" in chart.alt, "137 in 152"
    for shape in shapes:
        assert ">12.5 %</text>" in shape and len(shape) < 150_000


# ---- Tables --------------------------------------------------------------------------------------


def rows(table: tables.Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_a_table_of_facts_folds_what_all_pass_and_counts_the_rest() -> None:
    asked = sweep("passed", "Row/check=*", {"kind": "table"})
    facts: Facts = [(s, f"Row/check={c}", "passed", (s, c) != ("b", "fork"))
                    for s in ("a", "b") for c in ("fork", "zero", "align")]  # fmt: skip
    facts.append(("c", "Row/check=fork", "passed", True))
    table = told(evidence(facts=facts), asked)
    assert table.heads == ["", "a", "b", "c"]
    assert rows(table)[0] == ["all rows", "3 of 3", "2 of 3", "1 of 1"]
    assert ["fork", "passes", "fails", "passes"] in rows(table)
    assert ["zero", "passes", "passes", "–"] in rows(table), "c has no such row"
    assert not table.folded
    whole = told(evidence(facts=facts[:-1]), asked)
    assert [row[0].text for row in whole.folded] == ["zero", "align"]
    assert whole.folding == "2 rows that all pass"


def test_a_table_of_words_knows_the_good_one_and_hides_paths() -> None:
    asked = sweep("outcome", "Misuse/check=*", {"kind": "table", "good": "caught"})
    facts: Facts = [("a", "Misuse/check=stack", "outcome", "caught"),
                    ("b", "Misuse/check=stack", "outcome", "silent")]  # fmt: skip
    (_, row) = told(evidence(facts=facts), asked).rows
    assert [(c.text, c.tone) for c in row[1:]] == [("caught", "good"), ("silent", "bad")]
    plain = sweep("detail", "Noted/check=*", {"kind": "table"})
    noted: Facts = [("a", "Noted/check=who", "detail", "mallopt: /usr/lib/x86/libc.so.6; 3 MiB/s")]
    assert rows(told(evidence(facts=noted), plain)) == [["who", "mallopt: libc.so.6; 3 MiB/s"]]


def test_nothing_measured_is_neither_chart_nor_table(tmp_path: Path) -> None:
    kinds: list[dict[str, Any]] = [
        {"kind": "heat", "x": "n", "over": "a"}, {"kind": "tails", "metrics": ["p99-ns"]},
        {"kind": "bars"}, {"kind": "history"}, {"kind": "waste"}, {"kind": "table"},
        {"kind": "geomean", "over": "a"}, {"kind": "steps"}, {},
    ]  # fmt: skip
    for chart in kinds:
        asked = sweep("nothing", "Case/n={n}", chart, n=[1, 2])
        found = evidence(facts=[("a", "Case/n=1", "something", 1)], sweeps=[asked])
        assert charts.draw(found, {"claims": []}, tmp_path) == []
        assert tables.of(found, asked) is None


@pytest.mark.parametrize("value", ["words", True, None, [], [1, "x"], 10**400, -3, 0])
def test_odd_values_never_break_a_page(tmp_path: Path, value: Any) -> None:
    kinds: list[dict[str, Any]] = [
        {"kind": "heat", "x": "n", "over": "a"}, {"kind": "tails", "metrics": ["p99-ns"]},
        {"kind": "bars"}, {"kind": "history"}, {"kind": "waste"}, {"kind": "table"},
        {"kind": "geomean", "over": "a"},
    ]  # fmt: skip
    for chart in kinds:
        asked = sweep("odd", "Case/n={n}", chart, n=[1, 2])
        facts: Facts = [(subject, "Case/n=1", "odd", value) for subject in "ab"]
        found = evidence(facts=facts, sweeps=[asked])
        charts.draw(found, {"claims": []}, tmp_path)
        tables.of(found, asked)


def test_units_in_words() -> None:
    assert wording.interval({"estimate": 1190.0, "low": 990.0, "high": 1.2e6}, "ns") == (
        "1.19 µs [990 ns, 1.20 ms]"
    )
    assert wording.region([None, 4194304], "B") == "at most 4.19 MB"
