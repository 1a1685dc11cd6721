"""Only the ends the schedule means, and a start without its ground, are a process's right."""

from __future__ import annotations

import time

import pytest

from shared.messaging.kafka.faults import GRANT
from tests.chaos.ends import Awaited, end_of, is_meant
from tests.chaos.ground import Outage

SAYS_WHY = '{"action": "process_starting"}\nbonus can\'t start: no database; look whether it runs\n'
READY = '{"action": "process_ready"}\n'
UNDRAINED = '{"drained": false, "action": "process_stopped"}\n'
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
        (1, "bonus can't start: nobody answers at 127.0.0.1, port 5432\n", True, True),
        (1, "bonus can't start: bonus may not read x; " + GRANT, True, False),  # for people to mend
        (1, "bonus can't start: Port 80 can't be used; SAMMEN_OPS_PORT", True, False),
    ],
)
def test_an_end_is_allowed_only_at_a_start_without_its_ground(
    status: int, said: str, *, outage: bool, allowed: bool
) -> None:
    assert end_of(status, said, outage=outage).allowed == allowed


@pytest.mark.parametrize(
    ("status", "awaited", "died_at_point", "meant"),
    [
        (-9, "kill", False, True),
        (1, "kill", False, False),  # it had crashed before it was killed
        (0, "stop", False, True),
        (70, "stop", False, False),
        (-9, "stop", False, False),
        (-9, "point", True, True),
        (-9, "nothing", True, True),  # at its point, just as it was disarmed
        (-9, "point", False, False),  # killed by somebody else
        (1, "point", False, False),  # armed, and then it crashed
        (1, "nothing", False, False),
        (0, "nothing", False, False),
    ],
)
def test_an_end_is_meant_only_as_the_schedule_does_it(
    status: int, awaited: Awaited, *, died_at_point: bool, meant: bool
) -> None:
    end = end_of(status, READY, outage=True)
    assert is_meant(end, awaited, died_at_point=died_at_point) == meant


@pytest.mark.parametrize(
    ("status", "said", "outage", "meant"),
    [
        (-15, "", False, True),  # it was not yet listening to signals
        (-15, READY, False, False),  # it listened, and should have drained
        (1, READY + UNDRAINED, True, True),
        (1, READY + UNDRAINED, False, False),  # it could have drained
        (1, READY + UNDRAINED + TRACE, True, False),
        (1, READY, True, False),  # it does not say what happened
        (1, SAYS_WHY, True, True),
        (1, SAYS_WHY, False, False),
    ],
)
def test_who_is_told_to_end_drains_unless_it_can_t_yet_or_can_t_now(
    status: int, said: str, *, outage: bool, meant: bool
) -> None:
    assert is_meant(end_of(status, said, outage=outage), "stop", died_at_point=False) == meant


def test_an_outage_excuses_who_ran_while_it_went_on_and_nobody_after_it() -> None:
    outage = Outage()
    assert not outage.was_since(0.0)
    before = time.monotonic()
    with outage.going_on():
        assert outage.was_since(time.monotonic())
    assert outage.was_since(before)
    assert not outage.was_since(time.monotonic() + 1)
