"""Running tests against a mutant, and reading from pytest which one noticed it, and by what."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.lifelines import ending_with_me

PASSED, FAILED = 0, 1
"""pytest's exit statuses; any other means that tests weren't run at all."""
GOODBYE_SECONDS: Final = 15.0
"""What hangs may have so long to let go of its brokers and databases."""
LETTERS_SHOWN: Final = 170
TAIL: Final = 4000

FAILURE: Final = re.compile(r"^FAILED (\S+?)::(.+?)(?: - (.*))?$", re.MULTILINE)
BEGUN: Final = re.compile(
    r"^\S+?\.py::(.+?)(?: (?:PASSED|FAILED|ERROR|SKIPPED)\b.*| *)$", re.MULTILINE
)
FAILURES: Final = re.compile(r"^=+ FAILURES =+$", re.MULTILINE)
STATEMENT: Final = re.compile(r"^>\s+(\S.*)$", re.MULTILINE)
IN_VAIN: Final = re.compile(r"Timeout|timed out|in vain")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of running some tests."""

    status: int | None
    """pytest's exit status; None when it hung."""
    output: str
    seconds: float

    @property
    def hung(self) -> bool:
        """Whether they came to no end."""
        return self.status is None

    @property
    def caught_by(self) -> str | None:
        """The test that failed, or that hung; None when none did."""
        if self.hung:
            begun = BEGUN.findall(self.output)
            return begun[-1] if begun else None
        failed = FAILURE.search(self.output)
        return failed[2] if failed else None

    @property
    def reason(self) -> str:
        """What the test stumbled over, in one short line: its statement, and what came of it."""
        if self.hung:
            return f"no answer in {self.seconds:.0f} s"
        failed = FAILURE.search(self.output)
        said = (failed[3] or "").strip() if failed else ""
        statement = STATEMENT.search(self.output)
        where = statement[1].strip() if statement else ""
        told = " ".join(f"{where} -> {said}".split()) if where else said
        return told if len(told) <= LETTERS_SHOWN else f"{told[:LETTERS_SHOWN]}..."

    @property
    def may_be_noise(self) -> bool:
        """Whether somebody only waited in vain, which a busy machine can bring about as well."""
        told = FAILURES.search(self.output)
        return self.hung or bool(told and IN_VAIN.search(self.output, told.end()))


def run_tests(copy: Path, tests: Sequence[str], *, seconds_max: float) -> Outcome:
    """Run them in this checkout until the first failure, or until the time is up."""
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}
    process = subprocess.Popen(
        ending_with_me(
            *(sys.executable, "-m", "pytest", "-x", "-v", "-p", "no:cacheprovider", *tests)
        ),
        cwd=copy,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds_max)
    except subprocess.TimeoutExpired:
        return Outcome(None, _end(process), time.monotonic() - began)
    except BaseException:
        process.kill()
        raise
    return Outcome(process.returncode, output, time.monotonic() - began)


def _end(process: subprocess.Popen[str]) -> str:
    """End what hangs, as Ctrl-C would and then for good; what it had said."""
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    return output.partition("KeyboardInterrupt")[0]
