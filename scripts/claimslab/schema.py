"""schema: whether JSON is in the published formats (schemas/*.json), and which field is not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from claimslab.errors import LabError
from claimslab.foreign import clean


@cache
def validator(schema: str, part: str = "") -> Any:
    """A compiled validator; `part` picks one line kind, so that messages name the field."""
    path = Path(__file__).with_name("schemas") / f"{schema}.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    if part:
        document = {"$defs": document["$defs"], **document["$defs"][part]}
    return jsonschema.Draft202012Validator(document)


def _check(schema: str, value: Any, where: str, part: str = "") -> None:
    error = jsonschema.exceptions.best_match(validator(schema, part).iter_errors(value))
    if error is not None:
        field_name = "/".join(str(step) for step in error.absolute_path)
        message = error.message if len(error.message) < 200 else error.message[:200] + "…"
        named = f"{field_name}: " if field_name else ""
        raise LabError(clean(f"{where}: {named}{message}"))


_KEYS = {
    *("kind", "block", "attempt", "topic", "subject", "case", "metric"),
    *("value", "batches", "iterations", "checksum"),
}


def is_plain_sample(line: dict[str, Any]) -> bool:
    """Whether the schema would pass this sample, decided 50 times faster: samples are most of the
    lines. What is not plainly right goes to the schema, which words the complaint."""
    return (
        line.get("kind") == "sample"
        and line.keys() == _KEYS
        and all(type(line[key]) is str for key in ("topic", "subject", "case", "metric"))
        and all(type(line[key]) is int and line[key] >= 1 for key in ("block", "attempt"))
        and type(line["checksum"]) is int
        and 0 <= line["checksum"] < 2**32
        and type(line["value"]) in (int, float)
        and type(line["batches"]) is list
        and type(line["iterations"]) is list
        and bool(line["batches"])
        and bool(line["iterations"])
        and all(type(batch) in (int, float) for batch in line["batches"])
        and all(type(count) is int and count >= 1 for count in line["iterations"])
    )


def check_run(run: Any, where: str) -> None:
    """LabError unless this is a run.json, its regions the right way round and its names its own."""
    _check("run", run, where)
    _check_names([topic["name"] for topic in run["topics"]], f"{where}: topics")
    for place, topic in enumerate(run["topics"]):
        field = f"{where}: topics/{place}"
        _check_names([subject["name"] for subject in topic["subjects"]], f"{field}/subjects")
        for number, claim in enumerate(topic["claims"]):
            rule = claim["rule"]
            low, high = rule.get("low"), rule.get("high")
            if low is not None and high is not None and low > high:
                raise LabError(f"{field}/claims/{number}/rule: low {low} is above high {high}")


def _check_names(names: list[str], where: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise LabError(clean(f"{where}/{place}/name: {name} is there twice"))


def check_line(line: Any, where: str) -> None:
    """LabError unless this is a line of trials.jsonl."""
    if isinstance(line, dict) and is_plain_sample(line):
        return
    kind = line.get("kind") if isinstance(line, dict) else None
    if kind not in ("trial", "sample", "fact", "dropped", "plan", "block"):
        raise LabError(f"{where}: no line of evidence: its kind is {kind!r}")
    _check("trials", line, where, part=kind)
