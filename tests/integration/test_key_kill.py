"""A stolen key, killed by two officers: refused, told, exposed, and what lives on."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp import clock
from idp.factors.mail import SandboxLetters
from idp.provider import Provider
from idp.signals.kinds import KEY_COMPROMISED
from keys.ring import Ring, signing_key, timeline
from tests.attacks.conftest import later
from tests.driver import (
    SECRET,
    Browser,
    Portal,
    answer,
    at,
    citizen,
    citizens,
    error_code,
)
from tests.integration.ssf_side import GRANTS, Streams
from tests.integration.test_authority_requests import token_of
from tests.integration.token_side import userinfo
from tests.services import BACKENDS
from tests.staff import sign_in_officer
from tests.story import press

ACCESS, ID = Ring("access_token", "ES256"), Ring("id_token", "RS256")
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CONTACT = "security@bank.example"


@dataclass
class Town:
    """A portal with tokens of a citizen, and two security officers."""

    app: Flask
    provider: Provider
    portal: Portal = field(init=False)
    citizen: Browser = field(init=False)
    tokens: dict[str, Any] = field(init=False)
    officers: tuple[Browser, Browser] = field(init=False)

    def __post_init__(self) -> None:
        self.portal = Portal.register(
            self.provider,
            "bank",
            grant_types=[*GRANTS, EXCHANGE],
            contacts=[CONTACT],
            egress_networks=["198.51.100.0/28"],
        )
        self.citizen = Browser(self.app.test_client())
        self.citizen.visit(self.portal.url(scope="openid offline_access"))
        self.citizen.sign_in(citizen(self.provider, factors=["pwd"], state="active"))
        page = self.citizen.submit(decision="allow")
        self.tokens = self.portal.redeem(self.client, answer(page)["code"])
        self.officers = (Browser(self.client), Browser(self.app.test_client()))
        for number, browser in enumerate(self.officers):
            sign_in_officer(
                browser, self.provider, roles=("security",), name=f"Officer {number}"
            )

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def active(self, ring: Ring) -> str:
        """Return the name of the key that signs."""
        rows = self.provider.rotator.store.rows()
        key = signing_key(timeline(rows, ring, keep_retired=10**6), clock.now())
        assert key is not None
        return key.kid

    def kill(self, ring: Ring, **choice: str) -> str:
        """Have one officer propose it and the other approve; return the incident."""
        proposer, approver = self.officers
        kid = self.active(ring)
        guide = f"/staff/keys/kill/{kid}"
        token = token_of(proposer.visit(guide))
        typed = {"csrf_token": token, "reason": "A backup was stolen", **choice}
        page = proposer.visit(guide, data=typed)
        path = page.request.path
        assert path.startswith("/staff/approvals/"), page.text
        assert self.active(ring) == kid, "one officer alone moves nothing"
        own = {"csrf_token": token_of(page), "decision": "approve"}
        assert error_code(proposer.visit(path, data=own)) == "DD-STAFF-004"
        page = approver.visit(path)
        approver.visit(path, data={"csrf_token": token_of(page), "decision": "approve"})
        assert self.active(ring) != kid
        self.provider.courier.wait()
        page = approver.visit("/staff/keys")
        return re.findall(r"/staff/keys/incidents/[0-9a-f-]{36}", page.text)[0]

    def post(self, path: str, **form: str) -> Any:
        own = {"client_id": "bank", "client_secret": SECRET}
        return self.client.post(path, data=own | form).get_json()

    def fetch_keys(self) -> None:
        """Fetch the key set from the portal's own network."""
        place = {"REMOTE_ADDR": "198.51.100.7"}
        self.client.get("/jwks.json", environ_overrides=place)

    def refresh(self) -> Any:
        token = self.tokens["refresh_token"]
        return self.post("/token", grant_type="refresh_token", refresh_token=token)


@pytest.fixture
def town(app: Flask, provider: Provider) -> Town:
    return Town(app, provider)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_access_key_is_refused_everywhere_and_grants_live_on(
    town: Town, backend: str
) -> None:
    """Introspection, userinfo and exchange refuse; the next refresh has a new key."""
    stolen = town.tokens["access_token"]

    town.kill(ACCESS, grants="rekey", sessions="stay")

    assert town.post("/introspect", token=stolen) == {"active": False}
    assert userinfo(town.client, stolen).status_code == 401
    exchanged = town.post(
        "/token",
        grant_type=EXCHANGE,
        subject_token=stolen,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        requested_subject="somebody",
    )
    assert exchanged["error"] == "invalid_request"
    fresh = town.refresh()["access_token"]
    assert town.post("/introspect", token=fresh)["active"] is True
    page = town.citizen.visit(town.portal.url(scope="openid offline_access"))
    assert at(page) == "portal", "the sign-in stayed"


def test_a_killed_id_key_may_take_permissions_and_sign_ins_with_it(town: Town) -> None:
    """The hint at sign-out is no ID token of ours; what was chosen has ended."""
    hint = town.tokens["id_token"]

    incident = town.kill(ID, grants="revoke", sessions="end")

    page = town.client.get("/end_session", query_string={"id_token_hint": hint})
    assert page.status_code in (302, 303)
    page = town.citizen.visit(f"/end_session?id_token_hint={hint}")
    assert "bank.example/bye" not in page.text
    assert town.refresh()["error"] == "invalid_grant"
    assert at(town.citizen.visit(town.portal.url())) == "login"
    page = town.officers[0].visit(f"{incident}?lang=en")
    assert page.text.count("(ended: 1)") == 2
    assert "nothing is left to end" in page.text


def test_portals_are_told_and_exposed_until_they_fetch(town: Town) -> None:
    """Letter, event and its acknowledgement; a fetch of the new set ends exposure."""
    streams = Streams(town.client, "bank")
    streams.create()
    stolen = town.tokens["access_token"]
    town.fetch_keys()
    incident = town.kill(ID, grants="rekey", sessions="stay")
    streams = Streams(town.client, "bank")
    officer = town.officers[0]

    before = officer.visit(f"{incident}?lang=en").text
    (event,) = streams.poll(maxEvents=5)["sets"].items()
    streams.poll(ack=[event[0]], maxEvents=0)
    town.client.get("/jwks.json?client_id=bank")  # a stranger's word
    by_word = officer.visit(f"{incident}?lang=en").text
    town.fetch_keys()
    after = officer.visit(f"{incident}?lang=en").text
    ring = officer.visit("/staff/keys/rings/id_token-RS256?show=lacking&lang=en").text

    assert "exposed until" in before
    assert "sent, not acknowledged" in before
    assert "exposed until" in by_word
    assert "exposed until" not in after
    assert "fetched the new key set on" in after
    assert "acknowledged on" in after
    assert "Every portal is known to have it." in ring
    (letter,) = SandboxLetters(town.provider.database).list(CONTACT)
    assert town.active(ID) not in letter.text
    assert "/jwks.json" in letter.text
    assert KEY_COMPROMISED in streams_event(town, event[1])["events"]
    newer = town.kill(ACCESS, grants="rekey", sessions="stay")
    userinfo(town.client, stolen)
    page = officer.visit(f"{newer}?lang=en")
    assert "1 access tokens that name this key" in page.text


def streams_event(town: Town, token: str) -> dict[str, Any]:
    """Return the claims of a security event that a key of ours signed."""
    return town.provider.rings.verify(
        token, purposes=("event",), typ="secevent+jwt", now=clock.now()
    )


TOKENS = "Token answers that may still be valid, and are refused at once"
GRANTS_OF = "Permissions that got tokens of this key"
PEOPLE = "People signed in with us now"
PORTALS = "Portals that may believe forged tokens for up to 6 minutes more"


def cost(town: Town, ring: Ring) -> tuple[dict[str, int], str]:
    """Return the figures of the page before the click, and the portals it names."""
    page = town.officers[0].visit(f"/staff/keys/kill/{town.active(ring)}?lang=en").text
    shown = page.partition('<dl class="figures">')[2].partition("</dl>")[0]
    told = re.findall(r"<dt>(.+?)</dt><dd>(\d+)</dd>", shown)
    named = re.search(r"<summary>Which portals</summary><p>(.+?)</p>", page)
    return {name: int(number) for name, number in told}, named[1] if named else ""


def allow(browser: Browser, portal: Portal, person: dict[str, Any]) -> dict[str, Any]:
    """Let a portal have tokens, by a sign-in where one is needed."""
    page = browser.visit(portal.url(scope="openid offline_access"))
    if at(page) == "login":
        page = browser.sign_in(person)
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    return portal.redeem(browser.client, answer(page)["code"])


def test_what_a_kill_costs_is_counted(town: Town) -> None:
    """Each figure by what happened: three answers, two of them of one citizen."""
    first, other = [
        person
        for person in citizens(town.provider)
        if person["state"] == "active" and person["factors"] == ["pwd"]
    ][:2]
    quiet = {ring: cost(town, ring) for ring in (ID, ACCESS)}
    town.refresh()
    clinic = Portal.register(
        town.provider, "clinic", id_token_signed_response_alg="ES256"
    )
    allow(town.citizen, clinic, first)
    elsewhere = Browser(town.app.test_client())
    allow(elsewhere, town.portal, other)
    busy = cost(town, ID)
    press(elsewhere, "/account", "sign-out")

    assert quiet[ID] == ({TOKENS: 1, GRANTS_OF: 1, PEOPLE: 1, PORTALS: 1}, "bank")
    assert quiet[ACCESS] == ({TOKENS: 1, GRANTS_OF: 1, PEOPLE: 1, PORTALS: 0}, "")
    assert busy == ({TOKENS: 3, GRANTS_OF: 2, PEOPLE: 2, PORTALS: 1}, "bank")
    of_clinic = {TOKENS: 1, GRANTS_OF: 1, PEOPLE: 1, PORTALS: 1}
    assert cost(town, Ring("id_token", "ES256")) == (of_clinic, "clinic")
    every = {TOKENS: 4, GRANTS_OF: 3, PEOPLE: 1, PORTALS: 0}
    assert cost(town, ACCESS) == (every, "")
    of_no_grant = {TOKENS: 0, PEOPLE: 1, PORTALS: 0}
    assert cost(town, Ring("jarm", "ES256")) == (of_no_grant, "")
    life = town.provider.config.lifetimes
    with later(max(life.access_token, life.id_token) + 1):
        assert cost(town, ID)[0][TOKENS] == 0, "they have expired by themselves"


@pytest.mark.parametrize(
    ("role", "may_read", "may_propose"),
    [("security", True, True), ("auditor", True, False), ("hotline", False, False)],
)
def test_who_may_look_and_who_may_propose(
    app: Flask, provider: Provider, role: str, may_read: bool, may_propose: bool
) -> None:
    """Auditors read; nobody else finds the pages, and no cookie of a citizen's does."""
    Portal.register(provider, "bank")
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=(role,))
    kid = provider.rings.jwks(clock.now())["keys"][0]["kid"]

    for path in ("", "/rings/id_token-RS256", f"/kill/{kid}"):
        page = browser.visit(f"/staff/keys{path}?lang=en")
        assert page.status_code == (200 if may_read else 403), path
        assert ("Propose" in page.text) is (may_propose and path != "")
        assert "style=" not in page.text
        assert "<script" not in page.text
    refused = browser.visit(f"/staff/keys/kill/{kid}", data={"reason": "x"})
    assert (error_code(refused) == "DD-STAFF-003") is not may_propose
    stranger = app.test_client().get("/staff/keys")
    assert stranger.headers["Location"].startswith("/staff/sign-in")
