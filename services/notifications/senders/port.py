"""What a sender promises.

Delivery is at least once: a process that dies after the next station took a mail over, and before
that is recorded, sends it again. The second copy carries the same Message-ID, so mail software
that looks at it shows one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from services.notifications.domain.delivery import Outcome
from shared.runtime.settings import SettingsError

Channel = Literal["file", "smtp"]


_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def is_plain_address(text: str) -> bool:
    """Whether the text is one mailbox and can't be read as anything else, encoded or not."""
    return _PLAIN_ADDRESS.fullmatch(text) is not None and "=?" not in text


class MailSettingsError(SettingsError):
    """The setting for mail is not usable; the message says why, and never repeats a password."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished message to one recipient."""

    notification: str
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)


class Sender(Protocol):
    """Hands mails over to the next station."""

    @property
    def channel(self) -> Channel:
        """What it is called in NotificationSent."""

    @property
    def from_address(self) -> str:
        """Whom the mails come from; the addressee of bounces."""

    def deliver(self, mails: Sequence[Mail]) -> AsyncGenerator[Outcome, None]:
        """Hand the mails over one after the other; one outcome each, in their order.

        A mail that can't be handed over holds up no other. Nothing is raised but mistakes.
        """
