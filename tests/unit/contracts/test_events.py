"""What holds for every event there is."""

from __future__ import annotations

import json
from datetime import date
from typing import get_args

import pytest
from pydantic import ValidationError

from shared.contracts import base, bonus, membership, placements, reports
from shared.contracts.base import Event
from shared.contracts.registry import COMPACTED_TOPICS, EVENT_TYPES, EVENTS, events_of
from shared.contracts.samples import SAMPLES
from shared.values.persons import contains_person_number

PERSON_NUMBER = "610180-1234"  # constructed: 60 is added to the day of birth
PUBLISHED = {
    "CompanyJoined",
    "CompanyUpdated",
    "PlacesPledged",
    "EmployerSectorReported",
    "ContactRecorded",
    "PersonRegistered",
    "PersonCorrected",
    "PlacementStarted",
    "PlacementCorrected",
    "EmploymentConfirmed",
    "LeaveRecorded",
    "PlacementExtended",
    "PlacementEnded",
    "PlacementEndRetracted",
    "PlacementAnnulled",
    "PlacementReinstated",
    "CourseCompleted",
    "ReportReceipt",
    "BonusApplied",
    "BonusAssessed",
    "BonusAccrued",
    "BonusInstalmentDue",
    "BonusRefused",
    "BonusUnderReview",
    "ReviewDecided",
    "PayoutOrdered",
    "RepaymentClaimRaised",
    "RepaymentClaimChanged",
    "RepaymentClaimWithdrawn",
    "RepaymentClaimDecided",
    "PayoutSettled",
    "PayoutRejected",
    "PayoutReturned",
    "NotificationSent",
    "NotificationFailed",
}

every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())


def concrete_subclasses(kind: type[Event]) -> set[type[Event]]:
    below = kind.__subclasses__()
    return set().union(*(concrete_subclasses(each) for each in below)) if below else {kind}


def test_no_event_is_left_out_of_the_registry() -> None:
    here = {kind for kind in concrete_subclasses(Event) if kind.__module__.startswith("shared.")}
    assert here == set(EVENTS)


def test_a_type_name_says_publisher_name_and_version() -> None:
    assert placements.PlacementStarted.event_type() == "dk.sammen.placements.PlacementStarted.v1"
    assert EVENT_TYPES["dk.sammen.bonus.BonusRefused.v1"] is bonus.BonusRefused


def test_only_contacts_lie_on_a_topic_that_forgets() -> None:
    assert {"membership.contacts.v1"} == COMPACTED_TOPICS


def test_a_publisher_has_its_own_events() -> None:
    assert events_of("membership") == membership.EVENTS
    assert reports.ReportReceipt in events_of("placements")
    assert events_of("nobody") == ()


def test_what_a_service_publishes_is_no_draft() -> None:
    published = {event.__name__ for event in EVENTS if not event.draft}
    assert published == PUBLISHED


@every_event
def test_an_event_and_its_fields_are_documented(event: type[Event]) -> None:
    assert event.__doc__
    assert event.__doc__ != base.Event.__doc__
    undocumented = [name for name, field in event.model_fields.items() if not field.description]
    assert undocumented == []


@every_event
def test_key_and_subject_are_fields_that_are_always_there(event: type[Event]) -> None:
    assert event.model_fields[event.key_field].is_required()
    if event.subject_field is not None:
        assert event.model_fields[event.subject_field].is_required()


@every_event
def test_a_field_is_required_or_absent_by_default(event: type[Event]) -> None:
    for field in event.model_fields.values():
        assert field.is_required() or field.default is None


@every_event
def test_an_unknown_field_is_refused_when_an_event_is_built(event: type[Event]) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        event.model_validate_json(json.dumps({**SAMPLES[event], "surplus": 1}))


@every_event
def test_an_event_never_changes(event: type[Event]) -> None:
    sample = event.model_validate_json(json.dumps(dict(SAMPLES[event])))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(sample, event.key_field, "x")


@every_event
def test_no_field_takes_a_person_number(event: type[Event]) -> None:
    assert contains_person_number(PERSON_NUMBER)
    for name in event.model_fields:
        for smuggled in (PERSON_NUMBER, f"0101/{PERSON_NUMBER}", "6101801234@eksempel.example"):
            told = {**SAMPLES[event], name: smuggled}
            with pytest.raises(ValidationError):
                event.model_validate_json(json.dumps(told))


@every_event
def test_only_contacts_have_names_and_addresses(event: type[Event]) -> None:
    about_people = {"name", "email", "phone", "address", "civil_registration_number", "note"}
    allowed = about_people if event is membership.ContactRecorded else set()
    assert event.model_fields.keys() & about_people <= allowed


def test_dates_of_a_person_travel_on_the_topic_of_persons_alone() -> None:
    dated = {"born_on", "permit_granted_on", "resident_since", "category"}
    topics = {event.topic for event in EVENTS if event.model_fields.keys() & dated}
    assert topics == {"placements.persons.v1", "municipality.<code>.reports.v1"}


def test_a_receipt_travels_on_its_municipalitys_topic() -> None:
    receipt = reports.ReportReceipt(municipality="0147", report_id="r-1", outcome="accepted")
    assert receipt.topic_name() == "municipality.0147.receipts.v1"


def test_a_report_needs_to_be_told_whose_topic_it_goes_on() -> None:
    [told] = [event for event in get_args(reports.ReportedFact) if "Retracted" in event.__name__]
    report = told(report_id="r-1", placement="7", fact="PlacementEndRetracted")
    assert report.topic_name("0101") == "municipality.0101.reports.v1"
    with pytest.raises(AssertionError, match="which municipality"):
        report.topic_name()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("places", "12"),
        ("places", 12.0),
        ("places", True),
        ("places", 0),
        ("cvr", "99000008"),
        ("cvr", "DK99000007"),
        ("cvr", 99000007),
        ("kind", "Ordinary"),
        ("kind", "a" * 41),
        ("kind", ""),
        ("first_day", "2016-02-30"),
        ("first_day", "20160701"),
        ("first_day", "1467324800"),
        ("first_day", 1467324800),
        ("first_day", "2016-07-01T00:00:00"),
        ("first_day", "2016-W26-5"),
        ("first_day", "1899-12-31"),
        ("first_day", "2200-01-01"),
        ("first_day", None),
        ("municipality", "0100"),
        ("municipality", "101"),
        ("last_day", "2016-06-30"),
        ("pledge", "with blank"),
        ("pledge", "nul\u0000"),
        ("pledge", "x" * 201),
    ],
)
def test_a_pledge_is_read_strictly(field: str, value: object) -> None:
    told = {**SAMPLES[membership.PlacesPledged], field: value}
    with pytest.raises(ValidationError):
        membership.PlacesPledged.model_validate_json(json.dumps(told))


def test_the_bounds_of_the_calendar_are_days_like_others() -> None:
    for day in (date(1900, 1, 1), date(2199, 12, 31)):
        assert membership.CompanyJoined(cvr="99000007", joined_on=day).joined_on == day


def test_a_contact_names_its_organisation() -> None:
    told = dict(SAMPLES[membership.ContactRecorded])
    for organisation in ("company", "municipality"):
        nameless = {**told, "organisation": organisation, "cvr": None, "municipality": None}
        with pytest.raises(ValidationError, match="needs the"):
            membership.ContactRecorded.model_validate_json(json.dumps(nameless))


@pytest.mark.parametrize("field", ["name", "email"])
def test_a_contact_can_not_write_mail_headers(field: str) -> None:
    told = dict(SAMPLES[membership.ContactRecorded])
    for poison in ("=?UTF-8?Q?=0A?=Bcc: i@x.example", "a\r\nBcc: i@x.example", "a\u202eb"):
        with pytest.raises(ValidationError):
            membership.ContactRecorded.model_validate_json(json.dumps({**told, field: poison}))


def test_an_instalment_refused_has_a_reason_and_no_amount() -> None:
    told = dict(SAMPLES[bonus.BonusAssessed])
    for wrong in ({"reason": None}, {"amount_ore": 1}):
        with pytest.raises(ValidationError, match="contradiction"):
            bonus.BonusAssessed.model_validate_json(json.dumps({**told, **wrong}))


@pytest.mark.parametrize(
    ("hours", "fits"), [("48", True), ("48.000000", True), ("48.000001", False), ("0", True)]
)
def test_two_days_have_48_hours(hours: str, fits: bool) -> None:  # noqa: FBT001 - a column
    told = {
        **SAMPLES[placements.EmploymentConfirmed],
        "first_day": "2017-02-01",
        "last_day": "2017-02-02",
        "hours": hours,
    }
    if fits:
        placements.EmploymentConfirmed.model_validate_json(json.dumps(told))
    else:
        with pytest.raises(ValidationError, match="more than 2 day"):
            placements.EmploymentConfirmed.model_validate_json(json.dumps(told))


@pytest.mark.parametrize("hours", ["-1", "1e3", "١٢", "1.", ".5", "12345678", "1.1234567", "1,5"])
def test_hours_are_plain_decimal_text(hours: str) -> None:
    told = {**SAMPLES[placements.EmploymentConfirmed], "hours": hours}
    with pytest.raises(ValidationError):
        placements.EmploymentConfirmed.model_validate_json(json.dumps(told))


def test_an_error_never_repeats_what_was_put_in() -> None:
    with pytest.raises(ValidationError) as caught:
        membership.CompanyJoined.model_validate_json('{"cvr": "secret", "joined_on": "secret"}')
    assert "secret" not in str(caught.value)
