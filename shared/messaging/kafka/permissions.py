"""Who may do what in a cluster: Kafka's ACLs, as deploy/kafka/topics.yaml has them.

A writer may write a topic. A reader may read it, and keep offsets in groups whose names begin with
its own and a dot. An idempotent producer needs nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.contracts.topics import TopicSpec

TOPIC, GROUP = "TOPIC", "GROUP"
LITERAL, PREFIXED = "LITERAL", "PREFIXED"
READ, WRITE, DESCRIBE = "READ", "WRITE", "DESCRIBE"
ALLOW = "ALLOW"
USER = "User:"
ANY_HOST = "*"
ANY_NAME = "*"


@dataclass(frozen=True, order=True, slots=True)
class Acl:
    """One rule of a cluster, in Kafka's own words."""

    principal: str
    kind: str
    pattern: str
    name: str
    operation: str
    permission: str = ALLOW
    host: str = ANY_HOST

    @property
    def resource(self) -> tuple[str, str, str]:
        """What it is about."""
        return self.kind, self.pattern, self.name

    def covers_topic(self, topic: str) -> bool:
        """Whether it is about this topic, by name or with others."""
        if self.kind != TOPIC:
            return False
        if self.pattern == PREFIXED:
            return topic.startswith(self.name)
        return self.name in {topic, ANY_NAME}


def wanted_acls(specs: Sequence[TopicSpec]) -> set[Acl]:
    """What the topics' writers and readers are to be allowed."""
    return {
        acl
        for spec in specs
        for acl in (
            *(_on_topic(spec.name, user, WRITE) for user in spec.writers),
            *(_on_topic(spec.name, user, READ) for user in spec.readers),
            *(_on_topic(spec.name, user, DESCRIBE) for user in (*spec.writers, *spec.readers)),
            *(Acl(USER + user, GROUP, PREFIXED, f"{user}.", READ) for user in spec.readers),
        )
    }


@dataclass(frozen=True, slots=True)
class Permissions:
    """How what is allowed in a cluster differs from what our topics want."""

    missing: tuple[Acl, ...]
    surplus: tuple[Acl, ...]
    """Allowed by name on one of our topics or groups, and in no file."""
    foreign: tuple[Acl, ...]
    """Not ours to undo: rules for many topics at once that reach ours, and prohibitions."""

    def sentences(self) -> list[str]:
        """Every difference, a sentence for each user and thing."""
        return [
            *_told("{user} may not {operations} {resource}", self.missing),
            *self.surplus_sentences(),
            *self.foreign_sentences(),
        ]

    def surplus_sentences(self) -> list[str]:
        """What is allowed and in no file."""
        return _told("{user} may {operations} {resource}, which no file says", self.surplus)

    def foreign_sentences(self) -> list[str]:
        """What reaches our topics and is not ours to undo."""
        return _told(
            "a rule of somebody else's {permission} {user} to {operations} {resource}",
            self.foreign,
        )


def compare(found: Iterable[Acl], specs: Sequence[TopicSpec]) -> Permissions:
    """The differences between the rules there are and those there should be, in a stable order."""
    there, wanted = set(found), wanted_acls(specs)
    ours = {acl.resource for acl in wanted}
    names = [spec.name for spec in specs]
    surplus, foreign = [], []
    for acl in sorted(there - wanted):
        if acl.permission == ALLOW and acl.resource in ours:
            surplus.append(acl)
        elif acl.resource in ours or any(acl.covers_topic(name) for name in names):
            foreign.append(acl)
    return Permissions(tuple(sorted(wanted - there)), tuple(surplus), tuple(foreign))


def _on_topic(topic: str, user: str, operation: str) -> Acl:
    return Acl(USER + user, TOPIC, LITERAL, topic, operation)


def _told(sentence: str, acls: Iterable[Acl]) -> list[str]:
    operations = defaultdict(list)
    for acl in acls:
        whence = "" if acl.host == ANY_HOST else f" from {acl.host}"
        resource = f"{acl.kind.lower()} {acl.name}{'*' if acl.pattern == PREFIXED else ''}"
        user = acl.principal.removeprefix(USER) + whence
        permission = "allows" if acl.permission == ALLOW else "forbids"
        operations[user, resource, permission].append(acl.operation.lower())
    return [
        sentence.format(
            user=user, operations=" and ".join(done), resource=resource, permission=permission
        )
        for (user, resource, permission), done in operations.items()
    ]
