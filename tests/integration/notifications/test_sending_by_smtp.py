"""From an event to a mail server and back into the notice, whatever the server does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.contracts.notifications import NotificationFailed, NotificationSent
from tests.integration.notifications.office import IDA, SAM, Office, contact, due, joined
from tests.support.mail import (
    BUSY,
    HANG_UP_AFTER_DATA,
    HANG_UP_IN_DATA,
    NOBODY,
    SPAM,
    MailServer,
    mail_server,
    no_server,
)

IDAS, SAMS = "contact-ida@firma.example", "contact-sam@firma.example"


def by(office: Office, server: MailServer) -> Office:
    return office.sending_by(f"smtp://127.0.0.1:{server.port}")


async def test_a_mail_is_sent_once_and_told_of(office: Office) -> None:
    async with mail_server() as server:
        office = by(office, server)
        await office.told(contact(IDA), joined())
        await office.send()
        await office.send()
        [taken] = server.taken
        assert (taken.recipients, taken.message["To"]) == ((IDAS,), IDAS)
        assert taken.message["Auto-Submitted"] == "auto-generated"
        [sent] = await office.published()
        assert isinstance(sent, NotificationSent)
        assert sent.channel == "smtp"
        assert taken.message["Message-ID"] == f"<{sent.notification}@sammen.example>"


@pytest.mark.parametrize("answer", [BUSY, HANG_UP_IN_DATA])
async def test_a_mail_put_off_is_sent_once_when_its_time_comes(office: Office, answer: str) -> None:
    async with mail_server() as server:
        office = by(office, server)
        server.to_contents[IDAS] = [answer, "250 OK"]
        await office.told(contact(IDA), contact(SAM), joined())
        await office.send()
        assert await office.states() == [(IDA, "due"), (SAM, "sent")]
        await office.send()
        assert [taken.recipients for taken in server.taken] == [(SAMS,)]
        office.clock.advance_to(office.clock.now() + timedelta(seconds=72))
        await office.send()
        assert [taken.recipients for taken in server.taken] == [(SAMS,), (IDAS,)]
        assert await office.states() == [(IDA, "sent"), (SAM, "sent")]
        assert len(await office.published()) == 2


@pytest.mark.parametrize(
    ("to_recipient", "to_content", "reason", "code"),
    [(NOBODY, "250 OK", "recipient_refused", 550), ("250 OK", SPAM, "content_refused", 554)],
)
async def test_a_mail_refused_is_given_up_and_told_of_without_the_servers_words(
    office: Office, to_recipient: str, to_content: str, reason: str, code: int
) -> None:
    async with mail_server() as server:
        office = by(office, server)
        server.to_recipients[IDAS] = [to_recipient]
        server.to_contents[IDAS] = [to_content]
        await office.told(contact(IDA), joined())
        for _ in range(2):
            await office.send()
            office.clock.advance_to(office.clock.now() + timedelta(days=1))
        [notice] = await office.notices()
        assert (notice["state"], notice["attempts"]) == ("failed", 1)
        assert (notice["reason"], notice["reply_code"]) == (reason, code)
        [failed] = await office.published()
        assert isinstance(failed, NotificationFailed)
        assert failed.reason == reason


async def test_when_the_answer_is_lost_the_second_copy_has_the_same_id(office: Office) -> None:
    """At least once: whether the first copy was taken over can't be known."""
    async with mail_server() as server:
        office = by(office, server)
        server.to_contents[IDAS] = [HANG_UP_AFTER_DATA, "250 OK"]
        await office.told(contact(IDA), joined())
        await office.send()
        office.clock.advance_to(office.clock.now() + timedelta(minutes=2))
        await office.send()
        first, second = server.arrived
        assert first.content == second.content
        assert first.message["Message-ID"] == second.message["Message-ID"]
        assert len(await office.published()) == 1


async def test_a_server_away_for_five_days_needs_a_person(office: Office) -> None:
    await office.told(contact(IDA), due())
    began_at = office.clock.now()
    attempts = 0
    with no_server() as port:
        office = office.sending_by(f"smtp://127.0.0.1:{port}")
        while (await office.states()) == [(IDA, "due")]:
            await office.send()
            [notice] = await office.notices()
            attempts += 1
            office.clock.advance_to(max(notice["due_at"], office.clock.now()))
    assert (notice["state"], notice["reason"]) == ("failed", "unreachable")
    assert timedelta(days=5) <= office.clock.now() - began_at <= timedelta(days=5, hours=5)
    assert 30 <= attempts <= 40
    [failed] = await office.published()
    assert isinstance(failed, NotificationFailed)


async def test_recipients_seen_are_recipients_meant(office: Office) -> None:
    """Addresses that would add headers or recipients never reach the wire, by any way."""
    async with mail_server() as server:
        office = by(office, server)
        await office.told(contact(IDA), contact(SAM), joined())
        async with office.context.begin() as work:
            await work.connection.execute(
                "UPDATE contact SET email = $1 WHERE contact = $2",
                "=?UTF-8?Q?=0A?=Bcc:eve@firma.example",
                IDA,
            )
        await office.send()
        assert [taken.recipients for taken in server.arrived] == [(SAMS,)]
        assert b"Bcc" not in server.arrived[0].content
        assert await office.states() == [(IDA, "failed"), (SAM, "sent")]
