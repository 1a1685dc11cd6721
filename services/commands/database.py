"""Database and bus before services start: migrations, and topics."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence

from services.commands.running import log_to, say
from shared.runtime.plans import migrate_database
from shared.runtime.service import Service
from shared.runtime.settings import read_settings
from shared.runtime.topics import check_topics, create_topics


def migrate(services: Sequence[Service]) -> list[str]:
    """Bring every schema up to date; the migrations applied. Roles get their own passwords."""
    return _run(migrate_database(read_settings(os.environ), services))


def topics_create(*, copies_max: int | None) -> list[str]:
    """Create the topics that are missing and set who may use each; the names of the new ones."""
    settings = read_settings(os.environ)
    return _run(create_topics(settings, copies_max=copies_max, say=say))


def topics_check(*, copies_max: int | None) -> list[str]:
    """What differs between the topics there are and those there should be."""
    settings = read_settings(os.environ)
    return _run(check_topics(settings, copies_max=copies_max, say=say))


def _run(work: Coroutine[object, object, list[str]]) -> list[str]:
    """Do it, with standard output left to the answer."""
    log_to(sys.stderr, level="WARNING")
    return asyncio.run(work)
