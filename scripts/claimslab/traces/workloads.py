"""workloads: four programs that allocate a lot, the same each time; their traces are committed.

`PYTHONPATH=scripts build/venv/bin/python -m claimslab.traces.workloads` makes the traces anew.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from claimslab.errors import LabError
from claimslab.traces import tool

READY_S = 10.0  # until a server answers


@dataclass(frozen=True)
class Workload:
    """A command of a folder's files; while it runs, `load` gives it work and makes it end."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    load: Callable[[], None] | None = None

    @property
    def program(self) -> str:
        """The executable's name, as traces have it."""
        return Path(os.path.realpath(self.command[0])).name


def needed(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise LabError(f"not run: {name} is not installed; `scripts/setup --test` installs it")
    return found


# ---- Python: rows, their JSON text and groups of them, all by malloc -----------------------------

PYTHON = """
import json, random
random.seed(1)
words = ["w%d" % random.randrange(5000) for _ in range(3000)]
for round in range(2):
    rows = [{"id": i, "name": words[i] * (i % 7), "tags": words[i:i + i % 5], "x": i * 0.5}
            for i in range(940)]
    back = json.loads(json.dumps(rows))
    groups = {}
    for row in back:
        groups.setdefault(row["name"][:3], []).append((row["x"], row["id"]))
    text = "\\n".join("%s %r" % (name, sorted(items)) for name, items in sorted(groups.items()))
print(len(text))
"""


def python(folder: Path) -> Workload:
    script = folder / "rows.py"
    script.write_text(PYTHON)
    interpreter = os.path.realpath(sys.executable)
    env = {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    return Workload("python", [interpreter, "-S", script.name], env)


# ---- SQLite: a table in memory, filled, indexed, joined and halved -------------------------------

SQL = """
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
INSERT INTO item SELECT i, 'name ' || (i * 7919 % 9000), i * 0.25, printf('%.*c', i % 97, 'x')
FROM n;
CREATE INDEX item_name ON item (name);
SELECT count(*), group_concat(substr(name, -2), ',') FROM item WHERE id % 50 = 0;
SELECT count(*) FROM item a JOIN item b ON a.name = 'name ' || b.id WHERE b.price < 2000;
SELECT length(group_concat(upper(note) || replace(name, 'name', 'item'))) FROM item;
DELETE FROM item WHERE id % 2 = 0;
SELECT sum(length(note)) FROM (SELECT note FROM item ORDER BY note DESC, name);
"""


def sqlite(folder: Path) -> Workload:
    script = folder / "items.sql"
    script.write_text(SQL)
    return Workload("sqlite", [needed("sqlite3"), ":memory:", f".read {script.name}"])


# ---- Redis: a server under load on the loopback device -------------------------------------------

REDIS_TESTS = "set,get,lpush,lpop,sadd,hset,zadd"
REDIS_REQUESTS = 2400  # of each test


def redis(_: Path) -> Workload:
    server, client, loader = (needed(f"redis-{what}") for what in ("server", "cli", "benchmark"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    here = ["-h", "127.0.0.1", "-p", port]

    def load() -> None:
        until = time.monotonic() + READY_S
        while quiet([client, *here, "ping"]) != 0:
            if time.monotonic() > until:
                raise LabError("redis-server does not answer; see whether it starts by hand")
            time.sleep(0.02)
        quiet([loader, *here, "-t", REDIS_TESTS, "-n", str(REDIS_REQUESTS), "-r", "2000", "-c", "4",
               "-d", "100", "-P", "32", "-q"])  # fmt: skip
        quiet([client, *here, "shutdown", "nosave"])

    volatile = ["--save", "", "--appendonly", "no"]
    command = [server, "--port", port, "--bind", "127.0.0.1", *volatile]
    return Workload("redis", command, load=load)


def quiet(command: Sequence[str]) -> int:
    return subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode


# ---- GCC: the compiler proper on functions that are all alike ------------------------------------

FUNCTION = """
static int step_{n}(int x, const int *table) {{
    int sum = {n};
    for (int i = 0; i < x; ++i) {{
        if (table[i % 16] > sum) sum += table[(i + {n}) % 16] * x;
        else sum ^= x << (i & 7);
        switch (sum & 3) {{
            case 0: sum += {n}; break;
            case 1: sum -= i; break;
            default: sum *= 3;
        }}
    }}
    return sum;
}}
"""


def gcc(folder: Path) -> Workload:
    count = 16
    calls = " + ".join(f"step_{n}(x, table)" for n in range(count))
    source = folder / "steps.c"
    source.write_text(
        "".join(FUNCTION.format(n=n) for n in range(count))
        + f"int all(int x, const int *table) {{ return {calls}; }}\n"
    )
    where = subprocess.run(
        [needed("gcc"), "-print-prog-name=cc1"], capture_output=True, text=True, check=False
    )
    compiler = shutil.which(where.stdout.strip())
    if compiler is None:
        raise LabError("not run: gcc has no cc1 here; install gcc")
    return Workload("gcc", [compiler, "-quiet", "-O2", source.name, "-o", "steps.s"])


ALL: Mapping[str, Callable[[Path], Workload]] = {
    "python": python, "sqlite": sqlite, "redis": redis, "gcc": gcc,
}  # fmt: skip


# ---- Running and recording them ------------------------------------------------------------------


@contextlib.contextmanager
def running(
    workload: Workload, folder: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The program under load; it has ended when the block ends."""
    child = subprocess.Popen(
        workload.command,
        cwd=folder,
        env={**os.environ, **workload.env, **env},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if workload.load:
            workload.load()
        yield child
    finally:
        if child.returncode is None:
            child.wait()


def record(build: Path, name: str, target: Path) -> None:
    """Record a workload; the trace of its program goes to `target`."""
    with tempfile.TemporaryDirectory() as folder:
        workload = ALL[name](Path(folder))
        env = {
            "LD_PRELOAD": str(tool.built(build, "lib", "liballocation_recorder.so").resolve()),
            "ALLOCATION_TRACE": folder,
        }
        with running(workload, Path(folder), env) as child:
            pid = child.pid
            child.wait()
        (raw,) = Path(folder).glob(f"*.{pid}.trace")
        tool.ask(build, "compact", raw, target)


def main(argv: Sequence[str]) -> int:
    """Record those named, or all, into experiments/replay/traces."""
    root = Path(__file__).resolve().parents[3]
    folder = root / "experiments" / "replay" / "traces"
    folder.mkdir(exist_ok=True)
    for name in argv or ALL:
        target = folder / f"{name}.trace"
        try:
            record(root / "build" / "bench", name, target)
        except LabError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        print(f"{target}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
