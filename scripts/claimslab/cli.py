"""cli: the commands of `scripts/lab`; each calls one stage and prints what came of it."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from claimslab.errors import FAILED, OK, UNFIT, USAGE, LabError

ROOT = Path(__file__).resolve().parents[2]

app = typer.Typer(
    name="lab",
    help="Puts performance claims on trial. `make bench` does it all.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Only = Annotated[str, typer.Option("--only", metavar="TOPIC,…", help="Only these; else all.")]
Native = Annotated[bool, typer.Option("--native", help="Programs built for this very processor.")]
Budget = Annotated[str, typer.Option("--budget", metavar="TIME", help="As 90s, 30m or 2h.")]
RunName = Annotated[str, typer.Argument(metavar="[RUN]", help="Name or folder; else the latest.")]


def main(argv: list[str]) -> int:
    """Exit status: 0 done, 1 something asked for failed, 2 usage, 3 machine or run unfit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows a ?
    try:
        result = app(argv, prog_name="scripts/lab", standalone_mode=False)
        return result if isinstance(result, int) else OK
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return error.status
    except typer.Abort:
        return UNFIT
    except (BrokenPipeError, SystemExit):  # the reader went away; rich makes an exit of it
        return OK
    except Exception as error:
        if type(error).__module__.startswith("click") or hasattr(error, "format_message"):
            print(f"lab: {error.format_message()}", file=sys.stderr)  # type: ignore[attr-defined]
            return USAGE
        raise


def split(only: str) -> tuple[str, ...]:
    """Topics between commas or blanks."""
    return tuple(name for name in re.split(r"[,\s]+", only) if name)


def seconds(text: str) -> float | None:
    """A duration: `90s`, `30m`, `2h` or plain seconds; None if not given."""
    if not text:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|min)?", text.strip())
    if not match or float(match[1]) <= 0:
        raise LabError(f"BUDGET={text}: not a duration; write 90s, 30m or 2h")
    return float(match[1]) * {"s": 1, "m": 60, "min": 60, "h": 3600}[match[2] or "s"]


def build_folder(native: bool) -> Path:
    """Where the programs of that preset are."""
    return ROOT / "build" / ("native" if native else "bench")


def native_of(folder: Path) -> bool:
    """Whether a run measures programs built for its very processor."""
    from claimslab import evidence

    return bool(evidence.read_run(folder)["native"])


def find_run(name: str) -> Path:
    """The folder of a run: a path, a name under results/ or results/reference/, or the latest."""
    results = ROOT / "results"
    if name:
        for folder in (Path(name), results / name, results / "reference" / name):
            if (folder / "run.json").exists():
                return folder
        raise LabError(f"{name}: no run of this name; `ls results` shows what there is")
    runs = sorted(results.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    runs = [path for path in runs if not path.parent.name.startswith("calibration")]
    if not runs:
        raise LabError("no run yet under results/; `make bench` makes one", FAILED)
    return runs[-1].parent


@app.command()
def run(
    only: Only = "",
    full: Annotated[bool, typer.Option("--full", help="For publication: 30 blocks.")] = False,
    budget: Budget = "",
    resume: Annotated[str, typer.Option("--resume", metavar="RUN", help="Go on with it.")] = "",
    smoke: Annotated[bool, typer.Option("--smoke", help="Two blocks: does it all work?")] = False,
    native: Native = False,
    seed: Annotated[int, typer.Option("--seed", help="Of every random choice; else drawn.")] = 0,
) -> int:
    """Measure, judge and report."""
    from claimslab.claims import load
    from claimslab.measure import plan, programs
    from claimslab.measure import run as runner
    from claimslab.traces import replay as replay_stage

    if full and smoke:
        raise LabError("--full and --smoke: a run is one or the other; leave one out")
    budget_s = seconds(budget)
    if resume:
        folder = find_run(resume)
        replay_stage.offer(build_folder(native_of(folder)), sorted(folder.glob("*.trace")))
    else:
        replay_stage.offer(build_folder(native), ())
        topics = load(ROOT, split(only))
        subjects = programs.find(ROOT, build_folder(native), topics)
        mode = "smoke" if smoke else "full" if full else "quick"
        document = plan.make(
            ROOT, topics, subjects, mode=mode, budget_s=budget_s, seed=seed, native=native
        )
        folder = runner.create(ROOT / "results", document)
    return measured(folder)


def measured(folder: Path) -> int:
    """Measure what the run plans, or what is left of it, and publish it."""
    from claimslab.measure import run as runner

    status = runner.measure(ROOT, folder)
    if status == OK or (folder / "trials.jsonl").exists():
        status = max(status, publish(folder))
    return status


def publish(folder: Path, png: bool = False) -> int:
    """Verdicts, exports, charts and report of the evidence in `folder`; the table is printed."""
    from rich.console import Console

    from claimslab import evidence as store
    from claimslab import export, judge
    from claimslab import report as writer
    from claimslab.report import recommend

    evidence = store.read(folder)
    verdicts = judge.judge(evidence)
    store.write_json(folder / "verdicts.json", verdicts)
    export.write(evidence, folder / "export")
    try:
        pages = writer.write(evidence, verdicts, folder, png=png)
    except BrokenPipeError:  # the reader of the table went away: no fault of the disk
        raise
    except OSError as error:
        where = error.filename or folder
        raise LabError(f"{where}: cannot be written: {error.strerror}", UNFIT) from error
    console = Console()
    writer.table(verdicts, console)
    for advice in recommend.advise(evidence):
        console.print(f"{advice.trace}: {advice.sentence}", markup=False)
    for warning in evidence.warnings:
        console.print(f"warning: {warning}", markup=False)
    console.print(f"report: {relative(pages[0])}", markup=False)
    return OK if verdicts["valid"] else UNFIT


def relative(path: Path) -> Path:
    """As a person at the root would type it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


@app.command()
def report(
    name: RunName = "",
    png: Annotated[bool, typer.Option("--png", help="Charts as PNG files too.")] = False,
) -> int:
    """Judge stored evidence again and redraw charts and report, without measuring."""
    return publish(find_run(name), png)


@app.command("list")
def list_claims(only: Only = "") -> int:
    """Every claim by topic, with its verdict in the latest run."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from claimslab import report as writer
    from claimslab.claims import load

    topics = load(ROOT, split(only))
    words = latest_words()
    console = Console()
    for topic in topics:
        console.print(Text(f"{topic.name}: {topic.summary}", style="bold"))
        for claim in topic.claims:
            line = Text(f"{claim.id} ({claim.kind})")
            if claim.id in words:
                line.append("  ").append_text(writer.word_text(words[claim.id]))
            console.print(line)
            console.print(Padding(Text(claim.says, style="dim"), (0, 0, 0, 4)))
    return OK


def latest_words() -> dict[str, str]:
    """Verdict word by claim of the latest judged run; empty without one."""
    try:
        judged = json.loads((find_run("") / "verdicts.json").read_text(encoding="utf-8"))
    except (LabError, OSError, ValueError):
        return {}
    return {claim["id"]: claim["word"] for claim in judged["claims"]}


@app.command()
def show(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM|TRACE")],
    name: Annotated[str, typer.Option("--run", metavar="RUN", help="Else the latest.")] = "",
) -> int:
    """One claim: what is said, its rule, its verdict cell by cell, and how to repeat it; or what is
    in a recorded trace."""
    if claim_id.endswith(".trace"):
        from claimslab.traces import tool

        return tool.hand_over(build_folder(False), ["show", claim_id])
    import difflib

    from rich.console import Console

    from claimslab import report as writer
    from claimslab.claims import load

    claims = {claim.id: claim for topic in load(ROOT) for claim in topic.claims}
    if claim_id not in claims:
        near = difflib.get_close_matches(claim_id, claims, 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else "; `scripts/lab list` shows them all"
        raise LabError(f"{claim_id}: no such claim{hint}")
    verdict = None
    try:
        path = find_run(name) / "verdicts.json"
        judged = json.loads(path.read_text(encoding="utf-8"))
        verdict = next((row for row in judged["claims"] if row["id"] == claim_id), None)
    except (LabError, OSError):
        if name:
            raise
    writer.show(claims[claim_id], verdict, Console())
    return OK


@app.command()
def doctor(native: Native = False) -> int:
    """What this machine has and lacks, and whether it is fit to measure."""
    from rich.console import Console

    from claimslab import doctor as doctor_stage

    return doctor_stage.main(ROOT, build_folder(native), Console())


@app.command()
def calibrate(
    budget: Budget = "10m",
    full: Annotated[bool, typer.Option("--full", help="30 blocks a verdict, not 10.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of every random choice; else drawn.")] = 0,
) -> int:
    """Judge the judge: false alarms on identical programs, planted slowdowns caught."""
    from claimslab import calibrate as stage

    return stage.main(ROOT, build_folder(False), seconds(budget) or 600.0, full, seed)


@app.command()
def build(only: Only = "") -> int:
    """Fetch the Go versions and compile the Go peers; a peer that cannot be had says why."""
    from claimslab.measure import peers

    for peer in peers.build(ROOT, ROOT / "build", split(only)):
        if peer.not_run:
            print(f"go@{peer.version}: not run: {peer.not_run}")
    return OK


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if stale.")] = False,
) -> int:
    """Make the generated blocks of README and docs from claims and reference run anew."""
    from claimslab import docs as stage

    return stage.main(ROOT, check)


# ---- Which allocator for my program? -------------------------------------------------------------

PASS_ON = {"allow_interspersed_args": False, "ignore_unknown_options": True}


@app.command(context_settings={"allow_interspersed_args": False})
def record(
    command: Annotated[list[str], typer.Argument(metavar="PROGRAM [ARGUMENT]…")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Else PROGRAM.trace.")
    ] = None,
) -> int:
    """Run a program and keep what it, and every process that it starts, asks of malloc."""
    from rich.console import Console

    from claimslab.traces import record as stage

    return stage.main(build_folder(False), command, output, Console())


@app.command()
def replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE")],
    allocators: Annotated[
        str, typer.Option("--allocators", metavar="NAME,…", help="Beside glibc.")
    ] = "all",
    touch: Annotated[
        str, typer.Option("--touch", metavar="none|first|all", help="Of each block.")
    ] = "all",
    full: Annotated[bool, typer.Option("--full", help="For publication: 30 blocks.")] = False,
    budget: Budget = "",
    native: Native = False,
    seed: Annotated[int, typer.Option("--seed", help="Of every random choice; else drawn.")] = 0,
) -> int:
    """Which allocator suits a recorded program: replay its trace on each, judge and report."""
    from claimslab.measure import run as runner
    from claimslab.traces import replay as stage

    build = build_folder(native)
    document = stage.document(
        ROOT, build, trace, allocators, touch,
        mode="full" if full else "quick", budget_s=seconds(budget), seed=seed, native=native,
    )  # fmt: skip
    folder = runner.create(ROOT / "results", document)
    stage.keep(build, folder, trace)
    return measured(folder)


@app.command("trace", context_settings=PASS_ON)
def trace_tool(
    arguments: Annotated[list[str], typer.Argument(metavar="show|validate|compact|reduce …")],
) -> int:
    """Look into a trace, check it, or shrink it: `lab trace reduce IN OUT -- COMMAND`."""
    from claimslab.traces import tool

    return tool.hand_over(build_folder(False), arguments)
