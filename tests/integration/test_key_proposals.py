"""Two officers move a ring: a rotation, and a key made beforehand, by the console."""

import re
from datetime import timedelta

import pytest

from idp import clock
from idp.approvals import break_glass, keys, proposals
from idp.web.staff import key_texts
from idp.web.staff.key_origin import fingerprint
from keys.ring import Ring
from tests.driver import Browser, Portal, error_code
from tests.integration.test_approvals import post
from tests.integration.test_authority_requests import token_of
from tests.integration.test_two_persons import run
from tests.staff import prove, sign_in_officer

EVENT = Ring("event", "ES256")


@pytest.fixture
def officers(app, provider) -> tuple[Browser, Browser]:
    """Return two security officers' browsers, signed in."""
    browsers = (Browser(app.test_client()), Browser(app.test_client()))
    for number, browser in enumerate(browsers):
        name = f"Officer {number}"
        sign_in_officer(browser, provider, roles=("security",), name=name)
    return browsers


def propose(browser: Browser, ring: str, kid: str = ""):
    """Send a ring's form, with a key that it may not offer."""
    path = f"/staff/keys/rings/{ring}"
    token = token_of(browser.visit(path))
    return browser.visit(
        path, data={"csrf_token": token, "reason": "A year is over", "kid": kid}
    )


def published(provider) -> set[str]:
    return {key["kid"] for key in provider.rings.jwks(clock.now())["keys"]}


def test_two_officers_rotate_a_ring_and_publish_a_key(provider, officers) -> None:
    """Each enters the key set once approved; a made key only by its name and ring."""
    first, second = officers
    made = provider.rotator.opener.generate(EVENT, now=clock.now())
    provider.rotator.admit([made], now=clock.now(), how="generated")
    before = published(provider)

    page = propose(first, "id_token-ES256")
    assert error_code(post(first, page.request.path, "approve")) == "DD-STAFF-004"
    assert published(provider) == before
    post(second, page.request.path, "approve")
    (fresh,) = published(provider) - before
    assert (
        provider.rotator.rehearse(
            Ring("id_token", "ES256"), now=clock.now()
        ).upcoming.kid
        == fresh
    )

    assert propose(first, "jarm-ES256", made.kid).status_code == 404
    with provider.database.transaction() as session:
        wrong = proposals.propose(
            session, provider.audit, provider.config.staff, keys.PUBLISH,
            {"ring": "jarm.ES256", "kid": made.kid}, "Mistaken", None, now=clock.now(),
        )  # fmt: skip
    post(first, f"/staff/approvals/{wrong}", "take_up")
    post(second, f"/staff/approvals/{wrong}", "approve")
    assert made.kid not in published(provider)

    page = propose(first, "event-ES256", made.kid)
    post(second, page.request.path, "approve")
    assert made.kid in published(provider)
    ring = first.visit("/staff/keys/rings/event-ES256?lang=en").text
    assert "Propose it" not in ring, "one waits already"


def test_the_approver_reads_which_key_and_where_it_comes_from(
    provider, officers
) -> None:
    """Made here with its record, or brought in by a file; and the ring in words."""
    first, second = officers
    told = {
        "event": ("generated", "ab" * 32, "Generated here at a ceremony"),
        "jarm": ("imported", "", "Whoever had that file may have a copy of the key."),
    }
    for purpose, (how, record, origin) in told.items():
        key = provider.rotator.opener.generate(Ring(purpose, "ES256"), now=clock.now())
        provider.rotator.admit([key], now=clock.now(), how=how, record=record)
        page = propose(first, f"{purpose}-ES256", key.kid)
        text = second.visit(f"{page.request.path}?lang=en").text

        for part in (key.kid, fingerprint(key.kid), origin, record):
            assert part in text, part
        assert text.count("look closely") == (how == "imported")
        assert key_texts.ring_called(key.ring.name) in text
        assert f"{purpose}.ES256" not in text

        provider.rotator.publish(key.kid, now=clock.now())
        text = second.visit(page.request.path).text
        assert "This key waits no more" in text


def test_an_alarm_calls_the_ring_by_what_it_signs(provider, officers) -> None:
    """With the key that was killed, as the command named it."""
    told = "jarm.ES256: Mj2aLejUhOOZ"
    break_glass.sound(provider, keys.KILL, told, "It was seen", now=clock.now())

    page = officers[0].visit("/staff/alarms?lang=en").text

    assert "Kill a key: Signed answers to portals · ES256: Mj2aLejUhOOZ" in page


def test_what_cannot_be_taken_back_says_so_at_its_button(provider, officers) -> None:
    """An emergency kill warns by colour and words; a rotation does neither."""
    first, second = officers
    ring = Ring("jarm", "RS256")
    key = next(key for key in provider.rotator.store.rows() if key.ring == ring)
    rotation = propose(first, "event-RS256").request.path
    path = f"/staff/keys/kill/{key.kid}"
    choice = {"grants": "rekey", "sessions": "stay", "reason": "It was seen outside"}
    token = token_of(first.visit(path))
    kill = first.visit(path, data={"csrf_token": token, **choice}).request.path

    for page, is_final in ((rotation, False), (kill, True)):
        text = second.visit(f"{page}?lang=en").text
        button = 'class="wide danger" name="decision" value="approve"'
        assert (button in text) is is_final
        assert ("This cannot be taken back." in text) is is_final
        assert ("Approve: kill this key now, for good" in text) is is_final
    assert key.kid in text

    assert "signs from" in second.visit(rotation).text
    post(second, rotation, "approve")
    assert "signs from" not in second.visit(rotation).text, "a forecast is of now"


def test_a_rehearsal_names_who_would_break(provider) -> None:
    """A portal that took a sign-in by keys of an hour ago, and one never seen."""
    for name in ("bank", "library"):
        Portal.register(provider, name)
    now = clock.now()
    before = now - timedelta(hours=1)
    provider.sightings.fetched(provider.rings.jwks_bytes(now), "", "bank", before)
    provider.sightings.came_back("bank", int(now.timestamp()), now)
    provider.sightings.flush()

    told = run(provider, "keys rotate", "--rehearse", "--ring", "id_token.RS256")

    assert told.exit_code == 0, told.output
    assert "Would break, for they keep keys longer than it takes: bank." in told.output
    assert "Not known: 1 of 2 portals" in told.output


@pytest.mark.parametrize("page", ["rings/event-ES256", "kill"])
def test_the_reason_outlives_the_passkey_that_is_asked_for(
    app, provider, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """Who thinks for long before an emergency finds everything in the form again."""
    key = provider.rotator.rehearse(EVENT, now=clock.now()).active
    path = f"/staff/keys/{f'kill/{key.kid}' if page == 'kill' else page}"
    browser = Browser(app.test_client())
    _, device = sign_in_officer(browser, provider, roles=("security",))
    token = token_of(browser.visit(path))
    moment = clock.now() + timedelta(seconds=provider.config.lifetimes.fresh_factor)
    monkeypatch.setattr(clock, "now", lambda: moment)

    typed = {"reason": "A laptop is gone", "grants": "rekey", "sessions": "end"}
    browser.visit(path, data=typed | {"csrf_token": token})
    asked = prove(browser, device)

    assert asked.request.path == path
    assert "A laptop is gone</textarea>" in asked.text
    if page == "kill":
        assert re.search(r'value="end"\s+checked', asked.text)
