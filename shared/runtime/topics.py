"""The topics of whichever bus the settings name, as deploy/kafka/topics.yaml has them."""

from __future__ import annotations

from collections.abc import Callable

from shared.contracts.topics import load_topics
from shared.messaging import embedded
from shared.messaging.kafka import provisioning
from shared.runtime.settings import Settings
from shared.runtime.transports import administrator_access

Say = Callable[[str], None]
"""Is told, in a sentence each, what a person should know besides the answer."""


async def create_topics(settings: Settings, *, copies_max: int | None, say: Say) -> list[str]:
    """Create the topics that are missing, set who may use each; the names of those created.

    `copies_max` caps the copies of each partition, for a small Kafka cluster. Raises SettingsError,
    TransportError, DatabaseUnavailableError.
    """
    access = administrator_access(settings)
    if access is None:
        return await embedded.create_topics(settings.need("database_url"), load_topics())
    specs = load_topics()
    return await provisioning.create_topics(access, specs, copies_max=copies_max, say=say)


async def check_topics(settings: Settings, *, copies_max: int | None, say: Say) -> list[str]:
    """What differs between the topics there are and those there should be, a sentence each.

    Raises as `create_topics`.
    """
    access = administrator_access(settings)
    if access is None:
        return await embedded.check_topics(settings.need("database_url"), load_topics())
    specs = load_topics()
    return await provisioning.check_topics(access, specs, copies_max=copies_max, say=say)


async def copies_possible(settings: Settings, say: Say) -> int | None:
    """How many copies of each partition the bus can keep at most, when those are fewer than the
    file wants: fit for trying things out, which `say` is told. None otherwise.

    Raises SettingsError, TransportError.
    """
    access = administrator_access(settings)
    if access is None:
        return None
    wanted = max(spec.replication_factor for spec in load_topics())
    brokers = await provisioning.count_brokers(access)
    if brokers >= wanted:
        return None
    say(
        f"the cluster has {brokers} broker(s), so each record is kept {brokers} time(s) instead of "
        f"{wanted}: what a broker loses may be LOST. A real system needs more brokers"
    )
    return brokers
