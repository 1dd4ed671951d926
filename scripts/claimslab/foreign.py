"""foreign: what other programs and other hands wrote, made safe to keep and to show.

JSON of theirs may be valid and still no value that this lab can store, compare and write again;
text of theirs may hold what a terminal obeys.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

DEEPEST = 64  # levels of lists and objects; the lab's own files have 7

_half_pair = re.compile(r"\\u[dD][89a-fA-F]")


def load_json(data: str | bytes) -> Any:
    """Like json.loads; ValueError also for what is nested too deeply, for numbers that are not
    finite or have more than 64 bits, and for half a surrogate pair, which is no text."""
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # The two checks below look at the text first, since they run for every line of evidence.
    if text.count("[") + text.count("{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise ValueError("nested too deeply")
    if _half_pair.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("half of a surrogate pair") from None
    return value


def _whole(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= (value := int(text)) < 2**64:
        raise ValueError("a whole number of more than 64 bits")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError("a number that is not finite")
    return value


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)


def clean(text: str, keep: str = "") -> str:
    """The text without anything that a terminal obeys; a tab becomes a blank, the rest U+FFFD."""
    text = text.replace("\t", " ")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else "�" for char in text)


def clean_all(value: Any) -> Any:
    """The same for every text in a JSON value."""
    match value:
        case str():
            return clean(value)
        case list():
            return [clean_all(one) for one in value]
        case dict():
            return {clean(key): clean_all(one) for key, one in value.items()}
    return value


def shorten(text: str) -> str:
    """A piece of a program's output, safe to print in one line."""
    return repr(clean(text[:80]) + ("…" if len(text) > 80 else ""))
