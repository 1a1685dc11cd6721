"""Whom a change of a published event breaks, found by comparing its JSON Schema before and after.

Records are kept for ever and services are not replaced at the same moment, so a change must hold in
both directions: a reader of yesterday reads what is written tomorrow, and a reader of tomorrow
reads everything ever written. What one direction forbids is a break, whatever the other says.

| change                                   | old reader, new record | new reader, old record |
|------------------------------------------|------------------------|------------------------|
| description or title reworded            | fine                   | fine                   |
| optional field added                     | ignores it             | does without           |
| known word added to an open vocabulary   | copes by promise       | fine                   |
| required field added                     | ignores it             | BREAKS: not there      |
| required field removed                   | BREAKS: not there      | fine                   |
| optional field removed                   | BREAKS: goes without what it relied on | fine   |
| required becomes optional                | BREAKS: may be absent  | fine                   |
| optional becomes required                | fine                   | BREAKS: may be absent  |
| null no longer allowed                   | fine                   | BREAKS: may be null    |
| null newly allowed                       | BREAKS: may be null    | fine                   |
| another type (integer to text, ...)      | BREAKS                 | BREAKS                 |
| closed vocabulary loses a word           | fine                   | BREAKS: may be there   |
| closed vocabulary gains a word           | BREAKS: unknown to it  | fine                   |
| closed vocabulary opened                 | BREAKS: unknown to it  | fine                   |
| open vocabulary closed                   | fine                   | BREAKS: may be there   |
| limit tightened (length, range, number)  | fine                   | BREAKS: may exceed it  |
| limit loosened                           | BREAKS: may exceed its | fine                   |
| another pattern, narrower or wider       | BREAKS, since nobody can tell | BREAKS          |
| another format                           | BREAKS                 | BREAKS                 |
| rule between fields added or renamed     | fine                   | BREAKS: may not keep it |
| rule between fields taken out            | BREAKS: still asks it  | fine                   |
| unknown fields refused from now on       | fine                   | BREAKS                 |
| unknown fields allowed from now on       | BREAKS: refuses them   | fine                   |
| another topic, publisher or compaction   | BREAKS: listens there  | BREAKS: lies there     |
| another partition key or subject         | BREAKS: order is lost  | BREAKS                 |
| another type name, or event taken out    | BREAKS: never arrives  | BREAKS: unknown        |
| published becomes draft                  | BREAKS: a promise can't be taken back          |
| any keyword this module doesn't know     | BREAKS until somebody decides here             |

What must break becomes version 2 of the event, beside version 1. Drafts may change in any way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from shared.contracts.schemas import CONTRACT_KEYWORD, Schema

Rule = Literal[
    "event_taken_out",
    "draft_again",
    "moved",
    "rule_added",
    "rule_taken_out",
    "field_removed",
    "required_field_added",
    "became_optional",
    "became_required",
    "null_refused",
    "null_allowed",
    "type_changed",
    "word_removed",
    "word_added",
    "vocabulary_opened",
    "vocabulary_closed",
    "limit_tightened",
    "limit_loosened",
    "pattern_changed",
    "format_changed",
    "unknown_fields_refused",
    "unknown_fields_allowed",
    "undecided",
    "topic_taken_out",
    "partitions_changed",
    "cleanup_changed",
    "retention_shortened",
]
"""Every way to break somebody: a closed vocabulary."""

_HARMLESS: Final = frozenset({"description", "title", "examples", "$comment", "x-known-words"})
_LOWER_LIMITS: Final = frozenset({"minimum", "minLength", "minItems", "formatMinimum"})
_UPPER_LIMITS: Final = frozenset({"maximum", "maxLength", "maxItems", "formatMaximum"})
_MOVES: Final = ("publisher", "topic", "partition_key", "subject", "compacted")
_EVENT_KEYWORDS: Final = frozenset(
    {"properties", "required", "additionalProperties", CONTRACT_KEYWORD}
)
_FIELD_KEYWORDS: Final = (
    frozenset({"type", "enum", "pattern", "format", "items"}) | _LOWER_LIMITS | _UPPER_LIMITS
)


@dataclass(frozen=True, slots=True)
class Break:
    """One change that somebody can't live with."""

    rule: Rule
    place: str
    """Field it is about, or nothing when it is about the whole event."""
    sentence: str


def is_draft(schema: Schema) -> bool:
    """Whether the event of this schema was a draft when the schema was written."""
    return bool(schema[CONTRACT_KEYWORD]["draft"])


def breaks_between(old: Schema, new: Schema | None) -> list[Break]:
    """Everything in which the new schema of an event breaks with the old; None = taken out.

    Nothing breaks with a draft.
    """
    if is_draft(old):
        return []
    if new is None:
        return [Break("event_taken_out", "", "records of it are kept for ever; keep its class")]
    found = _contract_breaks(old[CONTRACT_KEYWORD], new[CONTRACT_KEYWORD])
    found += _openness_breaks(old, new)
    found += _undecided(old, new, "", _EVENT_KEYWORDS)
    for name, before in old["properties"].items():
        after = new["properties"].get(name)
        if after is None:
            found.append(Break("field_removed", name, "readers may rely on it"))
            continue
        found += _presence_breaks(name, old["required"], new["required"])
        found += _field_breaks(name, before, after)
    found += [
        Break("required_field_added", name, "records of before don't have it; make it optional")
        for name in new["required"]
        if name not in old["properties"]
    ]
    return found


def _contract_breaks(old: dict[str, Any], new: dict[str, Any]) -> list[Break]:
    found = [
        Break("moved", "", f"{name} was {old[name]!r} and would be {new[name]!r}")
        for name in _MOVES
        if old[name] != new[name]
    ]
    before, after = set(old["rules"]), set(new["rules"])
    found += [
        Break("rule_added", "", f"records of before may not keep {rule}")
        for rule in sorted(after - before)
    ]
    found += [
        Break("rule_taken_out", "", f"readers of before still insist on {rule}")
        for rule in sorted(before - after)
    ]
    if new["draft"]:
        found.append(Break("draft_again", "", "a published event is never a draft again"))
    return found


def _openness_breaks(old: Schema, new: Schema) -> list[Break]:
    before, after = (schema.get("additionalProperties", True) for schema in (old, new))
    if before == after:
        return []
    rule: Rule = "unknown_fields_allowed" if after else "unknown_fields_refused"
    return [Break(rule, "", f"additionalProperties was {before} and would be {after}")]


def _presence_breaks(name: str, old: list[str], new: list[str]) -> list[Break]:
    if name in old and name not in new:
        return [Break("became_optional", name, "readers of before can't do without it")]
    if name not in old and name in new:
        return [Break("became_required", name, "records of before may not have it")]
    return []


def _field_breaks(place: str, old: Schema, new: Schema) -> list[Break]:
    found = _type_breaks(place, old, new)
    found += _vocabulary_breaks(place, old, new)
    for rule, keyword in (("pattern_changed", "pattern"), ("format_changed", "format")):
        # Going over from a pattern to a closed vocabulary, or back, is judged as that.
        if keyword == "pattern" and ("enum" in old) != ("enum" in new):
            continue
        if old.get(keyword) != new.get(keyword):
            sentence = f"was {old.get(keyword)!r} and would be {new.get(keyword)!r}"
            found.append(Break(rule, place, sentence))  # type: ignore[arg-type]
    for keyword in sorted(_LOWER_LIMITS | _UPPER_LIMITS):
        found += _limit_breaks(place, keyword, old.get(keyword), new.get(keyword))
    if "items" in old and "items" in new:
        found += _field_breaks(f"{place}[]", old["items"], new["items"])
    return found + _undecided(old, new, place, _FIELD_KEYWORDS)


def _types(schema: Schema) -> frozenset[str]:
    named = schema.get("type", [])
    return frozenset([named] if isinstance(named, str) else named)


def _type_breaks(place: str, old: Schema, new: Schema) -> list[Break]:
    before, after = _types(old), _types(new)
    found = []
    if "null" in before and "null" not in after:
        found.append(Break("null_refused", place, "records of before may say null"))
    if "null" in after and "null" not in before:
        found.append(Break("null_allowed", place, "readers of before don't expect null"))
    if before - {"null"} != after - {"null"}:
        was, would_be = (", ".join(sorted(kinds - {"null"})) for kinds in (before, after))
        found.append(Break("type_changed", place, f"was {was} and would be {would_be}"))
    return found


def _vocabulary_breaks(place: str, old: Schema, new: Schema) -> list[Break]:
    if "enum" not in old and "enum" not in new:
        return []
    if "enum" not in new:
        return [Break("vocabulary_opened", place, "readers of before know the old words only")]
    if "enum" not in old:
        return [Break("vocabulary_closed", place, "records of before may say other words")]
    before, after = (set(schema["enum"]) - {None} for schema in (old, new))
    found = [
        Break("word_removed", place, f"records of before may say {word!r}")
        for word in sorted(before - after)
    ]
    return found + [
        Break("word_added", place, f"readers of before don't know {word!r}")
        for word in sorted(after - before)
    ]


def _limit_breaks(place: str, keyword: str, old: Any, new: Any) -> list[Break]:  # noqa: ANN401
    if old == new:
        return []
    if old is None or new is None:
        tightened = old is None
    else:
        tightened = new > old if keyword in _LOWER_LIMITS else new < old
    rule: Rule = "limit_tightened" if tightened else "limit_loosened"
    return [Break(rule, place, f"{keyword} was {old!r} and would be {new!r}")]


def _undecided(old: Schema, new: Schema, place: str, decided: frozenset[str]) -> list[Break]:
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    return [
        Break("undecided", place, f"what a change of {name!r} breaks isn't decided yet")
        for name in sorted(changed - decided - _HARMLESS)
    ]


def topic_breaks(old: dict[str, Any], new: dict[str, Any] | None) -> list[Break]:
    """Everything in which a topic (as AsyncAPI channel) breaks with what it was; None = gone.

    Another number of partitions sends a key's later records elsewhere, so its order is lost;
    keeping records for less time, or only the newest, loses facts.
    """
    if new is None:
        return [Break("topic_taken_out", "", "its records would be out of reach")]
    before, after = old["bindings"]["kafka"], new["bindings"]["kafka"]
    found = []
    if before["partitions"] != after["partitions"]:
        sentence = f"partitions were {before['partitions']} and would be {after['partitions']}"
        found.append(Break("partitions_changed", "", sentence))
    kept, would_be_kept = before["topicConfiguration"], after["topicConfiguration"]
    if kept["cleanup.policy"] != would_be_kept["cleanup.policy"]:
        found.append(Break("cleanup_changed", "", "what a record without a value means changes"))
    old_ms, new_ms = kept["retention.ms"], would_be_kept["retention.ms"]
    if new_ms >= 0 and (old_ms < 0 or new_ms < old_ms):
        found.append(Break("retention_shortened", "", "records would be lost"))
    return found
