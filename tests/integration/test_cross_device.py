"""Signing in on one device by approving on another, and every way to abuse it."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from idp import clock
from idp.app import create_app
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, citizens, error_code
from tests.services import BACKENDS

ACR = "urn:dinhdanh:acr:"


@dataclass
class Scene:
    """A PC that asks, a phone that is signed in, and a portal that wants to know."""

    provider: Provider
    portal: Portal
    pc: Browser
    phone: Browser
    stranger: Browser

    def sign_in_phone(self, **wanted: Any) -> dict[str, Any]:
        """Sign a citizen in on the phone, at their own page."""
        person = citizen(self.provider, **wanted)
        self.phone.visit("/account")
        assert at(self.phone.sign_in(person)) == "account"
        return person

    def ask(self, **changes: str | None) -> TestResponse:
        """Begin at the portal and show the code on the PC."""
        page = self.pc.visit(self.portal.url(**changes))
        address = re.search(r'href="(/device/[^"]+)"', page.text)
        assert address is not None, "the way is not offered"
        assert "Show the code" in self.pc.visit(address[1]).text
        return self.pc.submit()

    def finish(self) -> TestResponse:
        """Look at the PC again, and go on if it can."""
        page = self.pc.visit(self.pc.page.request.path)
        return self.pc.submit(page) if "data-approved" in page.text else page


@pytest.fixture
def scene(provider: Provider, app: Flask) -> Scene:
    clients = [app.test_client() for _ in range(3)]
    for client in clients:
        client.get("/?lang=en")
    return Scene(provider, Portal.register(provider, "bank"), *map(Browser, clients))


def number(page: TestResponse) -> str:
    found = re.search(r'class="match-number"[^>]*>(\d\d)<', page.text)
    assert found is not None
    return found[1]


def other_number(page: TestResponse) -> str:
    return "10" if number(page) != "10" else "11"


def code(scene: Scene, page: TestResponse) -> str:
    """Return the address in the QR code, as the provider stored it for this screen."""
    transaction = urlsplit(page.request.path).path.split("/")[2]
    kept = scene.provider.ephemeral.get(f"crossing-of:{transaction}")
    assert kept is not None
    return f"/approve/{kept['code']}"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("factors", "acr", "amr"),
    [
        (["pwd", "totp"], "2.2", ["mca", "mfa"]),
        (["pwd"], "2.1", ["mca"]),
    ],
)
def test_level_is_the_phones(
    scene: Scene, factors: list[str], acr: str, amr: list[str], backend: str
) -> None:
    """Level 2 only if the phone's session had it, and its time is the phone's."""
    scene.sign_in_phone(account_level=2, factors=factors)
    before = clock.now().timestamp()
    screen = scene.ask()
    asked = scene.phone.visit(code(scene, screen))
    assert "bank" in asked.text
    assert "bank.example" in asked.text
    assert "127.0.0.1" in asked.text

    approved = scene.phone.submit(number=number(screen), decision="allow")
    assert "Go on at the other screen" in approved.text
    assert at(scene.finish()) == "consent"
    page = scene.pc.submit(decision="allow")

    claims = scene.portal.redeem(scene.pc.client, answer(page)["code"])["claims"]
    assert (claims["acr"], claims["amr"]) == (ACR + acr, amr)
    assert claims["auth_time"] <= before


def test_only_a_sandbox_writes_the_address_out(scene: Scene) -> None:
    """Elsewhere the code is in the picture alone, not in text to be passed on."""
    shown = scene.ask()
    assert code(scene, shown) in shown.text

    sandbox = replace(scene.provider.config.sandbox, enabled=False)
    config = replace(scene.provider.config, sandbox=sandbox)
    scene.provider = replace(scene.provider, config=config)
    scene.pc = Browser(create_app(provider=scene.provider).test_client())
    scene.pc.visit("/?lang=en")
    shown = scene.ask()
    assert "match-number" in shown.text
    assert code(scene, shown) not in shown.text


@pytest.mark.parametrize("typed", ["wrong", "", "٤٢", "100"])
def test_a_relayed_code_with_the_wrong_number_is_dead(scene: Scene, typed: str) -> None:
    """One wrong number ends the request; the right one comes too late (F12)."""
    scene.sign_in_phone(factors=["pwd", "totp"])
    screen = scene.ask()
    address = code(scene, screen)
    scene.phone.visit(address)
    form_page = scene.phone.page

    wrong = other_number(screen) if typed == "wrong" else typed
    refused = scene.phone.submit(number=wrong, decision="allow")
    assert error_code(refused) == "DD-DEV-005"
    late = scene.phone.submit(form_page, number=number(screen), decision="allow")
    assert error_code(late) == "DD-DEV-001"
    page = scene.finish()
    assert error_code(page) == "DD-DEV-002"
    assert at(scene.pc.visit(scene.portal.url(prompt="none"))) == "portal"
    assert answer(scene.pc.page)["error"] == "login_required"


def test_refusing(scene: Scene) -> None:
    """A refusal ends the request though the number is right."""
    scene.sign_in_phone(factors=["pwd"])
    screen = scene.ask()
    scene.phone.visit(code(scene, screen))

    page = scene.phone.submit(number=number(screen), decision="deny")

    assert "Nobody was let in" in page.text
    assert error_code(scene.finish()) == "DD-DEV-002"


def test_only_the_browser_that_began_finishes(scene: Scene) -> None:
    """An approval is worth nothing in another browser, and is used once."""
    scene.sign_in_phone(factors=["pwd"])
    screen = scene.ask()
    scene.phone.visit(code(scene, screen))
    scene.phone.submit(number=number(screen), decision="allow")
    waiting = scene.pc.visit(screen.request.path)
    assert "data-approved" in waiting.text

    scene.stranger.visit(scene.portal.url())
    stolen = scene.stranger.submit(waiting)
    assert error_code(stolen) in ("DD-TXN-003", "DD-WEB-010")
    looked = scene.stranger.client.get(f"{screen.request.path}/state")
    assert looked.status_code != 200
    assert at(scene.pc.submit(waiting)) == "consent"
    scene.pc.client.delete_cookie("dd_session")
    again = scene.pc.submit(waiting)
    assert at(again) != "consent"


def test_looking_completes_nothing(scene: Scene) -> None:
    """Neither polling nor opening the page signs anybody in."""
    scene.sign_in_phone(factors=["pwd"])
    screen = scene.ask()
    state = f"{screen.request.path}/state"
    assert scene.pc.client.get(state).get_json() == {"state": "waiting"}
    scene.phone.visit(code(scene, screen))
    scene.phone.submit(number=number(screen), decision="allow")

    for _ in range(3):
        assert scene.pc.client.get(state).get_json() == {"state": "approved"}
        scene.pc.visit(screen.request.path)
    told = answer(scene.pc.visit(scene.portal.url(prompt="none")))

    assert told["error"] == "login_required"


def test_a_device_not_signed_in_is_led_to_no_form(scene: Scene) -> None:
    """A code that somebody sent does not even make anyone sign in."""
    screen = scene.ask()

    page = scene.stranger.visit(code(scene, screen))

    assert error_code(page) == "DD-DEV-003"
    assert "<form" not in page.text


def test_half_a_sign_in_approves_nothing(scene: Scene) -> None:
    """A password whose one-time code is missing is no signed-in session."""
    person = citizen(scene.provider, factors=["pwd", "totp"])
    scene.phone.visit("/account")
    scene.phone.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    screen = scene.ask()

    assert error_code(scene.phone.visit(code(scene, screen))) == "DD-DEV-003"


def test_the_same_browser_is_no_other_device(scene: Scene) -> None:
    """A session cannot vouch for itself to look younger or to make a second one."""
    person = citizen(scene.provider, factors=["pwd"])
    scene.pc.visit("/account")
    scene.pc.sign_in(person)
    page = scene.pc.visit(scene.portal.url(prompt="select_account"))
    scene.pc.submit(decision="other")
    address = re.search(r'href="(/device/[^"]+)"', scene.pc.page.text)
    assert page.status_code == 200
    assert address is not None
    scene.pc.visit(address[1])
    screen = scene.pc.submit()

    assert error_code(scene.pc.visit(code(scene, screen))) == "DD-DEV-004"


def test_no_chain_of_devices(scene: Scene) -> None:
    """Whoever was let in by another device lets nobody in."""
    scene.sign_in_phone(factors=["pwd"])
    screen = scene.ask()
    scene.phone.visit(code(scene, screen))
    scene.phone.submit(number=number(screen), decision="allow")
    scene.finish()
    scene.stranger.visit(scene.portal.url())
    address = re.search(r'href="(/device/[^"]+)"', scene.stranger.page.text)
    assert address is not None
    scene.stranger.visit(address[1])
    second = scene.stranger.submit()

    assert error_code(scene.pc.visit(code(scene, second))) == "DD-DEV-004"


@pytest.mark.parametrize(
    "changes", [{"prompt": "login"}, {"max_age": "3600"}, {"max_age": "0"}]
)
def test_not_offered_where_a_fresh_proof_is_asked(
    scene: Scene, changes: dict[str, str]
) -> None:
    """The phone's proof may be hours old, so the way is neither shown nor open."""
    page = scene.pc.visit(scene.portal.url(**changes))
    transaction = page.request.path.split("/")[2]

    assert "/device/" not in page.text
    assert at(scene.pc.visit(f"/device/{transaction}")) == "login"


def test_one_code_at_a_time(scene: Scene) -> None:
    """A new code ends the last one, and there is an end to new codes."""
    scene.sign_in_phone(factors=["pwd"])
    first = scene.ask()
    former = code(scene, first)
    for _ in range(4):
        screen = scene.pc.submit(scene.pc.page)
        assert screen.status_code == 200

    assert error_code(scene.phone.visit(former)) == "DD-DEV-001"
    assert code(scene, screen) != former
    assert scene.pc.submit(scene.pc.page).status_code == 429


def test_a_code_runs_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its two minutes the screen says so, by the clock and without a wait."""
    screen = scene.ask()
    late = clock.now() + timedelta(seconds=121)
    monkeypatch.setattr(clock, "now", lambda: late)

    page = scene.pc.visit(screen.request.path)

    assert error_code(page) == "DD-DEV-001"
    assert "match-number" not in page.text


def test_an_approval_for_another_account_adds_nothing(scene: Scene) -> None:
    """A further proof has to come from the person who proved the first."""
    people = [
        person
        for person in citizens(scene.provider)
        if person["factors"] == ["pwd", "totp"]
        and person["state"] == "active"
        and not person["lock"]
    ]
    mine, theirs = people[0], people[1]
    scene.phone.visit("/account")
    scene.phone.sign_in(theirs)
    scene.pc.visit(scene.portal.url())
    page = scene.pc.submit(
        personal_number=mine["personal_number"], password=mine["password"]
    )
    transaction = page.request.path.split("/")[2]
    page = scene.pc.visit(f"/ways/{transaction}?list=1")
    assert f"/device/{transaction}" in page.text
    scene.pc.visit(f"/device/{transaction}")
    screen = scene.pc.submit()

    assert error_code(scene.phone.visit(code(scene, screen))) == "DD-DEV-004"


def test_refused_for_what_decides_who_may_sign_in(scene: Scene) -> None:
    """With another device's word nobody changes how this account is entered."""
    scene.sign_in_phone(factors=["pwd", "totp"])
    screen = scene.ask()
    scene.phone.visit(code(scene, screen))
    scene.phone.submit(number=number(screen), decision="allow")
    assert at(scene.finish()) == "consent"
    assert at(scene.pc.visit("/account")) == "account"

    assert scene.pc.visit("/account/ways/codes").status_code == 200
    page = scene.pc.submit()

    assert at(page) == "login"
    assert "/device/" not in page.text


def test_a_form_of_another_session_is_refused(scene: Scene) -> None:
    """Approving is an explicit post of this session's own page (CSRF)."""
    scene.sign_in_phone(factors=["pwd"])
    screen = scene.ask()
    address = code(scene, screen)
    typed = {"number": number(screen), "decision": "allow"}

    bare = scene.phone.client.post(address, data=typed)

    assert bare.status_code == 403
    assert scene.phone.client.get(address).status_code == 200


def test_what_happened_is_told(scene: Scene) -> None:
    """The approval stands in the citizen's history."""
    scene.sign_in_phone(factors=["pwd"])
    screen = scene.ask()
    scene.phone.visit(code(scene, screen))
    scene.phone.submit(number=number(screen), decision="allow")

    page = scene.phone.visit("/account/history")

    assert "Approved a sign-in on another device" in page.text
