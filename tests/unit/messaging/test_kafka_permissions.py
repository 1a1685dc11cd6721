"""What a cluster's rules lack, and what they have too much, is found by comparing sets."""

from __future__ import annotations

from shared.contracts.topics import TopicSpec
from shared.messaging.kafka.permissions import Acl, Permissions, compare, wanted_acls

SPEC = TopicSpec(
    name="placements.events.v1",
    partitions=1,
    cleanup="delete",
    retention=None,
    writers=("placements",),
    readers=("bonus", "municipality.0101"),
    maximum_bytes=65_536,
)
TOPIC = ("TOPIC", "LITERAL", "placements.events.v1")


def test_writers_write_and_readers_read_in_groups_of_their_own() -> None:
    assert wanted_acls([SPEC]) == {
        Acl("User:placements", *TOPIC, "WRITE"),
        Acl("User:placements", *TOPIC, "DESCRIBE"),
        Acl("User:bonus", *TOPIC, "READ"),
        Acl("User:bonus", *TOPIC, "DESCRIBE"),
        Acl("User:bonus", "GROUP", "PREFIXED", "bonus.", "READ"),
        Acl("User:municipality.0101", *TOPIC, "READ"),
        Acl("User:municipality.0101", *TOPIC, "DESCRIBE"),
        Acl("User:municipality.0101", "GROUP", "PREFIXED", "municipality.0101.", "READ"),
    }


def test_what_is_as_wanted_differs_in_nothing() -> None:
    assert compare(wanted_acls([SPEC]), [SPEC]) == Permissions((), (), ())


def test_one_sentence_tells_all_that_one_user_lacks_there() -> None:
    found = wanted_acls([SPEC]) - {
        Acl("User:bonus", *TOPIC, "READ"),
        Acl("User:bonus", *TOPIC, "DESCRIBE"),
    }
    assert compare(found, [SPEC]).sentences() == [
        "bonus may not describe and read topic placements.events.v1"
    ]


def test_a_right_from_one_host_only_is_another_right() -> None:
    found = wanted_acls([SPEC]) | {Acl("User:bonus", *TOPIC, "WRITE", host="10.0.0.1")}
    assert compare(found, [SPEC]).surplus_sentences() == [
        "bonus from 10.0.0.1 may write topic placements.events.v1, which no file says"
    ]


def test_rules_that_reach_ours_are_told_apart_from_those_that_do_not() -> None:
    reaching = [
        Acl("User:x", "TOPIC", "LITERAL", "*", "READ"),
        Acl("User:x", "TOPIC", "PREFIXED", "placements.", "ALL"),
        Acl("User:bonus", "GROUP", "PREFIXED", "bonus.", "READ", permission="DENY"),
        Acl("User:x", "GROUP", "LITERAL", "*", "READ"),
        Acl("User:x", "GROUP", "PREFIXED", "b", "READ"),
        Acl("User:x", "GROUP", "PREFIXED", "bonus.place", "READ"),
        Acl("User:x", "GROUP", "LITERAL", "bonus.placements", "READ", permission="DENY"),
    ]
    elsewhere = [
        Acl("User:x", "TOPIC", "PREFIXED", "billing.", "READ"),
        Acl("User:x", "TOPIC", "LITERAL", "billing.v1", "READ"),
        Acl("User:x", "GROUP", "PREFIXED", "x.", "READ"),
        Acl("User:x", "GROUP", "LITERAL", "bonus", "READ"),
        Acl("User:x", "CLUSTER", "LITERAL", "kafka-cluster", "DESCRIBE"),
    ]
    found = compare([*wanted_acls([SPEC]), *reaching, *elsewhere], [SPEC])
    assert (found.missing, found.surplus) == ((), ())
    assert set(found.foreign) == set(reaching)


def test_who_may_join_one_of_our_groups_by_name_and_is_in_no_file_is_told() -> None:
    found = wanted_acls([SPEC]) | {Acl("User:x", "GROUP", "LITERAL", "bonus.placements", "READ")}
    assert compare(found, [SPEC]).surplus_sentences() == [
        "x may read group bonus.placements, which no file says"
    ]
