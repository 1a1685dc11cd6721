"""Notifications' table of contents."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from services.notifications import handlers
from services.notifications.senders.choice import check_mail_settings
from shared.contracts.bonus import BonusInstalmentDue
from shared.contracts.membership import CompanyJoined, ContactRecorded
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.messaging.work import Hears
from shared.runtime.service import Service, Timer

SEND_EVERY = timedelta(seconds=5)
"""A notice waits at most this long for its first attempt."""

SERVICE = Service(
    name="notifications",
    summary="Whom we told what, in which language, and whether it arrived",
    publishes=(NotificationSent, NotificationFailed),
    hears=(
        Hears(
            name="contacts",
            topics=("membership.contacts.v1",),
            events=(ContactRecorded,),
            handler=handlers.on_contact_recorded,
            on_erased=handlers.on_contacts_erased,
        ),
        Hears(
            name="occasions",
            topics=("membership.events.v1", "bonus.events.v1"),
            events=(CompanyJoined, BonusInstalmentDue),
            handler=handlers.on_something_to_tell,
        ),
    ),
    timers=(Timer(name="send", every=SEND_EVERY, run=handlers.send_due_notices),),
    routers=(),
    migrations=Path(__file__).parent / "migrations",
    needs=("smtp_url",),
    check_settings=check_mail_settings,
)
