"""Lines K: levels are earned, consent is asked, and neither can be posted."""

import json
import time
from typing import Any
from urllib.parse import urlencode

from clients.attack.browser import Browser, at, forms, path
from clients.attack.portal import Visit, enter, portal, prove, simple, withdraw_all
from clients.attack.suite import attack, expect
from clients.attack.target import Target

HIGH = "urn:dinhdanh:acr:2.2"


@attack("K1", "CWE-269", "CWE-290")
def level_asked_for(target: Target) -> None:
    """An acr is earned: what is asked for and not proven is never answered."""
    person = target.people("pwd", account_level=1)[0]
    visit = enter(portal(target), person, scope="openid")
    for wish in (HIGH, f"unknown {HIGH} LoA2", "anything", "LoA2"):
        step = enter(
            visit.portal, person, visit.browser, scope="openid", acr_values=wish
        ).redeem()
        told = step.claims["acr"]
        expect(told not in wish.split(), f"{wish!r} was answered {told!r}")
        expect(step.claims["account_level"] == 1, "the level rose")
    essential = {"id_token": {"acr": {"essential": True, "values": [HIGH]}}}
    changes = {"scope": "openid", "claims": json.dumps(essential)}
    step = enter(visit.portal, person, visit.browser, **changes)
    told = step.answer.get("error", "a code")
    expect(told == "unmet_authentication_requirements", f"it was answered {told}")


@attack("K2", "CWE-602")
def minimum_stripped(target: Target) -> None:
    """A minimum that the client registered holds, whatever the browser asks."""
    party = portal(target, 1)
    person = target.people("pwd", account_level=1)[0]
    for wish in (None, "urn:dinhdanh:acr:1.1", "LoA1"):
        visit = enter(party, person, scope="openid", acr_values=wish)
        told = visit.page.headers.get("Location", "")
        expect("code=" not in told, f"acr_values={wish} got a code below the minimum")


@attack("K3", "CWE-613", "CWE-306")
def proof_not_renewed(target: Target) -> None:
    """`prompt=login` and `max_age=0` ask anew, and auth_time tells the truth."""
    visit = enter(portal(target), scope="openid").redeem()
    silent = enter(visit.portal, browser=visit.browser, scope="openid").redeem()
    same = silent.claims["auth_time"] == visit.claims["auth_time"]
    expect(same, "a silent round renewed auth_time")
    now = time.time()  # noqa: TID251 - a relying party has a clock of its own
    expect(silent.claims["auth_time"] <= now + 60, "auth_time is in the future")
    for changes in ({"prompt": "login"}, {"max_age": "0"}):
        asked = visit.portal.ask(scope="openid", **changes)
        page = visit.browser.visit(visit.portal.address(asked))
        expect(at(page) != "portal", f"{changes} was answered without a proof")


@attack("K4", "CWE-359")
def consent_skipped(target: Target) -> None:
    """A silent request never gets what was not agreed to."""
    visit = enter(portal(target), _lone(target), scope="openid")
    essential = {"userinfo": {"residence": {"essential": True}}}
    for changes in (
        {"scope": "openid residence"},
        {"scope": "openid offline_access"},
        {"scope": "openid", "claims": json.dumps(essential)},
    ):
        step = enter(visit.portal, None, visit.browser, prompt="none", **changes)
        told = step.answer.get("error", "a code")
        expect(told == "consent_required", f"{changes} was answered {told}")
    stranger = enter(visit.portal, prompt="none", scope="openid")
    told = stranger.answer.get("error", "a code")
    expect(told == "login_required", f"a stranger was answered {told}")


@attack("K5", "CWE-472", "CWE-915")
def consent_tampered(target: Target) -> None:
    """Scopes, claims, clients and people that are posted with a consent are ignored."""
    party, browser = portal(target, 2), Browser(target)
    asked = party.ask(scope="openid", prompt="consent")
    page = prove(browser, browser.visit(party.address(asked)), _lone(target))
    expect(at(page) == "consent", f"consent was not asked: {at(page)}")
    page = browser.submit(
        page,
        decision="allow",
        claim=["residence", "name", "personal_number"],
        scope="openid residence offline_access",
        client_id=portal(target).client_id,
        account=simple(target)["personal_number"],
        redirect_uri=portal(target).redirect_uri,
    )
    location = page.headers.get("Location", "")
    expect(location.startswith(party.redirect_uri), f"it led to {location}")
    code = location.partition("code=")[2].partition("&")[0]
    tokens = party.redeem(code, asked).json()
    expect(tokens["scope"] == "openid", f"{tokens['scope']!r} was granted")
    told = party.userinfo(tokens["access_token"]).json()
    expect(set(told) == {"sub"}, f"userinfo tells {sorted(told)}")


@attack("K5", "CWE-362")
def consent_race(target: Target) -> None:
    """Of many consents at once one permission remains: taking it back ends them all."""
    party, browser = portal(target), Browser(target)
    asked = party.ask(scope="openid", prompt="consent")
    page = prove(browser, browser.visit(party.address(asked)), simple(target))
    form = forms(page)[0]
    body = urlencode([*form.fields, ("decision", "allow")])
    where, cookies = form.action or path(page), dict(browser.cookies)
    ends = target.at_once(
        lambda _: Browser(target, dict(cookies)).visit(where, data=body)
    )
    found = [Visit(party, browser, asked, end) for end in ends if at(end) == "portal"]
    codes = [visit.answer["code"] for visit in found if "code" in visit.answer]
    expect(codes, "no consent counted")
    redeemed = [party.redeem(code, asked).json() for code in set(codes)]
    withdraw_all(browser)
    for tokens in redeemed:
        told = party.userinfo(tokens.get("access_token", "none"))
        expect(told.status_code == 401, "a permission was left behind")


@attack("K6", "CWE-940", "CWE-290")
def consent_borrowed(target: Target) -> None:
    """What was agreed to is never given silently to an app that proves nothing."""
    visit = enter(portal(target, 3), scope="openid")
    expect("code" in visit.answer, "the app got no code after the consent")
    again = enter(visit.portal, browser=visit.browser, scope="openid", prompt="none")
    told = again.answer.get("error", "a code")
    expect(told == "consent_required", f"it was answered {told}")


@attack("K8", "CWE-359", "CWE-863")
def residence_below_level(target: Target) -> None:
    """What needs account level 2 is not told of someone at level 1."""
    person = target.people("pwd", account_level=1)[0]
    claims = {"userinfo": {"residence": {"essential": True}, "address": None}}
    visit = enter(
        portal(target), person, scope="openid residence", claims=json.dumps(claims)
    ).redeem()
    told = visit.portal.userinfo(visit.tokens["access_token"]).json()
    expect(not {"residence", "address"} & set(told), f"userinfo tells {sorted(told)}")


def _lone(target: Target) -> dict[str, Any]:
    """Return someone whom the other attacks leave alone: nothing was agreed to yet."""
    return target.people("pwd", account_level=2)[-1]
