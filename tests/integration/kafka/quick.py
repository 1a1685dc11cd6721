"""A line whose facts flow fast and whose relay counts what waits at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.messaging import failpoints, relay
from tests.integration.kafka import line as lines
from tests.integration.kafka.line import Line, open_line
from tests.support.kafka_bus import KafkaBus
from tests.support.postgres import DatabaseFactory

PAUSE_SECONDS = 0.03
LOOK_SECONDS = 0.2


@asynccontextmanager
async def open_quick_line(bus: KafkaBus, factory: DatabaseFactory) -> AsyncIterator[Line]:
    """As `open_line`, but a month goes by in little more than a second."""
    failpoints.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "PAUSE_SECONDS", PAUSE_SECONDS)
        patch.setattr(relay, "LOOK_SECONDS", LOOK_SECONDS)
        async with open_line(bus, factory) as line:
            yield line
