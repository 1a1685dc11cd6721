"""What a person is told when a command can't do what was asked: one line, with the remedy."""

from __future__ import annotations

from typing import Final

from services.bonus.assess.cases import InvalidInputError
from services.bonus.rules.documents import InvalidRuleError
from services.commands.rounds import RoundCutOffError
from services.demo.drive import DemoError
from services.demo.timeline import SampleProgrammeError
from shared.contracts.gate import BreakingContractChangeError
from shared.contracts.topics import InvalidTopicsError
from shared.database import (
    DatabaseUnavailableError,
    EmbeddedPostgresError,
    MigrationError,
    fault_of,
)
from shared.messaging.dead_letters import DeadLetterNotFoundError
from shared.messaging.outbox import EventNotKeptError
from shared.messaging.transport import TransportError
from shared.runtime.datadir import DataDirHeldError, DataDirUnusableError
from shared.runtime.settings import SettingsError
from shared.runtime.system import NotSettledError
from shared.web.issuer import TokenRequestError
from shared.web.server import PortTakenError

FAILED: Final = 1
USAGE: Final = 2
"""What was asked for can't be meant: an option, or the environment, says it wrongly."""

USAGE_ERRORS: Final = (InvalidInputError, InvalidRuleError, SettingsError, TokenRequestError)
FAULTS: Final = (
    BreakingContractChangeError,
    DatabaseUnavailableError,
    DataDirHeldError,
    DataDirUnusableError,
    DemoError,
    DeadLetterNotFoundError,
    EmbeddedPostgresError,
    EventNotKeptError,
    InvalidTopicsError,
    MigrationError,
    NotSettledError,
    PortTakenError,
    RoundCutOffError,
    SampleProgrammeError,
    TransportError,
)


def status_of(error: Exception) -> int | None:
    """The exit status for an error that its own message explains; None for a mistake of ours."""
    if isinstance(error, USAGE_ERRORS):
        return USAGE
    if isinstance(error, FAULTS) or fault_of(error) is not None:
        return FAILED
    return None
