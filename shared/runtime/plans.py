"""What the database must hold for a set of services: their schemas, and the bus's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from shared.contracts.topics import TopicSpec, load_topics
from shared.database import SchemaPlan, migrate
from shared.messaging.embedded import BUS_PLAN
from shared.runtime.service import Service
from shared.runtime.settings import EMBEDDED_BUS, SettingName, Settings, SettingsError, variable

SHARED = Path(__file__).parents[1]
COMPONENTS = ("messaging", "web", "runtime")
"""Shared packages with tables of their own in every service's schema, in order of migration."""


def role_of(service_name: str) -> str:
    """The login role of a service."""
    return f"sammen_{service_name}"


def database_setting(service_name: str) -> SettingName:
    """The setting that holds a service's database address."""
    return cast("SettingName", f"{service_name}_database_url")


def plans_for(
    services: Sequence[Service], passwords: Mapping[str, str], *, with_bus: bool = True
) -> list[SchemaPlan]:
    """The schemas of the services, by the passwords of their roles, and of the embedded bus."""
    plans = [BUS_PLAN] if with_bus else []
    for service in services:
        components = tuple((name, SHARED / name / "migrations") for name in COMPONENTS)
        own = SchemaPlan(
            schema=service.name,
            roles={role_of(service.name): passwords[service.name]},
            migrations=(*components, (service.name, service.migrations)),
        )
        plans += [own, *service.extra_plans]
    return plans


def passwords_in(settings: Settings, services: Sequence[Service]) -> dict[str, str]:
    """The passwords in the services' database addresses, by service.

    Raises SettingsError when an address is missing, or is not that service's role's.
    """
    passwords = {}
    for service in services:
        name = database_setting(service.name)
        parts = urlsplit(settings.need(name))
        if unquote(parts.username or "") != role_of(service.name) or not parts.password:
            raise SettingsError(
                f"{variable(name)} must log in as {role_of(service.name)}, with a password: "
                f"postgresql://{role_of(service.name)}:PASSWORD@host:port/database"
            )
        passwords[service.name] = unquote(parts.password)
    return passwords


async def migrate_database(settings: Settings, services: Sequence[Service]) -> list[str]:
    """Bring every schema up to date, roles with their passwords; the migrations applied.

    The bus has a schema there unless the settings name a broker. Raises SettingsError,
    MigrationError, DatabaseUnavailableError.
    """
    owner_url = settings.need("database_url")
    with_bus = settings.kafka_bootstrap_servers in {None, EMBEDDED_BUS}
    plans = plans_for(services, passwords_in(settings, services), with_bus=with_bus)
    return await migrate(owner_url, plans)


def topics_used(service: Service) -> list[TopicSpec]:
    """The topics a service's principal may write or read, which must be there when it starts."""
    return [
        topic
        for topic in load_topics()
        if service.name in topic.writers or service.name in topic.readers
    ]
