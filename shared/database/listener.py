"""Notices arrive on one connection that is made again whenever it breaks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from asyncpg.exceptions import InterfaceError, PostgresError

from shared.database.faults import DatabaseUnavailableError
from shared.database.session import Session, open_session

Callback = Callable[[str], None]

RETRY_SECONDS_FIRST = 0.05
RETRY_SECONDS_MAX = 2.0

# A connection that broke without a word is noticed after at most this time.
PING_EVERY_SECONDS = 15.0
PING_SECONDS_MAX = 5.0


class Listener:
    """All channels one process listens on, over one connection."""

    def __init__(self, url: str, *, application_name: str) -> None:
        self._url = url
        self._settings = {"application_name": application_name}
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)
        self._session: Session | None = None
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    async def add(self, channel: str, callback: Callback) -> Callable[[], Awaitable[None]]:
        """Call back on each notice of the channel; the result, awaited, ends that.

        Raises DatabaseUnavailableError when no connection was ever made and none can be now.
        """
        async with self._changing:
            if self._keeper is None:
                await self._connect()
                self._keeper = asyncio.create_task(self._keep(), name="database listener")
            self._callbacks[channel].append(callback)
            if len(self._callbacks[channel]) == 1:
                await self._subscribe(channel)

        async def remove() -> None:
            async with self._changing:
                await self._remove(channel, callback)

        return remove

    async def close(self) -> None:
        """Stop listening; safe to call twice and before the first `add`."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        session, self._session = self._session, None
        if session is not None:
            session.terminate()
        self._callbacks.clear()

    async def _keep(self) -> None:
        while True:
            await self._until_lost()
            await self._reconnect()
            for channel in list(self._callbacks):
                self._call_back(channel, "")

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(PING_EVERY_SECONDS):
                    await self._lost.wait()
            except TimeoutError:
                await self._ping()

    async def _ping(self) -> None:
        session = self._session
        assert session is not None, "a listener that is not lost has a session"
        try:
            async with asyncio.timeout(PING_SECONDS_MAX):
                await session.execute("SELECT 1")
        except (PostgresError, InterfaceError, DatabaseUnavailableError, TimeoutError):
            session.terminate()
            self._lost.set()

    async def _reconnect(self) -> None:
        delay_seconds = RETRY_SECONDS_FIRST
        while True:
            try:
                async with self._changing:
                    await self._connect()
                    for channel in self._callbacks:
                        await self._listen(channel)
            except (PostgresError, InterfaceError, DatabaseUnavailableError):
                await asyncio.sleep(delay_seconds)
                delay_seconds = min(2 * delay_seconds, RETRY_SECONDS_MAX)
            else:
                return

    async def _connect(self) -> None:
        if self._session is not None:
            self._session.terminate()
        session = await open_session(self._url, settings=self._settings)
        self._lost = lost = asyncio.Event()
        session.when_lost(lambda _: lost.set())
        self._session = session

    async def _subscribe(self, channel: str) -> None:
        """Listen now if there is a connection; otherwise the next one will."""
        try:
            await self._listen(channel)
        except (PostgresError, InterfaceError, DatabaseUnavailableError):
            self._lost.set()

    async def _listen(self, channel: str) -> None:
        assert self._session is not None, "connect first"
        await self._session.hear(channel, self._heard)

    def _heard(self, _session: object, _pid: int, channel: str, payload: object) -> None:
        self._call_back(channel, str(payload))

    def _call_back(self, channel: str, payload: str) -> None:
        # Through the loop, so that a callback that raises is reported and ends nobody else.
        for callback in self._callbacks.get(channel, ()):
            asyncio.get_running_loop().call_soon(callback, payload)

    async def _remove(self, channel: str, callback: Callback) -> None:
        callbacks = self._callbacks.get(channel, [])
        if callback in callbacks:
            callbacks.remove(callback)
        if not callbacks and self._callbacks.pop(channel, None) is not None:
            session = self._session
            if session is not None and not session.is_closed():
                await session.unhear(channel, self._heard)
