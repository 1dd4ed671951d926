"""errors: the one exception that the command line turns into one clear line and an exit status."""

from __future__ import annotations

OK, FAILED, USAGE, UNFIT = 0, 1, 2, 3  # what `scripts/lab` exits with


class LabError(Exception):
    """Says what is wrong, where, and how to mend it, in one line.

    `status` is the exit status: FAILED a claim or comparison asked for failed, USAGE bad input,
    UNFIT the machine or the run is unfit.
    """

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.status = status
