"""vocabulary: the closed set of words a claims.toml may use, and the check of every one of them.

`topic` takes the parsed TOML and returns the JSON form of claims.from_json. It is the only reader
of the file's own spelling, so a rule that passed here is never checked again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from claimslab.claims.tables import Table, is_number, named, suggest
from claimslab.errors import LabError
from claimslab.theory import CURVES

SOURCES = ("notes", "derived", "lab")
TAILS = ("p50-ns", "p90-ns", "p99-ns", "p99.9-ns", "max-ns")  # of single operations
CLOCK = ("ns/op", *TAILS)
NUMERIC = (*CLOCK, "allocs/op", "B/op", "ir/op")
RULES: Mapping[str, tuple[str, ...]] = {
    "ratio": ("over_subject", "over_case", "low", "high"),
    "value": ("equals", "low", "high"),
    "sequence": ("equals", "starts", "factor", "from", "until", "same"),
    "growth": ("by", "low", "high"),
    "holds": (),
    "never": (),
}
CHARTS: Mapping[str, tuple[str, ...]] = {
    "curve": ("x", "per", "theory", "xscale", "yscale", "x_label", "y", "none"),
    "steps": ("xscale", "yscale", "x_label", "y"),
    "heat": ("x", "per", "over"),
    "tails": ("metrics", "y"),
    "bars": ("metrics", "per", "y"),
    "history": ("x", "beside", "x_label", "y"),
    "waste": ("bound",),
    "table": ("good",),
    "geomean": ("over",),
}
NEEDED = {"curve": ("x",), "heat": ("x", "over"), "tails": ("metrics",), "geomean": ("over",)}
LISTS = ("x", "beside")  # of a history: metrics whose lists belong to its own
CLAIM_KEYS = (
    *("id", "question", "says", "source", "metric", "case", "subjects", "rule"),
    *("because", "margin", "full"),
)
SWEEP_KEYS = ("id", "title", "metric", "case", "subjects", "chart")

ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
TOPIC = re.compile(r"[a-z][a-z0-9_-]*")
METRIC = re.compile(r"[A-Za-z][A-Za-z0-9/._-]*")


def topic(data: Mapping[str, Any], file: str, name: str) -> dict[str, Any]:
    """Check a whole file; `name` is that of its folder."""
    if not TOPIC.fullmatch(name):
        raise LabError(f"{file}: topic '{name}': rename the folder; use a-z, 0-9, _ and -")
    whole = Table(data, file)
    whole.only(("topic", "claim", "sweep"))
    head = Table(whole.need("topic"), file, "topic.")
    head.only(("title", "summary", "quick_s"))
    result: dict[str, Any] = {"name": name}
    result |= {field: head.text(field) for field in ("title", "summary")}
    if "quick_s" in head.data:
        result["quick_s"] = head.number("quick_s")
        if not 10 <= result["quick_s"] <= 600:
            head.fail("quick_s", "must lie between 10 and 600 seconds")
    lists: dict[str, list[dict[str, Any]]] = {"claim": [], "sweep": []}
    for what, check in (("claim", claim), ("sweep", sweep)):
        entries = data.get(what, [])
        if not isinstance(entries, list):
            whole.fail(what, f"must be a list of tables; write [[{what}]]")
        for index, entry in enumerate(entries, 1):
            lists[what].append(check(entry, place(file, what, entry, index), name))
    if not lists["claim"] and not lists["sweep"]:
        whole.fail("claim", "there is neither a claim nor a sweep; add a [[claim]]")
    return {**result, "claims": lists["claim"], "sweeps": lists["sweep"]}


def place(file: str, what: str, entry: Any, index: int) -> str:
    known = isinstance(entry, dict) and isinstance(entry.get("id"), str) and entry["id"]
    return f"{file}: {what} {known or index}"


def claim(entry: Any, where: str, name: str) -> dict[str, Any]:
    table = Table(entry, where)
    table.only(CLAIM_KEYS)
    result = {
        "id": table.text("id", ID, "use a-z, 0-9, . and -"),
        "topic": name,
        "question": table.need("question"),
        "says": table.text("says"),
        "source": table.text("source"),
        "metric": table.text("metric", METRIC, "write a unit such as ns/op or the name of a fact"),
        "cases": table.cases("case"),
        "subjects": table.subjects("subjects"),
        "because": entry.get("because", ""),
        "margin": entry.get("margin"),
        "full": entry.get("full", False),
    }
    question = result["question"]
    if not is_number(question) or not isinstance(question, int) or question < 0:
        table.fail("question", f"must be a whole number from 0, not {named(question)}")
    if result["source"] not in SOURCES:
        table.fail("source", f"unknown word; {suggest(result['source'], SOURCES)}")
    if not isinstance(result["full"], bool):
        table.fail("full", f"must be true or false, not {named(result['full'])}")
    if "margin" in entry and not 0 <= table.number("margin") < 1:
        table.fail("margin", f"{entry['margin']} is not a share; write 0.05 for 5 percent")
    result["rule"] = rule(table, result["metric"], result["cases"])
    because(table, result)
    return result


def because(table: Table, result: Mapping[str, Any]) -> None:
    reason = result["because"]
    if not isinstance(reason, str):
        table.fail("because", f"must be a metric, not {named(reason)}")
    if not reason:
        return
    if not METRIC.fullmatch(reason):
        table.fail("because", f"'{reason}' is not a metric; write a unit such as allocs/op")
    if reason == result["metric"]:
        table.fail("because", f"{reason} is the claim's own metric; name the one that explains it")
    if result["rule"]["kind"] != "ratio":
        table.fail("because", "only a rule of kind ratio has a direction to explain; leave it out")


def rule(claim: Table, metric: str, cases: list[str]) -> dict[str, Any]:
    table = Table(claim.need("rule"), claim.place, "rule.")
    kind = table.text("kind")
    if kind not in RULES:
        table.fail("kind", f"unknown rule '{kind}'; {suggest(kind, RULES)}")
    table.only(("kind", *RULES[kind])) if RULES[kind] else table.only(("kind",))
    if kind in ("sequence", "holds") and metric in NUMERIC:
        table.fail("kind", f"{kind} needs a fact, but {metric} is a number; use value or ratio")
    if kind == "never" and metric in CLOCK:
        table.fail("kind", f"a time is never zero; use value, not never, for {metric}")
    CHECKS[kind](table, metric, cases)
    return dict(table.data)


def check_ratio(table: Table, metric: str, cases: list[str]) -> None:
    over = [key for key in ("over_subject", "over_case") if key in table.data]
    if len(over) != 1:
        table.fail("over_case", "give one of over_subject and over_case, which is divided by")
    value = table.text(over[0])
    if "*" in value:
        table.fail(over[0], f"'{value}' must be one, without *; a ratio has one divisor")
    table.subjects(over[0]) if over[0] == "over_subject" else table.case(over[0], value)
    if value in cases:
        table.fail(over[0], f"'{value}' would be divided by itself; name another")
    table.region()
    for key in ("low", "high"):
        if key in table.data and table.number(key) <= 0:
            table.fail(key, f"a ratio is above zero, {table.data[key]} is not; raise or drop it")


def check_value(table: Table, metric: str, cases: list[str]) -> None:
    if "equals" not in table.data:
        table.region()
        for key in ("low", "high"):
            if metric in CLOCK and key in table.data and table.data[key] <= 0:
                hint = "leave it out, it asks nothing" if key == "low" else "raise it"
                table.fail(key, f"every time is above {table.data[key]}; {hint}")
        return
    if "low" in table.data or "high" in table.data:
        table.fail("equals", "stands beside low or high; keep one of them")
    equals = table.data["equals"]
    if isinstance(equals, str):
        table.text("equals")
    elif not is_number(equals):
        table.fail("equals", f"must be a finite number or a text, not {named(equals)}")
    if metric in CLOCK:
        table.fail("equals", f"no {metric} equals a number exactly; give low and high")


def check_sequence(table: Table, metric: str, cases: list[str]) -> None:
    forms = [key for key in ("equals", "starts", "factor", "same") if key in table.data]
    if len(forms) != 1:
        table.fail("kind", "give one of equals, starts, factor with from and until, same = true")
    form = forms[0]
    for key in ("from", "until"):
        if key in table.data and form != "factor":
            table.fail(key, f"goes with factor, not with {form}; remove it")
    if form in ("equals", "starts"):
        numbers(table, form)
    elif form == "same":
        if table.data["same"] is not True:
            table.fail("same", "can only be true; leave it out otherwise")
        several(table, "same", cases)
    else:
        pair = numbers(table, "factor")
        if len(pair) != 2:
            table.fail("factor", f"must be [lowest, highest], not {pair}")
        if pair[0] > pair[1]:
            table.fail("factor", f"{pair[0]} is above {pair[1]}; swap them")
        if table.number("from") >= table.number("until"):
            table.fail("from", f"{table.data['from']} is not below until; nothing lies between")


def check_growth(table: Table, metric: str, cases: list[str]) -> None:
    by = table.text("by")
    table.region()
    several(table, "by", cases)
    values = set()
    for case in cases:
        found = re.search(rf"/{re.escape(by)}=([^/]+)", case)
        if found is None and "*" not in case:
            table.fail("by", f"{case} has no parameter {by}")
        if found is None or "*" in found[1]:
            return
        if not positive(found[1]):
            table.fail("by", f"{by}={found[1]} in {case} is not a number above zero")
        values.add(float(found[1]))
    if len(values) < 2:
        table.fail("by", f"all cases have the same {by}; a growth needs at least two")


def check_nothing(table: Table, metric: str, cases: list[str]) -> None:
    """`holds` and `never` say all by their name."""


CHECKS = {
    "ratio": check_ratio,
    "value": check_value,
    "sequence": check_sequence,
    "growth": check_growth,
    "holds": check_nothing,
    "never": check_nothing,
}


def several(table: Table, field: str, cases: list[str]) -> None:
    if len(cases) < 2 and "*" not in cases[0]:
        table.fail(field, "compares cases, but the claim has one; list several in case")


def numbers(table: Table, field: str) -> list[float]:
    value = table.need(field)
    if not isinstance(value, list) or not value or not all(is_number(item) for item in value):
        table.fail(field, f"must be a list of numbers, not {named(value)}")
    return list(value)


def positive(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and float(text) > 0
    except ValueError:
        return False


def sweep(entry: Any, where: str, name: str) -> dict[str, Any]:
    table = Table(entry, where)
    case = table.text("case")
    names = re.findall(r"\{(\w+)\}", case)
    table.only((*SWEEP_KEYS, *names, *(f"full_{item}" for item in names)))
    table.case("case", re.sub(r"\{\w+\}", "x1", case))
    if "*" in case and not is_table(entry):
        table.fail("case", f"'{case}' must name its cases; use {{name}} and a list of values")
    values = {item: scalars(table, item, f"{{{item}}} of case has no values; ") for item in names}
    full = {item: scalars(table, f"full_{item}") for item in names if f"full_{item}" in entry}
    for item in (*values.values(), *full.values()):
        for value in item:
            table.case("case", re.sub(r"\{\w+\}", str(value), case))
    return {
        "id": table.text("id", ID, "use a-z, 0-9, . and -"),
        "topic": name,
        "title": table.text("title"),
        "metric": table.text("metric", METRIC, "write a unit such as ns/op or the name of a fact"),
        "case": case,
        "values": values,
        "full_values": full,
        "subjects": table.subjects("subjects"),
        "chart": chart(table, case) if "chart" in entry else {},
    }


def is_table(entry: Mapping[str, Any]) -> bool:
    """Whether it is drawn as a table, whose rows a program may know better than its claims."""
    return isinstance(entry.get("chart"), dict) and entry["chart"].get("kind") == "table"


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def scalars(table: Table, field: str, prefix: str = "") -> list[Any]:
    if field not in table.data:
        table.fail(field, f"{prefix}add {field} = [...]")
    value = table.data[field]
    good = isinstance(value, list) and all(is_number(v) or isinstance(v, str) for v in value)
    if not good or not value:
        table.fail(field, f"must be a list of numbers or texts, not {named(value)}")
    return list(value)


def chart(sweep: Table, case: str) -> dict[str, Any]:
    table = Table(sweep.data["chart"], sweep.place, "chart.")
    kind = table.text("kind")
    if kind not in CHARTS:
        table.fail("kind", f"unknown chart '{kind}'; {suggest(kind, CHARTS)}")
    table.only(("kind", *CHARTS[kind]))
    for field in NEEDED.get(kind, ()):
        table.need(field)
    for field in ("x", "beside", "metrics") if kind == "history" else ("metrics",):
        for name in table.texts(field) if field in table.data else ():
            if not METRIC.fullmatch(name):
                table.fail(field, f"'{name}' is not a metric; write the name of a fact or a unit")
    if "over" in table.data:
        table.subjects("over")
        if "*" in table.text("over"):
            table.fail("over", f"'{table.data['over']}' must be one subject, without *")
    for name in table.texts("per") if kind == "bars" and "per" in table.data else ():
        table.case("per", f"Case/{name}=1")
    for field in {"history": (), "bars": ()}.get(kind, ("x", "per")):
        if field in table.data and f"/{table.text(field)}=" not in case:
            table.fail(field, f"{case} has no parameter {table.data[field]}")
    for field in ("xscale", "yscale"):
        if field in table.data and table.text(field) not in ("log", "linear"):
            table.fail(field, f"unknown scale '{table.data[field]}'; write log or linear")
    for field in ("x_label", "y", "good"):
        if field in table.data:
            table.text(field)
    for field in ("none", "bound"):
        if field in table.data:
            table.number(field)
    if "theory" in table.data:
        for name in table.texts("theory"):
            if name not in CURVES:
                table.fail("theory", f"unknown closed form '{name}'; {suggest(name, CURVES)}")
    return dict(table.data)
