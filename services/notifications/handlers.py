"""What is heard becomes notices, in the transaction that heard it; a timer sends them.

Sending is at least once: a mail is claimed, handed over, and recorded as sent, in that order. Only
a process that dies between the last two sends a mail a second time, with the same Message-ID.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta

from services.notifications.domain import occasions
from services.notifications.domain.delivery import (
    JITTER_PERMILLE,
    Deferred,
    GivenUp,
    Outcome,
    Refused,
    Sent,
    TryAgain,
    decide,
)
from services.notifications.domain.occasions import Occasion
from services.notifications.senders.choice import sender_for
from services.notifications.senders.messages import (
    Letter,
    LetterNotWrittenError,
    UnplannedHeaderError,
    compose,
)
from services.notifications.senders.port import Mail, Sender
from services.notifications.store import sending, telling
from services.notifications.store.sending import ClaimedNotice
from services.notifications.store.telling import Contact
from shared.contracts.bonus import BonusInstalmentDue
from shared.contracts.membership import CompanyJoined, ContactRecorded
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.messaging.work import Received, Work
from shared.observability.catalogue import MailOutcome
from shared.observability.logs import Log
from shared.runtime.service import ServiceContext

LOG = Log(__name__)

BATCH_MAILS = 50
"""Mails sent over one connection before looking again what is due."""

RUN_SECONDS_MAX = 120.0
"""No mail is begun after so long; what is left is given back. One mail may still take minutes."""

CLAIM_LEASE = timedelta(minutes=10)
"""Longer than a run with its last mail can take, so only a dead process loses its claim."""


async def on_contact_recorded(work: Work, received: Sequence[Received[ContactRecorded]]) -> None:
    """Keep whom to write to, and make the notices that waited for them."""
    contacts = list(_last_told(received).values())
    await telling.lock_audiences(
        work.connection, sorted({contact.cvr for contact in contacts if contact.cvr is not None})
    )
    work.steps.begin("write")
    await telling.save_contacts(work.connection, contacts)
    await telling.insert_notices_for_contacts(work.connection, contacts, now=work.now)


async def on_contacts_erased(work: Work, contacts: Sequence[str]) -> None:
    """Forget contacts: their addresses, and what they were still to be told."""
    companies = await telling.list_companies_of_contacts(work.connection, contacts)
    await telling.lock_audiences(work.connection, companies)
    work.steps.begin("write")
    await telling.delete_contacts(work.connection, contacts, erased_at=work.now)


async def on_something_to_tell(
    work: Work, received: Sequence[Received[CompanyJoined | BonusInstalmentDue]]
) -> None:
    """Note what there is to tell, and make its notices for the contacts known."""
    told = [(_occasion(each), each.cause) for each in received]
    await telling.lock_audiences(work.connection, sorted({occasion.cvr for occasion, _ in told}))
    work.steps.begin("write")
    await telling.insert_occasions(work.connection, told)
    await telling.insert_notices_of_occasions(
        work.connection, [occasion for occasion, _ in told], now=work.now
    )


def _occasion(received: Received[CompanyJoined | BonusInstalmentDue]) -> Occasion:
    match received.event:
        case CompanyJoined() as joined:
            return occasions.company_joined(
                cvr=joined.cvr, joined_on=joined.joined_on, occurred_at=received.occurred_at
            )
        case BonusInstalmentDue() as due:
            return occasions.bonus_instalment_due(
                case=due.case,
                scheme=due.scheme,
                milestone=due.milestone,
                employer=due.employer,
                amount_ore=due.amount_ore,
                due_on=due.due_on,
                occurred_at=received.occurred_at,
            )


def _last_told(received: Sequence[Received[ContactRecorded]]) -> Mapping[str, Contact]:
    """Each contact as the batch tells it last."""
    contacts: dict[str, Contact] = {}
    for each in received:
        event = each.event
        contacts[event.contact] = Contact(
            contact=event.contact,
            organisation=event.organisation,
            cvr=event.cvr if event.organisation == "company" else None,
            municipality=event.municipality,
            email=event.email,
            language=event.language,
            roles=tuple(sorted(set(event.roles))),
            recorded_at=each.occurred_at,
        )
    return contacts


async def send_due_notices(context: ServiceContext) -> None:
    """Send what is due, batch after batch, until nothing is or the time is up."""
    sender = sender_for(context.settings)
    ends_at = asyncio.get_running_loop().time() + RUN_SECONDS_MAX
    while await _send_batch(context, sender, ends_at=ends_at):
        pass
    async with context.begin() as work:
        waiting = await sending.count_waiting(work.connection)
    context.metrics.notices_waiting().set(waiting)


async def _send_batch(context: ServiceContext, sender: Sender, *, ends_at: float) -> bool:
    """Send one batch; say whether there may be more to send now."""
    async with context.begin() as work:
        claimed = await sending.claim_notices(
            work.connection, now=work.now, limit=BATCH_MAILS, lease=CLAIM_LEASE
        )
    mails: list[tuple[ClaimedNotice, Mail]] = []
    for notice in claimed:
        try:
            mails.append((notice, _mail(notice, sender)))
        except UnplannedHeaderError:
            await _settle(context, sender, notice, Refused("header_not_planned"))
        except LetterNotWrittenError as error:
            # Ours to mend: the notice waits for the version that can write it.
            LOG.warning("notice_waiting", notification=notice.notification, detail=str(error))
            await _settle(context, sender, notice, Deferred("letter_not_written"))
    tried = 0
    async with aclosing(sender.deliver([mail for _, mail in mails])) as outcomes:
        while tried < len(mails) and asyncio.get_running_loop().time() < ends_at:
            outcome = await anext(outcomes)
            # Recorded one by one: a mail that left and is not yet noted is the only one in doubt.
            await _settle(context, sender, mails[tried][0], outcome)
            tried += 1
    if untried := [notice for notice, _ in mails[tried:]]:
        async with context.begin() as work:
            await sending.save_notices_untried(work.connection, untried)
    return len(claimed) == BATCH_MAILS and not untried


def _mail(notice: ClaimedNotice, sender: Sender) -> Mail:
    letter = Letter(
        notification=notice.notification,
        template=notice.template,
        language=notice.language,
        recipient=notice.email,
        parameters=notice.parameters,
        written_at=notice.created_at,
    )
    content = compose(letter, from_address=sender.from_address)
    return Mail(notice.notification, notice.email, content)


async def _settle(
    context: ServiceContext, sender: Sender, notice: ClaimedNotice, outcome: Outcome
) -> None:
    """Record what became of a mail, and tell of it, in one transaction."""
    jitter_permille = secrets.randbelow(JITTER_PERMILLE + 1)
    async with context.begin() as work:
        decision = decide(
            outcome,
            attempts=notice.attempts,
            first_tried_at=notice.first_tried_at,
            now=work.now,
            jitter_permille=jitter_permille,
        )
        match decision:
            case Sent():
                became = await _record_sent(work, sender, notice)
            case TryAgain(due_at, why):
                became = "retried"
                await sending.save_notice_deferred(work.connection, notice, due_at=due_at, why=why)
            case GivenUp():
                became = await _record_failed(work, notice, decision)
    context.metrics.mails(template=notice.template, outcome=became).inc()


async def _record_sent(work: Work, sender: Sender, notice: ClaimedNotice) -> MailOutcome:
    is_first = await sending.save_notice_sent(
        work.connection, notice.notification, channel=sender.channel, sent_at=work.now
    )
    if is_first:
        sent = NotificationSent(
            notification=notice.notification,
            template=notice.template,
            channel=sender.channel,
            sent_on=work.today,
            cvr=notice.cvr,
        )
        work.publish(sent, cause=notice.cause)
    return "sent"


async def _record_failed(work: Work, notice: ClaimedNotice, given_up: GivenUp) -> MailOutcome:
    why = given_up.why
    is_first = await sending.save_notice_failed(
        work.connection, notice, failed_at=work.now, why=why
    )
    if is_first:
        failed = NotificationFailed(
            notification=notice.notification, template=notice.template, reason=why.reason
        )
        work.publish(failed, cause=notice.cause)
    LOG.warning(
        "notice_failed",
        notification=notice.notification,
        reason=why.reason,
        reply_code=why.reply_code,
        attempts=notice.attempts,
    )
    return "failed"
