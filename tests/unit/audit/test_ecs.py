"""Every event has its place in the Elastic Common Schema."""

import json

from idp.audit.ecs import KINDS, document
from idp.audit.stream import Row
from tests.unit.audit.test_events import DECLARED

# The category's types, as the reference of ECS 8.17 expects them.
TYPES = {
    "authentication": {"start", "end", "info"},
    "session": {"start", "end", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "database": {"access", "change", "info", "error"},
}
ROW = Row(
    month="2026-11",
    shard=7,
    seq=3,
    at=1_795_000_000_123_456,
    type="OfficerLookedUp",
    account="00000000-0000-0000-0000-000000000007",
    data=json.dumps(
        {
            "officer_id": "officer-1",
            "purpose": "bà ấy hỏi về thẻ",
            "roles": ["hotline", "a b"],
            "client_id": "https://portal.example.vn/client",
            "personal": "0f" * 32,
        }
    ),
    personal_sealed=b"sealed",
    number_index=None,
    previous_hash=b"p" * 32,
    hash=b"\x01" * 32,
)


def test_every_declared_event_is_mapped_and_no_other() -> None:
    """An event that is new must be given its category in `idp.audit.ecs`."""
    assert set(KINDS) == {event.TYPE for event in DECLARED}
    for kind in KINDS.values():
        assert set(kind.type) <= set.union(*(TYPES[name] for name in kind.category))
        assert kind.outcome in {"success", "failure"}


def test_a_document_has_the_places_of_the_chain_and_nothing_personal() -> None:
    """Names of ECS; what somebody typed, and commitments, stay here."""
    told = document(ROW)

    assert told["@timestamp"] == "2026-11-18T11:06:40.123456+00:00"
    assert told["event"]["id"] == "2026-11/7/3"
    assert told["event"]["sequence"] == 3
    assert told["event"]["hash"] == "01" * 32
    assert told["event"]["action"] == "officer-looked-up"
    assert told["user"] == {"id": "officer-1", "target": {"id": ROW.account}}
    assert told["service"] == {"id": "https://portal.example.vn/client"}
    assert told["dinhdanh"] == {
        "type": "OfficerLookedUp",
        "officer_id": "officer-1",
        "client_id": "https://portal.example.vn/client",
    }


def test_an_event_of_a_later_release_is_told_too() -> None:
    """Without a category of its own, rather than not at all."""
    told = document(ROW._replace(type="SomethingNew"))

    assert told["event"]["outcome"] == "unknown"
