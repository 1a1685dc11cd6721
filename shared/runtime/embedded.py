"""What a machine without PostgreSQL, broker, mail server or issuer lacks, filled in and said.

Only `sammen demo` and `sammen up` come here. Whatever is set in the environment is used as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from shared.database import EmbeddedPostgres
from shared.database.roles import url_for
from shared.runtime import datadir
from shared.runtime.clock import SystemClock
from shared.runtime.plans import database_setting, migrate_database, role_of
from shared.runtime.service import Service
from shared.runtime.settings import EMBEDDED_BUS, Settings, variable
from shared.runtime.system import Surroundings
from shared.runtime.topics import copies_possible, create_topics
from shared.runtime.transports import check_bus, transport_opener
from shared.values.clock import Clock
from shared.web.issuer import PATH, DevelopmentIssuer, load_key
from shared.web.server import HttpServer, PortTakenError

LOOPBACK: Final = "127.0.0.1"

Say = Callable[[str], None]
"""Tells the person at the terminal one thing that was filled in."""


@asynccontextmanager
async def embedded_surroundings(
    settings: Settings,
    services: Sequence[Service],
    clock: Clock,
    say: Say,
    *,
    durable: bool = True,
) -> AsyncIterator[Surroundings]:
    """Surroundings in which every missing setting is filled in with something embedded.

    The database is migrated and the topics are there. `durable=False` lets a PostgreSQL of our own
    leave it to the operating system when to write: that survives any process, but no power cut.
    Raises DataDirHeldError when another process is at work in the data folder,
    DataDirUnusableError, PortTakenError, EmbeddedPostgresError, and SettingsError before anything
    is started.
    """
    for service in services:
        service.check_settings(settings)
    if settings.kafka_bootstrap_servers is not None:
        check_bus(settings, [service.name for service in services])
    data_dir = settings.data_dir.resolve()
    with datadir.held(data_dir):
        async with _database(settings, data_dir, services, say, durable=durable) as with_database:
            filled = _without_database(with_database, data_dir, say)
            await migrate_database(filled, services)
            copies_max = await copies_possible(filled, say)
            await create_topics(filled, copies_max=copies_max, say=say)
            datadir.remember_addresses(data_dir, _addresses(filled, services))
            with _servers(filled, say) as (http, ops):
                issuer = _issuer(filled, data_dir, http.port, say)
                if issuer is not None:
                    filled = filled.model_copy(update={"oidc_issuer": issuer.address})
                yield Surroundings(
                    settings=filled,
                    clock=clock,
                    open_transport=transport_opener(filled),
                    http=http,
                    ops=ops,
                    own_issuer=issuer,
                )


@asynccontextmanager
async def _database(
    settings: Settings,
    data_dir: Path,
    services: Sequence[Service],
    say: Say,
    *,
    durable: bool,
) -> AsyncIterator[Settings]:
    """Settings with an address for the owner and for each service; a server if there is none."""
    if settings.database_url is not None:
        yield _with_addresses(settings, settings.need("database_url"), data_dir, services, say)
        return
    postgres = EmbeddedPostgres(data_dir / datadir.POSTGRES_FOLDER, durable=durable)
    server = await postgres.start()
    try:
        found = ", found running from before" if server.found_running else ""
        say(
            f"{variable('database_url')} is not set: using a PostgreSQL of our own in "
            f"{data_dir / 'postgres'} (port {server.port}{found})"
        )
        yield _with_addresses(settings, server.owner_url, data_dir, services, say)
    finally:
        await postgres.stop()


def _with_addresses(
    settings: Settings, owner_url: str, data_dir: Path, services: Sequence[Service], say: Say
) -> Settings:
    """Each service logs in by a role of its own; passwords made here are kept in the folder."""
    given: dict[str, object] = {"database_url": owner_url}
    missing = [
        service.name
        for service in services
        if getattr(settings, database_setting(service.name)) is None
    ]
    for name, password in datadir.passwords(data_dir, missing).items():
        given[database_setting(name)] = url_for(owner_url, role_of(name), password)
    if missing and settings.database_url is not None:
        names = ", ".join(variable(database_setting(name)) for name in missing)
        say(f"{names} not set: using roles of our own in the database of the owner")
    return _updated(settings, given)


def _addresses(settings: Settings, services: Sequence[Service]) -> dict[str, str]:
    names = [database_setting(service.name) for service in services]
    return {name: settings.need(name) for name in names}


def _without_database(settings: Settings, data_dir: Path, say: Say) -> Settings:
    given: dict[str, object] = {"data_dir": data_dir}
    if settings.kafka_bootstrap_servers is None:
        given["kafka_bootstrap_servers"] = EMBEDDED_BUS
        say(f"{variable('kafka_bootstrap_servers')} is not set: using the bus inside PostgreSQL")
    if settings.smtp_url is None:
        mails_dir = data_dir / "mails"
        mails_dir.mkdir(exist_ok=True)
        given["smtp_url"] = f"file://{mails_dir}"
        say(f"{variable('smtp_url')} is not set: mails are written as files to {mails_dir}")
    if settings.vault_key is None:
        say(
            f"{variable('vault_key')} is not set: person numbers are sealed with a key kept in "
            f"{data_dir}, and constructed ones (day plus 60) are taken"
        )
    return _updated(settings, given)


def _issuer(
    settings: Settings, data_dir: Path, http_port: int, say: Say
) -> DevelopmentIssuer | None:
    if settings.oidc_issuer is not None:
        return None
    address = f"http://{LOOPBACK}:{http_port}{PATH}"
    say(
        f"{variable('oidc_issuer')} is not set: ANYBODY can sign in as anybody at {address}, "
        "the development issuer; `sammen token` prints its tokens"
    )
    datadir.write_private(data_dir / datadir.ISSUER_ADDRESS_FILE, address)
    return DevelopmentIssuer(address, load_key(data_dir / datadir.ISSUER_KEY_FILE), SystemClock())


def local_issuer(settings: Settings) -> DevelopmentIssuer:
    """The development issuer of the data folder, to print tokens with.

    Its address is that of the `up` or `demo` last started there, or the one the next would have.
    Raises DataDirUnusableError.
    """
    data_dir = datadir.folder_at_work(settings.data_dir.resolve())
    known = data_dir / datadir.ISSUER_ADDRESS_FILE
    address = f"http://{LOOPBACK}:{settings.http_port}{PATH}"
    with datadir.usable(data_dir):
        if known.exists():
            address = known.read_text().strip()
        key = load_key(data_dir / datadir.ISSUER_KEY_FILE)
    return DevelopmentIssuer(address, key, SystemClock())


@contextmanager
def _servers(settings: Settings, say: Say) -> Iterator[tuple[HttpServer, HttpServer]]:
    """Both ports, taken; free ones where nothing was asked for and the usual one is taken."""
    with ExitStack() as stack:
        http = _server("HTTP", settings, "http_port", say)
        stack.callback(http.release)
        ops = _server("operators'", settings, "ops_port", say)
        stack.callback(ops.release)
        yield http, ops


def _server(name: str, settings: Settings, setting: str, say: Say) -> HttpServer:
    port: int = getattr(settings, setting)
    try:
        return HttpServer(name, LOOPBACK, port)
    except PortTakenError:
        if setting in settings.model_fields_set:
            raise
    free = HttpServer(name, LOOPBACK, 0)
    say(f"{variable(setting)} is not set and port {port} is taken: using port {free.port}")
    return free


def _updated(settings: Settings, given: dict[str, object]) -> Settings:
    """The settings with these besides, checked like any."""
    return Settings.model_validate({**_plain(settings), **given})


def _plain(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.model_fields_set}
