"""theory: closed forms that a chart may draw beside what was measured.

A claims file names one with `theory = "copies"`. Each is a function of the charted parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """A named closed form."""

    label: str
    at: Callable[[float], float]


# ---- A capacity that grows by factor r > 1, with n elements appended one by one -----------------


def copies(r: float) -> float:
    """Elements copied for each element of final capacity: 1/r + 1/r² + … = 1/(r−1).

    >>> copies(1.5)
    2.0
    """
    return 1 / (r - 1)


def utilisation(r: float) -> float:
    """Mean of length/capacity, where the capacity of n elements is anywhere from n to r·n alike:
    the integral of (n/c)/((r−1)·n) for c from n to r·n is ln r/(r−1).

    >>> round(utilisation(2), 3)
    0.693
    """
    return math.log(r) / (r - 1)


def utilisation_log(r: float) -> float:
    """Mean of length/capacity, where ln(length) is anywhere in a growth step alike: (1−1/r)/ln r.

    >>> round(utilisation_log(2), 3)
    0.721
    """
    return (1 - 1 / r) / math.log(r)


# ---- Chained buckets of eight cells, with L entries a bucket on average, spread at random --------

CELLS = 8
BUCKET_BYTES = 8 + CELLS * (8 + 8) + 8  # tags, keys and values of 8 bytes, a pointer


def bucket_hit(load: float) -> float:
    """Entries met up to the one looked for: itself, and half of the others in its bucket.

    >>> bucket_hit(6.5)
    4.25
    """
    return 1 + load / 2


def bucket_overflows(load: float) -> float:
    """Overflow buckets for each bucket: one for every eight entries that a bucket's Poisson(L)
    entries are beyond the first eight; the sum of P(entries > 8k) for k from 1.

    >>> round(bucket_overflows(6.5), 3)
    0.209
    """
    share = at_most = math.exp(-load)  # P(entries = 0)
    overflows, entries = 0.0, 0
    while at_most < 1 - 1e-12:
        entries += 1
        share *= load / entries
        if entries % CELLS == 1 and entries > CELLS:
            overflows += 1 - at_most
        at_most += share
    return overflows


def bucket_bytes(load: float) -> float:
    """Bytes for each entry of two 8-byte integers, where every overflow bucket is in use.

    >>> round(bucket_bytes(6.5), 2)
    26.78
    """
    return BUCKET_BYTES * (1 + bucket_overflows(load)) / load


# ---- Open addressing at load a, of which Knuth gives the slots met -------------------------------


def linear_hit(a: float) -> float:
    """Linear probing, the slots met up to the key: (1 + 1/(1−a))/2.

    >>> linear_hit(0.5)
    1.5
    """
    return (1 + 1 / (1 - a)) / 2


def linear_miss(a: float) -> float:
    """Linear probing, the slots met up to an empty one: (1 + 1/(1−a)²)/2.

    >>> linear_miss(0.5)
    2.5
    """
    return (1 + 1 / (1 - a) ** 2) / 2


def uniform_hit(a: float) -> float:
    """A probe sequence at random for each key, as double hashing nearly is: ln(1/(1−a))/a.

    >>> round(uniform_hit(0.5), 3)
    1.386
    """
    return math.log(1 / (1 - a)) / a


def uniform_miss(a: float) -> float:
    """The same up to an empty slot: 1/(1−a).

    >>> uniform_miss(0.5)
    2.0
    """
    return 1 / (1 - a)


CURVES: Mapping[str, Curve] = {
    "copies": Curve("1/(r−1)", copies),
    "utilisation": Curve("ln r/(r−1)", utilisation),
    "utilisation-log": Curve("(1−1/r)/ln r", utilisation_log),
    "bucket-hit": Curve("1 + L/2", bucket_hit),
    "bucket-miss": Curve("L", lambda load: load),
    "bucket-overflows": Curve("Σ P(N > 8k)", bucket_overflows),
    "bucket-bytes": Curve("144 (1 + o)/L", bucket_bytes),
    "linear-hit": Curve("(1 + 1/(1−a))/2", linear_hit),
    "linear-miss": Curve("(1 + 1/(1−a)²)/2", linear_miss),
    "uniform-hit": Curve("ln(1/(1−a))/a", uniform_hit),
    "uniform-miss": Curve("1/(1−a)", uniform_miss),
    "constant": Curve("constant", lambda _: 1.0),
    "linear": Curve("n", lambda n: n),
    "log": Curve("log₂ n", lambda n: math.log2(n)),
    "linearithmic": Curve("n log₂ n", lambda n: n * math.log2(n)),
    "quadratic": Curve("n²", lambda n: n * n),
}
