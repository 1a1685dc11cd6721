"""One service of the soak in a process of its own, as `sammen run` would run it, save that

its clock is the soak's; its vault makes its own key, which lets constructed person numbers in; and
it can be told to die at a failpoint: the point's name in `<folder>/<member>.point` and SIGUSR1 arm
it, `<folder>/<member>.died` tells that it died there.

Run as `python -m tests.chaos.member SERVICE MEMBER FOLDER BEGAN`, with SAMMEN_* set.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

from services.notifications import handlers as notifications
from shared.messaging import failpoints
from shared.messaging.failpoints import Point
from shared.observability.logs import configure_logs
from shared.runtime.alone import run_service
from shared.runtime.service import Service
from shared.runtime.settings import Settings, read_settings
from shared.runtime.system import Surroundings
from shared.runtime.transports import transport_opener
from shared.web.server import HttpServer
from tests.chaos.clock import MAIL_LEASE, SoakClock

LOOPBACK = "127.0.0.1"


def point_file(folder: Path, member: str) -> Path:
    """Where a member reads at which point it is to die."""
    return folder / f"{member}.point"


def death_file(folder: Path, member: str) -> Path:
    """Where a member leaves the point it died at."""
    return folder / f"{member}.died"


def arm_on_signal(folder: Path, member: str) -> None:
    """Die at the failpoint in our file when it is next reached, once SIGUSR1 has come.

    An empty file disarms.
    """

    def arm(*_: object) -> None:
        failpoints.clear()
        point = cast("Point", point_file(folder, member).read_text(encoding="ascii"))

        async def die() -> None:
            death_file(folder, member).write_text(point, encoding="ascii")
            os.kill(os.getpid(), signal.SIGKILL)

        if point:
            failpoints.install(point, die)

    signal.signal(signal.SIGUSR1, arm)


@asynccontextmanager
async def _surroundings(settings: Settings, clock: SoakClock) -> AsyncIterator[Surroundings]:
    with ExitStack() as stack:
        http = HttpServer("HTTP", LOOPBACK, settings.http_port)
        stack.callback(http.release)
        ops = HttpServer("operators'", LOOPBACK, settings.ops_port)
        stack.callback(ops.release)
        yield Surroundings(
            settings=settings,
            clock=clock,
            open_transport=transport_opener(settings),
            http=http,
            ops=ops,
        )


def main() -> None:
    """Run until told to stop, or killed."""
    service_name, member, folder, began = sys.argv[1:]
    arm_on_signal(Path(folder), member)
    configure_logs(sys.stdout, renderer="json")
    notifications.CLAIM_LEASE = MAIL_LEASE
    service: Service = importlib.import_module(f"services.{service_name}.service").SERVICE
    surroundings = _surroundings(read_settings(os.environ), SoakClock(float(began)))
    sys.exit(run_service(service, surroundings))


if __name__ == "__main__":
    main()
