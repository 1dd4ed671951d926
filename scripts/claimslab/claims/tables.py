"""tables: a TOML table that knows where it stands, so that every complaint names its place."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Collection
from typing import Any, NoReturn

from claimslab.errors import LabError

SUBJECT = re.compile(r"[A-Za-z0-9@/._+:*-]+")
CASE = re.compile(r"[A-Za-z*][\w*.]*(/(\*|[A-Za-z*][\w*.]*=[^\s,/=]+))*")
GOMAXPROCS = re.compile(r"-\d+$")
MOST_SHOWN = 60  # characters of a wrong value that a complaint quotes


def suggest(word: str, known: Collection[str]) -> str:
    """`did you mean 'slices'?` where something is close, else what there is."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean '{close[0]}'?" if close else f"there is: {', '.join(sorted(known))}"


class Table:
    """A TOML table that knows where it stands, so that every complaint names its place."""

    def __init__(self, data: Any, place: str, prefix: str = "") -> None:
        self.data, self.place, self.prefix = data, place, prefix
        if not isinstance(data, dict):
            field = f"{prefix.rstrip('.')}: " if prefix else ""
            raise LabError(one_line(f"{place}: {field}must be a table, not {named(data)}"))

    def fail(self, field: str, problem: str) -> NoReturn:
        raise LabError(one_line(f"{self.place}: {self.prefix}{field}: {problem}"))

    def only(self, known: Collection[str]) -> None:
        for key in self.data:
            if key not in known:
                if known:
                    self.fail(key, f"unknown key; {suggest(key, known)}")
                self.fail(key, "unknown key; this rule takes none")

    def need(self, field: str) -> Any:
        if field not in self.data:
            self.fail(field, "is missing; add it")
        return self.data[field]

    def text(self, field: str, grammar: re.Pattern[str] | None = None, hint: str = "") -> str:
        value = self.need(field)
        if not isinstance(value, str):
            self.fail(field, f"must be a text, not {named(value)}; put it in quotes")
        self.visible(field, value)
        if not value.strip():
            self.fail(field, "is empty; say something")
        if grammar is not None and not grammar.fullmatch(value):
            self.fail(field, f"'{value}' is not well formed; {hint}")
        return value

    def visible(self, field: str, text: str) -> None:
        """No newline, no ESC, no NUL: a text goes into terminals, pages and tables as it is."""
        if bad := next(filter(is_control, text), ""):
            self.fail(field, f"has the control character {bad!r}; take it out")

    def number(self, field: str) -> float:
        value = self.need(field)
        if not is_number(value):
            self.fail(field, f"must be a finite number, not {named(value)}")
        return float(value) if isinstance(value, float) else value

    def texts(self, field: str) -> list[str]:
        """A list of different texts; one text stands for a list of one."""
        value = self.need(field)
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.fail(field, f"must be a text or a list of texts, not {named(value)}")
        if not items:
            self.fail(field, "is empty; name at least one")
        for item in items:
            self.visible(field, item)
            if items.count(item) > 1:
                self.fail(field, f"'{item}' stands there twice; remove one")
        return list(items)

    def cases(self, field: str) -> list[str]:
        return [self.case(field, item) for item in self.texts(field)]

    def case(self, field: str, item: str) -> str:
        self.visible(field, item)
        if GOMAXPROCS.search(item):
            self.fail(field, f"'{item}' ends in -<digits>, which Go reads as GOMAXPROCS; rename it")
        if not CASE.fullmatch(item):
            self.fail(field, f"'{item}' is not a case; write Name/key=value/key=value")
        return item

    def subjects(self, field: str) -> list[str]:
        for item in (items := self.texts(field)):
            if not SUBJECT.fullmatch(item):
                self.fail(field, f"'{item}' is not a subject; use letters, digits, @ / . _ + : -")
        return items

    def region(self) -> None:
        """`low` and `high`: at least one, in order."""
        given = [key for key in ("low", "high") if key in self.data]
        if not given:
            self.fail("low", "neither low nor high is there, so anything would hold; add one")
        numbers = [self.number(key) for key in given]
        if len(numbers) == 2 and numbers[0] > numbers[1]:
            self.fail("low", f"{numbers[0]} is above high = {numbers[1]}; swap them")


def is_number(value: Any) -> bool:
    """Whether it is a finite number; a whole number that no float can hold is none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_control(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Zl", "Zp")


def one_line(text: str) -> str:
    """What a complaint quotes cannot break its line or command a terminal."""
    return "".join(repr(sign)[1:-1] if is_control(sign) else sign for sign in text)


def named(value: Any) -> str:
    """How a value is called in a complaint: `the text 'x'`, `the list [1, 2]`."""
    kinds = {bool: "the truth value", int: "the number", float: "the number", str: "the text"}
    kinds |= {list: "the list", dict: "the table"}
    try:
        shown = repr(value)
    except (RecursionError, ValueError):  # nested too deep, or an integer of 5,000 digits
        shown = "that is too long to show"
    shown = shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}…"
    return f"{kinds.get(type(value), 'the ' + type(value).__name__)} {shown}"
