"""Several services in one process: started in order, watched, drained, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.messaging.watchdog import STALLED_SECONDS_MAX
from shared.observability.logs import Log
from shared.observability.metrics import Metrics
from shared.runtime.health import ProgressWatch, check_ready, live_from
from shared.runtime.running import OpenTransport, RunningService, Standing
from shared.runtime.service import Service, ServiceContext
from shared.runtime.settings import Settings
from shared.runtime.timers import Timers
from shared.values.clock import Clock
from shared.web.app import Application, WebParts, build_app
from shared.web.issuer import SIGN_IN_PATH, SIGN_OUT_PATH, DevelopmentIssuer, issuer_router
from shared.web.ops import Health, build_ops_app
from shared.web.server import HttpServer
from shared.web.tokens import JwtAuthenticator

LOG = Log(__name__)

SETTLED_LOOK_SECONDS: Final = 0.02
WATCH_SECONDS: Final = 0.5
DRAIN_SECONDS_MAX: Final = 30.0
LATE_STEP_SECONDS: Final = 1.0
"""What each part still gets after the time for draining is up."""


class NotSettledError(Exception):
    """Work is still waiting after the time allowed; the message says whose."""


class ComponentError(Exception):
    """A part of the system has stopped for good; the message says which and why."""


@dataclass(frozen=True)
class Surroundings:
    """What a system stands in."""

    settings: Settings
    clock: Clock
    open_transport: OpenTransport
    http: HttpServer
    ops: HttpServer
    own_issuer: DevelopmentIssuer | None = None
    """The development issuer, when this process is to serve it."""
    stalled_seconds_max: float = STALLED_SECONDS_MAX
    """A consumer that lags and doesn't move for so long ends the process."""


class System:
    """Services at work in this process."""

    def __init__(self, services: Sequence[Service], surroundings: Surroundings) -> None:
        self.metrics = Metrics()
        self._surroundings = surroundings
        self._running = [
            RunningService(
                service,
                settings=surroundings.settings,
                clock=surroundings.clock,
                metrics=self.metrics,
            )
            for service in services
        ]
        self._progress = ProgressWatch(self._running)
        self._watching: asyncio.Task[None] | None = None
        self._stops: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._started = False

    @property
    def address(self) -> str:
        """Where its pages and routes are."""
        return f"http://127.0.0.1:{self._surroundings.http.port}"

    @property
    def ops_address(self) -> str:
        """Where its metrics and health are."""
        return f"http://127.0.0.1:{self._surroundings.ops.port}"

    @property
    def own_issuer(self) -> DevelopmentIssuer | None:
        """The development issuer, when this process serves it."""
        return self._surroundings.own_issuer

    @property
    def service_names(self) -> tuple[str, ...]:
        """The services in it, in the order in which they start."""
        return tuple(running.service.name for running in self._running)

    def context(self, service_name: str) -> ServiceContext:
        """What a service's handlers are given; there once started. Raises KeyError."""
        return {running.service.name: running.context for running in self._running}[service_name]

    async def start(self) -> None:
        """Start everything, in this order: databases and bus, relays, consumers, timers, HTTP,
        operators' port. When a step fails, what was started is stopped again and its error raised.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        self._started = True
        LOG.info("process_ready", address=self.address, ops_address=self.ops_address)

    async def stop(self, *, drain_seconds_max: float = DRAIN_SECONDS_MAX) -> bool:
        """Drain and stop, in this order: HTTP takes no more, consumers finish their batch, timers
        their run, relays send what is left, then connections close. Safe twice.

        What hangs is left behind when the time is up, and False returned.
        """
        self._started = False
        LOG.info("process_draining")
        stops, self._stops = self._stops, []
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + drain_seconds_max
        drained = True
        for component, stop in reversed(stops):
            step_ends_at = max(give_up_at, loop.time() + LATE_STEP_SECONDS)
            drained &= await self._stop_part(component, stop, step_ends_at)
        LOG.info("process_stopped", drained=drained)
        return drained

    async def _stop_part(
        self, component: str, stop: Callable[[], Awaitable[None]], give_up_at: float
    ) -> bool:
        try:
            async with asyncio.timeout_at(give_up_at):
                await stop()
        except Exception as error:  # noqa: BLE001 # the rest must be stopped all the same
            self.metrics.component_failures(component=component).inc()
            LOG.error("component_failed", error=error, component=component)
            return False
        return True

    async def settled(self, timeout_seconds: float = 60.0) -> None:
        """Run due timers, and wait until nothing waits to be published or consumed anywhere.

        Holds for work that stands in the databases and on the bus when this is called, and of what
        follows from it. Raises NotSettledError, or the error of a part that stopped for good.
        """
        before: list[Standing] | None = None
        give_up_at = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            ticks = [await timers.run_due(at_once=True) for timers in self._timers()]
            now = [await running.standing() for running in self._running]
            quiet = all(standing.quiet for standing in now) and not any(
                timers.failing() for timers in self._timers()
            )
            if quiet and now == before and not any(ticks):
                return
            for component, error in self.failures():
                raise NotSettledError(f"{component} has stopped: {error}") from error
            if asyncio.get_running_loop().time() > give_up_at:
                raise NotSettledError(self._unsettled(now, timeout_seconds))
            before = now
            await asyncio.sleep(SETTLED_LOOK_SECONDS)

    def failures(self) -> list[tuple[str, BaseException]]:
        """Parts that stopped for good, by name."""
        return [failure for running in self._running for failure in running.failures()]

    async def ready(self) -> Health:
        """Whether work should be sent here, and if not, why."""
        if not self._started:
            return Health(("the process is starting or draining",))
        return await check_ready(self._running, self._progress)

    async def watch(self) -> None:
        """Watch every part, for ever. Raises WatchdogError when a consumer has failed or stands
        still, ComponentError when another part has stopped for good.
        """
        seconds = self._surroundings.stalled_seconds_max
        async with asyncio.TaskGroup() as group:
            for running in self._running:
                group.create_task(running.watchdog(seconds).run())
            group.create_task(self._watch_parts())

    async def _watch_parts(self) -> None:
        while True:
            for component, error in self.failures():
                raise ComponentError(f"{component} has stopped: {error}") from error
            await asyncio.sleep(WATCH_SECONDS)

    async def _start(self) -> None:
        around = self._surroundings
        LOG.info("process_starting", services=[part.service.name for part in self._running])
        self._stops.append(("HTTP port", around.http.stop))
        self._stops.append(("operators' port", around.ops.stop))
        for running in self._running:
            self._stops.append((running.service.name, running.disconnect))
            await running.connect(around.open_transport)
        for running in self._running:
            self._stops.append((f"relay of {running.service.name}", running.stop_relay))
            await running.start_relay()
        for running in self._running:
            self._stops.append((f"timers of {running.service.name}", running.stop_timers))
        for running in self._running:
            self._stops.append((f"consumers of {running.service.name}", running.stop_consumers))
            await running.start_consumers()
        for running in self._running:
            await running.start_timers()
        self._watching = asyncio.create_task(self._progress.run(), name="progress watch")
        self._stops.append(("progress watch", self._stop_watching))
        self._stops.append(("HTTP", around.http.stop))
        await around.http.start(self._application())
        await around.ops.start(
            build_ops_app(self.metrics, live=live_from(self.failures), ready=self.ready)
        )

    async def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    def _application(self) -> Application:
        around = self._surroundings
        services = [running.service for running in self._running]
        routers = [
            make_router(running.context)
            for running in self._running
            for make_router in running.service.routers
        ]
        if around.own_issuer is not None:
            routers.append(issuer_router(around.own_issuer))
        parts = WebParts(
            title="Sammen",
            routers=routers,
            templates={
                service.name: service.templates for service in services if service.templates
            },
            navigation=[link for service in services for link in service.navigation],
            sign_in_path=SIGN_IN_PATH if around.own_issuer else None,
            sign_out_path=SIGN_OUT_PATH if around.own_issuer else None,
        )
        issuer = around.settings.need("oidc_issuer")
        return build_app(parts, authenticator=JwtAuthenticator(issuer), metrics=self.metrics)

    def _timers(self) -> list[Timers]:
        return [running.timers for running in self._running if running.timers is not None]

    def _unsettled(self, standings: Sequence[Standing], timeout_seconds: float) -> str:
        waiting = [
            f"{running.service.name}: {standing.waiting_rows} to publish, "
            f"{sum(place.lag for place in standing.positions.values())} to consume"
            for running, standing in zip(self._running, standings, strict=True)
            if not standing.quiet
        ]
        failing = [
            f"timer {name} of {running.service.name} has failed {failures} times"
            for running in self._running
            if running.timers is not None
            for name, failures in running.timers.failing().items()
        ]
        reasons = "; ".join([*waiting, *failing]) or "work never stops coming"
        return f"Not settled after {timeout_seconds:g} s: {reasons}."
