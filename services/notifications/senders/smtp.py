"""Mails by SMTP: one connection per batch, one message per recipient, encryption as configured.

`smtps://` speaks TLS from the first byte, `smtp+starttls://` turns to TLS or sends nothing, and
`smtp://` is plain, for a relay on the same machine or network; it carries no password elsewhere
than to this machine. Certificates are checked. Nothing falls back to less than was asked for.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiosmtplib

from services.notifications.domain.delivery import Accepted, Deferred, Outcome, Reason, Refused
from services.notifications.senders.port import (
    Channel,
    Mail,
    MailSettingsError,
    is_plain_address,
)

ANSWER_SECONDS_MAX = 30.0
"""How long to wait for a connection, a banner or an answer; less than a slow banner's minute."""

PERMANENT_CODES_FROM = 500
SERVICE_CLOSING_CODE = 421
DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
URL_FORMS = (
    "smtp://host:port, smtps://user:password@host:port"
    " or smtp+starttls://user:password@host:port, each with ?from=address"
)


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server that takes our mails, and how to speak to it."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    from_address: str


def parse_smtp_url(text: str) -> Relay:
    """Read SAMMEN_SMTP_URL.

    Raises MailSettingsError, whose message never repeats the password.
    """
    url = urlsplit(text)
    try:
        port = url.port
    except ValueError:
        raise MailSettingsError("SAMMEN_SMTP_URL: the port is no number up to 65535") from None
    if url.scheme not in DEFAULT_PORTS or not url.hostname or url.path.strip("/"):
        raise MailSettingsError(f"SAMMEN_SMTP_URL is none of: {URL_FORMS}")
    if (url.username is None) != (url.password is None):
        raise MailSettingsError("SAMMEN_SMTP_URL has a user without a password, or the reverse")
    if url.scheme == "smtp" and url.password is not None and url.hostname not in LOOPBACK:
        raise MailSettingsError(
            "SAMMEN_SMTP_URL would send the password unencrypted; use smtps or smtp+starttls"
        )
    return Relay(
        scheme=url.scheme,
        host=url.hostname,
        port=port or DEFAULT_PORTS[url.scheme],
        user=unquote(url.username) if url.username is not None else None,
        password=unquote(url.password) if url.password is not None else None,
        from_address=_from_address(url),
    )


def _from_address(url: SplitResult) -> str:
    asked = parse_qs(url.query).get("from", [])
    if len(asked) == 1 and is_plain_address(asked[0]):
        return asked[0]
    if not asked and url.hostname in LOOPBACK:
        return "no-reply@sammen.example"
    raise MailSettingsError("SAMMEN_SMTP_URL says not whom mails come from; add ?from=address")


class SmtpSender:
    """Hands mails to one relay."""

    channel: Channel = "smtp"

    def __init__(
        self,
        relay: Relay,
        *,
        tls_context: ssl.SSLContext | None = None,
        answer_seconds_max: float = ANSWER_SECONDS_MAX,
    ) -> None:
        self._relay = relay
        self._tls_context = tls_context
        self._answer_seconds_max = answer_seconds_max

    @property
    def from_address(self) -> str:
        """The address in From and in the envelope."""
        return self._relay.from_address

    async def deliver(self, mails: Sequence[Mail]) -> AsyncGenerator[Outcome, None]:
        """Send over one connection, and a new one after a mail that broke it.

        A relay that can't be reached puts off all mails that are left.
        """
        client = self._client()
        unreachable: Deferred | None = None
        try:
            for mail in mails:
                if unreachable is None and not client.is_connected:
                    client = self._client()
                    unreachable = await self._connect(client)
                yield unreachable or await self._send(client, mail)
        finally:
            await self._leave(client)

    def _client(self) -> aiosmtplib.SMTP:
        relay = self._relay
        return aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user,
            password=relay.password,
            # Without a name of ours the library looks one up, and may block on DNS.
            local_hostname=relay.from_address.rpartition("@")[2],
            timeout=self._answer_seconds_max,
            use_tls=relay.scheme == "smtps",
            # True insists; None, the default, would quietly do without.
            start_tls=relay.scheme == "smtp+starttls",
            validate_certs=True,
            tls_context=self._tls_context,
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> Deferred | None:
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            return _why(error)
        return None

    async def _send(self, client: aiosmtplib.SMTP, mail: Mail) -> Outcome:
        # The library would pick an address out of whatever it is given, and write to that.
        if not is_plain_address(mail.recipient):
            return Refused("address_not_plain")
        try:
            await client.sendmail(self.from_address, [mail.recipient], mail.content)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _by_code(client, error.recipients[0].code, "recipient_refused")
        except aiosmtplib.SMTPSenderRefused as error:
            # Our address is refused, not this mail: a setting to mend, so the mail waits for it.
            _close_if_closing(client, error.code)
            return Deferred("sender_refused", error.code)
        except aiosmtplib.SMTPDataError as error:
            return _by_code(client, error.code, "content_refused")
        except (aiosmtplib.SMTPException, OSError) as error:
            # Whether the relay has the mail is not known: the same bytes are sent again later.
            client.close()
            return _why(error)
        return Accepted()

    async def _leave(self, client: aiosmtplib.SMTP) -> None:
        """Say good-bye; what was accepted stays accepted whether or not the relay answers."""
        if client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        client.close()


def _by_code(client: aiosmtplib.SMTP, code: int, refusal: Reason) -> Outcome:
    _close_if_closing(client, code)
    if code >= PERMANENT_CODES_FROM:
        return Refused(refusal, code)
    return Deferred("server_busy", code)


def _close_if_closing(client: aiosmtplib.SMTP, code: int) -> None:
    if code == SERVICE_CLOSING_CODE:
        client.close()


def _why(error: Exception) -> Deferred:
    """What went wrong with the connection, in codes of ours and never in the server's words."""
    cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    reason: Reason = "unreachable"
    match cause:
        case ssl.SSLError():
            reason = "tls_failed"
        case aiosmtplib.SMTPAuthenticationError():
            reason = "login_refused"
        case aiosmtplib.SMTPResponseException():
            reason = "server_busy"
        case aiosmtplib.SMTPNotSupported():
            reason = "login_refused"
        case TimeoutError():
            reason = "timeout"
        case aiosmtplib.SMTPServerDisconnected():
            reason = "connection_lost"
        case aiosmtplib.SMTPException() if type(cause) is aiosmtplib.SMTPException:
            reason = "starttls_missing"  # what the library has no class of its own for
    return Deferred(reason, getattr(cause, "code", None) if reason != "tls_failed" else None)
