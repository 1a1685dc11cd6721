"""A connection on which nothing is asked is closed, so that nobody holds a place by keeping silent.

uvicorn by itself waits for ever for the first request of a connection, and for the rest of one that
has begun: a few hundred silent connections would use up the process's file descriptors.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS_MAX = 10.0
"""Far more than a request's first lines take on the slowest of lines."""


class PunctualConnection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a limit to how long a request's head may take."""

    head_seconds_max: ClassVar[float] = HEAD_SECONDS_MAX

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._watch_the_head()

    def data_received(self, data: bytes) -> None:
        """Go on waiting unless the head is complete; more of it buys no more time."""
        super().data_received(data)
        self._watch_the_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _watch_the_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._late is None:
            self._late = self.loop.call_later(self.head_seconds_max, self._close_unless_asked)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close_unless_asked(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE:
            self.timeout_keep_alive_handler()
