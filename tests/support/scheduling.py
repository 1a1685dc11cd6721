"""Which tests share a worker: those of a file, and those of one bus, so that it starts once."""

from __future__ import annotations

import re
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

ON_A_BUS: Final = re.compile(r"^tests/integration/transport/.*\[(kafka[\w-]*)\]$")


class BusScheduling(LoadFileScheduling):
    """By file, but for the conformance suite on Kafka: there each bus has all of its tests."""

    def _split_scope(self, nodeid: str) -> str:
        bus = ON_A_BUS.match(nodeid)
        return bus[1] if bus else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BusScheduling | None:
    """Where tests go by file, as the Makefile has it."""
    return BusScheduling(config, log) if config.getvalue("dist") == "loadfile" else None
