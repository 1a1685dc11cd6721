"""Tiny services as `run` and `up` would run them, in a process of their own.

Run as a module, with SAMMEN_* set:
`python -m tests.support.processes membership|evaluation|stuck|up`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shared.messaging.work import Work
from shared.observability.logs import configure_logs
from shared.runtime.alone import run_alone
from shared.runtime.clock import SystemClock
from shared.runtime.embedded import embedded_surroundings
from shared.runtime.service import Service
from shared.runtime.settings import read_settings
from shared.runtime.supervision import run_process, run_until_stopped
from tests.support.lifelines import ending_with_me
from tests.support.services import TINY_EVALUATION, TINY_MEMBERSHIP

TINY = (TINY_MEMBERSHIP, TINY_EVALUATION)


async def never_ends(_work: Work, _received: Sequence[object]) -> None:
    """A handler that has met a fault nobody thought of."""
    sys.stdout.write("handler entered\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def hearing(handler: Any) -> Service:  # noqa: ANN401 # any handler
    """The tiny evaluation with another handler."""
    (hears,) = TINY_EVALUATION.hears
    return replace(TINY_EVALUATION, hears=(replace(hears, handler=handler),))


def up() -> int:
    """The tiny services with everything else embedded."""
    configure_logs(sys.stdout, renderer="json")

    def say(sentence: str) -> None:
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()

    surroundings = embedded_surroundings(read_settings(os.environ), TINY, SystemClock(), say)
    return run_process(run_until_stopped(surroundings, TINY))


@contextmanager
def process(what: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that does one of these; killed if it is still there at the end."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN_")}
    with subprocess.Popen(
        ending_with_me(sys.executable, "-m", "tests.support.processes", what),
        env={**others, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def wait_for(running: subprocess.Popen[str], text: str) -> str:
    """The first line of output with the text in it; fails when the process ends before."""
    assert running.stdout is not None
    for line in running.stdout:
        if text in line:
            return line
    assert running.stderr is not None
    raise AssertionError(f"ended without saying {text!r}: {running.stderr.read()}")


def main() -> None:
    """Do what the first argument says."""
    match sys.argv[1]:
        case "membership":
            run_alone(TINY_MEMBERSHIP)
        case "evaluation":
            run_alone(TINY_EVALUATION)
        case "stuck":
            run_alone(hearing(never_ends))
        case "up":
            sys.exit(up())


if __name__ == "__main__":
    main()
