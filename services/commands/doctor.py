"""`sammen doctor`: what this machine and these settings lack, and how to get it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.contracts.topics import InvalidTopicsError, load_topics
from shared.database import Database, DatabaseUnavailableError, EmbeddedPostgresError, fault_of
from shared.database.binaries import find_binaries
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.provisioning import count_brokers
from shared.messaging.transport import TransportError
from shared.runtime import datadir
from shared.runtime.plans import database_setting
from shared.runtime.service import Service
from shared.runtime.settings import (
    EMBEDDED_BUS,
    Settings,
    SettingsError,
    read_settings,
    variable,
)
from shared.runtime.topics import check_topics, copies_possible
from shared.runtime.transports import (
    administrator_access,
    kafka_password_setting,
    service_access,
    transport_opener,
)
from shared.web.server import HttpServer, PortTakenError

PYTHON_MIN: Final = (3, 11)
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    remedy: str | None = None
    """What to do about it; None when it is well."""

    def __str__(self) -> str:
        """The finding as one line."""
        return (
            f"ok      {self.what}" if self.remedy is None else f"not ok  {self.what}: {self.remedy}"
        )


def examine(services: Sequence[Service]) -> list[Finding]:
    """Everything worth looking at, the ground first."""
    findings = [_python(), _binaries(), _topics_file()]
    try:
        settings = read_settings(os.environ)
        for service in services:
            service.check_settings(settings)
        if settings.kafka_bootstrap_servers is not None:
            transport_opener(settings)
    except SettingsError as error:
        return [*findings, Finding("settings", str(error))]
    findings += [Finding("settings"), _data_dir(settings), *_ports(settings)]
    return findings + asyncio.run(_reached(settings, services))


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= PYTHON_MIN:
        return Finding(f"Python {version}")
    wanted = ".".join(str(part) for part in PYTHON_MIN)
    return Finding(f"Python {version}", f"install Python {wanted} or later")


def _binaries() -> Finding:
    try:
        return Finding(f"PostgreSQL binaries in {find_binaries()}")
    except EmbeddedPostgresError as error:
        return Finding("PostgreSQL binaries", str(error))


def _topics_file() -> Finding:
    try:
        return Finding(f"{len(load_topics())} topics are declared")
    except InvalidTopicsError as error:
        return Finding("declared topics", str(error))


def _data_dir(settings: Settings) -> Finding:
    folder = settings.data_dir.resolve()
    if not folder.exists():
        return Finding(f"data folder {folder} (not there yet; `sammen up` makes it)")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(f"data folder {folder}", "not writable; choose another with SAMMEN_DATA_DIR")
    who = "a system is at work in it" if _at_work(settings) else "nobody is at work in it"
    return Finding(f"data folder {folder} ({who})")


def _at_work(settings: Settings) -> bool:
    return datadir.is_held(datadir.folder_at_work(settings.data_dir.resolve()))


def _ports(settings: Settings) -> Iterator[Finding]:
    """A taken port is no fault while a system of ours is at work: it may well be the taker."""
    for setting in ("http_port", "ops_port"):
        port: int = getattr(settings, setting)
        try:
            HttpServer(setting, LOOPBACK, port).release()
        except PortTakenError:
            remedy = f"stop what listens there, or set {variable(setting)}"
            yield Finding(f"port {port} is taken", None if _at_work(settings) else remedy)
        else:
            yield Finding(f"port {port} is free")


async def _reached(settings: Settings, services: Sequence[Service]) -> list[Finding]:
    return [*await _databases(settings, services), *await _bus(settings, services)]


async def _databases(settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """Addresses that are set or known; without any, `up` brings its own and there is no more."""
    known = datadir.known_addresses(datadir.folder_at_work(settings.data_dir.resolve()))
    findings = []
    if settings.database_url is not None:
        findings.append(await _answers("the owner's database", settings.need("database_url")))
    for service in services:
        name = database_setting(service.name)
        if getattr(settings, name) is not None:
            findings.append(await _answers(variable(name), settings.need(name)))
        elif name in known:
            findings.append(await _answers(f"database of {service.name} (embedded)", known[name]))
    return findings or [Finding("databases: none is set (`sammen up` brings its own)")]


async def _answers(what: str, url: str) -> Finding:
    async def look() -> None:
        database = await Database.connect(url, application_name="sammen doctor", connections_max=1)
        await database.close()

    return await _tried(f"{what} answers", look)


async def _bus(settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """The bus inside PostgreSQL answers with it; of a cluster's users, those whose password is set
    are tried.
    """
    servers = settings.kafka_bootstrap_servers
    if servers in {None, EMBEDDED_BUS}:
        return [await _topics(settings)] if settings.database_url is not None else []
    if settings.kafka_security == "plain":
        who = [("whoever comes without a name", administrator_access(settings))]
    else:
        who = [
            (service.name, service_access(settings, service.name))
            for service in services
            if getattr(settings, kafka_password_setting(service.name)) is not None
        ]
    findings = [await _broker_answers(f"{servers} answers {name}", access) for name, access in who]
    if settings.kafka_security == "plain" or settings.kafka_admin_password is not None:
        findings.append(await _topics(settings))
    return findings or [Finding(f"{servers}: no password of a user is set, so none was tried")]


async def _broker_answers(what: str, access: KafkaAccess | None) -> Finding:
    async def look() -> None:
        assert access is not None, "the bus is a cluster"
        await count_brokers(access)

    return await _tried(what, look)


async def _topics(settings: Settings) -> Finding:
    remarks: list[str] = []

    async def look() -> None:
        copies_max = await copies_possible(settings, remarks.append)
        if wrong := await check_topics(settings, copies_max=copies_max, say=remarks.append):
            raise TransportError(f"{len(wrong)} differ; run `sammen topics create`")

    finding = await _tried("topics are as declared", look)
    return replace(finding, what="; ".join([finding.what, *remarks]))


async def _tried(what: str, look: Callable[[], Awaitable[None]]) -> Finding:
    try:
        await look()
    except (DatabaseUnavailableError, TransportError) as error:
        return Finding(what, str(error))
    except Exception as error:
        if fault_of(error) is None:
            raise
        return Finding(what, f"{error}; see `sammen migrate`")
    return Finding(what)
