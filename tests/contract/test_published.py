"""A service declares exactly what it publishes, and what it publishes is guarded."""

from __future__ import annotations

import pytest

from services.__main__ import all_services
from shared.contracts.registry import events_of
from shared.runtime.service import Service


@pytest.mark.parametrize("service", all_services(), ids=lambda service: service.name)
def test_a_service_publishes_its_events_that_are_no_drafts_any_more(service: Service) -> None:
    guarded = {event for event in events_of(service.name) if not event.draft}
    assert set(service.publishes) == guarded
