"""Names and mail addresses are checked once, where they enter, so that nobody after can be fooled.

An address that passes is one plain ASCII mailbox: no display name, no quoting, no encoded word
(`=?...?=`), nothing a mail header could read as more than one address. A name may be written in any
language, but on one line, and holds no person number.
"""

from __future__ import annotations

import re

from shared.values.persons import contains_person_number

ADDRESS_CHARACTERS_MAX = 254
"""RFC 5321: a path has at most 256 octets, its angle brackets included."""

LOCAL_PART_CHARACTERS_MAX = 64
"""RFC 5321, 4.5.3.1.1."""

NAME_CHARACTERS_MAX = 200
"""Longer than any registered company name seen; keeps a record small."""

ENCODED_WORD = "=?"
"""Begins an RFC 2047 encoded word, which some mail software decodes into line breaks."""

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}")


class InvalidEmailAddressError(ValueError):
    """The text is not one plain mail address."""


class InvalidNameError(ValueError):
    """The text can't be a name: empty, too long, or with characters no name has."""


def parse_email_address(text: str) -> str:
    """Return the address with its domain in lower case; the part before the @ is kept.

    Raises InvalidEmailAddressError.
    """
    stripped = text.strip(" ")
    local, at, domain = stripped.rpartition("@")
    if not at or "@" in local:
        raise InvalidEmailAddressError("a mail address has exactly one @, as in navn@firma.dk")
    if ENCODED_WORD in stripped:
        raise InvalidEmailAddressError('a mail address may not contain "=?"')
    if not _LOCAL_PART.fullmatch(local) or len(local) > LOCAL_PART_CHARACTERS_MAX:
        raise InvalidEmailAddressError(
            "the part before the @ has 1 to 64 letters a-z, digits or the signs of a plain"
            " address, and no quotes, spaces or line breaks"
        )
    if not _DOMAIN.fullmatch(domain.lower()):
        raise InvalidEmailAddressError(
            "the part after the @ is a domain name in letters a-z, as in firma.dk"
        )
    address = f"{local}@{domain.lower()}"
    if len(address) > ADDRESS_CHARACTERS_MAX:
        raise InvalidEmailAddressError(
            f"a mail address has at most {ADDRESS_CHARACTERS_MAX} characters"
        )
    if contains_person_number(address):
        raise InvalidEmailAddressError("a mail address may not contain a person number")
    return address


def parse_name(text: str) -> str:
    """Return the name with single spaces between its words.

    Raises InvalidNameError.
    """
    spaced = text.replace("\u00a0", " ")
    if not spaced.isprintable():
        raise InvalidNameError("a name is one line, without control or invisible characters")
    if ENCODED_WORD in spaced:
        raise InvalidNameError('a name may not contain "=?"')
    name = " ".join(spaced.split())
    if not any(character.isalnum() for character in name):
        raise InvalidNameError("a name has at least one letter or digit")
    if len(name) > NAME_CHARACTERS_MAX:
        raise InvalidNameError(f"a name has at most {NAME_CHARACTERS_MAX} characters")
    if contains_person_number(name):
        raise InvalidNameError("a name may not contain a person number")
    return name
