"""docs: the generated blocks of README and docs/questions.md; CI checks that they are fresh."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claimslab.claims import Topic
from claimslab.errors import FAILED, OK, LabError

Verdicts = Mapping[str, Any]  # verdicts.json


def replace_block(text: str, name: str, body: str) -> str:
    """`text` with what stands between `<!-- name:begin -->` and `<!-- name:end -->` replaced."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise LabError(f"no block {begin} … {end} to fill; put both markers back", FAILED)
    return f"{head}{begin}\n{body.strip()}\n{end}{tail}"


def questions_table(
    questions: Mapping[str, Mapping[str, str]],
    topics: Sequence[Topic],
    verdicts: Sequence[Verdicts],
) -> str:
    """Markdown: a row a question; claims and verdicts are counted, never typed."""
    rooms = {topic.name for topic in topics}
    claims = Counter(claim.question for topic in topics for claim in topic.claims)
    words: dict[int, Counter[str]] = {}
    for judged in verdicts:
        for claim in judged["claims"]:
            words.setdefault(claim["question"], Counter())[claim["word"]] += 1
    rows = ["| question | about | where | claims | in the reference run |", "|---|---|---|---|---|"]
    for number, row in sorted(questions.items()):
        counted = words.get(int(number), Counter())
        said = ", ".join(f"{count} {word}" for word, count in counted.most_common())
        place, count = where(row, rooms), claims[int(number)] or ""
        rows.append(f"| {number} | {row['about']} | {place} | {count} | {said} |")
    return "\n".join(rows)


def where(row: Mapping[str, str], rooms: set[str]) -> str:
    """The topic's room, its name if it is still to come, or why nothing is measured."""
    if "why" in row:
        return f"not measured: {row['why']}"
    name = row["topic"]
    return f"[{name}](../experiments/{name}/claims.toml)" if name in rooms else f"{name} (to come)"


def read_questions(root: Path) -> dict[str, dict[str, str]]:
    """docs/questions.toml; every question 301–400 is there, with a topic or a reason."""
    path = root / "docs" / "questions.toml"
    with path.open("rb") as file:
        questions: dict[str, dict[str, str]] = tomllib.load(file)
    for number in map(str, range(301, 401)):
        row = questions.get(number, {})
        if "about" not in row or ("topic" in row) == ("why" in row):
            raise LabError(f"{path}: question {number} needs `about`, and `topic` or `why`", FAILED)
    return questions


def main(root: Path, check: bool) -> int:
    """Fill the generated blocks, or with `check` fail if one is stale."""
    from claimslab import evidence as store
    from claimslab.claims import load
    from claimslab.report import readme

    published = sorted((root / "results" / "reference").glob("*/*/verdicts.json"))
    verdicts = [json.loads(path.read_text(encoding="utf-8")) for path in published]
    table = questions_table(read_questions(root), load(root), verdicts)
    blocks = {root / "docs" / "questions.md": ("questions", table)}
    if published:
        runs = [(v, store.read(path.parent)) for v, path in zip(verdicts, published, strict=True)]
        blocks[root / "README.md"] = ("verdicts", readme.block(runs, root))
    stale = []
    for path, (name, body) in blocks.items():
        text = path.read_text(encoding="utf-8")
        fresh = replace_block(text, name, body)
        if fresh != text:
            stale.append(path.relative_to(root).as_posix())
            if not check:
                path.write_text(fresh, encoding="utf-8")
    if stale and check:
        raise LabError(f"stale: {', '.join(stale)}; run `scripts/lab docs` and commit", FAILED)
    for name in stale:
        print(f"filled {name}")
    return OK
