"""test_stats: intervals cover, alarms are as rare as promised, poor data is answered."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon
from statsmodels.stats.weightstats import DescrStatsW

import synthetic
from claimslab.judge import stats
from claimslab.judge.stats import Interval, Region

DRAWS = 2_000
floats = st.floats(-5, 5, allow_nan=False)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def paired(seed: int, blocks: int, ratio: float = 1.0) -> np.ndarray:
    """DRAWS runs of `blocks` log ratios of two subjects under the two-level model."""
    rng = np.random.default_rng(seed)
    a, b = (np.median(synthetic.two_level(rng, (DRAWS, blocks)), axis=-1) for _ in range(2))
    return a - b + math.log(ratio)


@pytest.mark.parametrize("blocks", [10, 30])
def test_interval_covers_the_truth_as_often_as_it_says(blocks):
    runs = [stats.mean_interval(d) for d in paired(11, blocks, ratio=1.3)]
    covered = np.mean([i.low <= math.log(1.3) <= i.high for i in runs])
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("blocks", [10, 30])
def test_identical_programs_raise_few_alarms(blocks):
    parity = Region(0.0, 0.0)
    ps = [stats.edge_test(d, parity) for d in paired(12, blocks)]
    assert 0.037 <= np.mean(np.array(ps) <= 0.05) <= 0.065


@pytest.mark.parametrize("blocks", [3, 10, 30])
@pytest.mark.parametrize("region", [Region(1.0001), Region(0.5, 0.9999)])
def test_identical_programs_rarely_earn_a_ratio_that_excludes_parity(blocks, region):
    edges = region.log()
    won = [
        stats.edge_test(d, edges) <= stats.ALPHA and edges.side(stats.mean_interval(d)) == "inside"
        for d in paired(15, blocks)
    ]
    assert np.mean(won) <= stats.ALPHA


anything = st.sampled_from([math.nan, math.inf, -math.inf]) | st.floats(-1e9, 1e9)


@given(st.lists(anything, max_size=9), st.floats(-2, 2), st.floats(1e-9, 1))
def test_poor_data_never_raises(d, low, alpha):
    region = Region(low, low + 0.1)
    interval = stats.mean_interval(d)
    interval.exp()
    region.side(interval)
    stats.edge_test(d, region)
    stats.equivalent(d, 0.05)
    stats.rank_interval(d)
    stats.needed_blocks(d, region, alpha)
    assert stats.detectable(d) >= 1
    assert stats.log_ratios(d, d).shape == (len(d),)
    for rows in (0, 2):
        assert stats.slopes(d, np.ones((rows, len(d)))).shape == (rows,)


@pytest.mark.parametrize(("effect", "share"), [(1.02, 0.25), (1.05, 0.90), (1.10, 0.99)])
def test_planted_effects_are_found(effect, share):
    ps = [stats.edge_test(d, Region(0.0, 0.0)) for d in paired(13, 30, ratio=effect)]
    assert np.mean(np.array(ps) <= 0.05) >= share


def test_rank_interval_covers_too():
    runs = [stats.rank_interval(d) for d in paired(14, 10, ratio=0.8)]
    covered = np.mean([i.low <= math.log(0.8) <= i.high for i in runs])
    assert 0.93 <= covered <= 0.98


@given(st.lists(floats, min_size=3, max_size=20), floats, st.floats(0, 5))
def test_the_test_and_the_interval_say_the_same(d, low, width):
    region = Region(low, low + width)
    p, side = stats.edge_test(d, region), region.side(stats.mean_interval(d))
    if abs(p - 0.05) > 1e-6:
        assert (p <= 0.05) == (side != "straddles")


@given(st.lists(floats, min_size=6, max_size=30, unique=True))
def test_rank_interval_ends_where_scipy_says(d):
    found = stats.rank_interval(d)
    spread = max(d) - min(d)
    for outside in (found.low - 1e-9 - spread * 1e-6, found.high + 1e-9 + spread * 1e-6):
        if len(set(np.abs(np.array(d) - outside))) == len(d):
            assert wilcoxon(np.array(d) - outside, method="exact").pvalue <= 0.05
    assert found.low <= found.estimate <= found.high


@pytest.mark.parametrize(("n", "critical"), [(5, -1), (6, 0), (10, 8), (20, 52), (50, 434)])
def test_signed_rank_quantiles_are_the_published_ones(n, critical):
    assert stats.signed_rank_quantile(n, 0.025) == critical


@given(st.lists(floats, min_size=3, max_size=20, unique=True), st.floats(0.01, 0.5))
def test_equivalence_is_two_one_sided_tests(d, margin):
    if np.std(d) < 1e-6:
        return
    bound = math.log1p(margin)
    p = DescrStatsW(d).ttost_mean(-bound, bound)[0]
    if abs(p - 0.05) > 1e-6:
        assert stats.equivalent(d, margin) == (p < 0.05)


def test_holm_and_fdr_ignore_what_was_not_tested():
    assert stats.adjust([0.01, math.nan, 0.04]) == pytest.approx(
        [0.02, math.nan, 0.04], nan_ok=True
    )
    assert stats.adjust([0.01, 0.04], "fdr_bh") == pytest.approx([0.02, 0.04])
    assert stats.adjust([]) == []
    assert math.isnan(stats.adjust([math.nan])[0])


def test_slopes_are_exponents():
    x = [10, 100, 1000]
    y = np.array([[5 * n**1.5 for n in x], [7 * n**0.0 for n in x], [1.0, math.nan, 2.0]])
    assert stats.slopes(x, y) == pytest.approx([1.5, 0.0, math.nan], nan_ok=True)
    assert np.isnan(stats.slopes([10, 10], y[:, :2])).all()


def test_needed_blocks_decide_about_four_times_in_five():
    rng, region = np.random.default_rng(5), Region(-math.inf, 0.0)
    needed = stats.needed_blocks([-0.05, -0.15, 0.05, -0.10, 0.10, -0.05], region)
    d = np.array([-0.05, -0.15, 0.05, -0.10, 0.10, -0.05])
    runs = rng.normal(d.mean(), d.std(ddof=1), (DRAWS, needed))
    decided = np.mean([region.side(stats.mean_interval(run)) == "inside" for run in runs])
    assert 0.75 <= decided <= 0.85


@pytest.mark.parametrize(
    ("d", "interval", "p"),
    [
        ([], (math.nan, -math.inf, math.inf), math.nan),
        ([0.5], (0.5, -math.inf, math.inf), math.nan),
        ([0.5, 0.5, 0.5], (0.5, 0.5, 0.5), 0.0),
        ([0.1] * 3, (0.1, 0.1, 0.1), 0.0),
        ([0.5, math.nan, 0.5], (math.nan, -math.inf, math.inf), math.nan),
        ([0.5, math.inf], (math.nan, -math.inf, math.inf), math.nan),
    ],
)
def test_poor_data_has_defined_results(d, interval, p):
    found = stats.mean_interval(d)
    assert (found.estimate, found.low, found.high) == pytest.approx(interval, nan_ok=True)
    assert stats.edge_test(d, Region(0.0, 0.2)) == pytest.approx(p, nan_ok=True)
    assert stats.needed_blocks(d, Region(0.0, 0.2)) is None or len(d) == 3
    assert stats.detectable(d) >= 1
    assert stats.rank_interval(d) is None  # fewer than six blocks cannot reach 5 %


def test_values_that_are_no_times_become_nan_without_a_word():
    assert stats.log_ratios([1, 0, -1, math.nan, math.inf], [1] * 5) == pytest.approx(
        [0] + [math.nan] * 4, nan_ok=True
    )


def test_huge_runs_stay_small():
    d = np.random.default_rng(1).normal(0.1, 0.1, 100_000)
    assert stats.mean_interval(d).low > 0.09
    assert stats.rank_interval(d) is None


def test_infinite_ratios_survive_the_way_back():
    found = Interval(1.0, -math.inf, 1e6, 2).exp()
    assert (found.low, found.high) == (0.0, math.inf)


def test_a_region_of_logarithms_keeps_its_open_edges():
    assert Region(-math.inf, 2.0).log() == (-math.inf, math.log(2))
    assert Region(0.5).log() == (math.log(0.5), math.inf)
    assert Region(0, math.inf).log() == (-math.inf, math.inf)
    assert math.isnan(stats.edge_test([1, 2, 3], Region()))
