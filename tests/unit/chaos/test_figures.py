"""The soak's calm misses every figure that did not move, and everything that still waits."""

from __future__ import annotations

import pytest
from prometheus_client.samples import Sample

from services.bonus.service import SERVICE as BONUS
from shared.contracts.topics import load_topics
from tests.chaos import figures
from tests.chaos.figures import Shown, unmoved

PARTITIONS = {spec.name: spec.partitions for spec in load_topics()}
OWN = {"service": BONUS.name}


def moved() -> list[Sample]:
    """What a member shows that has done everything."""
    names = [*figures.OF_EVERY_PUBLISHER, *figures.OF_SOMEBODY]
    samples = [Sample(name, OWN, 2.0) for name in names]
    for hears in BONUS.hears:
        labels = {**OWN, "consumer": f"{BONUS.name}.{hears.name}"}
        samples += [Sample(name, labels, 2.0) for name in figures.OF_EVERY_CONSUMER]
        samples += [
            Sample(figures.STEP, {**labels, "step": step}, 2.0) for step in sorted(figures.STEPS)
        ]
    return samples


def over() -> list[Sample]:
    """What is shown when nothing waits."""
    samples = [Sample(name, OWN, 0.0) for name in figures.WAITING]
    for hears in BONUS.hears:
        labels = {**OWN, "consumer": f"{BONUS.name}.{hears.name}"}
        for topic in hears.topics:
            for number in range(PARTITIONS[topic]):
                place = {**labels, "topic": topic, "partition": str(number)}
                samples += [Sample(figures.LAG, place, 0.0), Sample(figures.PROGRESS, place, 1.0)]
    return samples


def found(before: list[Sample], last: list[Sample]) -> list[str]:
    """What is amiss when one member showed this, and at the end another shows that."""
    shown = Shown()
    shown.note({"bonus-1": before})
    shown.note({"bonus-2": last})
    return unmoved(shown, {"bonus-2": last}, [BONUS])


def test_what_moved_before_a_kill_counts_and_what_is_over_is_asked_in_the_end() -> None:
    assert found(moved(), over()) == []
    assert found(moved() + over(), []) != []


@pytest.mark.parametrize(
    "sample", moved(), ids=lambda each: " ".join([each.name, *each.labels.values()])
)
def test_a_figure_that_did_not_move_is_missed(sample: Sample) -> None:
    before = [each for each in moved() if each != sample]
    hears_nothing = sample.labels.get("consumer") in figures.HEARS_NOTHING
    of_some = sample.labels.get("step") in figures.STEPS_OF_SOME
    still = [*before, sample._replace(value=0.0)]
    assert bool(found(before, over())) == bool(found(still, over())) != (hears_nothing or of_some)


@pytest.mark.parametrize("step", sorted(figures.STEPS_OF_SOME))
def test_a_step_that_nobody_spent_time_on_is_missed(step: str) -> None:
    before = [each for each in moved() if each.labels.get("step") != step]
    assert found(before, over()) == [f"no time was spent on the step {step}"]


@pytest.mark.parametrize(
    ("name", "whose"),
    [(figures.LAG, "bonus.persons"), *((name, "bonus") for name in figures.WAITING)],
)
def test_what_still_waits_is_told(name: str, whose: str) -> None:
    waiting = next(each for each in over() if each.name == name)
    last = [each._replace(value=1.0) if each == waiting else each for each in over()]
    assert found(moved(), last) == [f"{name} of {whose} is 1, not 0"]


@pytest.mark.parametrize("name", [figures.LAG, figures.PROGRESS, *figures.WAITING])
def test_what_nobody_shows_is_not_taken_for_nothing(name: str) -> None:
    last = [each for each in over() if each.name != name]
    assert any(each.startswith(f"nobody shows {name} of bonus") for each in found(moved(), last))


def test_a_partition_that_nobody_shows_is_missed() -> None:
    last = [each for each in over() if each.labels.get("partition") != "3"]
    assert f"nobody shows {figures.LAG} of bonus.persons for 1 partition(s)" in found(moved(), last)
