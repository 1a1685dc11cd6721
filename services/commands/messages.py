"""What a person does about messages: look after dead letters, and send kept events again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from services.commands.running import log_to
from shared.database import Database, EmbeddedPostgres
from shared.messaging import dead_letters, heard_topics, outbox
from shared.messaging.dead_letters import (
    Discarded,
    NotDiscarded,
    Replayed,
    listeners_of,
)
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.letter import DeadLetter, State
from shared.messaging.replaying import NotReplayed
from shared.messaging.transport import Transport
from shared.runtime import datadir
from shared.runtime.clock import SystemClock
from shared.runtime.plans import database_setting
from shared.runtime.service import Service
from shared.runtime.settings import EMBEDDED_BUS, SettingsError, read_settings, variable
from shared.runtime.transports import transport_opener

T = TypeVar("T")

PAGE_LETTERS = 1000


def list_letters(services: Sequence[Service], state: State | None) -> list[tuple[str, DeadLetter]]:
    """Letters of the services in order of arrival, by service."""

    async def list_one(service: Service) -> list[DeadLetter]:
        async with _database(service) as database, database.connection() as connection:
            letters: list[DeadLetter] = []
            while page := await dead_letters.list_dead_letters(
                connection,
                state=state,
                after_id=letters[-1].id if letters else 0,
                limit=PAGE_LETTERS,
            ):
                letters += page
            return letters

    async def list_all() -> list[tuple[str, DeadLetter]]:
        async with _own_server_running(services):
            return [
                (service.name, letter) for service in services for letter in await list_one(service)
            ]

    return asyncio.run(list_all())


def show_letter(service: Service, letter_id: int) -> DeadLetter:
    """One letter. Raises DeadLetterNotFoundError."""

    async def get(database: Database) -> DeadLetter:
        async with database.connection() as connection:
            return await dead_letters.get_dead_letter(connection, letter_id)

    return with_database(service, get)


def replay(
    service: Service, letter_id: int | None, mended_value: bytes | None
) -> list[Replayed | NotReplayed]:
    """Decide a letter again, and those parked behind it; without an id, every open one."""

    async def decide(database: Database) -> list[Replayed | NotReplayed]:
        listeners = listeners_of(
            service.name, service.hears, database=database, clock=SystemClock()
        )
        if not listeners:
            return []
        if letter_id is None:
            return await dead_letters.replay_all(listeners)
        return [await dead_letters.replay(listeners, letter_id, mended_value=mended_value)]

    return with_database(service, decide)


def discard(service: Service, letter_id: int, reason: str) -> Discarded | NotDiscarded:
    """Give a letter up, saying why. Raises DeadLetterNotFoundError."""

    async def give_up(database: Database) -> Discarded | NotDiscarded:
        listeners = listeners_of(
            service.name, service.hears, database=database, clock=SystemClock()
        )
        if not listeners:
            raise dead_letters.DeadLetterNotFoundError(f"{service.name} hears nothing")
        return await dead_letters.discard(listeners, letter_id, reason=reason)

    return with_database(service, give_up)


def republish(service: Service, since: datetime | str) -> int:
    """Have kept events sent again, from an instant or an event id on; how many."""

    async def release(database: Database) -> int:
        async with database.transaction() as connection:
            return await outbox.republish(connection, service.name, since=since)

    return with_database(service, release)


def rewind(service: Service, consumer: str, topic: str) -> None:
    """Have a consumer, while its service is stopped, begin a topic anew, and take it for the right
    one. What its inbox knows changes nothing when it comes again.

    Raises SettingsError for a consumer or topic the service doesn't have, GroupBusyError while its
    service runs, TransportError.
    """
    hears = next(
        (each for each in service.hears if f"{service.name}.{each.name}" == consumer), None
    )
    if hears is None:
        known = ", ".join(f"{service.name}.{each.name}" for each in service.hears)
        raise SettingsError(f"{consumer!r} is no consumer of {service.name}; there are {known}")

    async def begin_anew(database: Database) -> None:
        transport = _bus_of(service)
        await transport.start()
        try:
            identity = (await transport.identify(hears.topics)).get(topic)
            if identity is None:
                heard = ", ".join(hears.topics)
                raise SettingsError(f"{consumer} hears {heard}, and of these no topic {topic!r}")
            await transport.rewind(consumer, topic)
        finally:
            await transport.close()
        async with database.transaction() as connection:
            await heard_topics.accept(connection, consumer, topic, identity)

    with_database(service, begin_anew)


def _bus_of(service: Service) -> Transport:
    """The bus as the service uses it: as set, or else the one of `sammen up` in this folder."""
    settings = read_settings(os.environ)
    if settings.kafka_bootstrap_servers in {None, EMBEDDED_BUS}:
        return EmbeddedTransport(database_address(service))
    return transport_opener(settings)(service.name)


def with_database(service: Service, act: Callable[[Database], Awaitable[T]]) -> T:
    """Do something in the service's database, whose server is started if it is ours and at rest."""

    async def run() -> T:
        async with _own_server_running([service]), _database(service) as database:
            return await act(database)

    return asyncio.run(run())


@asynccontextmanager
async def _own_server_running(services: Sequence[Service]) -> AsyncIterator[None]:
    """Start the PostgreSQL of the data folder for this command, if it is needed and at rest.

    A system that stopped over its dead letters took its own PostgreSQL along.
    """
    settings = read_settings(os.environ)
    folder = datadir.folder_at_work(settings.data_dir.resolve())
    is_needed = any(
        getattr(settings, database_setting(service.name)) is None for service in services
    )
    if not is_needed or datadir.is_held(folder) or not (folder / datadir.POSTGRES_FOLDER).is_dir():
        yield
        return
    with datadir.held(folder):
        postgres = EmbeddedPostgres(folder / datadir.POSTGRES_FOLDER)
        server = await postgres.start()
        try:
            yield
        finally:
            if not server.found_running:
                await postgres.stop()


@asynccontextmanager
async def _database(service: Service) -> AsyncIterator[Database]:
    log_to(sys.stderr, level="WARNING")
    database = await Database.connect(
        database_address(service),
        application_name="sammen command",
        schema=service.name,
        connections_max=2,
    )
    try:
        yield database
    finally:
        await database.close()


def database_address(service: Service) -> str:
    """Where the service's tables are: as set, or else where `sammen up` in this folder has them."""
    settings = read_settings(os.environ)
    name = database_setting(service.name)
    if getattr(settings, name) is not None:
        return settings.need(name)
    known = datadir.known_addresses(datadir.folder_at_work(settings.data_dir.resolve()))
    if name not in known:
        raise SettingsError(
            f"{variable(name)} is not set, and no `sammen up` was ever started with the data "
            f"folder {settings.data_dir}. Set one of them (SAMMEN_DATA_DIR for the folder)."
        )
    return known[name]
