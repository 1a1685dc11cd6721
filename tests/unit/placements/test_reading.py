"""What a sender tells becomes the event of the same name, under ids that everybody knows."""

from __future__ import annotations

import pytest

from services.placements.domain import senders
from services.placements.handlers.reading import read_report
from shared.contracts import placements
from shared.contracts.reported import Report
from shared.contracts.reports import REPORTED_FACTS
from shared.contracts.samples import SAMPLES

PERSON = "0192f0a0-0000-4000-8000-000000000001"
COPENHAGEN = senders.municipality("0101")


def test_a_start_becomes_an_event_under_the_sender_s_own_id() -> None:
    told = {
        "report_id": "r-1",
        "fact": "PlacementStarted",
        "placement": "2017-00042",
        "person": PERSON,
        "employer": "99000007",
        "kind": "ordinary",
        "started_on": "2017-02-01",
    }
    event = read_report(told, COPENHAGEN).to_event(PERSON)
    assert isinstance(event, placements.PlacementStarted)
    assert event.placement == "0101/2017-00042"
    assert event.employer == "99000007"


@pytest.mark.parametrize("kind", REPORTED_FACTS.values(), ids=lambda kind: kind.__name__)
def test_every_fact_becomes_the_event_of_its_name(kind: type[Report]) -> None:
    event = read_report(dict(SAMPLES[kind]), COPENHAGEN).to_event(PERSON)
    assert type(event) is kind.tells
    assert type(event).__name__ == kind.event_name
    continued = getattr(event, "continues", None)
    assert continued in (None, "0101/2016-00007")
