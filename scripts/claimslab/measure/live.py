"""live: what a person sees while the lab measures; drawn only between trials, never beside one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


def duration(seconds: float) -> str:
    """`48 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def counted(number: int, what: str) -> str:
    """`1 block`, `2 blocks`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class Screen(Console):
    """rich ends the process where a pipe breaks; here that is an error like a full disk."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Live:
    """A progress line on a terminal; one plain line a block elsewhere. Use it as a context.

    Where nobody can be shown anything any more (`| head -1`, a closed terminal, a full disk) it
    falls silent: measuring goes on, and the report will tell.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Screen(highlight=False)
        self.lost = False
        self.total = self.done = self.rejected = 0
        self._progress: Progress | None = None
        if self.console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("blocks · {task.fields[rejected]} rejected · {task.fields[left]}"),
                console=self.console,
                auto_refresh=False,  # no thread, and nothing drawn while a trial runs
                transient=True,
            )
            self._task = self._progress.add_task("", total=None, rejected=0, left="")

    def __enter__(self) -> Live:
        if self._progress:
            self._show(self._progress.start)
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            with contextlib.suppress(OSError):  # even when lost: it gives sys.stdout back
                self._progress.stop()

    def note(self, text: str) -> None:
        """A line that stays."""
        self._show(lambda: self.console.print(text, markup=False, soft_wrap=True))

    def expect(self, total: int, done: int) -> None:
        """How many blocks there are in all, and are behind us."""
        self.total, self.done = total, done
        self._draw()

    def trial(self, what: str, number: int, of: int) -> None:
        """About to run the trial `number` (from 1) of `of`."""
        self._draw(f"{what} · {number}/{of}")

    def block(self, line: dict[str, Any], left_s: float | None) -> None:
        """A block ended, which `expect` has counted: its line, and the time the rest will take."""
        left = "" if left_s is None else f"{duration(left_s)} left"
        self.rejected += not line["accepted"]
        if self._progress:
            self._draw(left=left)
        name = f"{line['topic']}, block {line['block']}"
        if not line["accepted"]:
            more = f" (and {len(line['reasons']) - 1} more)" if len(line["reasons"]) > 1 else ""
            self.note(f"{name} rejected: {line['reasons'][0]}{more}")
        elif not self._progress:
            what = "facts" if line["block"] == 0 else f"block {line['block']}"
            end = f"; {left}" if left else ""
            took = duration(line["wall_s"])
            self.note(f"[{self.done}/{self.total}] {line['topic']}, {what}: {took}{end}")

    def _draw(self, text: str | None = None, left: str | None = None) -> None:
        if not self._progress:
            return
        fields: dict[str, Any] = {"rejected": self.rejected}
        if text is not None:
            fields["description"] = text
        if left is not None:
            fields["left"] = left
        self._progress.update(self._task, completed=self.done, total=self.total, **fields)
        self._show(self._progress.refresh)

    def _show(self, draw: Callable[[], object]) -> None:
        if self.lost:
            return
        try:
            draw()
        except OSError:
            self.lost = True
