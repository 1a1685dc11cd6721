"""The database before services start: migrations, and the topics of the embedded bus."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence

from services.commands.running import log_to
from shared.contracts.topics import load_topics
from shared.database import migrate as migrate_database
from shared.messaging.embedded import check_topics, create_topics
from shared.runtime.plans import passwords_in, plans_for
from shared.runtime.service import Service
from shared.runtime.settings import read_settings
from shared.runtime.transports import transport_opener


def migrate(services: Sequence[Service]) -> list[str]:
    """Bring every schema up to date; the migrations applied. Roles get their own passwords."""
    settings = read_settings(os.environ)
    owner_url = settings.need("database_url")
    plans = plans_for(services, passwords_in(settings, services))
    return _run(migrate_database(owner_url, plans))


def topics_create() -> list[str]:
    """Create the topics that are missing and set who may use each; the names of the new ones."""
    settings = read_settings(os.environ)
    transport_opener(settings)
    return _run(create_topics(settings.need("database_url"), load_topics()))


def topics_check() -> list[str]:
    """What differs between the topics there are and those there should be."""
    settings = read_settings(os.environ)
    transport_opener(settings)
    return _run(check_topics(settings.need("database_url"), load_topics()))


def _run(work: Coroutine[object, object, list[str]]) -> list[str]:
    """Do it, with standard output left to the answer."""
    log_to(sys.stderr, level="WARNING")
    return asyncio.run(work)
