"""plans: a chart that is worth drawing, with its words, before it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

Draw = Callable[[bool], Figure]  # True draws the narrow shape


@dataclass(frozen=True)
class Plan:
    """There is data for it. The words are all that some readers have of it."""

    id: str
    title: str
    draw: Draw
    alt: str
    caption: str
