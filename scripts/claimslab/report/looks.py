"""looks: one visual language: how every subject and every verdict looks, in charts and tables.

A subject's looks tell its family: real Go is blue, the newer the darker; models are warm, with open
markers and broken lines; libraries are grey; allocators, which nearly always stand beside each
other, have a hue each; the control is a dotted grey line. Markers and lines differ too, so that
charts also read in greyscale and to colour-blind eyes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

INK, MUTED, GRID, PAPER = "#1f2328", "#59636e", "#e3e6ea", "#ffffff"
REGION, REGION_EDGE, BAND = "#dff0e3", "#7fb58d", "#eceef1"

Dash = str | tuple[int, tuple[float, ...]]


@dataclass(frozen=True)
class Look:
    """How one subject is drawn."""

    color: str
    marker: str
    line: Dash
    filled: bool


@dataclass(frozen=True)
class WordLook:
    """How one verdict is shown: never by colour alone."""

    symbol: str
    slug: str  # CSS class and filter name
    color: str  # on white, contrast 4.5:1 or better
    rich: str  # terminal style


WORDS: Mapping[str, WordLook] = {
    "reproduced": WordLook("✓", "reproduced", "#14683a", "green"),
    "refuted": WordLook("✗", "refuted", "#b3261e", "red"),
    "mixed": WordLook("◐", "mixed", "#6b3fa0", "magenta"),
    "unclear": WordLook("?", "unclear", "#7a5200", "yellow"),
    "invalid": WordLook("!", "invalid", "#8a1c5b", "bold red"),
    "not run": WordLook("–", "not-run", "#59636e", "bright_black"),
}


def word_look(word: str) -> WordLook:
    """The look of a word; an unknown word looks like `invalid` but is shown as it stands."""
    return WORDS.get(word, WORDS["invalid"])


_SOLID: Dash = "-"
_BROKEN: tuple[Dash, ...] = ((0, (5, 1.6)), (0, (1.4, 1.2)), (0, (6, 1.6, 1.4, 1.6)), (0, (9, 2)))
_FAMILIES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[Dash, ...], bool]] = {
    # family: colours, markers, lines, filled markers
    "go": (("#08306b", "#2171b5", "#5aa3d8", "#7f8fd6"), ("o", "s", "D", "v"), (_SOLID,), True),
    "model": (
        (
            "#d55e00",
            "#b5179e",
            "#a6761d",
            "#8c1d18",
            "#e0559a",
            "#6a3d9a",
            "#e39a00",
            "#f28c6b",
            "#5c4033",
            "#a97fd0",
        ),
        ("^", "v", "D", "s", "o", "P", "X", "<", ">", "p", "h"),
        _BROKEN,
        False,
    ),
    "library": (
        ("#1f2328", "#6e7781", "#48515a", "#959da5"),
        ("s", "D", "^", "v", "o", "P", "X"),
        (_SOLID, (0, (7, 2))),
        True,
    ),
    "allocator": (
        ("#1b7837", "#d95f02", "#6a3d9a", "#0c96a8", "#c2185b", "#8a6d00", "#33475b", "#7fa800"),
        ("o", "s", "^", "D", "v", "P", "X", "<"),
        (_SOLID, (0, (6, 1.6, 1.4, 1.6))),
        True,
    ),
    "control": (("#7d8790",), ("x",), ((0, (1.4, 1.2)),), False),
}


def family(subject: str) -> str:
    """go, model, library, allocator, or the control that does nothing."""
    if subject == "null":
        return "control"
    if subject.startswith("go@"):
        return "go"
    if subject.startswith("model/"):
        return "model"
    return "library" if "::" in subject else "allocator"


def natural(text: str) -> list[tuple[int, int, str]]:
    """Sort key by which 1.9 comes before 1.17."""
    parts = re.split(r"(\d+)", text)
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts]


def order(subjects: Iterable[str]) -> list[str]:
    """Go, models, libraries, allocators, the control; within a family as people count."""
    families = list(_FAMILIES)

    def key(name: str) -> tuple[int, bool, list[tuple[int, int, str]]]:
        # Guests last, so that those who are always there look the same with and without them.
        return families.index(family(name)), name.startswith("alloc/"), natural(name)

    return sorted(set(subjects), key=key)


def look(kind: str, slot: int) -> Look:
    """The look of a family's member; neighbours in slot number differ in colour and marker."""
    colors, markers, lines, filled = _FAMILIES[kind]
    return Look(
        colors[slot % len(colors)], markers[slot % len(markers)], lines[slot % len(lines)], filled
    )


def assign(run: Mapping[str, Any]) -> dict[str, Look]:
    """A look for every subject of a run: the same in all topics, unlike within a topic.

    Topics share subjects, so a newcomer takes the first slot that nobody in its topic has.
    """
    slots: dict[str, int] = {}
    for topic in run.get("topics", []):
        names = order(s["name"] for s in topic.get("subjects", []))
        for kind in _FAMILIES:
            mine = [n for n in names if family(n) == kind]
            if kind == "go":
                mine.reverse()  # the newest Go gets the darkest blue
            taken = {slots[n] for n in mine if n in slots}
            free = (i for i in range(10_000) if i not in taken)
            for name in mine:
                if name not in slots:
                    slots[name] = next(free)
    return {name: look(family(name), slot) for name, slot in slots.items()}
