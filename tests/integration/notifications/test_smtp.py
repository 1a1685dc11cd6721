"""The sender alone, in conversation with a real mail server."""

from __future__ import annotations

import ssl
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from services.notifications.domain.delivery import Accepted, Deferred, Outcome, Refused
from services.notifications.senders.port import Mail
from services.notifications.senders.smtp import ANSWER_SECONDS_MAX, SmtpSender, parse_smtp_url
from tests.support.mail import (
    BUSY,
    CLOSING,
    HANG_UP_AFTER_DATA,
    HANG_UP_IN_DATA,
    NOBODY,
    PASSWORD,
    SPAM,
    USER,
    MailServer,
    mail_server,
    no_server,
    server_and_client_context,
    silent_server,
)

SOON_SECONDS = 0.5
"""To wait for a server that never answers; for others, a busy machine may need longer."""
IDA, BO, EVE = "ida@firma.example", "bo@firma.example", "eve@firma.example"


@dataclass(frozen=True)
class Tls:
    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(*server_and_client_context(tmp_path, ["127.0.0.1"]))


def encrypted_server(scheme: str, tls: Tls) -> AbstractAsyncContextManager[MailServer]:
    if scheme == "smtps":
        return mail_server(tls=tls.server)
    return mail_server(starttls=tls.server)


def mail(recipient: str) -> Mail:
    content = f"To: {recipient}\r\nMessage-ID: <{recipient}>\r\n\r\n.Hej\r\n..\r\n".encode()
    return Mail(f"notice-{recipient}", recipient, content)


async def deliver(
    url: str,
    *recipients: str,
    context: ssl.SSLContext | None = None,
    seconds_max: float = ANSWER_SECONDS_MAX,
) -> list[Outcome]:
    sender = SmtpSender(parse_smtp_url(url), tls_context=context, answer_seconds_max=seconds_max)
    return [outcome async for outcome in sender.deliver([mail(each) for each in recipients])]


def plain(server: MailServer) -> str:
    return f"smtp://127.0.0.1:{server.port}"


async def test_a_batch_goes_over_one_connection_one_message_per_recipient() -> None:
    async with mail_server() as server:
        assert await deliver(plain(server), IDA, BO, EVE) == [Accepted()] * 3
        assert server.connections == 1
        assert [taken.recipients for taken in server.taken] == [(IDA,), (BO,), (EVE,)]
        assert server.taken[0].sender == "no-reply@sammen.example"


async def test_what_arrives_is_what_was_sent_dots_and_all() -> None:
    async with mail_server() as server:
        await deliver(plain(server), IDA)
        assert server.taken[0].content == mail(IDA).content


async def test_nobody_is_connected_to_for_nothing() -> None:
    async with mail_server() as server:
        assert await deliver(plain(server)) == []
        assert server.connections == 0


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (BUSY, Deferred("server_busy", 450)),
        (NOBODY, Refused("recipient_refused", 550)),
        (CLOSING, Deferred("server_busy", 421)),
    ],
)
async def test_an_answer_to_one_recipient_is_that_recipients_alone(
    answer: str, outcome: Outcome
) -> None:
    async with mail_server() as server:
        server.to_recipients[BO] = [answer]
        assert await deliver(plain(server), IDA, BO, EVE) == [Accepted(), outcome, Accepted()]
        assert [taken.recipients for taken in server.taken] == [(IDA,), (EVE,)]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (BUSY, Deferred("server_busy", 450)),
        (SPAM, Refused("content_refused", 554)),
        (HANG_UP_IN_DATA, Deferred("connection_lost")),
        (HANG_UP_AFTER_DATA, Deferred("connection_lost")),
    ],
)
async def test_an_answer_to_one_content_holds_up_no_other(answer: str, outcome: Outcome) -> None:
    async with mail_server() as server:
        server.to_contents[BO] = [answer]
        assert await deliver(plain(server), IDA, BO, EVE) == [Accepted(), outcome, Accepted()]
        assert [taken.recipients for taken in server.taken] == [(IDA,), (EVE,)]


async def test_our_own_address_being_refused_is_not_the_mails_fault() -> None:
    async with mail_server() as server:
        server.to_sender = "550 5.7.1 Sender not allowed"
        assert await deliver(plain(server), IDA) == [Deferred("sender_refused", 550)]


async def test_an_address_no_server_would_take_is_never_sent() -> None:
    async with mail_server() as server:
        injected = "ida@firma.example>\r\nRCPT TO:<eve@firma.example"
        [outcome, _] = await deliver(plain(server), injected, IDA)
        assert outcome == Refused("address_not_plain")
        assert [taken.recipients for taken in server.taken] == [(IDA,)]


async def test_a_server_that_is_away_puts_everything_off() -> None:
    with no_server() as port:
        outcomes = await deliver(f"smtp://127.0.0.1:{port}", IDA, BO)
    assert outcomes == [Deferred("unreachable")] * 2


async def test_a_server_that_never_says_hello_puts_everything_off_after_one_wait() -> None:
    async with silent_server() as port:
        url = f"smtp://127.0.0.1:{port}"
        outcomes = await deliver(url, IDA, BO, EVE, seconds_max=SOON_SECONDS)
    assert outcomes == [Deferred("timeout")] * 3


async def test_starttls_is_used_when_asked_for(tls: Tls) -> None:
    async with mail_server(starttls=tls.server, login=True) as server:
        url = f"smtp+starttls://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
        assert await deliver(url, IDA, context=tls.client) == [Accepted()]
        assert server.passwords == [PASSWORD]


async def test_without_starttls_nothing_is_sent_in_plain_text() -> None:
    """A server, or somebody between, that doesn't offer it, gets neither password nor mail."""
    async with mail_server(login=True) as server:
        url = f"smtp+starttls://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
        assert await deliver(url, IDA) == [Deferred("starttls_missing")]
        assert (server.passwords, server.arrived) == ([], [])


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
async def test_a_certificate_nobody_vouches_for_is_not_sent_to(tls: Tls, scheme: str) -> None:
    async with encrypted_server(scheme, tls) as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        assert await deliver(url, IDA, BO) == [Deferred("tls_failed")] * 2
        assert server.arrived == []


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
async def test_a_certificate_of_somebody_else_is_not_sent_to(tmp_path: Path, scheme: str) -> None:
    tls = Tls(*server_and_client_context(tmp_path, ["127.0.0.9"]))
    async with encrypted_server(scheme, tls) as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        assert await deliver(url, IDA, context=tls.client) == [Deferred("tls_failed")]
        assert server.arrived == []


async def test_tls_from_the_first_byte(tls: Tls) -> None:
    async with mail_server(tls=tls.server) as server:
        url = f"smtps://127.0.0.1:{server.port}"
        assert await deliver(url, IDA, context=tls.client) == [Accepted()]


async def test_a_wrong_password_puts_everything_off(tls: Tls) -> None:
    async with mail_server(tls=tls.server, login=True) as server:
        url = f"smtps://{USER}:wrong@127.0.0.1:{server.port}"
        outcomes = await deliver(url, IDA, BO, context=tls.client)
        assert outcomes == [Deferred("login_refused", 535)] * 2
        assert server.arrived == []
