from __future__ import annotations

from dataclasses import replace

import pytest

from shared.contracts.membership import CompanyJoined, ContactRecorded
from shared.messaging.reading import condemn, read
from shared.messaging.work import Cause, Hears, Received
from tests.support.messaging import NOON, TOPIC, Bookkeeper, Log, cvrs, joined, of_unknown_type

HEARS = Bookkeeper().hears()
CONTACTS = "membership.contacts.v1"


async def forget(_work: object, _keys: object) -> None:
    """Nothing is held here."""


FORGETFUL = Hears(
    name="contacts",
    topics=(CONTACTS,),
    events=(ContactRecorded,),
    handler=Bookkeeper(),
    on_erased=forget,
)


def test_a_heard_event_is_read_with_where_it_lies_and_what_led_to_it() -> None:
    cvr = cvrs(1)[0]
    reading = read(Log(partition=3).record(joined(cvr), event_id="e-1"), HEARS)

    assert reading.kind == "heard"
    assert reading.received == Received(
        event=joined(cvr),
        event_id="e-1",
        occurred_at=NOON,
        topic=TOPIC,
        partition=3,
        offset=0,
        key=cvr,
        cause=Cause("e-1", "e-1", None),
    )
    assert reading.stops == (TOPIC, cvr.encode())


def test_an_event_this_consumer_does_not_decide_passes_by() -> None:
    deaf = replace(HEARS, events=())
    assert read(Log().record(joined(cvrs(1)[0])), deaf).kind == "passed_by"


def test_a_type_nobody_knows_is_read_as_such() -> None:
    reading = read(of_unknown_type(Log().record(joined(cvrs(1)[0]))), HEARS)
    assert (reading.kind, reading.event_type) == (
        "unknown_type",
        "dk.sammen.membership.CompanyMerged.v1",
    )


def test_an_unreadable_record_is_malformed_and_says_why() -> None:
    reading = read(replace(Log().record(joined(cvrs(1)[0])), value=b"{"), HEARS)
    assert (reading.kind, reading.reason) == ("malformed", "not_json")


def test_a_record_without_a_key_stops_nothing() -> None:
    assert read(Log().raw(b"{", key=None), HEARS).stops is None


@pytest.mark.parametrize("event_id", ["a\x00b", "line\nbreak", "i" * 201])
def test_an_id_that_can_not_be_kept_is_malformed(event_id: str) -> None:
    reading = read(Log().record(joined(cvrs(1)[0]), event_id=event_id), HEARS)
    assert (reading.kind, reading.event_id) == ("malformed", None)


def test_an_id_of_the_greatest_length_is_kept() -> None:
    assert read(Log().record(joined(cvrs(1)[0]), event_id="i" * 200), HEARS).kind == "heard"


def test_a_null_value_erases_where_erasures_are_heard() -> None:
    record = Log(topic=CONTACTS).raw(None, key=b"contact-1", headers=[("CE_ID", b"e-1")])
    reading = read(record, FORGETFUL)
    assert (reading.kind, reading.event_id) == ("erased", "e-1")


def test_an_erasure_without_an_id_is_known_by_where_it_lies() -> None:
    reading = read(Log(topic=CONTACTS, partition=2).raw(None, key=b"contact-1"), FORGETFUL)
    assert (reading.kind, reading.event_id) == ("erased", f"{CONTACTS}/2/0")


def test_a_null_value_is_malformed_where_nothing_is_erased() -> None:
    deaf = replace(FORGETFUL, on_erased=None)
    reading = read(Log(topic=CONTACTS).raw(None, key=b"contact-1"), deaf)
    assert (reading.kind, reading.reason) == ("malformed", "no_value")


def test_a_null_value_without_a_key_erases_nothing() -> None:
    assert read(Log(topic=CONTACTS).raw(None, key=None), FORGETFUL).kind == "malformed"


def test_a_person_number_in_a_key_is_masked_before_it_is_kept() -> None:
    reading = read(Log().raw(b"{}", key=b"610180-1234"), HEARS)
    assert reading.stops is not None
    assert b"610180" not in reading.stops[1]


def test_a_condemned_record_is_no_longer_to_be_handled() -> None:
    reading = condemn(read(Log().record(joined(cvrs(1)[0])), HEARS), "odd", "very")
    assert (reading.kind, reading.received) == ("undecidable", None)
    assert (reading.reason, reading.detail) == ("odd", "very")
    assert CompanyJoined.event_type() == reading.event_type
