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

    def lies_within(self, other: Acl) -> bool:
        """Whether all that this is about, the other is about as well."""
        if self.kind != other.kind:
            return False
        if other.pattern == PREFIXED:
            return self.name.startswith(other.name)
        return other.name == ANY_NAME or (self.pattern, self.name) == (LITERAL, other.name)


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
    """Not ours to undo: rules for many topics or groups that reach ours, and prohibitions."""

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
        """What reaches our topics or groups and is not ours to undo."""
        return _told(
            "a rule of somebody else's {permission} {user} to {operations} {resource}",
            self.foreign,
        )


def compare(found: Iterable[Acl], specs: Sequence[TopicSpec]) -> Permissions:
    """The differences between the rules there are and those there should be, in a stable order."""
    there, wanted = set(found), wanted_acls(specs)
    ours = list({acl.resource: acl for acl in wanted}.values())
    surplus, foreign = [], []
    for acl in sorted(there - wanted):
        by_name = acl.pattern == LITERAL and acl.name != ANY_NAME
        named = any(
            acl.resource == one.resource or (by_name and acl.lies_within(one)) for one in ours
        )
        if acl.permission == ALLOW and named:
            surplus.append(acl)
        elif any(acl.lies_within(one) or one.lies_within(acl) for one in ours):
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
