"""Topics are as the contract page has them, and a topics file that can't be right is explained."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from shared.contracts.membership import ContactRecorded
from shared.contracts.registry import EVENTS
from shared.contracts.topics import InvalidTopicsError, load_topic_patterns, load_topics

# topic: (written by, read by)
PERMISSIONS = {
    "membership.events.v1": ({"membership"}, {"bonus", "notifications", "evaluation"}),
    "membership.contacts.v1": ({"membership"}, {"notifications"}),
    "placements.events.v1": ({"placements"}, {"bonus", "notifications", "evaluation"}),
    "placements.persons.v1": ({"placements"}, {"bonus"}),
    "municipality.<code>.reports.v1": ({"municipality.<code>"}, {"placements"}),
    "municipality.<code>.receipts.v1": (
        {"placements"},
        {"municipality.<code>", "notifications"},
    ),
    "bonus.events.v1": ({"bonus"}, {"finance", "notifications", "evaluation"}),
    "finance.settlements.v1": ({"finance"}, {"bonus"}),
    "notifications.events.v1": ({"notifications"}, {"evaluation", "operations"}),
}
GOOD = {
    "name": "hats.events.v1",
    "partitions": 3,
    "retention": "30 days",
    "cleanup": "delete",
    "maximum_bytes": 65536,
    "writers": ["hats"],
    "readers": ["shoes"],
}
CLUSTER = {"replication_factor": 3, "minimum_in_sync_replicas": 2}


def written(tmp_path: Path, *topics: object, **said: object) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(yaml.safe_dump({"cluster": CLUSTER, "topics": list(topics), **said}))
    return path


def test_who_may_write_and_read_is_as_on_the_contract_page() -> None:
    found = {
        topic.name: (set(topic.writers), set(topic.readers)) for topic in load_topic_patterns()
    }
    assert found == PERMISSIONS


def test_every_event_travels_on_a_topic_its_publisher_may_write() -> None:
    assert {event.topic for event in EVENTS} == set(PERMISSIONS)
    for event in EVENTS:
        writers = {writer.partition(".")[0] for writer in PERMISSIONS[event.topic][0]}
        assert event.publisher in writers


def test_each_municipality_has_topics_of_its_own() -> None:
    topics = {topic.name: topic for topic in load_topics()}
    assert len(topics) == 7 + 2 * 98
    reports = topics["municipality.0101.reports.v1"]
    assert (reports.writers, reports.readers) == (("municipality.0101",), ("placements",))
    receipts = topics["municipality.0860.receipts.v1"]
    assert receipts.readers == ("municipality.0860", "notifications")
    assert not [name for name in topics if "<" in name]


def test_facts_and_money_are_kept_for_ever() -> None:
    bounded = {topic.name for topic in load_topic_patterns() if topic.retention is not None}
    assert bounded == {"municipality.<code>.receipts.v1", "notifications.events.v1"}


def test_partitions_are_as_decided() -> None:
    partitions = {topic.name: topic.partitions for topic in load_topic_patterns()}
    assert partitions == {
        "membership.events.v1": 6,
        "membership.contacts.v1": 6,
        "placements.events.v1": 12,
        "placements.persons.v1": 12,
        "municipality.<code>.reports.v1": 1,
        "municipality.<code>.receipts.v1": 1,
        "bonus.events.v1": 12,
        "finance.settlements.v1": 12,
        "notifications.events.v1": 6,
    }


def test_only_contacts_are_compacted() -> None:
    compacted = [topic.name for topic in load_topic_patterns() if topic.cleanup == "compact"]
    assert compacted == [ContactRecorded.topic]


def test_the_file_says_how_a_cluster_keeps_copies(tmp_path: Path) -> None:
    [topic] = load_topics(written(tmp_path, GOOD))
    assert (topic.replication_factor, topic.minimum_in_sync_replicas) == (3, 2)
    assert (topic.retention, topic.maximum_bytes) == (timedelta(days=30), 65536)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"partitions": 0}, "hats.events.v1, partitions"),
        ({"partitions": 101}, "hats.events.v1, partitions"),
        ({"partitions": "many"}, "hats.events.v1, partitions"),
        ({"retention": "30"}, "hats.events.v1, retention"),
        ({"retention": "0 days"}, "hats.events.v1, retention"),
        ({"cleanup": "burn"}, "hats.events.v1, cleanup"),
        ({"cleanup": "compact"}, "hats.events.v1: Value error, a compacted topic keeps"),
        ({"maximum_bytes": 2_000_000}, "hats.events.v1, maximum_bytes"),
        ({"name": "Hats"}, "Hats, name"),
        ({"name": None}, "topic number 2, name"),
        ({"writers": []}, "hats.events.v1, writers"),
        ({"writers": ["a", "a"]}, "named twice"),
        ({"readers": ["municipality.0101"]}, "'municipality.0101' is no service"),
        ({"readers": ["municipality.<code>"]}, "on a topic that no municipality has"),
        ({"colour": "red"}, "hats.events.v1, colour"),
    ],
)
def test_what_can_not_be_right_is_explained(
    changed: dict[str, object], said: str, tmp_path: Path
) -> None:
    other = {**GOOD, "name": "other.events.v1"}
    with pytest.raises(InvalidTopicsError) as caught:
        load_topics(written(tmp_path, other, {**GOOD, **changed}))
    assert said in str(caught.value)
    assert "topics.yaml" in str(caught.value)


def test_a_topic_is_there_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidTopicsError, match="is there twice"):
        load_topics(written(tmp_path, GOOD, GOOD))


def test_a_cluster_can_not_insist_on_more_copies_than_it_has(tmp_path: Path) -> None:
    greedy = {"replication_factor": 1, "minimum_in_sync_replicas": 2}
    with pytest.raises(InvalidTopicsError, match="more than replication_factor"):
        load_topics(written(tmp_path, GOOD, cluster=greedy))


@pytest.mark.parametrize("text", ["", "topics: [", "- 1", "topics: 1", "cluster: {}"])
def test_a_file_that_says_nothing_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(text)
    with pytest.raises(InvalidTopicsError):
        load_topics(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTopicsError, match="can't be read"):
        load_topics(tmp_path / "nothing.yaml")
