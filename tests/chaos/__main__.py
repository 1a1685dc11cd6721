"""`make soak`: one soak; its exit status is its verdict."""

from __future__ import annotations

import argparse
import asyncio
import io
import secrets
import sys

from shared.observability.logs import configure_logs
from tests.chaos.clock import SECONDS_MAX
from tests.chaos.soak import Soak

REST_SECONDS = 1800
"""What waiting for calm may take, and the reference run."""
INTERRUPTED = 130


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> int:
    """Run it; 0 when it passed."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long faults last")
    parser.add_argument("--seed", type=int, help="what goes wrong and what is told; else any")
    parser.add_argument("--plain", action="store_true", help="brokers without TLS, SCRAM and ACLs")
    asked = parser.parse_args()
    if not 0 < asked.seconds <= SECONDS_MAX - REST_SECONDS:
        parser.error(f"--seconds must lie between 0 and {SECONDS_MAX - REST_SECONDS}")
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    configure_logs(io.StringIO(), renderer="json")
    try:
        report = asyncio.run(Soak(asked.seconds, seed, say, secured=not asked.plain).run())
    except KeyboardInterrupt:
        say(f"soak: stopped by Ctrl-C (seed {seed})")
        return INTERRUPTED
    for line in report.lines():
        say(line)
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
