"""A record of a company that joined, to be spoilt in one place at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from shared.contracts.attributes import MalformedReason
from shared.contracts.envelope import (
    Decoded,
    Malformed,
    Tombstone,
    UnknownType,
    decode,
    encode,
    envelope_for,
)
from shared.contracts.membership import CompanyJoined

Headers = list[tuple[str, bytes | None]]
Outcome = Decoded | Tombstone | Malformed | UnknownType

JOINED = CompanyJoined(cvr="99000007", joined_on=date(2016, 6, 11))
TOPIC = "membership.events.v1"
CONTACTS = "membership.contacts.v1"
ID = "015a8934-71c0-7df7-8ecf-e9893c1d8cf5"
NOON = datetime(2016, 6, 11, 10, 0, 0, 123456, tzinfo=UTC)
BODY = b'{"cvr":"99000007","joined_on":"2016-06-11"}'


def headers_with(**changed: bytes | None) -> Headers:
    """The headers of JOINED; underscores in names of other headers stand for hyphens."""
    found: dict[str, bytes | None] = dict(encode(JOINED, envelope_for(JOINED, time=NOON)).headers)
    found["ce_id"] = ID.encode()
    for name, text in changed.items():
        found[name if name.startswith("ce_") else name.replace("_", "-")] = text
    return list(found.items())


def read(
    value: bytes | None = BODY,
    headers: Sequence[tuple[str, bytes | None]] | None = None,
    *,
    topic: str = TOPIC,
    key: bytes | None = b"99000007",
) -> Outcome:
    given_headers = headers_with() if headers is None else headers
    return decode(topic=topic, key=key, value=value, headers=given_headers)


def assert_joined(outcome: Outcome) -> Decoded:
    assert isinstance(outcome, Decoded), outcome
    assert outcome.event == JOINED
    return outcome


def refused(outcome: Outcome) -> MalformedReason:
    assert isinstance(outcome, Malformed), outcome
    assert outcome.detail
    assert outcome.detail.isprintable()
    return outcome.reason
