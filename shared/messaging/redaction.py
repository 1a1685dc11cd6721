"""What may be kept of a record that nobody could decide: no person number, ever."""

from __future__ import annotations

from shared.values.persons import contains_person_number, mask_person_numbers


def redacted_bytes(content: bytes) -> bytes:
    """The bytes with each person number in them masked; the very same when there is none.

    Text that hides a number between null bytes (as UTF-16 does) can't be masked in place, so
    nothing of it is kept.
    """
    try:
        text, encoding = content.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = content.decode("latin-1"), "latin-1"
    if "\0" in text and contains_person_number(text.replace("\0", "")):
        return b""
    return mask_person_numbers(text).encode(encoding) if contains_person_number(text) else content


def storable_text(text: str, *, length_max: int = 2000) -> str:
    """The text as it may be kept in a column: masked, cut, and nothing PostgreSQL can't hold."""
    whole = mask_person_numbers(text).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return whole.encode("utf-8", "replace").decode()[:length_max]
