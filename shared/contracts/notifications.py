"""What the notifications service tells: what was sent to whom's organisation, and what failed."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.base import Event
from shared.contracts.fields import Code, Cvr, Day, Identifier, MunicipalityCode


class NotificationEvent(Event):
    """An event about one notice."""

    publisher: ClassVar[str] = "notifications"
    topic: ClassVar[str] = "notifications.events.v1"
    key_field: ClassVar[str] = "notification"
    draft: ClassVar[bool] = False

    notification: Identifier = Field(description="Id of the notice.")
    template: Code = Field(description="Name of the text that was sent.")


class NotificationSent(NotificationEvent):
    """A notice has been handed over for delivery."""

    channel: Literal["file", "smtp"] = Field(description="How it was sent.")
    sent_on: Day = Field(description="Day on which it was sent.")
    cvr: Cvr | None = Field(default=None, description="Company it was sent to.")
    municipality: MunicipalityCode | None = Field(
        default=None, description="Municipality it was sent to."
    )


class NotificationFailed(NotificationEvent):
    """A notice could not be sent, and nobody tries any more."""

    reason: Code = Field(description="Why it could not be sent.")


EVENTS: Final[tuple[type[Event], ...]] = (NotificationSent, NotificationFailed)
"""Every event of this publisher, in the order of the contract page."""
