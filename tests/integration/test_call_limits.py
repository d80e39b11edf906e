"""How often portals may call a citizen (CIBA): nobody is buried, or found out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.app import create_app
from idp.audit.models import AuditEvent
from idp.factors.courier import Courier
from idp.provider import Provider
from tests.driver import Portal
from tests.integration.test_ciba import GRANTS, Scene, scene_of, wrong
from tests.integration.token_side import assert_refused
from tests.integration.waiting_side import limited

UNKNOWN = "999099999999"


def bank(provider: Provider) -> Portal:
    return Portal.register(provider, "bank", grant_types=GRANTS)


@pytest.fixture
def scene(provider: Provider, app: Flask) -> Scene:
    return scene_of(provider, app, bank(provider))


def shown(scene: Scene) -> int:
    return scene.look().text.count("Number that the portal shows")


def told(scene: Scene) -> int:
    """Return how many messages the citizen got."""
    scene.provider.courier.wait()
    phone = scene.person["phone"].replace("+", "%2B")
    sent = scene.machine.get(f"/sandbox/outbox.json?phone={phone}").get_json()
    return len(sent)


def test_one_portal_leaves_room_for_others(scene: Scene) -> None:
    """Two of a portal are shown and told of, whatever else it asks."""
    for _ in range(4):
        scene.call()
    assert (shown(scene), told(scene)) == (2, 2)

    scene.portal = Portal.register(scene.provider, "tax", grant_types=GRANTS)
    scene.call()

    assert (shown(scene), told(scene)) == (3, 3)


def test_a_refusal_makes_no_room(scene: Scene) -> None:
    """Weariness: a citizen who said no is not asked again and again."""
    scene.answer(scene.call()["binding_number"], decision="deny")
    scene.answer(wrong(scene.call()))

    called = scene.call()

    assert shown(scene) == 0
    assert_refused(scene.poll(called), "authorization_pending")


def test_a_short_life_makes_no_room(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`requested_expiry` ends the call, not what it counts."""
    for _ in range(2):
        scene.call(requested_expiry="1")
    late = clock.now() + timedelta(seconds=2)
    monkeypatch.setattr(clock, "now", lambda: late)

    scene.call()

    assert shown(scene) == 0


def test_what_is_approved_does_not_count(scene: Scene) -> None:
    """A citizen who goes on at the portal may be called as often as they like."""
    for _ in range(3):
        called = scene.call()
        scene.answer(called["binding_number"])
        assert scene.poll(called).status_code == 200


def test_a_portal_calls_so_often(provider: Provider) -> None:
    """Known or unknown, each call counts alike, and another portal's do not."""
    provider = limited(provider, calls_per_client=2)
    scene = scene_of(provider, create_app(provider=provider), bank(provider))
    scene.call(login_hint=UNKNOWN)
    scene.call()

    for hint in (scene.person["personal_number"], UNKNOWN):
        refused = scene.ask(login_hint=hint)
        assert refused.status_code == 429
        assert refused.get_json()["error"] == "temporarily_unavailable"

    scene.portal = Portal.register(provider, "tax", grant_types=GRANTS)
    scene.call()


def test_calls_take_no_place_of_warnings(provider: Provider) -> None:
    """Each portal's messages have a lane; the queue of everybody's is not theirs."""
    provider = replace(provider, courier=Courier(waiting=0))
    scene = scene_of(provider, create_app(provider=provider), bank(provider))

    scene.call(login_hint=UNKNOWN)
    provider.courier.wait()
    scene.call()

    assert told(scene) == 1


def test_each_call_is_in_the_log(scene: Scene) -> None:
    """The citizen reads of it; a call of nobody is recorded, of no account."""
    scene.call()
    scene.call(login_hint=UNKNOWN)

    history = scene.phone.visit("/account/history").text

    assert history.count("bank asked you to confirm a sign-in") == 1
    assert sorted(row is None for row in _called(scene.provider)) == [False, True]


def test_the_history_has_only_what_was_shown(scene: Scene) -> None:
    """A portal does not bury a history either; the log has all of it."""
    for _ in range(4):
        scene.call()

    accounts = _called(scene.provider)

    assert [account is None for account in accounts] == [False, False, True, True]


def _called(provider: Provider) -> list[Any]:
    query = sa.select(AuditEvent.account_id).where(AuditEvent.type == "CitizenCalled")
    with provider.database.read() as connection:
        return list(connection.execute(query.order_by(AuditEvent.at)).scalars())
