"""What the database must hold for a set of services: their schemas, and the bus's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from shared.contracts.topics import TopicSpec, load_topics
from shared.database import SchemaPlan, migrate
from shared.messaging.embedded import BUS_PLAN, create_topics
from shared.runtime.service import Service
from shared.runtime.settings import SettingName, Settings, SettingsError, variable

SHARED = Path(__file__).parents[1]
COMPONENTS = ("messaging", "web", "runtime")
"""Shared packages with tables of their own in every service's schema, in order of migration."""


def role_of(service_name: str) -> str:
    """The login role of a service."""
    return f"sammen_{service_name}"


def database_setting(service_name: str) -> SettingName:
    """The setting that holds a service's database address."""
    return cast("SettingName", f"{service_name}_database_url")


def plans_for(services: Sequence[Service], passwords: Mapping[str, str]) -> list[SchemaPlan]:
    """The schemas of the services, by the passwords of their roles, and of the bus."""
    plans = [BUS_PLAN]
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


async def prepare_database(
    owner_url: str, services: Sequence[Service], passwords: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Migrate every schema and create every topic; the migrations and topics that were new."""
    applied = await migrate(owner_url, plans_for(services, passwords))
    return applied, await create_topics(owner_url, load_topics())


def topics_used(service: Service) -> list[TopicSpec]:
    """The topics a service's principal may write or read, which must be there when it starts."""
    return [
        topic
        for topic in load_topics()
        if service.name in topic.writers or service.name in topic.readers
    ]
