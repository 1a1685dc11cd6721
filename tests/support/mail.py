"""A mail server that answers as the test says, speaking real SMTP over real sockets."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ACCEPTED = "250 OK"
BUSY = "450 4.7.1 Greylisted, try again later"
NOBODY = "550 5.1.1 No such user"
SPAM = "554 5.7.1 Not wanted here"
CLOSING = "421 4.3.2 Shutting down"
HANG_UP_IN_DATA = "hang up before the content has arrived"
HANG_UP_AFTER_DATA = "hang up when the content has arrived, before answering"
USER, PASSWORD = "sammen", "p@ss:word/æ"


@dataclass(frozen=True)
class Taken:
    """A mail the server has taken over."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, read as mail software does."""
        return BytesParser(policy=policy.default).parsebytes(self.content)


@dataclass
class MailServer:
    """What the test tells the server to do, and what it saw."""

    port: int = 0
    to_recipients: dict[str, list[str]] = field(default_factory=dict)
    """Answers to RCPT by address, in order; the last one stays."""
    to_contents: dict[str, list[str]] = field(default_factory=dict)
    """Answers to DATA by the recipient's address, in order; the last one stays."""
    to_sender: str | None = None
    taken: list[Taken] = field(default_factory=list)
    arrived: list[Taken] = field(default_factory=list)
    """Every content that came in whole, taken over or not."""
    connections: int = 0
    passwords: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 # the library looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept the sender, unless told otherwise."""
        if self.to_sender is not None:
            return self.to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return ACCEPTED

    async def handle_RCPT(  # noqa: N802 # the library looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Accept the recipient, unless told otherwise."""
        answer = next_answer(self.to_recipients, address)
        if answer == ACCEPTED:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 # the library looks for this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take the mail over, unless told otherwise."""
        content = envelope.content
        assert isinstance(content, bytes)
        taken = Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        self.arrived.append(taken)
        answer = next_answer(self.to_contents, taken.recipients[0])
        if answer == HANG_UP_AFTER_DATA:
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined] # a socket's transport has it
        elif answer == ACCEPTED:
            self.taken.append(taken)
        return answer

    def log_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object
    ) -> AuthResult:
        """Let in who knows the password."""
        assert isinstance(given, LoginPassword)
        self.passwords.append(given.password.decode())
        knows = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=knows, handled=False)


class _Conversation(SMTP):
    """One connection, which can break off in the middle of a mail."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 # the protocol's own name
        server = cast("MailServer", self.event_handler)
        assert self.envelope is not None
        recipient = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        if server.to_contents.get(recipient, [""])[0] == HANG_UP_IN_DATA:
            next_answer(server.to_contents, recipient)
            await self.push("354 Go ahead")
            assert self.transport is not None
            self.transport.abort()  # type: ignore[attr-defined] # a socket's transport has it
            return
        await super().smtp_DATA(arg)


def next_answer(answers: dict[str, list[str]], address: str) -> str:
    """The next thing to say about an address: the last one for ever, `250 OK` if none was set."""
    left = answers.get(address, [ACCEPTED])
    return left.pop(0) if len(left) > 1 else left[0]


@asynccontextmanager
async def mail_server(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: bool = False,
) -> AsyncIterator[MailServer]:
    """A mail server on a free port of this machine, plain unless told otherwise.

    With `login=True` it takes mails only from who knows the password.
    """
    server = MailServer()

    def converse() -> SMTP:
        server.connections += 1
        with warnings.catch_warnings():
            # The library warns of passwords in plain text, which is what a test is about.
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            return conversation()

    def conversation() -> SMTP:
        return _Conversation(
            server,
            hostname="mail.example",
            tls_context=starttls,
            require_starttls=False,
            auth_required=login,
            auth_require_tls=False,
            authenticator=server.log_in if login else None,
            loop=asyncio.get_running_loop(),
        )

    listening = await asyncio.get_running_loop().create_server(converse, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@contextmanager
def no_server() -> Iterator[int]:
    """A port on which nobody listens, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """The port of a server that takes connections and never says a word."""
    stayed: list[asyncio.StreamWriter] = []

    async def stay(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stayed.append(writer)

    listening = await asyncio.start_server(stay, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        for writer in stayed:
            writer.close()
        listening.close()


def server_and_client_context(
    folder: Path, names: Sequence[str]
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a server that is called so, and for a client that believes its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server under test")])
    now = datetime.now(UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(name)) for name in names]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "mail-server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(
        cadata=certificate.public_bytes(serialization.Encoding.PEM).decode()
    )
    return server, client
