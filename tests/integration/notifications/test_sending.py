from __future__ import annotations

import asyncio
import stat
from datetime import date, timedelta
from email import policy
from email.parser import BytesParser

import pytest

from services.notifications.domain.delivery import Deferred, Refused
from services.notifications.senders.port import MailSettingsError
from services.notifications.store import sending
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.runtime.settings import SettingsError
from tests.integration.notifications.office import (
    COMPANY,
    IDA,
    SAM,
    Office,
    contact,
    due,
    joined,
)

EXPIRE_CLAIMS = "UPDATE notice SET claimed_until = clock_timestamp() - interval '1 second'"


async def claim(office: Office, limit: int = 100) -> list[sending.ClaimedNotice]:
    """Claim what is due, as a process that then dies."""
    async with office.context.begin() as work:
        return await sending.claim_notices(
            work.connection, now=work.now, limit=limit, lease=timedelta(minutes=10)
        )


async def test_a_notice_becomes_a_file_and_is_told_of(office: Office) -> None:
    await office.told(contact(IDA), joined())
    await office.send()
    [told] = await office.records()
    sent = told.event
    assert isinstance(sent, NotificationSent)
    assert (sent.template, sent.channel, sent.cvr) == ("company_joined", "file", COMPANY)
    assert sent.sent_on == date(2017, 3, 1)
    assert told.envelope.causation_id is not None
    assert told.envelope.correlation_id == f"began-{told.envelope.causation_id}"
    [mail] = office.mails.iterdir()
    assert mail.name == f"{sent.notification}.eml"
    message = BytesParser(policy=policy.default).parsebytes(mail.read_bytes())
    assert message["To"] == "contact-ida@firma.example"
    assert message["Message-ID"] == f"<{sent.notification}@sammen.example>"


async def test_mails_can_be_read_by_their_owner_only(office: Office) -> None:
    await office.told(contact(IDA), joined())
    await office.send()
    [mail] = office.mails.iterdir()
    assert stat.S_IMODE(office.mails.stat().st_mode) == 0o700
    assert stat.S_IMODE(mail.stat().st_mode) == 0o600


async def test_a_notice_sent_is_not_sent_again(office: Office) -> None:
    await office.told(contact(IDA), joined())
    await office.send()
    [mail] = office.mails.iterdir()
    mail.unlink()
    await office.send()
    assert list(office.mails.iterdir()) == []
    assert len(await office.published()) == 1


async def test_each_contact_is_written_to_in_its_language(office: Office) -> None:
    await office.told(contact(IDA), contact(SAM, language="en"), due())
    await office.send()
    texts = sorted(mail.read_text("ascii") for mail in office.mails.iterdir())
    assert ["DKK 20,000" in text for text in texts].count(True) == 1
    assert ["20.000 kr." in text for text in texts].count(True) == 1


async def test_more_than_a_batch_is_sent_in_one_run(office: Office) -> None:
    await office.told(contact(IDA))
    await office.told(*(due(f"case-{place}") for place in range(120)))
    await office.send()
    assert len(list(office.mails.iterdir())) == 120
    assert {state for _, state in await office.states()} == {"sent"}


async def test_two_processes_share_the_work_and_double_none(office: Office) -> None:
    await office.told(contact(IDA))
    await office.told(*(due(f"case-{place}") for place in range(120)))
    await asyncio.gather(office.send(), office.send(), office.send())
    published = await office.published()
    assert len(published) == 120
    assert len({event.partition_key() for event in published}) == 120
    assert {row["attempts"] for row in await office.notices()} == {1}


async def test_who_claims_passes_over_what_others_are_claiming(office: Office) -> None:
    await office.told(contact(IDA), *(due(f"case-{place}") for place in range(3)))
    lease = timedelta(minutes=10)
    async with office.context.begin() as one, office.context.begin() as other:
        [first] = await sending.claim_notices(one.connection, now=one.now, limit=1, lease=lease)
        rest = await sending.claim_notices(other.connection, now=other.now, limit=9, lease=lease)
    assert len(rest) == 2
    assert first.notification not in {notice.notification for notice in rest}


async def test_what_a_dead_process_had_claimed_is_sent_when_its_claim_runs_out(
    office: Office,
) -> None:
    await office.told(contact(IDA), joined())
    [claimed] = await claim(office)
    await office.send()
    assert await office.states() == [(IDA, "sending")]
    async with office.context.begin() as work:
        await work.connection.execute(EXPIRE_CLAIMS)
    await office.send()
    [notice] = await office.notices()
    assert (notice["state"], notice["attempts"], notice["unclear"]) == ("sent", 2, 1)
    [mail] = office.mails.iterdir()
    assert mail.stem == claimed.notification


async def test_who_lost_a_claim_can_no_longer_put_the_notice_off_or_give_it_up(
    office: Office,
) -> None:
    await office.told(contact(IDA), joined())
    [lost] = await claim(office)
    async with office.context.begin() as work:
        await work.connection.execute(EXPIRE_CLAIMS)
    [_] = await claim(office)
    why = Refused("recipient_refused", 550)
    async with office.context.begin() as work:
        later = work.now + timedelta(days=1)
        await sending.save_notice_deferred(
            work.connection, lost, due_at=later, why=Deferred("timeout")
        )
        assert not await sending.save_notice_failed(
            work.connection, lost, failed_at=work.now, why=why
        )
        await sending.save_notices_untried(work.connection, [lost])
    [notice] = await office.notices()
    assert (notice["state"], notice["attempts"]) == ("sending", 2)


async def test_a_mail_that_left_is_told_of_once_whoever_records_it(office: Office) -> None:
    await office.told(contact(IDA), joined())
    [claimed] = await claim(office)
    for first in (True, False):
        async with office.context.begin() as work:
            told = await sending.save_notice_sent(
                work.connection, claimed.notification, channel="smtp", sent_at=work.now
            )
        assert told is first


async def test_a_folder_that_cannot_be_written_to_puts_mails_off(office: Office) -> None:
    office.mails.write_text("a file where the folder should be")
    await office.told(contact(IDA), joined())
    await office.send()
    [notice] = await office.notices()
    assert (notice["state"], notice["reason"]) == ("due", "file_not_written")
    assert timedelta(minutes=1) <= notice["due_at"] - office.clock.now() <= timedelta(seconds=72)
    office.mails.unlink()
    await office.send()
    assert await office.states() == [(IDA, "due")]
    office.clock.advance_to(notice["due_at"])
    await office.send()
    assert await office.states() == [(IDA, "sent")]


async def test_a_mail_that_would_say_more_than_planned_is_given_up_alone(office: Office) -> None:
    """The address passes the contract but is none; others must not wait for it."""
    await office.told(contact(IDA, email="a..b@firma.example"), contact(SAM), joined())
    await office.send()
    assert await office.states() == [(IDA, "failed"), (SAM, "sent")]
    failed = [event for event in await office.published() if isinstance(event, NotificationFailed)]
    assert [(event.template, event.reason) for event in failed] == [
        ("company_joined", "header_not_planned")
    ]


async def test_a_letter_that_cannot_be_written_waits_for_a_version_that_can(
    office: Office,
) -> None:
    await office.told(contact(IDA), joined(), due())
    async with office.context.begin() as work:
        await work.connection.execute(
            "UPDATE occasion SET parameters = '{}' WHERE template = 'company_joined'"
        )
    await office.send()
    assert [(row["template"], row["state"], row["reason"]) for row in await office.notices()] == [
        ("bonus_instalment_due", "sent", None),
        ("company_joined", "due", "letter_not_written"),
    ]


async def test_how_much_waits_is_counted(office: Office) -> None:
    await office.told(joined(), due())
    await office.send()
    assert b"sammen_notices_waiting 2.0" in office.counted.exposition()
    await office.told(contact(IDA))
    await office.send()
    counted = office.counted.exposition()
    assert b"sammen_notices_waiting 0.0" in counted
    assert b'sammen_mails_total{outcome="sent",template="company_joined"} 1.0' in counted


async def test_no_way_for_mails_to_leave_is_said_and_nothing_is_claimed(office: Office) -> None:
    await office.told(contact(IDA), joined())
    with pytest.raises(MailSettingsError):
        await office.sending_by("carrier-pigeon://roof").send()
    with pytest.raises(SettingsError, match="SAMMEN_SMTP_URL"):
        await office.sending_by(None).send()
    assert await office.states() == [(IDA, "due")]
