"""An HTTP server for one application, started and drained by whoever owns the process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from shared.web.connections import PunctualConnection

KEEP_ALIVE_SECONDS: Final = 5
DRAIN_SECONDS_MAX: Final = 10
HEADER_BYTES_MAX: Final = 32 * 1024
BACKLOG: Final = 512


class PortTakenError(Exception):
    """Something else listens on the port; the message names it and the setting to change."""


class HttpServer:
    """One application on one port. The port is taken when this is made, so that it is known."""

    def __init__(self, name: str, host: str, port: int) -> None:
        """Port 0 takes a free one. Raises PortTakenError."""
        self.name = name
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, app: ASGIApp) -> None:
        """Begin to answer."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=True,
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
            http=PunctualConnection,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(
            self._server.serve(sockets=[self._socket]), name=f"{self.name} server"
        )
        while not self._server.started:
            if self._serving.done():
                await self._serving
                raise RuntimeError(f"the {self.name} server ended before it began")
            await asyncio.sleep(0.005)

    async def run(self) -> None:
        """Wait until the server ends; by itself it never does."""
        assert self._serving is not None, "start first"
        await asyncio.shield(self._serving)

    async def stop(self) -> None:
        """Accept nothing more, finish what was begun within ten seconds; safe twice, and early."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving])
        self.release()

    def release(self) -> None:
        """Let go of the port; safe twice."""
        self._socket.close()


class _Server(uvicorn.Server):
    """uvicorn without hands on the process's signals: those belong to the runtime."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"Port {port} on {host} can't be used ({error.strerror}); choose another one "
            "with SAMMEN_HTTP_PORT or SAMMEN_OPS_PORT, or stop what uses it."
        ) from error
    listener.listen(BACKLOG)
    listener.set_inheritable(False)
    return listener
