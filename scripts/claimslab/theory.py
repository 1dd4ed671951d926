"""theory: closed forms that a chart may draw beside what was measured.

A claims file names one with `theory = "copies"`. Each is a function of the charted parameter.
For a capacity that grows by factor r > 1, with n elements appended one by one:
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


CURVES: Mapping[str, Curve] = {
    "copies": Curve("1/(r−1)", copies),
    "utilisation": Curve("ln r/(r−1)", utilisation),
    "utilisation-log": Curve("(1−1/r)/ln r", utilisation_log),
    "constant": Curve("constant", lambda _: 1.0),
    "linear": Curve("n", lambda n: n),
    "log": Curve("log₂ n", lambda n: math.log2(n)),
    "linearithmic": Curve("n log₂ n", lambda n: n * math.log2(n)),
    "quadratic": Curve("n²", lambda n: n * n),
}
