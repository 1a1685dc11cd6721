"""The system at work: embedded (`up`), one service alone (`run`), and tokens for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TextIO

from shared.observability.logs import configure_logs
from shared.runtime.clock import SystemClock
from shared.runtime.embedded import embedded_surroundings, local_issuer
from shared.runtime.service import Service
from shared.runtime.settings import SettingsError, read_settings, variable
from shared.runtime.supervision import run_process, run_until_stopped
from shared.runtime.system import System
from shared.web.identity import Role


def say(sentence: str) -> None:
    """Tell the person at the terminal what was filled in."""
    sys.stderr.write(f"sammen: {sentence}\n")
    sys.stderr.flush()


def log_to(stream: TextIO, *, level: str = "INFO") -> None:
    """Log to the stream: for reading at a terminal, as JSON elsewhere."""
    configure_logs(stream, renderer="human" if stream.isatty() else "json", level=level)


def up(services: Sequence[Service]) -> int:
    """The embedded system, empty or as it was left, until stopped; the exit status."""
    settings = read_settings(os.environ)
    log_to(sys.stderr)
    surroundings = embedded_surroundings(settings, services, SystemClock(), say)
    return run_process(run_until_stopped(surroundings, services, started=_announce))


def _announce(system: System) -> None:
    sys.stdout.write(
        f"Sammen is up: {system.address}/ (API: {system.address}/openapi.json)\n"
        f"Health and metrics: {system.ops_address}/health/ready, {system.ops_address}/metrics\n"
        "Stop it with Ctrl-C.\n"
    )
    sys.stdout.flush()


def token(
    role: Role,
    *,
    municipality: str | None,
    cvr: str | None,
    subject: str | None,
    lifetime: timedelta,
) -> str:
    """A token of the development issuer. Raises SettingsError when another issuer is set."""
    settings = read_settings(os.environ)
    issuer = local_issuer(settings)
    if settings.oidc_issuer not in {None, issuer.address}:
        raise SettingsError(
            f"{variable('oidc_issuer')} is {settings.oidc_issuer}: only that issuer can make "
            "tokens it is believed for. `sammen token` makes those of the development issuer of "
            "`sammen up`; unset the variable to use it."
        )
    return issuer.issue_token(
        role, municipality=municipality, cvr=cvr, subject=subject, lifetime=lifetime
    )
