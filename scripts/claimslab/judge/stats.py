"""stats: every estimate, interval and test of the lab, each written once (docs/method.md).

All functions take one number a block: the logarithm of a ratio, of a time, or a fitted exponent.
They never warn and never raise on poor data: where nothing can be said, the interval is the whole
line and p is NaN.

Invariants  A decided word at level alpha is the same event as p <= alpha, since the interval and
            the test are one t statistic seen from two sides.
Rejected    Bootstrap over a handful of blocks: 10-16 % false alarms at a nominal 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

ALPHA = 0.05
POWER = 0.8  # the chance that `needed_blocks` blocks decide
MOST_BLOCKS = 10_000  # beyond this nobody will measure: "not decidable" is the honest answer
MOST_PAIRS = 2_000  # blocks up to which the rank check is made; its memory grows with the square
MIN_BLOCKS = 3  # fewer give no usable spread
ROUNDING = 1e-12  # what logarithms and means lose: 2:1 without noise is 1.9999999999999984

Array = NDArray[np.float64]
Side = Literal["inside", "outside", "straddles"]


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence interval, from `blocks` blocks."""

    estimate: float
    low: float
    high: float
    blocks: int

    def exp(self) -> Interval:
        """From logarithms back to ratios; what overflows is infinite."""
        with np.errstate(over="ignore"):
            low, mid, high = (float(x) for x in np.exp([self.low, self.estimate, self.high]))
        return Interval(mid, low, high, self.blocks)


class Region(NamedTuple):
    """C of the method: [low, high], edges included; an edge that is not there is infinite."""

    low: float = -math.inf
    high: float = math.inf

    def contains(self, value: float | Fraction) -> bool:
        return self.low <= value <= self.high

    def side(self, interval: Interval) -> Side:
        """Whole interval inside, whole interval outside, or across an edge: decides nothing.

        What lies outside by no more than rounding is on the edge, which is inside.
        """
        wide = self.rounded()
        if wide.contains(interval.low) and wide.contains(interval.high):
            return "inside"
        apart = interval.high < wide.low or interval.low > wide.high
        return "outside" if apart else "straddles"

    def rounded(self) -> Region:
        """Wider by what rounding may have taken from a value on its edge."""
        low, high = (ROUNDING * max(1.0, abs(edge)) for edge in self)
        return Region(self.low - low, self.high + high)

    def log(self) -> Region:
        """The same region for logarithms; zero and below become minus infinity."""
        edges = (math.log(e) if 0 < e < math.inf else (e if e > 0 else -math.inf) for e in self)
        return Region(*edges)

    def edge(self, value: float) -> float:
        """The edge nearest to `value`: the one at which the verdict would change."""
        return min(self, key=lambda edge: abs(edge - value))


def log_ratios(over: Sequence[float], under: Sequence[float]) -> Array:
    """d_j = ln(over_j / under_j); NaN where a value is not a finite number above zero."""
    return logs(over) - logs(under)


def logs(values: Sequence[float] | Array) -> Array:
    data = np.asarray(values, dtype=np.float64)
    good = np.isfinite(data) & (data > 0)
    return np.where(good, np.log(np.where(good, data, 1.0)), np.nan)


def mean_interval(d: Sequence[float] | Array, level: float = 1 - ALPHA) -> Interval:
    """mean d ± t(P-1) · s/√P."""
    data = np.asarray(d, dtype=np.float64)
    if data.size == 0 or not np.isfinite(data).all():
        return Interval(math.nan, -math.inf, math.inf, int(data.size))
    mean = float(data.mean())
    if data.size == 1:
        return Interval(mean, -math.inf, math.inf, 1)
    half = float(stats.t.ppf((1 + level) / 2, data.size - 1)) * standard_error(data)
    return Interval(mean, mean - half, mean + half, int(data.size))


def standard_error(data: Array) -> float:
    """s/√P; exactly zero where all values are the same but for rounding."""
    same = np.ptp(data) <= ROUNDING * max(1.0, float(np.abs(data).max()))
    return 0.0 if same else float(data.std(ddof=1)) / math.sqrt(data.size)


def edge_test(d: Sequence[float] | Array, region: Region) -> float:
    """p of the two-sided t test that the mean equals the nearest edge of the region.

    Small p: the mean is on the side of that edge where the estimate is. NaN if nothing is tested:
    fewer than two blocks, or a region without edges.
    """
    data = np.asarray(d, dtype=np.float64)
    if data.size < 2 or not np.isfinite(data).all():
        return math.nan
    mean = float(data.mean())
    gap = abs(mean - region.rounded().edge(mean))
    if not math.isfinite(gap):
        return math.nan
    error = standard_error(data)
    if error == 0:
        return 0.0  # without spread every value decides: the edge itself is inside
    return float(2 * stats.t.sf(gap / error, data.size - 1))


def equivalent(d: Sequence[float] | Array, margin: float) -> bool:
    """Two one-sided tests at 5 %: the 90 % interval of log ratios lies inside ±ln(1 + margin)."""
    bound = math.log1p(margin)
    return Region(-bound, bound).side(mean_interval(d, 1 - 2 * ALPHA)) == "inside"


def rank_interval(d: Sequence[float] | Array, level: float = 1 - ALPHA) -> Interval | None:
    """Hodges–Lehmann estimate with the interval of the Wilcoxon signed-rank test.

    The mean of every two blocks (and of each with itself), sorted: their median estimates, and as
    many are cut off at either end as the test's distribution allows. None where the test cannot
    reach the level (fewer than six blocks at 95 %) or the blocks are too many to pair.
    """
    data = np.asarray(d, dtype=np.float64)
    if not 0 < data.size <= MOST_PAIRS or not np.isfinite(data).all():
        return None
    cut = signed_rank_quantile(data.size, (1 - level) / 2)
    if cut < 0:
        return None
    first, second = np.triu_indices(data.size)
    walsh = np.sort((data[first] + data[second]) / 2)
    middle = float(np.median(walsh))
    return Interval(middle, float(walsh[cut]), float(walsh[-1 - cut]), int(data.size))


def signed_rank_quantile(n: int, tail: float) -> int:
    """The largest w with P(W <= w) <= tail for the signed-rank statistic W; -1 if there is none."""
    total = n * (n + 1) // 2
    if n > 50:
        spread = math.sqrt(total * (2 * n + 1) / 12)
        return math.floor(total / 2 + float(stats.norm.ppf(tail)) * spread)
    ways: Array = np.ones(1)
    for rank in range(1, n + 1):  # each rank counts as positive or not, with equal chance
        step = np.zeros(rank + 1)
        step[0] = step[rank] = 0.5
        ways = np.asarray(np.convolve(ways, step))
    return int(np.searchsorted(np.cumsum(ways), tail * (1 + 1e-12), side="right")) - 1


def slopes(x: Sequence[float], y: Array) -> Array:
    """Exponent of growth in each block: the least-squares slope of ln y against ln x.

    x: k case parameters; y: blocks × k values. NaN for a block with a value that is not positive.
    """
    log_x = logs(x)
    centred = log_x - log_x.mean() if log_x.size else log_x
    spread = float((centred**2).sum())
    if not spread > 0:
        return np.full(len(y), np.nan)
    result: Array = logs(y) @ centred / spread
    return result


def adjust(ps: Sequence[float], method: str = "holm") -> list[float]:
    """p values adjusted for their family: `holm` for verdicts, `fdr_bh` for what is exploratory.

    NaN stays NaN and does not count as a test.
    """
    data = np.asarray(ps, dtype=np.float64)
    tested = np.isfinite(data)
    if tested.any():
        data[tested] = multipletests(data[tested], alpha=ALPHA, method=method)[1]
    return [float(p) for p in data]


def needed_blocks(d: Sequence[float] | Array, region: Region, alpha: float = ALPHA) -> int | None:
    """How many blocks decide with a chance of 80 %, if mean and spread are as they seem now.

    `alpha` is the level that the cell's place in its family leaves it. None: more than anyone
    will measure, or the estimate lies on the edge.
    """
    data = np.asarray(d, dtype=np.float64)
    if data.size < 2 or not np.isfinite(data).all():
        return None
    gap = abs(float(data.mean()) - region.edge(float(data.mean())))
    spread = standard_error(data) * math.sqrt(data.size)
    if not 0 < gap < math.inf:
        return None
    if reach(MOST_BLOCKS, alpha) * spread > gap:
        return None
    low, high = MIN_BLOCKS - 1, MOST_BLOCKS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reach(middle, alpha) * spread <= gap else (middle, high)
    return high


def reach(blocks: int, alpha: float) -> float:
    """The gap, in standard deviations, that this many blocks find with a chance of 80 %."""
    freedom = blocks - 1
    quantiles = stats.t.ppf(1 - alpha / 2, freedom) + stats.t.ppf(POWER, freedom)
    return float(quantiles) / math.sqrt(blocks)


def detectable(d: Sequence[float] | Array, alpha: float = ALPHA) -> float:
    """Minimal detectable effect: the ratio above 1 that these blocks would tell from 1, at 80 %."""
    data = np.asarray(d, dtype=np.float64)
    if data.size < 2 or not np.isfinite(data).all():
        return math.inf
    spread = standard_error(data) * math.sqrt(data.size)
    return math.exp(min(reach(data.size, alpha) * spread, 700.0))  # e^700 is still a float
