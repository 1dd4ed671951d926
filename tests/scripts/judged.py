"""judged: synthetic evidence taken to the judge, and its verdicts checked as their readers will."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from claimslab import judge as judging
from claimslab.evidence import Evidence

SCHEMA = json.loads(
    (Path(judging.__file__).parents[1] / "schemas" / "verdicts.json").read_text(encoding="utf-8")
)
CASE, SMALL = "Append/n=10", "Append/n=1"
OLD = [1, 2, 4, 8, 512, 1024, 1280]
NEW = [1, 2, 4, 8, 512, 848, 1280]
PAIR = {"a": {CASE: 200.0}, "b": {CASE: 100.0}}


def judge(found: Evidence) -> dict[str, Any]:
    verdicts = judging.judge(found)
    jsonschema.validate(json.loads(json.dumps(verdicts, allow_nan=False)), SCHEMA)
    return verdicts


def only(found: Evidence) -> dict[str, Any]:
    (verdict,) = judge(found)["claims"]
    return verdict


def ratio(**keys: Any) -> dict[str, Any]:
    return {"kind": "ratio", "over_subject": "b", **keys}
