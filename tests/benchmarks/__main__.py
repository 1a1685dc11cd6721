"""Measure everything, or what is named: `make bench ARGS="consumer relay"`.

A name may be followed by arguments of its own, such as `consumer 3`. Every measurement prints a
table and leaves its raw results in `.cache/benchmarks`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Final

from shared.observability.logs import configure_logs
from shared.runtime.supervision import collect_garbage_seldom

MEASUREMENTS: Final = (
    "rules",
    "embedded",
    "embedded_bus",
    "consumer",
    "relay",
    "sweep",
    "recompute",
    "backlog",
    "latency",
    "memory",
    "comparing",
)


def main() -> None:
    """Do what the command line names, everything when it names nothing."""
    configure_logs(sys.stderr, renderer="human", level="ERROR")
    logging.disable(logging.ERROR)
    collect_garbage_seldom()
    asked: list[list[str]] = []
    for word in sys.argv[1:]:
        if word in MEASUREMENTS:
            asked.append([word])
        elif asked:
            asked[-1].append(word)
        else:
            sys.exit(f"{word} is no measurement; there are {', '.join(MEASUREMENTS)}")
    for name, *arguments in asked or [[name] for name in MEASUREMENTS]:
        importlib.import_module(f"tests.benchmarks.{name}").main(arguments)


if __name__ == "__main__":
    main()
