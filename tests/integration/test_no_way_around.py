"""No order of steps, tabs, restarts, detours, cancels or backs reaches a code too low.

Hypothesis walks through the real pages. Passwords, one-time codes and recovery codes
are typed; passkey, card and another device are proven by what their pages call once
they have verified one. What was truly proven is kept beside, in simpler words than the
code's.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest
from flask import Flask, request
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.app import create_app
from idp.authentication import ways
from idp.factors import recovery_codes
from idp.factors.models import Credential
from idp.factors.results import VerifiedFactor
from idp.provider import Provider
from idp.web import proofs, visit
from tests.driver import Browser, Portal, answer, at, citizens

ACR = "urn:dinhdanh:acr:"
WORTH = {
    "pwd": "K", "totp": "P", "sms": "P", "recovery": "P", "chip": "P",
    "passkey": "KP", "security_key": "P", "device": "K", "strong_device": "KP",
}  # fmt: skip
AMR = {
    "pwd": {"pwd"}, "totp": {"otp"}, "sms": {"sms"}, "recovery": {"otp"},
    "chip": {"sc"}, "passkey": {"swk", "user"}, "security_key": {"swk"},
    "device": {"mca"}, "strong_device": {"mca"},
}  # fmt: skip


@pytest.fixture
def app(provider: Provider) -> Flask:
    """Return an application of this test's own, which gets a route more."""
    return create_app(provider=provider)


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": values}}})


# What a portal asks, and the least level that its answer may have.
WISHES: dict[str, tuple[dict[str, str], int]] = {
    "nothing": ({}, 1),
    "two": ({"claims": essential(f"{ACR}2.2")}, 2),
    "ordered": ({"claims": essential(f"{ACR}2.3", "LoA2")}, 2),
    "voluntary": ({"acr_values": f"{ACR}2.2"}, 1),
    "anew": ({"prompt": "login"}, 1),
    "now": ({"max_age": "0"}, 1),
}  # fmt: skip
PLACES = (
    "otp", "otp?way=totp", "otp?way=sms", "ways", "ways?list=1", "password", "login",
    "choose", "consent", "recovery", "device", "refused",
)  # fmt: skip

tabs = st.sampled_from((0, 0, 0, 1))
actions = st.one_of(
    st.tuples(st.just("open"), tabs, st.sampled_from(sorted(WISHES))),
    st.tuples(st.just("type"), tabs, st.sampled_from(("right", "right", "wrong"))),
    st.tuples(st.just("type"), tabs, st.just("right")),
    st.tuples(st.just("go"), tabs, st.sampled_from(PLACES)),
    st.tuples(st.just("resume"), tabs, st.none()),
    st.tuples(st.just("back"), tabs, st.integers(1, 3)),
    st.tuples(st.just("cancel"), tabs, st.none()),
    st.tuples(st.just("account"), tabs, st.none()),
    st.tuples(
        st.just("prove"),
        tabs,
        st.tuples(
            st.sampled_from(
                ("chip", "passkey", "security_key", "device", "strong_device")
            ),
            st.booleans(),
        ),
    ),
)


@dataclass(frozen=True)
class Asked:
    """What a portal asked, when, and with which verifier."""

    wish: str
    opened_at: datetime
    verifier: str


@dataclass
class Tab:
    """One tab: where it is, and where it was."""

    browser: Browser
    transaction: str = ""
    pages: list[TestResponse] = field(default_factory=list)


@dataclass
class Walker:
    """One browser of one citizen, and what was truly proven in it."""

    app: Flask
    provider: Provider
    portal: Portal
    person: dict[str, Any]
    codes: list[str]
    tabs: list[Tab] = field(default_factory=list)
    proven: set[str] = field(default_factory=set)
    last_proof: datetime | None = None
    asked: dict[str, Asked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        client = self.app.test_client()
        self.tabs = [Tab(Browser(client)) for _ in range(2)]

    def do(self, action: str, tab: Tab, detail: Any) -> None:
        page = getattr(self, f"_{action}")(tab, detail)
        if page is None:
            return
        assert page.status_code < 500, page.text[:2000]
        if at(page) == "consent" and 'value="allow"' in page.text:
            page = tab.browser.submit(page, decision="allow")
        tab.pages.append(page)
        found = re.search(
            r"/(?:login|otp|ways|password|device|consent|recovery)/([\w-]+)",
            page.request.path,
        )
        tab.transaction = found[1] if found else tab.transaction
        if at(page) == "portal" and "code" in answer(page):
            told = answer(page)
            self.check(tab, told["code"], self.asked[told["state"]])

    def check(self, tab: Tab, code: str, asked: Asked) -> None:
        """Hold what the portal is told against what was proven and asked."""
        self.portal.verifier = asked.verifier
        claims = self.portal.redeem(tab.browser.client, code)["claims"]
        worth = {kind for method in self.proven for kind in WORTH[method]}
        told = claims["authentication_level"]
        assert told <= len(worth), (self.proven, claims)
        assert told >= WISHES[asked.wish][1], (asked, claims)
        names = {name for method in self.proven for name in AMR[method]}
        assert set(claims["amr"]) - {"mfa"} <= names
        assert ("mfa" in claims["amr"]) == (told > 1)
        assert worth != {"P"}, "a card or a code alone"
        enrolled = {"totp", "sms"} & set(self.person["factors"])
        assert told > 1 or not enrolled, "an enrolled code was skipped"
        if asked.wish in ("anew", "now"):
            assert claims["auth_time"] >= int(asked.opened_at.timestamp())
            assert self.last_proof is not None
            assert self.last_proof >= asked.opened_at

    def _open(self, tab: Tab, wish: str) -> TestResponse:
        state = f"s{len(self.asked)}"
        url = self.portal.url(**WISHES[wish][0], state=state)
        self.asked[state] = Asked(wish, clock.now(), self.portal.verifier)
        return tab.browser.visit(url)

    def _type(self, tab: Tab, how: str) -> TestResponse | None:
        if not tab.pages:
            return None
        page = tab.pages[-1]
        typed = self._typed(page, right=how == "right")
        if typed is None or 'name="csrf_token"' not in page.text:
            return None  # an error page has no form
        method, values = typed
        before = self._proofs()
        answered = tab.browser.submit(page, **values)
        if self._proofs() > before:
            self._note(method)
        return answered

    def _typed(
        self, page: TestResponse, *, right: bool
    ) -> tuple[str, dict[str, str]] | None:
        person, place = self.person, at(page)
        secret = person["password"] if right else "not-the-password"
        if place == "login":
            number = person["personal_number"]
            return "pwd", {"personal_number": number, "password": secret}
        if place == "password":
            return "pwd", {"password": secret}
        if place == "recovery":
            code = self.codes.pop() if right and self.codes else "BCDFG-HJKMN"
            return "recovery", {"code": code}
        if place == "otp":
            # Who has no app may still have typed its address, which the page repeats.
            by_app = bool(person["totp_secret"]) and "way=totp" in page.text
            right_code = self._app_code() if by_app else self._sent_code()
            return ("totp" if by_app else "sms"), {
                "otp": right_code if right else "000000"
            }
        return None

    def _app_code(self) -> str:
        return pyotp.TOTP(self.person["totp_secret"]).at(clock.now())

    def _sent_code(self) -> str:
        phone = self.person["phone"].replace("+", "%2B")
        client = self.app.test_client()
        sent = client.get(f"/sandbox/outbox.json?phone={phone}").get_json()
        found = re.search(r"\b(\d{6})\b", sent[0]["text"]) if sent else None
        return found[1] if found else "000000"

    def _go(self, tab: Tab, place: str) -> TestResponse | None:
        if not tab.transaction:
            return None
        name, _, query = place.partition("?")
        return tab.browser.visit(f"/{name}/{tab.transaction}?{query}")

    def _resume(self, tab: Tab, _: None) -> TestResponse | None:
        if not tab.transaction:
            return None
        return tab.browser.visit(f"/authorize/resume?transaction={tab.transaction}")

    def _back(self, tab: Tab, steps: int) -> TestResponse | None:
        """Return to an earlier page as it was: its form can be sent again."""
        if len(tab.pages) <= steps:
            return None
        page = tab.pages[-1 - steps]
        return page if at(page) not in ("portal", "consent") else None

    def _cancel(self, tab: Tab, _: None) -> TestResponse | None:
        if not tab.transaction:
            return None
        return tab.browser.visit(
            "/authorize/cancel", data={"transaction": tab.transaction}
        )

    def _account(self, tab: Tab, _: None) -> TestResponse:
        tab.browser.visit("/account")
        return tab.browser.page

    def _prove(self, tab: Tab, what: tuple[str, bool]) -> TestResponse | None:
        if not tab.transaction:
            return None
        method, first = what
        if method in ("chip", "passkey") and method not in self.person["factors"]:
            return None
        before = self._proofs()
        page = tab.browser.visit(
            f"/proven/{tab.transaction}/{method}?first={int(first)}"
        )
        if self._proofs() > before:
            self._note(method)
        return page

    def _proofs(self) -> int:
        """Return how many proofs the audit log has of this account."""
        types = ("SessionStarted", "FactorProven")
        account_id = UUID(self.person["account_id"])
        with self.provider.database.read() as connection:
            return len(
                self.provider.audit.recent(connection, account_id, 10_000, types=types)
            )

    def _note(self, method: str) -> None:
        self.proven.add(method)
        if "device" not in method:
            self.last_proof = clock.now()


FLAGS = {"passkey": ("uv",), "strong_device": ("mfa",)}


def _add_proving(app: Flask, provider: Provider, account_ids: dict[str, UUID]) -> None:
    """Open an address that does what a factor's page does once it has verified one."""

    def proven(transaction: str, method: str) -> Any:
        step = visit.enter(transaction)
        signed_in = step.visit.signed_in()
        account_id = account_ids["walker"]
        name = {"security_key": "passkey", "strong_device": "device"}.get(
            method, method
        )
        at_time = step.visit.now
        if name == "device":
            if not ways.device_fits(step.transaction, signed_in):
                return "", 404
            at_time -= timedelta(hours=1)
        factor = VerifiedFactor(name, at_time, flags=FLAGS.get(method, ()))
        # A card or a verified passkey may come first; presence alone never does.
        if request.args["first"] == "1" and method != "security_key":
            return proofs.begin(step, account_id, factor)
        if signed_in is None:
            return ("", 404)
        return proofs.complete(step, factor)

    app.add_url_rule("/proven/<transaction>/<method>", view_func=proven)


def _enrol(provider: Provider, account_id: UUID) -> None:
    with provider.database.transaction() as session:
        for kind in ("chip", "passkey"):
            session.add(
                Credential(
                    account_id=account_id, kind=kind, label="", created_at=clock.now()
                )
            )


@pytest.mark.parametrize("factors", [["pwd"], ["pwd", "totp"], ["pwd", "sms"]])
def test_no_way_around(
    app: Flask,
    provider: Provider,
    factors: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is done in whatever order, the portal gets what it asked, or no code."""
    person = next(
        one
        for one in citizens(provider)
        if one["factors"] == factors
        and one["account_level"] == 2
        and one["state"] == "active"
        and not one["lock"]
    )
    with provider.database.read() as connection:
        account_id = find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    assert account_id is not None
    _enrol(provider, account_id)
    person = person | {
        "factors": [*factors, "chip", "passkey"],
        "account_id": str(account_id),
    }
    _add_proving(app, provider, {"walker": account_id})
    portal = Portal.register(provider, "bank")
    offset = timedelta()
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + offset)
    reached = 0

    @settings(
        max_examples=40,
        phases=(Phase.explicit, Phase.generate),  # a walk is short enough to be read
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(walk=st.lists(actions, min_size=4, max_size=14))
    @example(walk=[("type", 0, "right"), ("prove", 0, ("passkey", False))])
    @example(walk=[("prove", 0, ("chip", True)), ("go", 0, "password"),
                   ("type", 0, "right"), ("open", 1, "now")])  # fmt: skip
    def run(walk: list[tuple[str, int, Any]]) -> None:
        nonlocal offset, reached
        with provider.database.transaction() as session:
            codes = list(
                recovery_codes.make(
                    session,
                    provider.audit,
                    provider.sealer,
                    account_id,
                    now=clock.now(),
                )
            )
        walker = Walker(app, provider, portal, person, codes)
        for action, tab, detail in (("open", 0, "two"), *walk):
            offset += timedelta(seconds=61)
            walker.do(action, walker.tabs[tab], detail)
        reached += any(
            at(page) == "portal" and "code" in answer(page)
            for tab in walker.tabs
            for page in tab.pages
        )

    run()
    assert reached, "no walk arrived anywhere: the test shows nothing"


@pytest.mark.parametrize(
    ("walk", "level", "amr"),
    [
        (["passkey"], 2, ["swk", "user", "mfa"]),
        (["chip", "passkey"], 2, ["sc", "swk", "user", "mfa"]),
        (["chip", "pwd"], 2, ["pwd", "sc", "mfa"]),
        (["strong_device"], 2, ["mca", "mfa"]),
        (["chip", "security_key", "pwd"], 2, ["pwd", "sc", "swk", "mfa"]),
    ],
)
def test_ways_through(
    app: Flask, provider: Provider, walk: list[str], level: int, amr: list[str]
) -> None:
    """Each pair of factors is told as the table has it; a card alone stops half-way."""
    person = next(one for one in citizens(provider) if one["factors"] == ["pwd"]
                  and one["account_level"] == 2 and one["state"] == "active"
                  and not one["lock"])  # fmt: skip
    with provider.database.read() as connection:
        account_id = find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    assert account_id is not None
    _enrol(provider, account_id)
    _add_proving(app, provider, {"walker": account_id})
    portal, browser = Portal.register(provider, "bank"), Browser(app.test_client())
    page = browser.visit(portal.url())
    transaction = page.request.path.split("/")[2]
    for turn, method in enumerate(walk):
        assert at(page) not in ("consent", "portal")
        if method == "pwd":
            browser.visit(f"/password/{transaction}")
            page = browser.submit(password=person["password"])
        else:
            first = int(turn == 0)
            page = browser.visit(f"/proven/{transaction}/{method}?first={first}")

    assert at(page) == "consent"
    code = answer(browser.submit(decision="allow"))["code"]
    claims = portal.redeem(browser.client, code)["claims"]
    assert (claims["authentication_level"], claims["amr"]) == (level, amr)
    assert claims["acr"] == f"{ACR}2.{level}"
