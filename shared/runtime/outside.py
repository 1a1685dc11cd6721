"""The bus as a party outside the system reaches it: by its own name, with its own rights only."""

from __future__ import annotations

import secrets
from typing import Final

from shared.database import SchemaPlan, migrate, url_for
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.transport import Transport
from shared.runtime.plans import role_of
from shared.runtime.settings import Settings
from shared.runtime.transports import service_access

PASSWORD_BYTES: Final = 24


async def outside_transport(settings: Settings, principal: str) -> Transport:
    """A transport, not yet started, for an outside party such as `finance`.

    On the embedded bus it is given a login role, with an empty schema and a new password; the owner
    of the database must be known. On Kafka it is a user of the cluster by its name. Raises
    SettingsError when its password is missing there.
    """
    access = service_access(settings, principal)
    if access is not None:
        from shared.messaging.kafka.transport import KafkaTransport

        return KafkaTransport(access, instance=settings.kafka_instance)
    owner_url = settings.need("database_url")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    plan = SchemaPlan(schema=principal, roles={role_of(principal): password}, migrations=())
    await migrate(owner_url, [plan])
    return EmbeddedTransport(url_for(owner_url, role_of(principal), password))
