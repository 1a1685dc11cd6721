"""One service in a process of its own: real settings or none at all."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from typing import Final

from shared.database import fault_of
from shared.messaging.transport import TransportError
from shared.observability.logs import configure_logs
from shared.runtime.clock import SystemClock
from shared.runtime.plans import database_setting
from shared.runtime.service import Service
from shared.runtime.settings import Settings, SettingsError, read_settings
from shared.runtime.supervision import COMPONENT_FAILED, run_process, run_until_stopped
from shared.runtime.system import Surroundings
from shared.runtime.transports import service_access, transport_opener
from shared.web.server import HttpServer, PortTakenError

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 # a container's own address; what reaches it is decided outside
USAGE: Final = 2
"""Exit status when what was asked for can't be meant, as of every command-line program."""


def run_alone(service: Service) -> None:
    """Run the service until told to stop, with the settings of the environment, and exit.

    Exit status 2, and a message that names the variable, when one is missing or can't be meant.
    """
    try:
        settings = read_settings(os.environ)
        check_settings(settings, service)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(USAGE)
    configure_logs(sys.stdout, renderer="json")
    sys.exit(run_service(service, _surroundings(settings)))


def check_settings(settings: Settings, service: Service) -> None:
    """Raise SettingsError, naming the first one, when a setting is missing or can't be meant."""
    settings.need(database_setting(service.name))
    settings.need("oidc_issuer")
    service_access(settings, service.name)
    for name in service.needs:
        settings.need(name)
    service.check_settings(settings)


def run_service(service: Service, surroundings: AbstractAsyncContextManager[Surroundings]) -> int:
    """Run until told to stop; the exit status. A fault at the start is said in one line."""
    try:
        return run_process(run_until_stopped(surroundings, [service]))
    except (PortTakenError, TransportError) as error:
        sys.stderr.write(f"{service.name} can't start: {error}\n")
    except Exception as error:
        if fault_of(error) is None:
            raise
        sys.stderr.write(f"{service.name} can't start: {error}\n")
    return COMPONENT_FAILED


@asynccontextmanager
async def _surroundings(settings: Settings) -> AsyncIterator[Surroundings]:
    with ExitStack() as stack:
        http = HttpServer("HTTP", EVERYWHERE, settings.http_port)
        stack.callback(http.release)
        ops = HttpServer("operators'", EVERYWHERE, settings.ops_port)
        stack.callback(ops.release)
        yield Surroundings(
            settings=settings,
            clock=SystemClock(),
            open_transport=transport_opener(settings),
            http=http,
            ops=ops,
        )
