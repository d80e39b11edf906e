"""The declared events."""

import importlib
import pkgutil
from dataclasses import fields
from uuid import UUID

import pytest

import idp.audit
from idp.audit import events
from idp.audit.event import Event, ServiceEvent

ACCOUNT = UUID(int=7)
MODULES = [
    importlib.import_module(f"idp.audit.{module.name}")
    for module in pkgutil.iter_modules(idp.audit.__path__)
    if module.name.endswith("events")
]
DECLARED = [
    item
    for module in MODULES
    for item in vars(module).values()
    if isinstance(item, type)
    and issubclass(item, Event)
    and item not in (Event, ServiceEvent)
]
SECRET_WORDS = {
    "password", "secret", "pin", "otp", "seed", "cookie", "portrait", "photo", "face",
    "fingers", "biometric", "template", "private",  # a fingerprint may be a key's
}  # fmt: skip
PERSONAL_NAMES = {"name", "number", "phone", "email", "address", "birth_date", "ip"}


@pytest.mark.parametrize("event", DECLARED, ids=lambda event: event.__name__)
def test_event_declares_itself(event: type[Event]) -> None:
    """Each event has its name as type, a sentence, nothing personal, no secret."""
    assert event.__name__ == event.TYPE
    assert len(event.TYPE) <= 64
    assert event.__doc__
    assert not {item.name for item in fields(event)} & PERSONAL_NAMES
    words = {word for item in fields(event) for word in item.name.split("_")}
    assert not words & SECRET_WORDS


def test_data_is_what_is_chained() -> None:
    """Identifiers become text; the account and personal values stay out."""
    event = events.GrantGiven(
        ACCOUNT,
        UUID(int=1),
        "portal",
        scopes=("openid",),
        claims=("name",),
        refused=(),
        personal={"address": "192.0.2.1"},
    )

    assert event.data() == {
        "grant_id": str(UUID(int=1)),
        "client_id": "portal",
        "scopes": ("openid",),
        "claims": ("name",),
        "refused": (),
    }


def test_service_event_has_no_account() -> None:
    """An event of the service takes its own fields only."""
    event = events.KeyPublished("kid-1", "ES256")

    assert event.account_id is None
    assert event.data() == {"kid": "kid-1", "ring": "ES256"}
