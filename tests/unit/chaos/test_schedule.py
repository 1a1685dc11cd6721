"""A slow machine sees every kind of fault, whatever the seed."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.chaos.schedule import GROUND_DECK, SERVICE_DECK, ground_steps, service_steps


@pytest.mark.parametrize("seed", range(50))
def test_each_hand_begins_with_one_of_each_of_its_kinds(seed: int) -> None:
    service_kinds, ground_kinds = {*SERVICE_DECK}, {*GROUND_DECK}
    services = islice(service_steps(seed, ["bonus", "evaluation"]), len(service_kinds))
    assert {step.kind for step in services} == service_kinds
    ground = islice(ground_steps(seed, (1, 2, 3)), len(ground_kinds))
    assert {step.kind for step in ground} == ground_kinds


def test_the_same_seed_deals_the_same_again() -> None:
    assert list(islice(ground_steps(7, (1, 2, 3)), 20)) == list(
        islice(ground_steps(7, (1, 2, 3)), 20)
    )
