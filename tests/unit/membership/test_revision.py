from __future__ import annotations

from datetime import date

from services.membership.domain.revision import (
    Company,
    Contact,
    Joining,
    revise,
    twice_told_address,
)

CVR = "99000007"
IDA = Contact("Ida Holm", "ida@firma.example", "da", ())
SAM = Contact("Sam Reed", "sam@firma.example", "en", ("bonus",))
STORED = Company(CVR, "Åen ApS", date(2016, 6, 11), {"c1": IDA, "c2": SAM})


def told(*contacts: Contact, name: str = "Åen ApS") -> Joining:
    return Joining(CVR, name, contacts)


def test_the_same_told_again_in_another_order_changes_nothing() -> None:
    assert revise(STORED, told(SAM, IDA)).is_empty


def test_another_name_is_a_change() -> None:
    revision = revise(STORED, told(IDA, SAM, name="Aaen A/S"))
    assert revision.name == "Aaen A/S"
    assert not revision.is_empty
    assert (revision.added, dict(revision.changed), revision.dropped) == ((), {}, ())


def test_a_contact_is_the_same_as_long_as_the_address_is() -> None:
    renamed = Contact("Ida Holm-Reed", "IDA@firma.example", "en", ("bonus",))
    revision = revise(STORED, told(renamed, SAM))
    assert dict(revision.changed) == {"c1": renamed}
    assert (revision.added, revision.dropped) == ((), ())


def test_another_address_is_another_contact() -> None:
    moved = Contact("Ida Holm", "holm@firma.example", "da", ())
    revision = revise(STORED, told(moved, SAM))
    assert revision.added == (moved,)
    assert revision.dropped == ("c1",)
    assert dict(revision.changed) == {}


def test_leaving_everybody_out_drops_everybody() -> None:
    assert revise(STORED, told()).dropped == ("c1", "c2")


def test_an_address_told_twice_is_found_whatever_its_case() -> None:
    assert twice_told_address((IDA, SAM)) is None
    shouted = Contact("Ida", "IDA@firma.example", "da", ())
    assert twice_told_address((IDA, SAM, shouted)) == "IDA@firma.example"
