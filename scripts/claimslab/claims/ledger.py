"""ledger: a published claim keeps its rule; the committed reference runs are the record of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claimslab.errors import LabError

# What a verdict depends on. The wording (`says`, `title`) may be improved at any time.
BINDING = ("metric", "cases", "subjects", "rule", "because", "margin")

Published = Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]  # id -> (file, claim) pairs


def published(root: Path) -> Published:
    """Every claim of results/reference/*/*/run.json, by id."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for file in files(root / "results" / "reference"):
        shown = file.relative_to(root).as_posix()
        try:
            run = json.loads(file.read_text(encoding="utf-8"))
            for topic in run["topics"]:
                for claim in topic["claims"]:
                    found.setdefault(claim["id"], []).append((shown, claim))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(
                f"{shown}: cannot be read as the record of published claims ({error!r}); "
                f"restore it from git"
            ) from error
    return found


def files(folder: Path) -> list[Path]:
    """The run.json of every reference run; LabError where the folder may not be looked into."""
    try:
        machines = [machine for machine in sorted(folder.iterdir()) if machine.is_dir()]
        runs = [run for machine in machines for run in sorted(machine.iterdir())]
        return [file for run in runs if (file := run / "run.json").is_file()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LabError(
            f"results/reference: cannot be read as the record of published claims "
            f"({error.strerror}); make it readable"
        ) from error


def check(claim: Mapping[str, Any], file: str, record: Published) -> None:
    """LabError if a published claim of this id was judged by another rule."""
    for where, old in record.get(claim["id"], ()):
        for field in BINDING:
            if old.get(field) != claim[field]:
                was = json.dumps(old.get(field), ensure_ascii=False)
                raise LabError(
                    f"{file}: claim {claim['id']}: {field}: differs from what was published in "
                    f"{where} ({was}); give it a new id"
                )
