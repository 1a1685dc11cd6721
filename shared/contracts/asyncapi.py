"""The AsyncAPI 3 document: topics as channels, events as messages, who sends and who receives."""

from __future__ import annotations

import json
from typing import Any, Final

from shared.contracts.base import CODE_PLACEHOLDER, Event
from shared.contracts.catalogue import Catalogue
from shared.contracts.envelope import CONTENT_TYPE, encode
from shared.contracts.samples import SAMPLE_MUNICIPALITY, Fields, sample_of
from shared.contracts.schemas import schema_of
from shared.contracts.topics import TopicSpec
from shared.values.municipalities import list_municipalities

Part = dict[str, Any]

KAFKA_BINDING_VERSION: Final = "0.5.0"
FOR_EVER: Final = -1
"""Kafka's word for no limit, in `retention.ms`."""

_HEADERS: Final[dict[str, tuple[str, str]]] = {
    "ce_specversion": ("1.0", "Version of CloudEvents."),
    "ce_id": ("", "Unique id (UUID version 7) of the event: whoever hears it again drops it."),
    "ce_source": ("", "`/sammen/<publisher>`."),
    "ce_time": ("", "When it became known: RFC 3339, UTC."),
    "ce_subject": ("", "What the event is about, where that isn't the key."),
    "ce_dataschema": ("", "Name of the JSON Schema of the value."),
    "ce_causationid": ("", "Id of the event that led to this one."),
    "ce_correlationid": ("", "Id of the report that began it all."),
    "content-type": (CONTENT_TYPE, "Type of the value."),
    "traceparent": ("", "W3C trace context."),
}
_HEADERS_REQUIRED: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")


def asyncapi_document(catalogue: Catalogue) -> Part:
    """The document over all events and topics, the same on every run."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sammen",
            "version": "1",
            "description": "The events behind the company partnership: CloudEvents 1.0 on Kafka in"
            " binary mode. Readers ignore fields they don't know, set types they don't know aside,"
            " and drop an id they have heard before. A null is as absent.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels_of(catalogue),
        "operations": dict(
            _operation(action, principal, topic, _events_on(topic, catalogue))
            for topic in catalogue.topics
            for action, principals in (("send", topic.writers), ("receive", topic.readers))
            for principal in principals
        ),
        "components": {
            "schemas": {name: _payload(event) for name, event in catalogue.events.items()},
            "messages": {
                name: _message(event, catalogue.samples[event])
                for name, event in catalogue.events.items()
            },
        },
    }


def channels_of(catalogue: Catalogue) -> Part:
    """The channels of the document: one per topic, those of the municipalities with a parameter."""
    return {
        _channel_name(topic.name): _channel(topic, _events_on(topic, catalogue))
        for topic in catalogue.topics
    }


def _events_on(topic: TopicSpec, catalogue: Catalogue) -> list[type[Event]]:
    return [event for event in catalogue.events.values() if event.topic == topic.name]


def _channel_name(topic: str) -> str:
    return topic.replace(f"{CODE_PLACEHOLDER}.", "")


def _message_name(event: type[Event]) -> str:
    return event.event_type().split(".", maxsplit=3)[-1]


def _channel(topic: TopicSpec, events: list[type[Event]]) -> Part:
    kept_ms = FOR_EVER if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    kafka: Part = {
        "partitions": topic.partitions,
        "replicas": topic.replication_factor,
        "topicConfiguration": {"cleanup.policy": [topic.cleanup], "retention.ms": kept_ms},
        "bindingVersion": KAFKA_BINDING_VERSION,
    }
    channel: Part = {
        "address": topic.name.replace(CODE_PLACEHOLDER, "{code}"),
        "description": _describe(topic),
        "messages": {
            _message_name(event): {"$ref": f"#/components/messages/{event.event_type()}"}
            for event in events
        },
        "bindings": {"kafka": kafka},
        "x-maximum-record-bytes": topic.maximum_bytes,
    }
    if CODE_PLACEHOLDER in topic.name:
        channel["parameters"] = {
            "code": {
                "description": "Code of the municipality.",
                "enum": [each.code for each in list_municipalities()],
            }
        }
    else:
        kafka["topic"] = topic.name
    return channel


def _describe(topic: TopicSpec) -> str:
    sentences = [
        "Kept for ever." if topic.retention is None else f"Kept {topic.retention.days} days.",
        f"Written by {', '.join(topic.writers)}; read by {', '.join(topic.readers)}.",
    ]
    if topic.cleanup == "compact":
        sentences.insert(0, "Only the newest record of a key stays; a null value erases it.")
    return " ".join(sentences)


def _operation(
    action: str, principal: str, topic: TopicSpec, events: list[type[Event]]
) -> tuple[str, Part]:
    channel = _channel_name(topic.name)
    who = principal.replace(f".{CODE_PLACEHOLDER}", "")
    verb = {"send": "writes", "receive": "reads"}[action]
    return f"{who}.{verb}.{channel}", {
        "action": action,
        "summary": f"{who} {verb} {topic.name}",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [
            {"$ref": f"#/channels/{channel}/messages/{_message_name(event)}"} for event in events
        ],
    }


def _payload(event: type[Event]) -> Part:
    """The event's schema without the words that only a file of its own needs."""
    return {name: part for name, part in schema_of(event).items() if name not in ("$schema", "$id")}


def _message(event: type[Event], fields: Fields) -> Part:
    sample, envelope = sample_of(event, fields)
    record = encode(sample, envelope, municipality=SAMPLE_MUNICIPALITY)
    schema = schema_of(event)
    draft = "Draft: no service publishes it yet, and it may still change." if event.draft else ""
    return {
        "name": event.event_type(),
        "title": schema["title"],
        "summary": f"{schema['description']} {draft}".strip(),
        "contentType": CONTENT_TYPE,
        "headers": _headers(event),
        "payload": {"$ref": f"#/components/schemas/{event.event_type()}"},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": schema["properties"][event.key_field]["description"],
                },
                "bindingVersion": KAFKA_BINDING_VERSION,
            }
        },
        "examples": [
            {
                "name": "sample",
                "headers": {name: text.decode() for name, text in record.headers},
                "payload": json.loads(record.value),
            }
        ],
    }


def _headers(event: type[Event]) -> Part:
    described: Part = {
        "ce_type": {"type": "string", "const": event.event_type(), "description": "Event type."}
    }
    for name, (constant, description) in _HEADERS.items():
        described[name] = {"type": "string", "description": description}
        if constant:
            described[name]["const"] = constant
    return {"type": "object", "properties": described, "required": list(_HEADERS_REQUIRED)}
