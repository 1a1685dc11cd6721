"""Which bus a process speaks to: said by one setting, never guessed."""

from __future__ import annotations

from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.transport import Transport
from shared.runtime.running import OpenTransport
from shared.runtime.settings import EMBEDDED_BUS, Settings, SettingsError, variable


def transport_opener(settings: Settings) -> OpenTransport:
    """How services reach the bus. Raises SettingsError when that isn't said, or can't be done."""
    servers = settings.need("kafka_bootstrap_servers")
    if servers != EMBEDDED_BUS:
        raise SettingsError(
            f"{variable('kafka_bootstrap_servers')} names a broker, and this version speaks only "
            f"to the bus inside PostgreSQL; set it to {EMBEDDED_BUS!r}."
        )
    return _open_embedded


def _open_embedded(database_url: str) -> Transport:
    """The bus inside PostgreSQL, as the role of the service's own database address."""
    return EmbeddedTransport(database_url)
