"""test_claims: every claims.toml loads, and every mistake in one gets a line with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthetic
from claimslab import claims
from claimslab.claims import Sweep, Topic
from claimslab.errors import USAGE, LabError

ROOT = Path(__file__).resolve().parents[2]
FILE = "experiments/maps/claims.toml"
TOPIC = '[topic]\ntitle = "Maps"\nsummary = "How maps grow."\n'
CLAIM = {
    "id": '"c1"',
    "question": "1",
    "says": '"it is so"',
    "source": '"lab"',
    "metric": '"load"',
    "case": '"Load/n=8"',
    "subjects": '["go@*"]',
    "rule": '{ kind = "value", equals = 1 }',
}
SWEEP = {
    "id": '"s1"',
    "title": '"Load by n"',
    "metric": '"load"',
    "case": '"Load/n={n}"',
    "n": "[1, 2]",
    "subjects": '["go@*"]',
    "chart": '{ kind = "curve", x = "n" }',
}


def entry(heading: str, fields: dict[str, str], changes: dict[str, str | None]) -> str:
    """A table of TOML; a change of None leaves the field out."""
    merged = {**fields, **changes}
    lines = [f"{key} = {value}" for key, value in merged.items() if value is not None]
    return "\n".join([f"[[{heading}]]", *lines, ""])


def claim(**changes: str | None) -> str:
    return entry("claim", CLAIM, changes)


def sweep(**changes: str | None) -> str:
    return entry("sweep", SWEEP, changes)


def rule(text: str, **changes: str | None) -> str:
    return claim(rule=text, **changes)


def write(root: Path, text: str, topic: str = "maps") -> Path:
    file = root / "experiments" / topic / "claims.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root


def refusal(root: Path, only: tuple[str, ...] = ()) -> str:
    with pytest.raises(LabError) as caught:
        claims.load(root, only)
    assert caught.value.status == USAGE
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_all_topics_of_this_repository_load():
    assert "slices" in [topic.name for topic in claims.load(ROOT)]


RATIO = {"metric": '"ns/op"'}
LIST = {"case": '["Load/n=8", "Load/n=9"]'}
BAD = [
    # text, place, field, part of what is said
    (claim(id=None), "claim 1", "id", "is missing"),
    (claim(id='"C 1"'), "claim C 1", "id", "not well formed"),
    (claim(id="7"), "claim 1", "id", "must be a text"),
    (claim(says=None), "claim c1", "says", "is missing"),
    (claim(says='" "'), "claim c1", "says", "is empty"),
    (claim(sais='"x"'), "claim c1", "sais", "did you mean 'says'?"),
    (claim(question='"311"'), "claim c1", "question", "whole number"),
    (claim(question="-1"), "claim c1", "question", "whole number"),
    (claim(question="true"), "claim c1", "question", "whole number"),
    (claim(source='"hearsay"'), "claim c1", "source", "notes"),
    (claim(metric='"ns op"'), "claim c1", "metric", "not well formed"),
    (claim(case="[]"), "claim c1", "case", "name at least one"),
    (claim(case='"Load/n=8, x"'), "claim c1", "case", "Name/key=value"),
    (claim(case='"Load/n=8-2"'), "claim c1", "case", "GOMAXPROCS"),
    (claim(case='["Load", "Load"]'), "claim c1", "case", "twice"),
    (claim(subjects='["go 1.17"]'), "claim c1", "subjects", "not a subject"),
    (claim(subjects="[1]"), "claim c1", "subjects", "list of texts"),
    (claim(full='"yes"'), "claim c1", "full", "true or false"),
    (claim(margin="5"), "claim c1", "margin", "0.05"),
    (claim(margin="nan"), "claim c1", "margin", "finite number"),
    (claim(because="3"), "claim c1", "because", "must be a metric"),
    (claim(because='"allocs/op"'), "claim c1", "because", "ratio"),
    (claim(because='"load"'), "claim c1", "because", "own metric"),
    (claim(rule=None), "claim c1", "rule", "is missing"),
    (rule('"value"'), "claim c1", "rule", "must be a table"),
    (rule("{ equals = 1 }"), "claim c1", "rule.kind", "is missing"),
    (rule('{ kind = "valu", equals = 1 }'), "claim c1", "rule.kind", "did you mean 'value'?"),
    (rule('{ kind = "value", equal = 1 }'), "claim c1", "rule.equal", "mean 'equals'?"),
    (rule('{ kind = "value" }'), "claim c1", "rule.low", "anything would hold"),
    (rule('{ kind = "value", low = 2, high = 1 }'), "claim c1", "rule.low", "swap"),
    (rule('{ kind = "value", low = "2" }'), "claim c1", "rule.low", "finite number"),
    (rule('{ kind = "value", high = inf }'), "claim c1", "rule.high", "finite number"),
    (rule('{ kind = "value", equals = 1, low = 1 }'), "claim c1", "rule.equals", "beside"),
    (rule('{ kind = "value", equals = [1] }'), "claim c1", "rule.equals", "number or a text"),
    (rule('{ kind = "value", low = 0 }', **RATIO), "claim c1", "rule.low", "above 0; leave it out"),
    (rule('{ kind = "value", low = -1, high = 9 }', **RATIO), "claim c1", "rule.low", "leave it"),
    (rule('{ kind = "value", high = 0.0 }', **RATIO), "claim c1", "rule.high", "raise it"),
    (rule(f'{{ kind = "value", low = 1{"0" * 400} }}'), "claim c1", "rule.low", "finite number"),
    (rule(f'{{ kind = "value", low = 0x{"f" * 9000} }}'), "claim c1", "rule.low", "too long"),
    (claim(says="{ " + "a." * 3000 + "a = 1 }"), "claim c1", "says", "must be a text"),
    (claim(question="0x" + "f" * 9000), "claim c1", "question", "whole number"),
    (claim(margin="1" + "0" * 400), "claim c1", "margin", "finite number"),
    (claim(says=r'"it is \u001b[31mred"'), "claim c1", "says", "control character '\\x1b'"),
    (claim(says='"""it is\nso"""'), "claim c1", "says", "control character '\\n'"),
    (claim(says=r'"it is \u2028so"'), "claim c1", "says", "control character"),
    (claim(id=r'"c\n1"'), r"claim c\n1", "id", "control character '\\n'"),
    (claim(case=r'"Load/n=\u0000"'), "claim c1", "case", "control character '\\x00'"),
    (claim(subjects=r'["go\n"]'), "claim c1", "subjects", "control character '\\n'"),
    (claim(because=r'"a\nb"'), "claim c1", "because", r"'a\nb' is not a metric"),
    (claim(**{r'"a\nb"': "1"}), "claim c1", r"a\nb", "unknown key"),
    (rule(r'{ kind = "value", equals = "a\nb" }'), "claim c1", "rule.equals", "control character"),
    (rule('{ kind = "value", equals = 1 }', **RATIO), "claim c1", "rule.equals", "low and high"),
    (rule('{ kind = "holds", low = 1 }'), "claim c1", "rule.low", "unknown key"),
    (rule('{ kind = "holds" }', **RATIO), "claim c1", "rule.kind", "needs a fact"),
    (rule('{ kind = "never" }', **RATIO), "claim c1", "rule.kind", "never zero"),
    (rule('{ kind = "ratio", low = 1 }'), "claim c1", "rule.over_case", "one of"),
    (rule('{ kind = "ratio", over_case = "A" }'), "claim c1", "rule.low", "anything"),
    (rule('{ kind = "ratio", over_case = "A/*", low = 1 }'), "claim c1", "rule.over_case", "one"),
    (rule('{ kind = "ratio", over_case = "A b", low = 1 }'), "claim c1", "rule.over_case", "case"),
    (rule('{ kind = "ratio", over_subject = "a b", low = 1 }'), "claim c1", "rule.over_s", "subj"),
    (rule('{ kind = "ratio", over_case = "Load/n=8", low = 1 }'), "claim c1", "rule.o", "itself"),
    (rule('{ kind = "ratio", over_case = "A", low = 0 }'), "claim c1", "rule.low", "above zero"),
    (rule('{ kind = "sequence" }'), "claim c1", "rule.kind", "give one of"),
    (rule('{ kind = "sequence", equals = [] }'), "claim c1", "rule.equals", "list of numbers"),
    (rule('{ kind = "sequence", starts = ["a"] }'), "claim c1", "rule.starts", "numbers"),
    (rule('{ kind = "sequence", factor = [2, 2] }'), "claim c1", "rule.from", "is missing"),
    (rule('{ kind = "sequence", factor = [2], from = 1, until = 2 }'), "claim c1", "rule.f", "[l"),
    (
        rule('{ kind = "sequence", factor = [3, 2], from = 1, until = 2 }'),
        "claim c1",
        "rule.f",
        "s",
    ),
    (
        rule('{ kind = "sequence", factor = [2, 2], from = 2, until = 2 }'),
        "claim c1",
        "rule.f",
        "n",
    ),
    (rule('{ kind = "sequence", equals = [1], from = 1 }'), "claim c1", "rule.from", "goes with"),
    (rule('{ kind = "sequence", same = true }'), "claim c1", "rule.same", "several"),
    (rule('{ kind = "sequence", same = false }', **LIST), "claim c1", "rule.same", "only be true"),
    (rule('{ kind = "growth", by = "n" }', **LIST), "claim c1", "rule.low", "anything"),
    (rule('{ kind = "growth", by = "n", low = 1 }'), "claim c1", "rule.by", "several"),
    (rule('{ kind = "growth", by = "m", low = 1 }', **LIST), "claim c1", "rule.by", "no parameter"),
    (
        rule('{ kind = "growth", by = "n", low = 1 }', case='["L/n=x", "L/n=1"]'),
        *("claim c1", "rule.by", "not a number"),
    ),
    (
        rule('{ kind = "growth", by = "n", low = 1 }', case='["A/n=1", "B/n=1"]'),
        *("claim c1", "rule.by", "same n"),
    ),
    (sweep(n=None), "sweep s1", "n", "no values"),
    (sweep(n="[]"), "sweep s1", "n", "list of numbers"),
    (sweep(n="[true]"), "sweep s1", "n", "list of numbers"),
    (sweep(n='["a b"]'), "sweep s1", "case", "not a case"),
    (sweep(n=r'["a\u001b"]'), "sweep s1", "case", "control character '\\x1b'"),
    (sweep(title=r'"a\u0000"'), "sweep s1", "title", "control character '\\x00'"),
    (sweep(m="[1]"), "sweep s1", "m", "unknown key"),
    (sweep(full_m="[1]"), "sweep s1", "full_m", "unknown key"),
    (sweep(case='"Load/*"', n=None, chart=None), "sweep s1", "case", "must name"),
    (sweep(title=None), "sweep s1", "title", "is missing"),
    (sweep(case=None), "sweep s1", "case", "is missing"),
    (sweep(chart="3"), "sweep s1", "chart", "must be a table"),
    (sweep(chart='{ kind = "pie" }'), "sweep s1", "chart.kind", "unknown chart"),
    (sweep(chart='{ kind = "curve" }'), "sweep s1", "chart.x", "is missing"),
    (sweep(chart='{ kind = "heat", x = "n" }'), "sweep s1", "chart.over", "is missing"),
    (sweep(chart='{ kind = "heat", over = "a" }'), "sweep s1", "chart.x", "is missing"),
    (sweep(chart='{ kind = "heat", x = "n", over = "a*" }'), "sweep s1", "chart.over", "one subj"),
    (sweep(chart='{ kind = "geomean", over = "a b" }'), "sweep s1", "chart.over", "not a subject"),
    (sweep(chart='{ kind = "tails" }'), "sweep s1", "chart.metrics", "is missing"),
    (
        sweep(chart='{ kind = "tails", metrics = ["9"] }'),
        "sweep s1",
        "chart.metrics",
        "not a metric",
    ),
    (sweep(chart='{ kind = "bars", per = ["a b"] }'), "sweep s1", "chart.per", "not a case"),
    (sweep(chart='{ kind = "bars", metrics = [] }'), "sweep s1", "chart.metrics", "is empty"),
    (sweep(chart='{ kind = "history", x = "a b" }'), "sweep s1", "chart.x", "not a metric"),
    (sweep(chart='{ kind = "history", beside = 1 }'), "sweep s1", "chart.beside", "text"),
    (sweep(chart='{ kind = "waste", bound = "x" }'), "sweep s1", "chart.bound", "finite number"),
    (sweep(chart='{ kind = "table", good = true }'), "sweep s1", "chart.good", "must be a text"),
    (sweep(chart='{ kind = "curve", x = "m" }'), "sweep s1", "chart.x", "no parameter"),
    (sweep(chart='{ kind = "curve", x = "n", none = "0" }'), "sweep s1", "chart.none", "number"),
    (sweep(chart='{ kind = "curve", x = "n", x_label = 1 }'), "sweep s1", "chart.x_label", "text"),
    (sweep(chart='{ kind = "steps", none = 0 }'), "sweep s1", "chart.none", "unknown key"),
    (sweep(chart='{ kind = "steps", x = "n" }'), "sweep s1", "chart.x", "unknown key"),
    (sweep(chart='{ kind = "steps", xscale = "ln" }'), "sweep s1", "chart.xscale", "log or linear"),
    (sweep(chart='{ kind = "curve", x = "n", theory = 1 }'), "sweep s1", "chart.theory", "text"),
    (
        sweep(chart='{ kind = "curve", x = "n", theory = ["linear", "quadratc"] }'),
        *("sweep s1", "chart.theory", "did you mean 'quadratic'?"),
    ),
    (claim() + claim(), "claim c1", "id", "already taken"),
    (claim() + sweep(id='"c1"'), "sweep c1", "id", "already taken"),
]


@pytest.mark.parametrize(
    ("text", "place", "field", "said"), BAD, ids=[f"{b[2]} {b[3]}" for b in BAD]
)
def test_a_mistake_is_told_with_file_place_and_field(tmp_path, text, place, field, said):
    message = refusal(write(tmp_path, TOPIC + text))
    assert message.startswith(f"{FILE}: {place}: {field}"), message
    assert said in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[topic", "not TOML"),
        (TOPIC + "a = " + "[" * 3000, "cannot be read as TOML: nested too deep"),
        (TOPIC + "a = " + "9" * 5000, "cannot be read as TOML: a number is too long"),
        (TOPIC.replace("maps", r"\u001bmaps") + claim(), "topic.summary: has the control char"),
        (claim(), "topic: is missing"),
        (TOPIC, "neither a claim nor a sweep"),
        ('[topic]\ntitle = "x"\n' + claim(), "topic.summary: is missing"),
        (TOPIC + "colour = 1\n" + claim(), "topic.colour: unknown key"),
        ("claims = 1\n" + TOPIC + claim(), "claims: unknown key; did you mean 'claim'?"),
        ("claim = 1\n" + TOPIC, "claim: must be a list"),
        ("claim = [1]\n" + TOPIC, "claim 1: must be a table"),
    ],
)
def test_a_mistake_outside_claims_is_told_with_its_file(tmp_path, text, said):
    message = refusal(write(tmp_path, text))
    assert message.startswith(FILE)
    assert said in message


def test_bytes_that_are_no_text(tmp_path):
    write(tmp_path, "")
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refusal(tmp_path)


def test_a_repository_without_topics(tmp_path):
    assert "no folder has a claims.toml" in refusal(tmp_path)


def test_a_topic_that_does_not_exist(tmp_path):
    message = refusal(write(tmp_path, TOPIC + claim()), ("map",))
    assert message == "topic 'map' does not exist; did you mean 'maps'?"


def test_only_picks_topics_but_ids_are_unique_across_all(tmp_path):
    write(write(tmp_path, TOPIC + claim()), TOPIC + claim(id='"c2"'), "slices")
    assert [t.name for t in claims.load(tmp_path, ("slices",))] == ["slices"]
    write(tmp_path, TOPIC + claim(), "slices")
    message = refusal(tmp_path, ("maps",))
    assert message.startswith(
        "experiments/slices/claims.toml: claim c1: id: already taken in " + FILE
    )


def publish(root: Path, topic: Topic) -> None:
    file = root / "results" / "reference" / "box" / "slices" / "run.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"topics": [claims.to_json(topic)]}))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("rule", {"rule": '{ kind = "value", equals = 2 }'}),
        ("metric", {"metric": '"loads"'}),
        ("cases", {"case": '"Load/n=9"'}),
        ("subjects", {"subjects": '["go@1.26"]'}),
        ("margin", {"margin": "0.1"}),
    ],
)
def test_a_published_claim_keeps_its_rule(tmp_path, field, changes):
    publish(tmp_path, claims.load(write(tmp_path, TOPIC + claim()))[0])
    write(tmp_path, TOPIC + claim(says='"better said"'))
    assert claims.load(tmp_path)
    message = refusal(write(tmp_path, TOPIC + claim(**changes)))
    assert message.startswith(f"{FILE}: claim c1: {field}: differs")
    assert "results/reference/box/slices/run.json" in message
    assert message.endswith("give it a new id")
    write(tmp_path, TOPIC + claim(id='"c2"', **changes))
    assert claims.load(tmp_path)


def test_a_damaged_record_of_published_claims_is_named(tmp_path):
    publish(write(tmp_path, TOPIC + claim()), Topic("maps", "", "", (), ()))
    (tmp_path / "results/reference/box/slices/run.json").write_text('{"topics": 1}')
    assert refusal(tmp_path).startswith("results/reference/box/slices/run.json: cannot be read")


@pytest.mark.parametrize("problem", [PermissionError(13, "Permission denied"), None])
def test_results_that_may_not_be_read_are_named(tmp_path, monkeypatch, problem):
    write(tmp_path, TOPIC + claim())
    (tmp_path / "results").write_text("no folder")
    if problem:
        monkeypatch.setattr(Path, "iterdir", lambda self: (_ for _ in ()).throw(problem))
    assert refusal(tmp_path).startswith("results/reference: cannot be read")


def test_a_sweep_expands_over_its_values(tmp_path):
    text = TOPIC + sweep(case='"Load/e={e}/n={n}"', e="[1, 8]", full_n="[5]")
    (found,) = claims.load(write(tmp_path, text))[0].sweeps
    assert claims.cases(found) == ("Load/e=1/n=1", "Load/e=1/n=2", "Load/e=8/n=1", "Load/e=8/n=2")
    assert claims.cases(found, full=True) == ("Load/e=1/n=5", "Load/e=8/n=5")


def test_a_sweep_may_name_whole_cases_and_a_table_any_row(tmp_path):
    works = sweep(case='"{work}"', n=None, chart=None, work='["Load/n=8", "Grow/to=9/by=2"]')
    rows = sweep(id='"s2"', case='"Row/check=*"', n=None, chart='{ kind = "table" }')
    write(tmp_path, f'[topic]\ntitle = "T"\nsummary = "S"\n{works}{rows}')
    (topic,) = claims.load(tmp_path)
    whole, table = topic.sweeps
    assert claims.cases(whole) == ("Load/n=8", "Grow/to=9/by=2")
    assert claims.cases(table) == ("Row/check=*",)


def test_a_sweep_has_the_metrics_that_its_chart_draws(tmp_path):
    history = sweep(chart='{ kind = "history", x = "at", beside = "live" }', metric='"rss"')
    tails = sweep(id='"s2"', chart='{ kind = "tails", metrics = ["p99-ns"] }', metric='"p50-ns"')
    curve = sweep(id='"s3"')
    write(tmp_path, f'[topic]\ntitle = "T"\nsummary = "S"\n{history}{tails}{curve}')
    (topic,) = claims.load(tmp_path)
    assert [s.metrics for s in topic.sweeps] == [
        ("rss", "at", "live"), ("p50-ns", "p99-ns"), ("load",),
    ]  # fmt: skip


def test_a_sweep_without_names_is_one_case():
    assert claims.cases(Sweep("s", "t", "T", "ns/op", "Empty", {}, {}, ("a",), {})) == ("Empty",)


@pytest.mark.parametrize(
    ("pattern", "name", "hit"),
    [
        ("go@*", "go@1.26", True),
        ("model/go*", "model/go1.18", True),
        ("go@1.2", "go@1x2", False),
        ("*", "std::vector", True),
        ("Copies/elem=8/n=*", "Copies/elem=8/n=1000/x=2", True),
        ("go@*", "model/go@1", False),
    ],
)
def test_a_star_is_the_only_special_sign(pattern, name, hit):
    assert claims.matches(pattern, name) is hit


scalars = st.integers(-5, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
tables = st.dictionaries(st.text(min_size=1).filter(lambda k: k != "kind"), scalars, max_size=3)
words = st.text(max_size=5)
claim_values = st.builds(
    synthetic.claim,
    id=words,
    rule=tables.map(lambda keys: {"kind": "value", **keys}),
    case=st.lists(words, min_size=1, max_size=3),
    subjects=st.lists(words, min_size=1, max_size=3),
    metric=words,
    says=words,
    margin=st.none() | st.floats(0, 1),
    because=words,
    full=st.booleans(),
)
lists = st.dictionaries(words, st.lists(scalars, min_size=1, max_size=3).map(tuple), max_size=2)
sweep_values = st.builds(
    Sweep, words, words, words, words, words, lists, lists, st.lists(words).map(tuple), tables
)


@given(words, st.lists(claim_values, max_size=3), st.lists(sweep_values, max_size=3))
def test_a_topic_survives_its_way_through_json(name, some_claims, some_sweeps):
    topic = Topic(name, name, name, tuple(some_claims), tuple(some_sweeps))
    assert claims.from_json(json.loads(json.dumps(claims.to_json(topic)))) == topic
