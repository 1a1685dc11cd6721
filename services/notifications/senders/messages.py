"""A mail is put together from a template and one checked address, then read back and compared.

The second look is not paranoia: on some Python versions an encoded line break (`=?UTF-8?Q?=0A?=`)
in an address turns into a real one when the header is written, and with it into another header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)

from services.notifications.domain.occasions import Template
from services.notifications.domain.wording import Language, say_day, say_milestone, say_scheme
from services.notifications.senders.port import is_plain_address
from shared.values.money import format_kroner

PLANNED_HEADERS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
    "Content-Language",
)
"""Every header of every mail, in order."""

SENDER_NAME = "Sammen om integration"

_TEMPLATES = Path(__file__).parent.parent / "templates"
_MAIL_POLICY = policy.SMTP.clone(cte_type="7bit")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]")


class UnplannedHeaderError(Exception):
    """The finished message says something else to mail software than was meant; it isn't sent."""


class LetterNotWrittenError(Exception):
    """The template can't be filled in with what is known; a later version of it may be."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be written, to whom, and in which language."""

    notification: str
    template: Template
    language: Language
    recipient: str = field(repr=False)
    parameters: Mapping[str, object]
    written_at: datetime


def compose(letter: Letter, *, from_address: str) -> bytes:
    """Write the letter as a 7-bit message; the same letter always gives the same bytes.

    Raises UnplannedHeaderError when the message would not mean what it should, and
    LetterNotWrittenError when its template asks for what isn't there.
    """
    try:
        subject, body = _render(letter)
    except (TemplateError, TypeError, ValueError) as error:
        raise LetterNotWrittenError(f"{letter.template}.{letter.language}: {error}") from error
    message = EmailMessage(policy=_MAIL_POLICY)
    if not is_plain_address(letter.recipient):
        raise UnplannedHeaderError("the address is not one plain mail address")
    try:
        message["From"] = Address(SENDER_NAME, addr_spec=from_address)
        message["To"] = Address(addr_spec=letter.recipient)
    except (ValueError, IndexError) as error:
        raise UnplannedHeaderError("the address is not one plain mail address") from error
    message["Subject"] = subject
    message["Date"] = format_datetime(letter.written_at)
    message_id = f"<{letter.notification}@{from_address.rpartition('@')[2]}>"
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body, charset="utf-8", cte="quoted-printable")
    # Setting the content removes every Content- header that was there before.
    message["Content-Language"] = letter.language
    content = message.as_bytes()
    require_planned(content, letter.recipient, message_id)
    return content


def require_planned(content: bytes, recipient: str, message_id: str) -> None:
    """Read the finished message as mail software will.

    Raises UnplannedHeaderError unless it has exactly the planned headers, recipient and id.
    """
    if _CONTROL.search(content) or b"\r" in content.replace(b"\r\n", b""):
        raise UnplannedHeaderError("the message has bytes that no 7-bit text has")
    if b"\n" in content.replace(b"\r\n", b""):
        raise UnplannedHeaderError("the message has a line break of its own making")
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    written = [line.partition(":")[0] for line in re.split(r"\r\n(?![ \t])", head)]
    try:
        _require_one_reading(content, written, recipient, message_id)
    except (ValueError, IndexError, AttributeError) as error:  # what the parser trips over
        raise UnplannedHeaderError("the message can't be read back") from error


def _require_one_reading(
    content: bytes, written: list[str], recipient: str, message_id: str
) -> None:
    parsed = BytesParser(policy=policy.SMTP).parsebytes(content)
    if tuple(written) != PLANNED_HEADERS or tuple(parsed.keys()) != PLANNED_HEADERS:
        raise UnplannedHeaderError("the message has other headers than planned")
    addresses = [address.addr_spec for address in parsed["To"].addresses]
    if str(parsed["To"]) != recipient or addresses != [recipient]:
        raise UnplannedHeaderError("the message is addressed to somebody else than planned")
    if str(parsed["Message-ID"]) != message_id:
        raise UnplannedHeaderError("the message has another id than planned")
    for name, text in parsed.items():
        if not str(text).isprintable():
            raise UnplannedHeaderError(f"the header {name} hides control characters")


def _render(letter: Letter) -> tuple[str, str]:
    """The subject and the body; the subject is fixed text and never filled in."""
    environment = _environment(letter.language)
    name = f"{letter.template}.{letter.language}.txt"
    assert environment.loader is not None, "the environment was made with one"
    source, _, _ = environment.loader.get_source(environment, name)
    subject = source.partition("\n")[0].removeprefix("Subject: ")
    _, _, body = environment.get_template(name).render(letter.parameters).partition("\n\n")
    return subject, body


@cache
def _environment(language: Language) -> Environment:
    """Where templates of one language are filled in; a parameter that is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(),
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["day"] = lambda text: say_day(date.fromisoformat(text), language)
    environment.filters["kroner"] = lambda amount_ore: format_kroner(amount_ore, language)
    environment.filters["scheme"] = lambda code: say_scheme(code, language)
    environment.filters["months"] = lambda code: say_milestone(code, language)
    return environment
