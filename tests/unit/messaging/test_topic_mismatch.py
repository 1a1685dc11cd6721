"""What is wrong with topics is said in one line, however many they are."""

from __future__ import annotations

import pytest

from shared.messaging.topic_mismatch import require_topics
from shared.messaging.transport import TopicMismatchError


def test_topics_that_are_as_needed_raise_nothing() -> None:
    require_topics({"a.v1": 6, "b.v1": 1}, {"a.v1": 6, "b.v1": 1, "c.v1": 9})


def test_what_differs_is_named_with_the_remedy() -> None:
    with pytest.raises(TopicMismatchError) as told:
        require_topics({"a.v1": 6, "b.v1": 1}, {"a.v1": 3})
    assert str(told.value) == (
        "topics missing: b.v1; a.v1 has 3 partitions, not 6; run `sammen topics create`"
    )


def test_of_many_only_the_first_are_named() -> None:
    with pytest.raises(TopicMismatchError) as told:
        require_topics({f"t{number}.v1": 1 for number in range(196)}, {})
    assert str(told.value) == (
        "topics missing: t0.v1, t1.v1, t2.v1 and 193 more; run `sammen topics create`"
    )
