"""A service is a declaration: what it publishes, hears, serves, and does by the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from shared.contracts.base import Event
from shared.database import Database, SchemaPlan
from shared.messaging.work import Hears, Work, begin_work
from shared.observability.metrics import Metrics
from shared.runtime.settings import SettingName, Settings
from shared.values.clock import Clock
from shared.web.app import Router
from shared.web.pages import PageLink


@dataclass(frozen=True)
class ServiceContext:
    """What a running service's handlers, routes and timers are given to work with."""

    service_name: str
    database: Database
    clock: Clock
    settings: Settings
    metrics: Metrics
    due_on: date | None = None
    """In a daily timer: the calendar day (Copenhagen) this run is for; a missed day is run late."""

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """One transaction of this service; its events are published when it commits."""
        return begin_work(self.database, self.clock, service=self.service_name)


def _accept(_settings: Settings) -> None:
    """Most services have no setting of their own."""


RouterFactory = Callable[[ServiceContext], Router]


@dataclass(frozen=True)
class Timer:
    """Something done by the clock, by one process at a time however many run.

    `every` is the least time between two runs; None means once for each calendar day in
    Copenhagen, also for days on which no process ran, in order, from the first start on.
    A run that raises is tried again at the next look, and may have had part of its effects:
    what it does must bear being done twice.
    """

    name: str
    every: timedelta | None
    run: Callable[[ServiceContext], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """The table of contents of one service."""

    name: str
    summary: str
    publishes: tuple[type[Event], ...]
    hears: tuple[Hears, ...]
    timers: tuple[Timer, ...]
    routers: tuple[RouterFactory, ...]
    """JSON and pages; each is called once, when the process starts."""
    migrations: Path
    extra_plans: tuple[SchemaPlan, ...] = ()
    """Schemas of its own beside the one named after it (the vault)."""
    templates: Path | None = None
    """Folder of its pages; a template there is rendered as `<service>/<file>`."""
    navigation: tuple[PageLink, ...] = ()
    """Those of its pages that the frame of every page links to."""
    needs: tuple[SettingName, ...] = ()
    """Settings it can't run without, besides database, bus and issuer."""
    check_settings: Callable[[Settings], None] = _accept
    """Raises SettingsError when a setting that is there can't be meant; asked before any start."""
