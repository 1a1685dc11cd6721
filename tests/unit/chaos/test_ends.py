"""Only the ends the schedule means, and a start without its ground, are a process's right."""

from __future__ import annotations

import time

import pytest

from tests.chaos.ends import Awaited, end_of, is_meant
from tests.chaos.ground import Outage

SAYS_WHY = '{"action": "process_starting"}\nbonus can\'t start: no database; look whether it runs\n'
READY = '{"action": "process_ready"}\n'
TRACE = "Traceback (most recent call last):\nValueError: bonus can't start: oh\n"


@pytest.mark.parametrize(
    ("status", "said", "outage", "allowed"),
    [
        (1, SAYS_WHY, True, True),
        (1, SAYS_WHY, False, False),  # nothing was away
        (1, READY + SAYS_WHY, True, False),  # it had been ready
        (70, SAYS_WHY, True, False),
        (-9, SAYS_WHY, True, False),
        (1, TRACE, True, False),  # a trace is no line of remedy
        (1, "", True, False),
    ],
)
def test_an_end_is_allowed_only_at_a_start_without_its_ground(
    status: int, said: str, *, outage: bool, allowed: bool
) -> None:
    assert end_of(status, said, outage=outage).allowed == allowed


@pytest.mark.parametrize(
    ("status", "awaited", "died_at_point", "outage", "meant"),
    [
        (-9, "kill", False, False, True),
        (1, "kill", False, True, False),  # it had crashed before it was killed
        (0, "stop", False, False, True),
        (-15, "stop", False, False, True),  # it was not yet listening to signals
        (1, "stop", False, True, True),
        (1, "stop", False, False, False),  # it could have drained
        (70, "stop", False, True, False),
        (-9, "point", True, False, True),
        (-9, "nothing", True, False, True),  # at its point, just as it was disarmed
        (-9, "point", False, False, False),  # killed by somebody else
        (1, "point", False, True, False),  # armed, and then it crashed
        (1, "nothing", False, True, False),
        (0, "nothing", False, False, False),
    ],
)
def test_an_end_is_meant_only_as_the_schedule_does_it(
    status: int, awaited: Awaited, *, died_at_point: bool, outage: bool, meant: bool
) -> None:
    assert is_meant(status, awaited, died_at_point=died_at_point, outage=outage) == meant


def test_an_outage_excuses_who_ran_while_it_went_on_and_nobody_after_it() -> None:
    outage = Outage()
    assert not outage.was_since(0.0)
    before = time.monotonic()
    with outage.going_on():
        assert outage.was_since(time.monotonic())
    assert outage.was_since(before)
    assert not outage.was_since(time.monotonic() + 1)
